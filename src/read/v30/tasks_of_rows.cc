#include "read/v30/tasks_of_rows.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "read/needed_files.h"
#include "read/v30/read_v30.h"

namespace robomerge::v30 {
namespace {

bool Holds(const std::vector<std::string>& texts, const std::string& text) {
  return std::ranges::find(texts, text) != texts.end();
}

std::string TextOf(std::vector<std::string> tasks) {
  std::ranges::sort(tasks);
  return tasks.empty() ? "none" : StrCat("`", Join(tasks, "`, `"), "`");
}

std::map<size_t, std::vector<std::string>> TasksOfRows(const ReadOptions& options,
                                                       const Dataset& dataset) {
  std::map<size_t, std::vector<std::string>> of_rows;
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& rows : file.episodes) {
      const auto episode = static_cast<size_t>(rows.episode_index);
      if (rows.episode_index < 0 || episode >= dataset.episodes.size() || !IsRead(episode, options))
        continue;
      std::vector<std::string>& tasks = of_rows[episode];
      for (const auto& [task, frames] : rows.task_frames) {
        if (task < 0 || task >= static_cast<int64_t>(dataset.tasks.size())) continue;
        const std::string& text = dataset.tasks[static_cast<size_t>(task)];
        if (!Holds(tasks, text)) tasks.push_back(text);
      }
    }
  }
  return of_rows;
}

}  // namespace

void TakeTasksOfRows(const std::vector<bool>& lacks_tasks, const ReadOptions& options,
                     Dataset& dataset) {
  std::optional<Problem> lacking, wrong;
  uint64_t num_wrong = 0;
  for (auto& [number, tasks] : TasksOfRows(options, dataset)) {
    Episode& episode = dataset.episodes[number];
    const bool are_listed = std::ranges::all_of(
        tasks, [&](const std::string& task) { return Holds(episode.tasks, task); });
    const bool are_tasks = std::ranges::all_of(
        episode.tasks, [&](const std::string& text) { return Holds(dataset.tasks, text); });
    if (are_listed || !are_tasks) continue;
    const std::string& path = dataset.episodes_files[episode.episodes_file].path;
    if (number < lacks_tasks.size() && lacks_tasks[number]) {
      if (!lacking) {
        lacking = Problem(Code::kCorrupt,
                          "the episodes table does not list the tasks of episodes; they are taken "
                          "from the rows")
                      .Kind("W-episode-tasks")
                      .At(path)
                      .Expected("a column `tasks`")
                      .Found("none");
      }
    } else if (num_wrong++ == 0) {
      wrong = Problem(Code::kCorrupt, "")
                  .Kind("W-episode-tasks")
                  .At(StrCat(path, ": tasks, episode ", episode.number))
                  .Expected(StrCat(TextOf(tasks), " (of its rows)"))
                  .Found(TextOf(episode.tasks));
    }
    episode.tasks = std::move(tasks);
  }
  if (lacking) dataset.warnings.push_back(*std::move(lacking));
  if (!wrong) return;
  wrong->what = StrCat("tasks of ", num_wrong, num_wrong == 1 ? " episode are" : " episodes are",
                       " not those of the rows, which count");
  dataset.warnings.push_back(*std::move(wrong));
}

}  // namespace robomerge::v30
