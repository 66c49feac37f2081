// What the metadata of v2.0 and v2.1 say of episodes, against their rows and videos: these decide
// wherever they can.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "read/v21/episode_files.h"
#include "read/v21/read_v21.h"

namespace robomerge::v21 {
namespace {

// Episodes that share one fault: one warning for all, with the place of the first.
struct Group {
  size_t num = 0;
  std::string where, expected, found;

  void Add(std::string place, std::string due, std::string is) {
    if (num++ > 0) return;
    where = std::move(place), expected = std::move(due), found = std::move(is);
  }
  void Say(const char* kind, std::string what, Dataset& dataset) const {
    if (num == 0) return;
    dataset.warnings.push_back(Problem(Code::kCorrupt, std::move(what))
                                   .Kind(kind)
                                   .At(where)
                                   .Expected(expected)
                                   .Found(found));
  }
};

class Holding {
 public:
  Holding(const SourceInfo& info, const std::vector<EpisodeClaim>& claims, Dataset& dataset)
      : info_(info), claims_(claims), dataset_(dataset) {
    for (size_t task = 0; task < dataset.tasks.size(); ++task) {
      if (IsThere(task)) numbers_.try_emplace(dataset.tasks[task], static_cast<int64_t>(task));
    }
    rows_.resize(dataset.episodes.size());
    for (DataFile& file : dataset.data_files) {
      for (EpisodeRows& rows : file.episodes) {
        EpisodeRows*& place = rows_[static_cast<size_t>(rows.episode_index)];
        if (place == nullptr) place = &rows;  // of several the description tells
      }
    }
  }

  Status Run() {
    int64_t first_frame = 0;
    for (size_t at = 0; at < rows_.size(); ++at) {
      dataset_.episodes[at].dataset_from_index = first_frame;
      if (rows_[at] != nullptr) {  // else the description tells, if it is needed
        Length(at);
        Tasks(at);
      }
      first_frame += static_cast<int64_t>(dataset_.episodes[at].length_frames);
    }
    lengths_.Say("W-episode-length",
                 StrCat("lengths of ", Plural(lengths_.num, "episode is", "episodes are"),
                        " not the number of rows, which counts"),
                 dataset_);
    tasks_.Say("W-episode-tasks",
               StrCat("tasks of ", Plural(tasks_.num, "episode are", "episodes are"),
                      " not in tasks.jsonl, or not said; those of their rows are taken"),
               dataset_);
    if (info_.total_frames && *info_.total_frames != static_cast<uint64_t>(first_frame) &&
        problems_.empty()) {
      Group frames;
      frames.Add(dataset_.root + "/meta/info.json: total_frames",
                 StrCat(WithSeparators(static_cast<uint64_t>(first_frame)), " (counted)"),
                 WithSeparators(*info_.total_frames));
      frames.Say("W-totals", "a total of info.json is not the number of rows, which is taken",
                 dataset_);
    }
    return problems_.empty() ? Status() : Status::Many(std::move(problems_));
  }

 private:
  bool IsThere(size_t task) const { return dataset_.IsTaskUsed(task); }

  std::string Where(size_t at) const {
    return StrCat(dataset_.episodes_files.front().path, ": episode ", dataset_.episodes[at].number);
  }

  void Length(size_t at) {
    Episode& episode = dataset_.episodes[at];
    episode.length_frames = rows_[at]->total_rows();
    const std::optional<uint64_t>& claim = claims_[at].length;
    if (claim == episode.length_frames) return;
    lengths_.Add(Where(at), StrCat("length ", episode.length_frames, " (counted)"),
                 claim ? std::to_string(*claim) : std::string("none"));
  }

  void Tasks(size_t at) {
    Episode& episode = dataset_.episodes[at];
    EpisodeRows& rows = *rows_[at];
    if (rows.task_frames.empty()) return MakeTask(at);
    for (const auto& [task, frames] : rows.task_frames) {
      // Beyond the table: the description tells.
      if (task < 0 || static_cast<size_t>(task) >= dataset_.tasks.size()) return;
      if (IsThere(static_cast<size_t>(task))) continue;
      problems_.push_back(
          Problem(Code::kCorrupt, StrCat("frames of episode ", episode.number,
                                         " name a task that is not in tasks.jsonl"))
              .Kind("E-tasks")
              .At(StrCat(dataset_.data_files[episode.data_file].path, ": task_index"))
              .Expected("a task_index of tasks.jsonl")
              .Found(std::to_string(task))
              .Hint("add the task to tasks.jsonl")
              .OfEpisodes({episode.number}));
      return;
    }
    const bool is_known =
        std::all_of(episode.tasks.begin(), episode.tasks.end(),
                    [&](const std::string& task) { return numbers_.contains(task); });
    if (claims_[at].has_tasks && is_known) return;
    const std::string claimed = episode.tasks.empty() ? "none" : episode.tasks.front();
    episode.tasks.clear();
    for (const auto& [task, frames] : rows.task_frames) {
      const std::string& text = dataset_.tasks[static_cast<size_t>(task)];
      if (std::find(episode.tasks.begin(), episode.tasks.end(), text) == episode.tasks.end())
        episode.tasks.push_back(text);
    }
    tasks_.Add(Where(at), Join(episode.tasks, ", ").substr(0, 200), claimed.substr(0, 200));
  }

