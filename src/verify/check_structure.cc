// Checks that the tables agree with each other and with the files (format spec 2.3).
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "formats/parquet/table.h"
#include "model/text_columns.h"
#include "verify/checks.h"

namespace robomerge::verify_internal {
namespace {

// The highest number of a file or chunk up to which names sort as numbers do (I-3).
constexpr int64_t kHighestNumber = 999;

class Structure {
 public:
  Structure(const io::FileSystem& file_system, const Case& all, FindingList& findings)
      : file_system_(file_system),
        all_(all),
        subject_(all.destination),
        dataset_(all.destination.dataset),
        findings_(findings) {}

  Status Run() {
    ROBOMERGE_RETURN_NOT_OK(EpisodesFiles());
    Numbering();
    References();
    Rows();
    Tasks();
    Subtasks();
    return Status();
  }

 private:
  // Numbers of subtasks belong to their table.
  void Subtasks() {
    for (const UnknownSubtask& one : UnknownSubtasks(dataset_)) {
      findings_.Add(Say("V-subtasks", "frames name a subtask that is not in its table",
                        StrCat(one.file->path, ": subtask_index, row ", one.rows->first_row),
                        StrCat("0 to ", static_cast<int64_t>(dataset_.subtasks.size()) - 1),
                        std::to_string(one.number),
                        {static_cast<uint64_t>(one.rows->episode_index), "subtask_index", {}}));
    }
  }

  // I-8, and that a row names the file that it is in (W-1). Reading derives numbers that are wrong
  // or absent, so what the tables say is looked at here.
  Status EpisodesFiles() {
    std::set<std::string> columns;
    std::vector<std::vector<uint64_t>> episodes(dataset_.episodes_files.size());
    for (uint64_t number = 0; number < dataset_.episodes.size(); ++number)
      episodes[dataset_.episodes[number].episodes_file].push_back(number);
    std::vector<uint64_t> first_frames = {0};  // I-4
    for (const Episode& episode : dataset_.episodes)
      first_frames.push_back(first_frames.back() + episode.length_frames);
    for (size_t file = 0; file < dataset_.episodes_files.size(); ++file) {
      if (!dataset_.episodes_files[file].is_table()) continue;
      const std::string& path = dataset_.episodes_files[file].path;
      ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> opened,
                                 file_system_.OpenForReading(path));
      ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Table table, parquet::Table::Read(*opened));
      const std::set<std::string> of_file(table.column_names().begin(), table.column_names().end());
      if (file == 0) columns = of_file;
      if (of_file != columns) {
        findings_.Add(
            Say("V-columns", "episodes files have different columns", path,
                StrCat(columns.size(), " columns, as in ", dataset_.episodes_files.front().path),
                StrCat(of_file.size(), " columns")));
      }
      ROBOMERGE_RETURN_NOT_OK(OwnNumbers(table, path));
      const Claims from{"dataset_from_index", 0,
                        "episode begins at another frame than the one before it ends"};
      const Claims to{"dataset_to_index", 1, "episode ends at another frame than its length tells"};
      for (const Claims& claims : {from, to})
        ROBOMERGE_RETURN_NOT_OK(Indexes(table, path, episodes[file], first_frames, claims));
    }
    return Status();
  }

  struct Claims {
    const char* column;
    size_t offset;  // the end of an episode is the begin of the next one
    const char* what;
  };

