// Inspect of robomerge/merge.h, on any file system.
#pragma once

#include <string>

#include "io/file_system.h"
#include "robomerge/report.h"
#include "robomerge/status.h"

namespace robomerge {

Result<InspectReport> InspectOn(const io::FileSystem& file_system, const std::string& root);

}  // namespace robomerge