  // Rows without task_index have the only task that can be meant.
  void MakeTask(size_t at) {
    Episode& episode = dataset_.episodes[at];
    if (!claims_[at].has_tasks && numbers_.size() == 1) episode.tasks = {numbers_.begin()->first};
    const auto number =
        episode.tasks.size() == 1 ? numbers_.find(episode.tasks.front()) : numbers_.end();
    if (number != numbers_.end()) {
      rows_[at]->task_frames = {{number->second, rows_[at]->total_rows()}};
      return;
    }
    if (!problems_.empty() && problems_.back().kind == "E-tasks") {  // told once
      problems_.back().episodes.push_back(episode.number);
      return;
    }
    problems_.push_back(
        Problem(Code::kCorrupt, StrCat("rows of episode ", episode.number,
                                       " have no task_index, and which task is meant is not told"))
            .Kind("E-tasks")
            .At(Where(at))
            .Expected("one task that is in tasks.jsonl")
            .Found(episode.tasks.empty() ? "none" : Join(episode.tasks, ", ").substr(0, 200))
            .Hint("write the column task_index into the data files, or one task into the line")
            .OfEpisodes({episode.number}));
  }

  const SourceInfo& info_;
  const std::vector<EpisodeClaim>& claims_;
  Dataset& dataset_;
  std::map<std::string, int64_t, std::less<>> numbers_;  // of tasks
  std::vector<EpisodeRows*> rows_;                       // per episode
  Group lengths_, tasks_;
  std::vector<Problem> problems_;
};

// The picture that row 0 shows, which is another one than the first if its time is not 0.
uint64_t FirstPicture(const Dataset& dataset, size_t episode) {
  const uint32_t file = dataset.episodes[episode].data_file;
  if (file >= dataset.data_files.size()) return 0;
  for (const EpisodeRows& rows : dataset.data_files[file].episodes) {
    if (rows.episode_index == static_cast<int64_t>(episode) && rows.odd)
      return static_cast<uint64_t>(std::max<int64_t>(0, rows.odd->first_picture()));
  }
  return 0;
}

}  // namespace

Status HoldAgainstRows(const SourceInfo& info, const std::vector<EpisodeClaim>& claims,
                       Dataset& dataset) {
  return Holding(info, claims, dataset).Run();
}

// The video of an episode is a whole file. What it shows beyond the rows stays in the result, and
// no episode shows it. What it lacks, the description tells.
void HoldVideosAgainstRows(Dataset& dataset) {
  const FrameRate rate = dataset.schema.frame_rate();
  for (VideoKey& key : dataset.video_keys) {
    Group longer;
    uint64_t num_frames = 0;
    for (size_t at = 0; at < key.segments.size(); ++at) {
      const Episode& episode = dataset.episodes[at];
      VideoSegment& segment = key.segments[at];
      segment.to_timestamp = rate.Seconds(episode.length_frames);
      if (segment.video_file >= key.files.size()) continue;  // it is not needed
      const VideoFile& file = key.files[segment.video_file];
      const uint64_t num_shown = file.stream.num_shown_frames;
      if (num_shown <= episode.length_frames + FirstPicture(dataset, at)) continue;
      num_frames += num_shown - episode.length_frames;
      longer.Add(file.path,
                 StrCat(WithSeparators(episode.length_frames), " frames, as episode ",
                        episode.number, " has rows"),
                 WithSeparators(num_shown));
    }
    longer.Say("W-video-frames",
               StrCat("videos of `", key.name, "` have ", WithSeparators(num_frames),
                      " frames more than their episodes have rows, in ",
                      Plural(longer.num, "file", "files"), "; no episode shows them"),
               dataset);
  }
}

}  // namespace robomerge::v21