  // LeRobot takes the frames of an episode by these two columns.
  Status Indexes(const parquet::Table& table, const std::string& path,
                 const std::vector<uint64_t>& episodes, const std::vector<uint64_t>& first_frames,
                 const Claims& claims) {
    const std::string column = claims.column;
    if (!table.has(column)) {
      findings_.Add(Say("V-index", "episodes file lacks a column that says which frames are whose",
                        path, column, "", {{}, column, {}}));
      return Status();
    }
    constexpr int64_t kNone = -1;
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> said, table.Int64sOr(column, kNone));
    for (const uint64_t number : episodes) {
      const int64_t found = said[static_cast<size_t>(dataset_.episodes[number].row)];
      const auto expected = static_cast<int64_t>(first_frames[number + claims.offset]);
      if (found == expected) continue;
      findings_.Add(Say("V-index", claims.what, subject_.EpisodeWhere(number, column),
                        std::to_string(expected),
                        found == kNone ? "no number" : std::to_string(found), {number, column}));
    }
    return Status();
  }

  Status OwnNumbers(const parquet::Table& table, const std::string& path) {
    if (!table.has("meta/episodes/chunk_index") || !table.has("meta/episodes/file_index")) {
      findings_.Add(Say("V-columns", "episodes file lacks the columns that number it", path,
                        "meta/episodes/chunk_index and meta/episodes/file_index"));
      return Status();
    }
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> folder_numbers,
                               table.Int64s("meta/episodes/chunk_index"));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> file_numbers,
                               table.Int64s("meta/episodes/file_index"));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> episodes, table.Int64s("episode_index"));
    for (size_t row = 0; row < file_numbers.size(); ++row) {
      const std::string named = io::JoinPath(
          dataset_.root, DestinationEpisodesPath({folder_numbers[row], file_numbers[row]}));
      if (named == path) continue;
      findings_.Add(Say("V-file-numbers",
                        StrCat("row of episode ", episodes[row],
                               " names another episodes file than the one it is in"),
                        StrCat(path, ": meta/episodes/file_index, row ", row), path, named,
                        {static_cast<uint64_t>(episodes[row]), "meta/episodes/file_index"}));
    }
    return Status();
  }

  // I-2.
  void Numbering() {
    uint32_t file = 0;
    int64_t row = 0;
    for (uint64_t number = 0; number < dataset_.episodes.size(); ++number) {
      const Episode& episode = dataset_.episodes[number];
      if (episode.episodes_file > file) {
        file = episode.episodes_file;
        row = 0;
      }
      if (episode.episodes_file != file || episode.row != row) {
        findings_.Add(Say(
            "V-episode-order", "rows of the episodes table are not in the order of their episodes",
            subject_.EpisodeWhere(number, "episode_index"),
            StrCat("episode ", number, " in ", dataset_.episodes_files[file].path, ", row ", row),
            StrCat(dataset_.episodes_files[episode.episodes_file].path, ", row ", episode.row),
            {number}));
        file = episode.episodes_file;
        row = episode.row;
      }
      ++row;
    }
  }

  // I-3 and I-9.
  void References() {
    std::vector<FileId> ids;
    for (const Episode& episode : dataset_.episodes)
      ids.push_back(dataset_.data_files[episode.data_file].id);
    CheckIds("data", ids);
    for (const VideoKey& key : dataset_.video_keys) {
      ids.clear();
      for (const VideoSegment& segment : key.segments)
        ids.push_back(key.files[segment.video_file].id);
      CheckIds("videos/" + key.name, ids);
      Segments(key);
    }
  }

  void CheckIds(const std::string& column, const std::vector<FileId>& ids) {
    for (uint64_t episode = 0; episode < ids.size(); ++episode) {
      const FileId& id = ids[episode];
      if (id.chunk_index > kHighestNumber || id.file_index > kHighestNumber) {
        findings_.Add(Say("V-file-numbers",
                          "file number is too high for names to sort as their numbers do",
                          subject_.EpisodeWhere(episode, column + "/file_index"),
                          StrCat("chunk and file numbers up to ", kHighestNumber),
                          StrCat("chunk ", id.chunk_index, ", file ", id.file_index),
                          {episode, column + "/file_index"}));
      }
      if (episode == 0 || !(id < ids[episode - 1])) continue;
      findings_.Add(Say("V-file-numbers", "file numbers decrease from one episode to the next",
                        subject_.EpisodeWhere(episode, column + "/file_index"),
                        StrCat("chunk ", ids[episode - 1].chunk_index, ", file ",
                               ids[episode - 1].file_index, " or a later one"),
                        StrCat("chunk ", id.chunk_index, ", file ", id.file_index),
                        {episode, column + "/file_index"}));
    }
  }

  // Segments of one file must not overlap, and last as long as their episodes.
  void Segments(const VideoKey& key) {
    std::map<uint32_t, std::vector<uint64_t>> by_file;
    const FrameRate rate = dataset_.schema.frame_rate();
    for (uint64_t episode = 0; episode < key.segments.size(); ++episode) {
      const VideoSegment& segment = key.segments[episode];
      by_file[segment.video_file].push_back(episode);
      const double seconds = rate.Seconds(dataset_.episodes[episode].length_frames);
      if (std::abs(segment.to_timestamp - segment.from_timestamp - seconds) <= kToleranceSeconds)
        continue;
      findings_.Add(Say("V-video-segment",
                        "episode does not last as long in its video as it has frames",
                        subject_.EpisodeWhere(episode, "videos/" + key.name + "/to_timestamp"),
                        StrCat(FormatDouble(segment.from_timestamp + seconds), " s"),
                        StrCat(FormatDouble(segment.to_timestamp), " s"), {episode, key.name}));
    }
    for (auto& [file, episodes] : by_file) {
      std::stable_sort(episodes.begin(), episodes.end(), [&](uint64_t a, uint64_t b) {
        return key.segments[a].from_timestamp < key.segments[b].from_timestamp;
      });
      for (size_t at = 1; at < episodes.size(); ++at) {
        const uint64_t before = episodes[at - 1];
        const double end = key.segments[before].from_timestamp +
                           rate.Seconds(dataset_.episodes[before].length_frames);
        if (key.segments[episodes[at]].from_timestamp >= end - kToleranceSeconds ||
            AreOfOneSource(before, episodes[at]))
          continue;
        findings_.Add(
            Say("V-video-segment",
                StrCat("episode begins before episode ", before, " ends in the same video"),
                subject_.EpisodeWhere(episodes[at], "videos/" + key.name + "/from_timestamp"),
                StrCat(FormatDouble(end), " s or later"),
                StrCat(FormatDouble(key.segments[episodes[at]].from_timestamp), " s"),
                {episodes[at], key.name}));
      }
    }
  }

  // Frames that two episodes of a source have in common are kept for both. Whether they are those
  // of the source is seen frame by frame.
  bool AreOfOneSource(uint64_t a, uint64_t b) const {
    return std::max(a, b) < all_.origins.size() && all_.origins[a].source == all_.origins[b].source;
  }

  // I-5: the rows of an episode stand together, in the file that its row names. In what row groups
  // (I-10) is a promise of our own writing: what is kept of another's file has its own.
  void Rows() {
    for (uint64_t episode = 0; episode < dataset_.episodes.size(); ++episode) {
      const Episode& claim = dataset_.episodes[episode];
      const std::string& path = dataset_.data_files[claim.data_file].path;
      const EpisodeRows* rows = subject_.rows[episode];
      if (rows != nullptr && rows->total_rows() == claim.length_frames) continue;
      findings_.Add(
          Say("V-rows",
              rows == nullptr ? "episode has no rows in the data file that the episodes table names"
                              : "episode has another number of rows than the episodes table says",
              rows == nullptr ? path : StrCat(path, ": row ", rows->first_row),
              StrCat(WithSeparators(claim.length_frames), " rows"),
              rows == nullptr ? "none" : StrCat(WithSeparators(rows->total_rows()), " rows"),
              {episode}));
    }
    for (const DataFile& file : dataset_.data_files) {
      for (const EpisodeRows& rows : file.episodes) {
        const bool is_known = rows.episode_index >= 0 &&
                              static_cast<uint64_t>(rows.episode_index) < subject_.rows.size();
        if (is_known && subject_.rows[static_cast<size_t>(rows.episode_index)] == &rows) continue;
        findings_.Add(Say("V-rows",
                          StrCat("data file has rows of episode ", rows.episode_index,
                                 ", which the episodes table does not place there"),
                          StrCat(file.path, ": row ", rows.first_row), "",
                          StrCat(WithSeparators(rows.num_rows), " rows")));
      }
    }
  }

  // I-6.
  void Tasks() {
    std::set<std::string> known;
    for (size_t task = 0; task < dataset_.tasks.size(); ++task) {
      if (known.insert(dataset_.tasks[task]).second) continue;
      findings_.Add(Say("V-tasks", "task stands twice in the tasks table",
                        StrCat(dataset_.root, "/meta/tasks.parquet: row ", task), "",
                        StrCat("`", dataset_.tasks[task], "`")));
    }
    for (uint64_t episode = 0; episode < dataset_.episodes.size(); ++episode) {
      for (const std::string& task : dataset_.episodes[episode].tasks) {
        if (known.contains(task)) continue;
        findings_.Add(Say("V-tasks", "episode names a task that is not in the tasks table",
                          subject_.EpisodeWhere(episode, "tasks"),
                          StrCat("one of the ", dataset_.tasks.size(), " tasks of the table"),
                          StrCat("`", task, "`"), {episode, "tasks"}));
      }
    }
  }

  const io::FileSystem& file_system_;
  const Case& all_;
  const Subject& subject_;
  const Dataset& dataset_;
  FindingList& findings_;
};

}  // namespace

Status CheckStructure(const io::FileSystem& file_system, const Case& all, FindingList& findings) {
  return Structure(file_system, all, findings).Run();
}

}  // namespace robomerge::verify_internal
