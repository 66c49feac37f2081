// What an edit adds to its source, as rules and values.
#pragma once

#include "io/file_system.h"
#include "robomerge/edit.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// Reads the files of EditOptions::add and gives `source` the rules that add them. Fails as
/// TakeFeatures() (read/added_features.h); kInvalidArgument (E-options) for a source that leaves
/// out episodes or frames.
Status AddFeatures(const io::FileSystem& file_system, const EditOptions& edit, SourceSpec& source);

}  // namespace robomerge
