// Reads one source: files -> Dataset. Metadata and file indexes only; no payload is read.
#pragma once

#include <string>

#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge {

/// Reads the dataset at `root`, of whatever version its meta/info.json names. Everything that is
/// wrong with its files is reported at once.
///
/// kNotFound: no dataset there. kUnsupported (E-version): a version that is not read, by name.
/// kCorrupt: files that are missing, unreadable, or contradict themselves.
Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root);

/// What info.json alone states, of a dataset whose other parts may be broken.
Result<Schema> ReadSchema(const io::FileSystem& file_system, const std::string& root);

}  // namespace robomerge
