// The statistics of single episodes, and their aggregation over a dataset.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/dataset.h"

namespace robomerge::verify_internal {

/// Finds the statistics of any episode. The dataset must outlive it.
class EpisodeStatistics {
 public:
  explicit EpisodeStatistics(const Dataset& dataset);

  /// Calls `visit(column, values)` for each statistic that the episode has; `values` are
  /// column.width numbers.
  void ForEach(
      uint64_t episode,
      const std::function<void(const StatColumn& column, const double* values)>& visit) const;
  /// The numbers of one statistic, and in `width` how many they are; null if it is not there.
  const double* Find(uint64_t episode, const std::string& feature, const std::string& stat,
                     uint32_t* width) const;
  /// The episode's statistics of the features that `wanted` accepts.
  std::vector<FeatureStatistics> Part(uint64_t episode,
                                      const std::function<bool(const std::string&)>& wanted) const;

 private:
  const Dataset& dataset_;
  std::vector<uint64_t> first_episodes_;  // per block
};

/// Aggregates the statistics of all episodes by the formula of a merge (format spec 3.6). Features
/// with incomplete statistics are left out.
std::vector<FeatureStatistics> AggregateEpisodes(
    const Dataset& dataset, const std::function<bool(const std::string&)>& wanted);

}  // namespace robomerge::verify_internal
