// Reads one source: files -> Dataset. Metadata and file indexes only; no payload is read.
#pragma once

#include <string>

#include "adapt/resolve.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge {

struct ReadOptions {
  /// Decode frame_index and timestamp of every row, even where the footers' statistics leave no
  /// doubt about them.
  bool decodes_times = false;
};

/// Reads the dataset at `root`, in the version that its meta/info.json names. Reports everything
/// that is wrong with its files at once.
///
/// kNotFound: no dataset there. kUnsupported (E-version): a version that is not supported.
/// kCorrupt: files that are missing, unreadable, or contradict themselves.
Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const ReadOptions& options = {});

/// Reads info.json alone; the other parts of the dataset may be broken.
Result<Schema> ReadSchema(const io::FileSystem& file_system, const std::string& root);

/// Reads info.json, and meta/tasks.parquet if it `wants_tasks`.
Result<SourceFacts> ReadFacts(const io::FileSystem& file_system, const std::string& root,
                              bool wants_tasks);

}  // namespace robomerge
