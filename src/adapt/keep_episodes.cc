#include <map>
#include <set>

#include "adapt/adapt_internal.h"
#include "model/source_statistics.h"

namespace robomerge::adapt_internal {
namespace {

// Keeps the rows of these numbers, counted over all blocks.
void KeepStatistics(const std::vector<uint64_t>& kept,
                    std::vector<EpisodeStatisticsBlock>& blocks) {
  uint64_t first = 0;
  auto next = kept.begin();
  for (EpisodeStatisticsBlock& block : blocks) {
    std::vector<double> values;
    uint64_t num_rows = 0;
    for (; next != kept.end() && *next < first + block.num_rows; ++next, ++num_rows) {
      const auto row = block.values.begin() + static_cast<int64_t>((*next - first) * block.stride);
      values.insert(values.end(), row, row + block.stride);
    }
    first += block.num_rows;
    block.values = std::move(values);
    block.num_rows = num_rows;
  }
  std::erase_if(blocks, [](const EpisodeStatisticsBlock& block) { return block.num_rows == 0; });
}

}  // namespace

void KeepEpisodes(const std::vector<uint64_t>& kept, Dataset& dataset) {
  std::map<int64_t, int64_t> number;  // the source's own -> that among the kept ones
  std::vector<Episode> episodes;
  for (const uint64_t episode : kept) {
    number.emplace(static_cast<int64_t>(episode), static_cast<int64_t>(episodes.size()));
    episodes.push_back(std::move(dataset.episodes[episode]));
  }
  const bool keeps_all = kept.size() == dataset.episodes.size();
  dataset.episodes = std::move(episodes);
  if (keeps_all) return;
  for (VideoKey& key : dataset.video_keys) {
    std::vector<VideoSegment> segments;
    for (const uint64_t episode : kept) segments.push_back(key.segments[episode]);
    key.segments = std::move(segments);
  }
  for (DataFile& file : dataset.data_files) {
    std::erase_if(file.episodes,
                  [&](const EpisodeRows& rows) { return !number.contains(rows.episode_index); });
    for (EpisodeRows& rows : file.episodes) rows.episode_index = number.at(rows.episode_index);
  }
  KeepStatistics(kept, dataset.episode_statistics);
  FollowRows(dataset);
}

void FollowRows(Dataset& dataset) {
  dataset.is_task_used.assign(dataset.tasks.size(), false);
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& rows : file.episodes) {
      for (const auto& [task, frames] : rows.task_frames) {
        if (task >= 0 && static_cast<uint64_t>(task) < dataset.tasks.size())
          dataset.is_task_used[static_cast<size_t>(task)] = true;
      }
    }
  }
  // stats.json is of all rows.
  std::set<std::string> features;
  for (const Feature& feature : dataset.schema.features) features.insert(feature.name);
  dataset.statistics = AggregateEpisodes(dataset, features);
}

}  // namespace robomerge::adapt_internal
