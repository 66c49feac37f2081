// Verify of robomerge/verify.h, on any file system.
#pragma once

#include "io/file_system.h"
#include "robomerge/verify.h"

namespace robomerge {

Result<VerifyReport> VerifyOn(const io::FileSystem& file_system, const std::string& destination,
                              const std::vector<std::string>& sources, const VerifyOptions& options,
                              const ProgressCallback& progress = {},
                              const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
