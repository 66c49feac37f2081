#include "model/new_numbers.h"

#include <map>

#include "model/text_columns.h"

namespace robomerge {

NumberFrames NewNumbersOf(const MergePlan& plan, uint64_t episode, std::string_view column) {
  const PlannedEpisode& planned = plan.episodes[episode];
  const DescribedSource& source = *plan.sources[planned.source];
  const EpisodeRows& rows = *source.data_places[planned.source_episode].rows;
  const NumberFrames* old =
      column == "task_index" ? &rows.task_frames : TextFramesOf(*source.dataset, rows, column);
  const std::vector<uint32_t>* map = &plan.task_maps[planned.source];
  for (const TextColumn& one : plan.text_columns) {
    if (one.name == column && one.is_of_subtasks) map = &plan.subtask_maps[planned.source];
  }
  std::map<int64_t, uint64_t> frames;
  if (old == nullptr) return {};
  for (const auto& [number, num_frames] : *old) {
    if (number >= 0 && static_cast<size_t>(number) < map->size())
      frames[(*map)[static_cast<size_t>(number)]] += num_frames;
  }
  return {frames.begin(), frames.end()};
}

}  // namespace robomerge
