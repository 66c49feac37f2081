// Compare of robomerge/compare.h, on any file system.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "robomerge/compare.h"

namespace robomerge {

Result<CompareReport> CompareOn(io::FileSystem& file_system,
                                const std::vector<std::string>& sources,
                                const CompareOptions& options = {},
                                const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
