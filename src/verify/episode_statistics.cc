#include "verify/episode_statistics.h"

#include <algorithm>

namespace robomerge::verify_internal {

EpisodeStatistics::EpisodeStatistics(const Dataset& dataset) : dataset_(dataset) {
  uint64_t first = 0;
  for (const EpisodeStatisticsBlock& block : dataset.episode_statistics) {
    first_episodes_.push_back(first);
    first += block.num_rows;
  }
}

void EpisodeStatistics::ForEach(
    uint64_t episode, const std::function<void(const StatColumn&, const double*)>& visit) const {
  const auto after = std::upper_bound(first_episodes_.begin(), first_episodes_.end(), episode);
  if (after == first_episodes_.begin()) return;
  const auto number = static_cast<size_t>(after - first_episodes_.begin()) - 1;
  const EpisodeStatisticsBlock& block = dataset_.episode_statistics[number];
  const uint64_t row = episode - first_episodes_[number];
  if (row >= block.num_rows) return;
  const double* values = block.values.data() + row * block.stride;
  for (const StatColumn& column : *block.layout) {
    if (column.width > 0) visit(column, values);
    values += column.width;
  }
}

}  // namespace robomerge::verify_internal
