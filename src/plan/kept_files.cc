#include "plan/kept_files.h"

#include "base/text.h"
#include "model/text_columns.h"
#include "plan/gathered_warnings.h"

namespace robomerge::plan_internal {
namespace {

// What a merge would change of the rows of an episode, which begin at `row` of their file; empty:
// nothing.
std::string ChangeOf(const MergePlan& plan, uint64_t episode, const EpisodeRows& rows,
                     uint64_t row) {
  const Dataset& dataset = *plan.sources.front()->dataset;
  const PlannedEpisode& planned = plan.episodes[episode];
  if (rows.first_row != row || !rows.more.empty()) return "the file has other rows between them";
  if (dataset.episodes[planned.source_episode].number != episode)
    return StrCat("episode ", dataset.episodes[planned.source_episode].number, " becomes ",
                  episode);
  for (const auto& [task, num_frames] : rows.task_frames) {
    const std::vector<uint32_t>& map = plan.task_maps.front();
    if (task < 0 || static_cast<uint64_t>(task) >= map.size() ||
        map[static_cast<size_t>(task)] != task)
      return StrCat("task ", task, " gets another number");
  }
  for (const TextColumn& column : plan.text_columns) {
    const NumberFrames* numbers = TextFramesOf(dataset, rows, column.name);
    if (numbers == nullptr) return StrCat("`", column.name, "` follows its texts");
    const auto& maps = column.is_of_subtasks ? plan.subtask_maps : plan.task_maps;
    for (const auto& [text, num_frames] : *numbers) {
      if (text < 0 || static_cast<uint64_t>(text) >= maps.front().size() ||
          maps.front()[static_cast<size_t>(text)] != text)
        return StrCat("number ", text, " of `", column.name, "` becomes another");
    }
  }
  if (rows.is_retimed) return "frames are numbered and timed anew";
  return "";
}

std::string ChangeOf(const MergePlan& plan, StepEpisodes episodes) {
  const DescribedSource& source = *plan.sources.front();
  const uint32_t number =
      source.data_places[plan.episodes[episodes.first].source_episode].data_file;
  const DataFile& file = source.dataset->data_files[number];
  if (source.dataset->column_changes != nullptr) return "rules change its columns";
  if (file.has_picture_files) return "its pictures lie in files beside it";
  uint64_t row = 0;
  for (uint64_t episode = episodes.first; episode < episodes.first + episodes.num; ++episode) {
    const DataPlace& place = source.data_places[plan.episodes[episode].source_episode];
    if (place.data_file != number) return "its rows are joined with those of another file";
    std::string change = ChangeOf(plan, episode, *place.rows, row);
    if (!change.empty()) return change;
    if (ShiftOf(*source.dataset, *place.rows)) return "times of language are counted anew";
    row += place.rows->num_rows;
  }
  if (row != file.num_rows) return "it has rows of no episode";
  if (!file.first_index) return "the statistics of its footer do not say what `index` holds";
  const uint64_t first_frame = plan.episodes[episodes.first].first_frame;
  if (*file.first_index < 0 || static_cast<uint64_t>(*file.first_index) != first_frame)
    return StrCat("`index` begins with ", *file.first_index, " and should with ", first_frame);
  return "";
}

}  // namespace

bool FollowsDataFiles(const DescribedSource& source) {
  const std::vector<DataFile>& files = source.dataset->data_files;
  for (size_t episode = 1; episode < source.data_places.size(); ++episode) {
    const uint32_t before = source.data_places[episode - 1].data_file;
    const uint32_t here = source.data_places[episode].data_file;
    if (before != here && !(files[before].id < files[here].id)) return false;
  }
  return true;
}

void MarkUnchangedData(MergePlan& plan) {
  if (plan.sources.empty()) return;
  const DescribedSource& source = *plan.sources.front();
  GatheredWarnings warnings;
  for (Step& step : plan.steps) {
    const std::optional<StepEpisodes> episodes = DataEpisodesOf(step);
    if (!episodes || plan.episodes[episodes->first].source != 0) continue;
    const std::string change = ChangeOf(plan, *episodes);
    if (DataStep* data = std::get_if<DataStep>(&step)) data->is_copy = change.empty();
    if (EpisodeDataStep* data = std::get_if<EpisodeDataStep>(&step)) data->is_copy = change.empty();
    if (change.empty() || source.adaptation.selects()) continue;
    const uint32_t file =
        source.data_places[plan.episodes[episodes->first].source_episode].data_file;
    warnings.Add("W-file-rewritten", "a data file is written anew",
                 source.dataset->data_files[file].path, change);
  }
  warnings.MoveTo(plan.warnings);
}

}  // namespace robomerge::plan_internal
