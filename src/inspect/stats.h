// MeasureStats of robomerge/stats.h, on any file system.
#pragma once

#include <string>

#include "io/file_system.h"
#include "robomerge/stats.h"
#include "robomerge/status.h"

namespace robomerge {

/// `options.tmp_root` must name a folder.
Result<StatsReport> MeasureStatsOn(io::FileSystem& file_system, const std::string& root,
                                   const StatsOptions& options = {},
                                   const ProgressCallback& progress = {},
                                   const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
