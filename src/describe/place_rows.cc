#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "base/way_out.h"
#include "describe/describe_internal.h"
#include "model/text_columns.h"

namespace robomerge::describe_internal {
namespace {

Problem Rows(std::string what, const std::string& where) {
  return Problem(Code::kCorrupt, std::move(what)).Kind("E-rows").At(where);
}

// The source's own number of the episode that rows name; nothing if there is none, so that leaving
// it out would mend nothing.
std::vector<uint64_t> EpisodesOf(const Dataset& dataset, int64_t episode) {
  if (episode < 0 || static_cast<uint64_t>(episode) >= dataset.episodes.size()) return {};
  return {dataset.episodes[static_cast<size_t>(episode)].number};
}

std::string TextOf(const Dataset& dataset, int64_t episode) {
  const std::vector<uint64_t> known = EpisodesOf(dataset, episode);
  return known.empty() ? std::to_string(episode) : std::to_string(known.front());
}

}  // namespace

void PlaceRows(const Dataset& dataset, DescribedSource& source, std::vector<Problem>& problems) {
  // [file][episode_index] -> rows. The rows of an episode must stand together.
  std::vector<std::map<int64_t, const EpisodeRows*>> found(dataset.data_files.size());
  for (size_t file = 0; file < dataset.data_files.size(); ++file) {
    for (const EpisodeRows& rows : dataset.data_files[file].episodes) {
      if (!found[file].emplace(rows.episode_index, &rows).second) {
        problems.push_back(Rows(StrCat("rows of episode ", TextOf(dataset, rows.episode_index),
                                       " do not stand together"),
                                StrCat(dataset.data_files[file].path, ", row ", rows.first_row))
                               .OfEpisodes(EpisodesOf(dataset, rows.episode_index)));
      }
    }
  }
  for (size_t episode = 0; episode < dataset.episodes.size(); ++episode) {
    const Episode& claim = dataset.episodes[episode];
    auto& of_file = found[claim.data_file];
    const auto entry = of_file.find(static_cast<int64_t>(episode));
    const std::string& path = dataset.data_files[claim.data_file].path;
    if (entry == of_file.end()) {
      problems.push_back(Rows(StrCat("episode ", claim.number,
                                     " has no rows in the data file that the episodes table names"),
                              path)
                             .Expected(StrCat(WithSeparators(claim.length_frames), " rows"))
                             .Found("none")
                             .Hint(StrCat("copy the dataset again, or ", kLeaveEpisodeOut))
                             .OfEpisodes({claim.number}));
      source.data_places.push_back({claim.data_file, nullptr});
      continue;
    }
    if (entry->second->total_rows() != claim.length_frames) {
      problems.push_back(
          Rows(StrCat("episode ", claim.number,
                      " has another number of rows than the episodes table says"),
               StrCat(path, ", row ", entry->second->first_row))
              .Expected(StrCat(WithSeparators(claim.length_frames), " rows (its length)"))
              .Found(WithSeparators(entry->second->total_rows()))
              .Hint(StrCat("copy the dataset again, or ", kLeaveEpisodeOut))
              .OfEpisodes({claim.number}));
    }
    source.data_places.push_back({claim.data_file, entry->second});
    of_file.erase(entry);
  }
  for (size_t file = 0; file < found.size(); ++file) {
    for (const auto& [episode, rows] : found[file]) {
      problems.push_back(Rows(StrCat("data file has rows of episode ", TextOf(dataset, episode),
                                     ", which the episodes table does not place there"),
                              StrCat(dataset.data_files[file].path, ", row ", rows->first_row))
                             .Expected(StrCat("only rows of the ", dataset.episodes.size(),
                                              " episodes of the table"))
                             .Found(StrCat(WithSeparators(rows->num_rows), " rows"))
                             .Hint("repair the dataset: add the episode to the episodes table, or "
                                   "remove these rows")
                             .OfEpisodes(EpisodesOf(dataset, episode)));
    }
  }
}

void CheckOrder(const Dataset& dataset, std::vector<Problem>& warnings) {
  const auto place = [](const Episode& episode) {
    return std::pair(episode.episodes_file, episode.row);
  };
  const auto wrong = std::adjacent_find(
      dataset.episodes.begin(), dataset.episodes.end(),
      [&](const Episode& a, const Episode& b) { return !(place(a) < place(b)); });
  if (wrong == dataset.episodes.end()) return;
  const Episode& row = *(wrong + 1);
  warnings.push_back(
      Problem(
          Code::kCorrupt,
          "rows of the episodes table are not in the order of their episodes: LeRobot takes them "
          "by position, and shows other pictures; the result goes by episode_index")
          .Kind("W-episode-order")
          .At(StrCat(dataset.episodes_files[row.episodes_file].path, ": episode_index, row ",
                     row.row))
          .Expected(StrCat("episode ", wrong - dataset.episodes.begin() + 1, " after episode ",
                           wrong - dataset.episodes.begin()))
          .Hint("sort the episodes table by episode_index"));
}

void CheckTasks(const Dataset& dataset, std::vector<Problem>& problems) {
  const bool has_tables = dataset.episodes_files.empty() || dataset.episodes_files[0].is_table();
  const std::string table =
      dataset.root + (has_tables ? "/meta/tasks.parquet" : "/meta/tasks.jsonl");
  const std::set<std::string, std::less<>> known(dataset.tasks.begin(), dataset.tasks.end());
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& rows : file.episodes) {
      for (const auto& [task, frames] : rows.task_frames) {
        if (task >= 0 && task < static_cast<int64_t>(dataset.tasks.size())) continue;
        problems.push_back(
            Problem(Code::kCorrupt,
                    StrCat("frames of episode ", TextOf(dataset, rows.episode_index),
                           " name a task that is not in the tasks table"))
                .Kind("E-tasks")
                .At(StrCat(file.path, ": task_index, row ", rows.first_row))
                .Expected(StrCat("0 to ", static_cast<int64_t>(dataset.tasks.size()) - 1, ", from ",
                                 table))
                .Found(std::to_string(task))
                .OfEpisodes(EpisodesOf(dataset, rows.episode_index)));
      }
    }
  }
  for (size_t episode = 0; episode < dataset.episodes.size(); ++episode) {
    for (const std::string& task : dataset.episodes[episode].tasks) {
      if (known.contains(task)) continue;
      const Episode& row = dataset.episodes[episode];
      problems.push_back(
          Problem(Code::kCorrupt,
                  StrCat("episode ", row.number, " names a task that is not in the tasks table"))
              .Kind("E-tasks")
              .At(StrCat(dataset.episodes_files[row.episodes_file].path, ": tasks, row ", row.row))
              .Expected(StrCat("one of the ", dataset.tasks.size(), " tasks of ", table))
              .Found(StrCat("`", task, "`"))
              .OfEpisodes({row.number}));
    }
  }
}

void CheckSubtasks(const Dataset& dataset, std::vector<Problem>& problems) {
  for (const UnknownSubtask& one : UnknownSubtasks(dataset)) {
    problems.push_back(
        Problem(Code::kCorrupt,
                StrCat("frames of episode ", TextOf(dataset, one.rows->episode_index),
                       " name a subtask that is not in the table of subtasks"))
            .Kind("E-subtasks")
            .At(StrCat(one.file->path, ": subtask_index, row ", one.rows->first_row))
            .Expected(StrCat("0 to ", static_cast<int64_t>(dataset.subtasks.size()) - 1, ", from ",
                             dataset.root, "/", kSubtasksPath))
            .Found(one.number == kNoText ? std::string("-1, null or no whole number")
                                         : std::to_string(one.number))
            .Hint("add the subtask to the table, or leave the column out: --drop subtask_index")
            .OfEpisodes(EpisodesOf(dataset, one.rows->episode_index)));
  }
}

}  // namespace robomerge::describe_internal
