// MeasureStats and RewriteStats of robomerge/stats.h, on any file system.
#pragma once

#include <string>

#include "io/file_system.h"
#include "model/dataset.h"
#include "model/feature.h"
#include "model/statistics.h"
#include "robomerge/stats.h"
#include "robomerge/status.h"
#include "schedule/executor.h"

namespace robomerge {

/// What the rows of a dataset are: for people, and as they are written.
struct MeasuredStats {
  StatsReport report;
  Schema schema;
  std::vector<FeatureStatistics> statistics;
};

/// `options.tmp_root` must name a folder.
Result<MeasuredStats> MeasureStatsOn(io::FileSystem& file_system, const std::string& root,
                                     const StatsOptions& options = {},
                                     const ProgressCallback& progress = {},
                                     const std::atomic<bool>* stop = nullptr);

/// The same of a dataset that was read from `root`, with histograms of `num_bins`.
Result<MeasuredStats> MeasureStatsOf(io::FileSystem& file_system, const std::string& root,
                                     const Dataset& dataset, size_t num_bins,
                                     schedule::Executor& executor, const StatsOptions& options,
                                     const ProgressCallback& progress = {},
                                     const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
