#include <algorithm>

#include "base/text.h"
#include "describe/describe_internal.h"
#include "model/aggregate_statistics.h"

namespace robomerge::describe_internal {
namespace {

// The statistics of each episode, as parts of an aggregation. A part lacks the columns that are
// null in its row.
std::vector<std::vector<FeatureStatistics>> EpisodeParts(const Dataset& dataset) {
  std::vector<std::vector<FeatureStatistics>> parts;
  for (const EpisodeStatisticsBlock& block : dataset.episode_statistics) {
    for (uint64_t row = 0; row < block.num_rows; ++row) {
      std::vector<FeatureStatistics> part;
      auto value = block.values.begin() + static_cast<int64_t>(row * block.stride);
      for (const StatColumn& column : *block.layout) {
        if (column.width == 0) continue;
        if (part.empty() || part.back().feature != column.feature) {
          // Usual writers put the columns of one feature side by side. Otherwise the feature's
          // entry is moved to the end.
          const auto found = std::find_if(
              part.begin(), part.end(),
              [&](const FeatureStatistics& one) { return one.feature == column.feature; });
          if (found == part.end()) {
            part.push_back({column.feature, {}});
          } else {
            std::rotate(found, found + 1, part.end());
          }
        }
        Statistic statistic;
        statistic.name = column.stat;
        statistic.kind = column.kind;
        statistic.shape = {column.width};
        for (int depth = 1; depth < column.list_depth; ++depth) statistic.shape.push_back(1);
        statistic.values.assign(value, value + column.width);
        value += column.width;
        part.back().statistics.push_back(std::move(statistic));
      }
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

}  // namespace

void TakeStatistics(const std::shared_ptr<const Dataset>& read, DescribedSource& source,
                    std::vector<Problem>& warnings, std::vector<Problem>& problems) {
  const Dataset& dataset = *read;
  const std::string path = dataset.root + "/meta/stats.json";
  if (dataset.statistics) {
    source.statistics =
        std::shared_ptr<const std::vector<FeatureStatistics>>(read, &*dataset.statistics);
    for (const FeatureStatistics& feature : *source.statistics) {
      const Status status = CheckStatistics(feature, StrCat(path, ": ", feature.feature));
      problems.insert(problems.end(), status.problems().begin(), status.problems().end());
    }
    return;
  }
  source.statistics = std::make_shared<const std::vector<FeatureStatistics>>();
  if (dataset.episodes.empty()) return;
  const std::vector<std::vector<FeatureStatistics>> episodes = EpisodeParts(dataset);
  std::vector<StatisticsPart> parts;
  for (size_t episode = 0; episode < episodes.size(); ++episode) {
    for (const FeatureStatistics& feature : episodes[episode]) {
      const Episode& row = dataset.episodes[episode];
      const Status status =
          CheckStatistics(feature, StrCat(dataset.episodes_files[row.episodes_file].path,
                                          ": stats/", feature.feature, ", row ", row.row));
      problems.insert(problems.end(), status.problems().begin(), status.problems().end());
    }
    parts.push_back({&episodes[episode], StrCat("episode ", episode)});
  }
  if (!problems.empty()) return;
  Result<std::vector<FeatureStatistics>> whole = AggregateStatistics(parts, nullptr);
  if (!whole.ok()) {
    problems.push_back(whole.status().problems().front());
    return;
  }
  source.statistics =
      std::make_shared<const std::vector<FeatureStatistics>>(std::move(whole).value());
  warnings.push_back(
      Problem(Code::kCorrupt,
              source.statistics->empty()
                  ? "dataset has no statistics, neither in stats.json nor in its episodes table"
                  : "stats.json is missing; the statistics of the episodes are aggregated instead")
          .Kind("W-stats-missing")
          .At(path));
}

}  // namespace robomerge::describe_internal
