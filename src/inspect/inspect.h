// Inspect of robomerge/inspect.h, on any file system.
#pragma once

#include <string>

#include "io/file_system.h"
#include "robomerge/inspect.h"
#include "robomerge/status.h"

namespace robomerge {

Result<InspectReport> InspectOn(const io::FileSystem& file_system, const std::string& root,
                                const InspectOptions& options = {},
                                const ProgressCallback& progress = {},
                                const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
