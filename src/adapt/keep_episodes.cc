#include <map>
#include <set>
#include <string_view>

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
  // A number that was in no table stays in none.
  const auto note = [](const NumberFrames& frames, const std::vector<bool>& is_there,
                       std::vector<bool>& is_used) {
    for (const auto& [number, num_frames] : frames) {
      const auto at = static_cast<size_t>(number);
      if (number >= 0 && at < is_used.size() && (is_there.empty() || is_there[at]))
        is_used[at] = true;
    }
  };
  const std::vector<bool> has_task = std::move(dataset.is_task_used);
  dataset.is_task_used.assign(dataset.tasks.size(), false);
  dataset.is_subtask_used.assign(dataset.subtasks.size(), false);
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& rows : file.episodes) {
      note(rows.task_frames, {}, dataset.is_task_used);
      for (size_t column = 0; column < rows.text_frames.size(); ++column) {
        if (dataset.text_columns[column].is_of_subtasks)
          note(rows.text_frames[column], {}, dataset.is_subtask_used);
        else
          note(rows.text_frames[column], has_task, dataset.is_task_used);
      }
    }
  }
  // An episode may name a task that none of its rows has: that stays in the table, too (I-6).
  std::set<std::string_view> named;
  for (const Episode& episode : dataset.episodes)
    named.insert(episode.tasks.begin(), episode.tasks.end());
  for (size_t task = 0; task < dataset.tasks.size(); ++task) {
    if (named.contains(dataset.tasks[task]) && (has_task.empty() || has_task[task]))
      dataset.is_task_used[task] = true;
  }
  // stats.json is of all rows.
  std::set<std::string> features;
  for (const Feature& feature : dataset.schema.features) features.insert(feature.name);
  dataset.statistics = AggregateEpisodes(dataset, features);
}

}  // namespace robomerge::adapt_internal
