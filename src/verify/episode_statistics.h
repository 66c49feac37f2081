// The statistics of single episodes.
#pragma once

#include <cstdint>
#include <functional>
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

 private:
  const Dataset& dataset_;
  std::vector<uint64_t> first_episodes_;  // per block
};

}  // namespace robomerge::verify_internal
