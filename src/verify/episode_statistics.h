// The statistics of one episode after another, and of a dataset as parts of an aggregation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/dataset.h"

namespace robomerge::verify_internal {

/// Finds the row of any episode. The dataset must outlive it.
class EpisodeStatistics {
 public:
  explicit EpisodeStatistics(const Dataset& dataset);

  /// Calls `visit(column, values)` for each statistic that the episode has; `values` are
  /// column.width numbers.
  void ForEach(
      uint64_t episode,
      const std::function<void(const StatColumn& column, const double* values)>& visit) const;
  /// The numbers of one statistic, or null; `width` tells how many.
  const double* Find(uint64_t episode, const std::string& feature, const std::string& stat,
                     uint32_t* width) const;
  /// The episode's statistics of the features that `wanted` accepts.
  std::vector<FeatureStatistics> Part(uint64_t episode,
                                      const std::function<bool(const std::string&)>& wanted) const;

 private:
  const Dataset& dataset_;
  std::vector<uint64_t> first_episodes_;  // per block
};

/// The statistics of the whole by the formula of a merge, over its episodes. Features whose cells
/// are incomplete are left out.
std::vector<FeatureStatistics> AggregateEpisodes(
    const Dataset& dataset, const std::function<bool(const std::string&)>& wanted);

}  // namespace robomerge::verify_internal
