// meta/episodes/*/*.parquet (format spec 1.7): one row per episode, matched by column name.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/checked.h"
#include "base/foreign_file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/way_out.h"
#include "formats/parquet/footer.h"
#include "formats/parquet/table.h"
#include "read/needed_files.h"
#include "read/v30/read_v30.h"
#include "read/v30/statistics_of_file.h"

namespace robomerge::v30 {
namespace {

// Columns that this reader knows. All others are carried as they are.
bool IsKnown(const std::string& column) {
  return column == "episode_index" || column == "tasks" || column == "length" ||
         column == "dataset_from_index" || column == "dataset_to_index" ||
         column.starts_with("data/") || column.starts_with("videos/") ||
         column.starts_with(StatisticsOfFile::kPrefix) || column.starts_with("meta/episodes/");
}

// "cam" of "videos/cam/file_index", which every camera has; empty for any other column.
std::string CameraOf(std::string_view column) {
  constexpr std::string_view kPrefix = "videos/", kSuffix = "/file_index";
  if (!column.starts_with(kPrefix) || !column.ends_with(kSuffix) ||
      column.size() <= kPrefix.size() + kSuffix.size())
    return {};
  return std::string(
      column.substr(kPrefix.size(), column.size() - kPrefix.size() - kSuffix.size()));
}

// Where the row of an episode is: row `row` of file number `file`.
struct RowPlace {
  int64_t episode_index = 0;
  uint32_t file = 0;
  int64_t row = 0;
};

// The columns of one episodes file. What the data files also say may be absent.
struct FileColumns {
  std::vector<int64_t> episode_index, length, from_index, to_index;
  std::vector<std::vector<std::string>> tasks;  // empty if there is no such column
  std::vector<int64_t> data_chunk, data_file;
  struct Video {
    std::vector<int64_t> chunk, file;
    std::vector<double> from, to;
  };
  std::vector<Video> videos;
};

Result<FileColumns> ReadColumns(const parquet::Table& table,
                                const std::vector<std::string>& video_keys) {
  FileColumns columns;
  ROBOMERGE_ASSIGN_OR_RETURN(columns.episode_index, table.Int64s("episode_index"));
  ROBOMERGE_ASSIGN_OR_RETURN(columns.length, table.Int64sOr("length", kUnknown));
  ROBOMERGE_ASSIGN_OR_RETURN(columns.from_index, table.Int64sOr("dataset_from_index", kUnknown));
  ROBOMERGE_ASSIGN_OR_RETURN(columns.to_index, table.Int64sOr("dataset_to_index", kUnknown));
  ROBOMERGE_ASSIGN_OR_RETURN(columns.data_chunk, table.Int64sOr("data/chunk_index", kUnknown));
  ROBOMERGE_ASSIGN_OR_RETURN(columns.data_file, table.Int64sOr("data/file_index", kUnknown));
  if (table.HoldsStrings("tasks")) {
    ROBOMERGE_ASSIGN_OR_RETURN(std::vector<std::string> texts, table.Strings("tasks"));
    for (std::string& text : texts) columns.tasks.push_back({std::move(text)});
  } else if (table.has("tasks")) {
    ROBOMERGE_ASSIGN_OR_RETURN(columns.tasks, table.StringLists("tasks"));
  }
  for (const std::string& key : video_keys) {
    FileColumns::Video video;
    const std::string prefix = "videos/" + key + "/";
    ROBOMERGE_ASSIGN_OR_RETURN(video.chunk, table.Int64sOr(prefix + "chunk_index", kUnknown));
    ROBOMERGE_ASSIGN_OR_RETURN(video.file, table.Int64sOr(prefix + "file_index", kUnknown));
    ROBOMERGE_ASSIGN_OR_RETURN(video.from, table.DoublesOrNan(prefix + "from_timestamp"));
    ROBOMERGE_ASSIGN_OR_RETURN(video.to, table.DoublesOrNan(prefix + "to_timestamp"));
    columns.videos.push_back(std::move(video));
  }
  return columns;
}

Problem WrongRow(const std::string& path, const std::string& column, int64_t row,
                 std::string expected, int64_t found) {
  return Problem(Code::kCorrupt, "episodes table contradicts itself")
      .Kind("E-episodes")
      .At(StrCat(path, ": ", column, ", row ", row))
      .Expected(std::move(expected))
      .Found(std::to_string(found));
}

bool IsFileNumber(int64_t number) {
  constexpr int64_t kMostFiles = 1'000'000;
  return number >= 0 && number <= kMostFiles;
}

// Checks what one row says that nothing else does. Whether the files agree with the rest is checked
// when they are read, and by Describe.
Status CheckRow(const FileColumns& columns, size_t row, const std::vector<std::string>& video_keys,
                const std::string& path) {
  const auto at = static_cast<int64_t>(row);
  if (columns.length[row] <= 0) {
    return columns.length[row] == kUnknown
               ? Problem(Code::kCorrupt, "an episode has no length")
                     .Kind("E-episodes")
                     .At(StrCat(path, ": length, row ", row))
                     .Expected("the number of its frames")
               : WrongRow(path, "length", at, "at least one frame", columns.length[row]);
  }
  std::vector<Problem> problems;
  for (size_t key = 0; key < columns.videos.size(); ++key) {
    const FileColumns::Video& video = columns.videos[key];
    const std::string prefix = StrCat("videos/", video_keys[key], "/");
    const bool has_numbers = video.chunk[row] != kUnknown && video.file[row] != kUnknown;
    const bool has_times = !std::isnan(video.from[row]);
    if (!has_numbers && !has_times) {
      problems.push_back(
          Problem(Code::kCorrupt, "an episode is without one of its cameras")
              .Kind("E-missing-camera")
              .At(StrCat(path, ": ", prefix, "file_index, row ", row))
              .Expected(StrCat("the video of `", video_keys[key], "` that holds episode ",
                               columns.episode_index[row]))
              .Found("none")
              .Hint(StrCat("`--skip-broken episodes` leaves out the episode, `--drop ",
                           video_keys[key], "` the camera")));
      continue;
    }
    for (const auto& [column, number] :
         {std::pair("chunk_index", video.chunk[row]), {"file_index", video.file[row]}}) {
      if (number != kUnknown && !IsFileNumber(number))
        problems.push_back(WrongRow(path, prefix + column, at, "a file number", number));
    }
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

// The rows must have the numbers 0 to n - 1, each once. They may stand in any order, since the rows
// of the data files name their episode by this number.
Status SortByEpisode(std::vector<RowPlace>& places, const std::vector<EpisodesFile>& files) {
  std::stable_sort(places.begin(), places.end(), [](const RowPlace& left, const RowPlace& right) {
    return left.episode_index < right.episode_index;
  });
  for (size_t at = 0; at < places.size(); ++at) {
    if (places[at].episode_index == static_cast<int64_t>(at)) continue;
    return Problem(Code::kCorrupt, "episodes are not numbered 0, 1, 2, ... without gaps")
        .Kind("E-episodes")
        .At(StrCat(files[places[at].file].path, ": episode_index, row ", places[at].row))
        .Expected(std::to_string(at))
        .Found(std::to_string(places[at].episode_index));
  }
  return Status();
}

// A camera that the episodes table places in videos, and that is no feature. LeRobot does not load
// it.
void WarnOfCameras(const std::set<std::string>& cameras, Dataset& dataset) {
  for (const std::string& camera : cameras) {
    dataset.warnings.push_back(
        Problem(Code::kCorrupt,
                StrCat("camera `", camera, "` is no feature of info.json: its videos are left out"))
            .Kind("W-camera-unknown")
            .Source(dataset.root)
            .At(StrCat(io::JoinPath(dataset.root, "meta/info.json"), ": features"))
            .Expected(StrCat("`", camera, "` of dtype video (from the columns videos/", camera,
                             "/* of meta/episodes)"))
            .Hint("add the camera to info.json if its videos are to be kept"));
  }
}

// The name that LeRobot gives: file-000.parquet. Copies have others: "file-000 (1).parquet".
bool HasUsualName(const std::string& path) {
  const std::string name = NameOf(path);
  constexpr std::string_view kBegin = "file-", kEnd = ".parquet";
  return name.starts_with(kBegin) && name.ends_with(kEnd) &&
         name.find_first_not_of("0123456789", kBegin.size()) == name.size() - kEnd.size();
}

// The episodes files as they are read.
class EpisodesReader {
 public:
  EpisodesReader(const io::FileSystem& file_system, const SourceInfo& info,
                 const ReadOptions& options, Dataset& dataset)
      : file_system_(file_system),
        info_(info),
        options_(options),
        dataset_(dataset),
        video_keys_(CamerasToRead(dataset, options)) {}

  Result<EpisodeClaims> Run() {
    claims_.video_files.resize(video_keys_.size());
    for (const std::string& key : video_keys_) dataset_.video_keys.push_back(VideoKey{key, {}, {}});
    ROBOMERGE_ASSIGN_OR_RETURN(
        std::vector<std::string> paths,
        ListParquetFiles(file_system_, io::JoinPath(dataset_.root, "meta/episodes")));
    if (paths.empty() && info_.total_episodes > 0) {
      return Problem(Code::kCorrupt, "episodes table is missing")
          .Kind("E-missing-file")
          .At(io::JoinPath(dataset_.root, "meta/episodes"))
          .Expected(StrCat(info_.total_episodes, " episodes (from info.json: total_episodes)"))
          .Hint(std::string(kCopyTheRest));
    }
    // Files with other names come last: they may be copies of the usual ones.
    std::stable_partition(paths.begin(), paths.end(), HasUsualName);
    for (const std::string& path : paths) Gather(ReadFile(path));
    Gather(CheckTotals());
    if (!problems_.empty()) return Status::Many(std::move(problems_));
    ROBOMERGE_RETURN_NOT_OK(SortByEpisode(places_, dataset_.episodes_files));
    dataset_.carried_columns.assign(carried_.begin(), carried_.end());
    WarnOfCameras(unknown_cameras_, dataset_);
    for (const RowPlace& place : places_) Take(place);
    ROBOMERGE_RETURN_NOT_OK(FindOnlyVideos());
    return std::move(claims_);
  }

 private:
  void Gather(const Status& status) {
    problems_.insert(problems_.end(), status.problems().begin(), status.problems().end());
  }

  bool IsLeftOut(int64_t episode) const {
    return episode >= 0 && options_.LeavesOut(static_cast<uint64_t>(episode));
  }

  static Status OfEpisode(const Status& status, int64_t episode) {
    return episode < 0 ? status : status.OfEpisodes({static_cast<uint64_t>(episode)});
  }

  Status ReadFile(const std::string& path) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                               file_system_.OpenForReading(path));
    const io::FileStat stat = file->stat();
    const Result<parquet::Table> read = parquet::Table::Read(*file);
    if (IsUnfinished(read.status())) unfinished_.push_back(path);
    ROBOMERGE_RETURN_NOT_OK(read.status());
    const parquet::Table& table = *read;
    ROBOMERGE_RETURN_NOT_OK(CheckCameras(table, path));
    ROBOMERGE_ASSIGN_OR_RETURN(FileColumns of_file, ReadColumns(table, video_keys_));
    ROBOMERGE_ASSIGN_OR_RETURN(StatisticsOfFile of_statistics, StatisticsOfFile::Read(table));
    if (!HasUsualName(path) && IsCopy(of_file)) return WarnOfCopy(path);
    for (const std::string& column : table.column_names()) {
      if (!IsKnown(column)) carried_.insert(column);
      const std::string camera = CameraOf(column);
      const Feature* feature = camera.empty() ? nullptr : dataset_.schema.Find(camera);
      if (!camera.empty() && (feature == nullptr || !feature->is_video()))
        unknown_cameras_.insert(camera);
    }
    for (int64_t row = 0; row < table.num_rows(); ++row) {
      const auto at = static_cast<size_t>(row);
      if (!IsLeftOut(of_file.episode_index[at]))
        Gather(OfEpisode(CheckRow(of_file, at, video_keys_, path), of_file.episode_index[at]));
      places_.push_back({of_file.episode_index[at], static_cast<uint32_t>(columns_.size()), row});
    }
    dataset_.episodes_files.push_back(
        {path, stat.size_bytes, stat.modified_ns, stat.changed_ns, table.uncompressed_bytes()});
    columns_.push_back(std::move(of_file));
    statistics_.push_back(std::move(of_statistics));
    return Status();
  }

  // That the table says something of every camera. Of an episode that lacks one, CheckRow tells.
  Status CheckCameras(const parquet::Table& table, const std::string& path) const {
    std::vector<Problem> problems;
    for (const std::string& key : video_keys_) {
      const std::string prefix = StrCat("videos/", key, "/");
      if (table.has(prefix + "file_index") || table.has(prefix + "from_timestamp")) continue;
      problems.push_back(
          Problem(Code::kCorrupt, "the episodes table says nothing of a camera of info.json")
              .Kind("E-missing-camera")
              .At(path)
              .Expected(StrCat("columns ", prefix, "file_index and ", prefix, "from_timestamp"))
              .Found("none of them")
              .Hint(StrCat("leave the camera out of all datasets with `--drop ", key,
                           "`, remove the feature `", key, "` from info.json, or record it")));
    }
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  std::set<int64_t> EpisodesSeen() const {
    std::set<int64_t> seen;
    for (const RowPlace& place : places_) seen.insert(place.episode_index);
    return seen;
  }

  bool IsCopy(const FileColumns& of_file) const {
    return std::all_of(of_file.episode_index.begin(), of_file.episode_index.end(),
                       [seen = EpisodesSeen()](int64_t episode) { return seen.contains(episode); });
  }

  Status WarnOfCopy(const std::string& path) {
    dataset_.warnings.push_back(
        Problem(Code::kCorrupt, "a file that repeats what other files hold is passed over")
            .Kind("W-stray-file")
            .At(path)
            .Expected("names like file-000.parquet")
            .Found("another name, and only episodes that the files so named have")
            .Hint("LeRobot reads it too, so that it has these episodes twice. Remove it: rm " +
                  ShellWord(path)));
    return Status();
  }

  void Take(const RowPlace& place) {
    const auto row = static_cast<size_t>(place.row);
    FileColumns& of_file = columns_[place.file];
    Episode episode;
    episode.length_frames = static_cast<uint64_t>(std::max<int64_t>(of_file.length[row], 0));
    claims_.lacks_tasks.push_back(of_file.tasks.empty());
    if (!of_file.tasks.empty()) episode.tasks = std::move(of_file.tasks[row]);
    const int64_t from = of_file.from_index[row], to = of_file.to_index[row];
    claims_.lacks_index.push_back(from < 0 || CheckedAdd(from, of_file.length[row]) != to);
    episode.dataset_from_index = from;
    episode.episodes_file = place.file;
    episode.row = place.row;
    episode.number = dataset_.episodes.size();
    dataset_.episodes.push_back(std::move(episode));
    const auto known = [](int64_t number) { return IsFileNumber(number) ? number : kUnknown; };
    claims_.data_files.push_back({known(of_file.data_chunk[row]), known(of_file.data_file[row])});
    for (size_t key = 0; key < video_keys_.size(); ++key) {
      const FileColumns::Video& video = of_file.videos[key];
      claims_.video_files[key].push_back({video.chunk[row], video.file[row]});
      dataset_.video_keys[key].segments.push_back({0, video.from[row], video.to[row]});
    }
    statistics_[place.file].AppendRow(row, dataset_.episode_statistics);
  }

  // Where rows do not say which video file holds them, it can be told only if there is but one.
  Status FindOnlyVideos() {
    std::vector<Problem> problems;
    for (size_t key = 0; key < video_keys_.size(); ++key) {
      std::vector<FileId>& ids = claims_.video_files[key];
      const auto lacks = [](const FileId& id) { return id.chunk_index < 0 || id.file_index < 0; };
      std::vector<uint64_t> lacking;
      for (uint64_t one = 0; one < ids.size(); ++one) {
        if (lacks(ids[one]) && !options_.LeavesOut(one)) lacking.push_back(one);
      }
      if (lacking.empty()) continue;
      const auto exists = [&](FileId id) -> Result<bool> {
        ROBOMERGE_ASSIGN_OR_RETURN(const std::string relative,
                                   ExpandTemplate(info_.video_path, id, video_keys_[key]));
        const std::string path = io::JoinPath(dataset_.root, relative);
        ROBOMERGE_ASSIGN_OR_RETURN(const bool is_there, io::Exists(file_system_, path));
        if (!is_there && options_.missing_files != nullptr) options_.missing_files->push_back(path);
        return is_there;
      };
      ROBOMERGE_ASSIGN_OR_RETURN(const bool has_first, exists({0, 0}));
      ROBOMERGE_ASSIGN_OR_RETURN(const bool has_second, exists({0, 1}));
      ROBOMERGE_ASSIGN_OR_RETURN(const bool has_chunk, exists({1, 0}));
      const uint64_t episode = lacking.front();
      const Episode& row = dataset_.episodes[episode];
      const std::string where = StrCat(dataset_.episodes_files[row.episodes_file].path, ": videos/",
                                       video_keys_[key], "/file_index, row ", row.row);
      if (options_.missing_files != nullptr || (has_first && !has_second && !has_chunk)) {
        std::replace_if(ids.begin(), ids.end(), lacks, FileId{0, 0});
        dataset_.warnings.push_back(
            Problem(Code::kCorrupt,
                    StrCat("the episodes table does not say which video file holds ",
                           lacking.size(), " episodes; there is only one"))
                .Kind("W-file-numbers")
                .At(where));
        continue;
      }
      problems.push_back(
          Problem(Code::kCorrupt,
                  "the episodes table does not say which video file holds an episode")
              .Kind("E-episodes")
              .At(where)
              .Expected(StrCat("the number of a video file of episode ", episode))
              .Found(has_first ? "none, and several video files" : "none")
              .Hint(StrCat("restore the numbers, or ", kLeaveEpisodeOut))
              .OfEpisodes(std::move(lacking)));
    }
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  // The rows are counted, so totals of info.json that are too low are stale. Where rows are
  // missing, files are, and which is not known.
  Status CheckTotals() {
    const std::string path = io::JoinPath(dataset_.root, "meta/info.json");
    const uint64_t num_episodes = places_.size();
    uint64_t num_frames = 0;
    for (const FileColumns& of_file : columns_) {
      for (const int64_t length : of_file.length) num_frames += static_cast<uint64_t>(length);
    }
    const bool is_whole = num_episodes >= info_.total_episodes;
    if (!unfinished_.empty() && is_whole) AdviseToRemoveUnfinished();
    // The reason is told already.
    if (!problems_.empty()) return Status();
    if (!is_whole) {
      return Problem(Code::kCorrupt, "episodes of info.json are not in the episodes table")
          .Kind("E-totals")
          .At(path + ": total_episodes")
          .Expected(StrCat(WithSeparators(info_.total_episodes), " episodes (from info.json)"))
          .Found(StrCat(WithSeparators(num_episodes), " in ", columns_.size(),
                        columns_.size() == 1 ? " file" : " files", " below meta/episodes",
                        MissingNumbers()))
          .Hint(std::string(kCopyTheRest) +
                ". If these episodes are all there ever were, set total_episodes to their number");
    }
    WarnOfTotal(path, "total_episodes", info_.total_episodes, num_episodes);
    // The frames of what is left out are not known.
    if (options_.left_out.empty())
      WarnOfTotal(path, "total_frames", info_.total_frames, num_frames);
    return Status();
  }

  void WarnOfTotal(const std::string& path, const char* key, uint64_t stated, uint64_t counted) {
    if (stated == counted) return;
    dataset_.warnings.push_back(
        Problem(Code::kCorrupt, "a total of info.json is not the number of rows, which is taken")
            .Kind("W-totals")
            .At(StrCat(path, ": ", key))
            .Expected(StrCat(WithSeparators(counted), " (counted)"))
            .Found(WithSeparators(stated)));
  }

  // ", of which there is no episode 0 to 9": what a missing file must have held.
  std::string MissingNumbers() const {
    const int64_t last = static_cast<int64_t>(info_.total_episodes) - 1;
    const std::set<int64_t> seen = EpisodesSeen();
    int64_t first = 0;
    while (seen.contains(first)) ++first;
    int64_t end = first;
    while (end < last && !seen.contains(end + 1)) ++end;
    return StrCat("; episodes ", first, " to ", end, " are in none");
  }

  void AdviseToRemoveUnfinished() {
    std::vector<std::string> words;
    for (const std::string& path : unfinished_) words.push_back(ShellWord(path));
    const Result<std::vector<std::string>> data_files =
        ListParquetFiles(file_system_, io::JoinPath(dataset_.root, "data"));
    for (const std::string& path : data_files.ok() ? *data_files : std::vector<std::string>()) {
      const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system_.OpenForReading(path);
      if (file.ok() && IsUnfinished(parquet::Footer::Read(**file).status()))
        words.push_back(ShellWord(path));
    }
    for (Problem& problem : problems_) {
      if (problem.kind != "E-unfinished-file") continue;
      problem.hint = StrCat(
          "a recorder that was killed left it, and nothing can read it, nor does copying it "
          "again help. The other files hold all ",
          info_.total_episodes, " episodes of info.json: rm ", Join(words, " "));
    }
  }

  const io::FileSystem& file_system_;
  const SourceInfo& info_;
  const ReadOptions& options_;
  Dataset& dataset_;
  const std::vector<std::string> video_keys_;
  EpisodeClaims claims_;
  std::vector<FileColumns> columns_;
  std::vector<StatisticsOfFile> statistics_;
  std::vector<RowPlace> places_;
  std::vector<std::string> unfinished_;
  std::set<std::string> carried_, unknown_cameras_;
  std::vector<Problem> problems_;
};

}  // namespace

Result<EpisodeClaims> ReadEpisodes(const io::FileSystem& file_system, const SourceInfo& info,
                                   const ReadOptions& options, Dataset& dataset) {
  return EpisodesReader(file_system, info, options, dataset).Run();
}

}  // namespace robomerge::v30
