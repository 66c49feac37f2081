// Files of a run beside its results: traces, lists, pages.
#pragma once

#include <string>
#include <string_view>

#include "io/file_system.h"
#include "publish/preflight.h"

namespace robomerge {

/// Writes a file that the user names. It appears whole, so that what is there is one of ours or was
/// never one; a pipe or device just receives the bytes.
Status WriteOutput(io::FileSystem& file_system, const std::string& path, std::string_view text,
                   bool sync);

/// The page of a dataset, as an output that CheckOutputs() looks at.
Output PageOutput(const std::string& path);

}  // namespace robomerge
