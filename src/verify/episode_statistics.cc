#include "verify/episode_statistics.h"

#include <algorithm>
#include <set>

#include "model/aggregate_statistics.h"

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

const double* EpisodeStatistics::Find(uint64_t episode, const std::string& feature,
                                      const std::string& stat, uint32_t* width) const {
  const double* found = nullptr;
  ForEach(episode, [&](const StatColumn& column, const double* values) {
    if (column.feature != feature || column.stat != stat) return;
    found = values;
    *width = column.width;
  });
  return found;
}

std::vector<FeatureStatistics> EpisodeStatistics::Part(
    uint64_t episode, const std::function<bool(const std::string&)>& wanted) const {
  std::vector<FeatureStatistics> part;
  ForEach(episode, [&](const StatColumn& column, const double* values) {
    if (!wanted(column.feature)) return;
    auto feature = std::find_if(part.begin(), part.end(), [&](const FeatureStatistics& one) {
      return one.feature == column.feature;
    });
    if (feature == part.end())
      feature = part.insert(part.end(), FeatureStatistics{column.feature, {}});
    Statistic statistic;
    statistic.name = column.stat;
    statistic.kind = column.kind;
    statistic.shape = {column.width};
    for (int depth = 1; depth < column.list_depth; ++depth) statistic.shape.push_back(1);
    statistic.values.assign(values, values + column.width);
    feature->statistics.push_back(std::move(statistic));
  });
  return part;
}

std::vector<FeatureStatistics> AggregateEpisodes(
    const Dataset& dataset, const std::function<bool(const std::string&)>& wanted) {
  const EpisodeStatistics statistics(dataset);
  std::vector<std::vector<FeatureStatistics>> episodes;
  std::set<std::string> unusable;
  for (uint64_t episode = 0; episode < dataset.episodes.size(); ++episode) {
    episodes.push_back(statistics.Part(episode, wanted));
    for (const FeatureStatistics& feature : episodes.back()) {
      if (!CheckStatistics(feature, "").ok()) unusable.insert(feature.feature);
    }
  }
  std::vector<StatisticsPart> parts;
  for (std::vector<FeatureStatistics>& part : episodes) {
    std::erase_if(
        part, [&](const FeatureStatistics& feature) { return unusable.contains(feature.feature); });
    parts.push_back({&part, ""});
  }
  Result<std::vector<FeatureStatistics>> whole = AggregateStatistics(parts, nullptr);
  return whole.ok() ? std::move(whole).value() : std::vector<FeatureStatistics>();
}

}  // namespace robomerge::verify_internal
