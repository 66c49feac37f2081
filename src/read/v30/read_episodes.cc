// meta/episodes/*/*.parquet (format spec 1.7): one row per episode, matched by column name.
#include <algorithm>
#include <numeric>
#include <set>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/table.h"
#include "read/v30/read_v30.h"

namespace robomerge::v30 {
namespace {

constexpr std::string_view kStatPrefix = "stats/";

// Columns that this reader knows. All others are carried as they are.
bool IsKnown(const std::string& column) {
  return column == "episode_index" || column == "tasks" || column == "length" ||
         column == "dataset_from_index" || column == "dataset_to_index" ||
         column.starts_with("data/") || column.starts_with("videos/") ||
         column.starts_with(kStatPrefix) || column.starts_with("meta/episodes/");
}

// Where the row of an episode is: row `row` of file number `file`.
struct RowPlace {
  int64_t episode_index = 0;
  uint32_t file = 0;
  int64_t row = 0;
};

// The statistics columns of one file, and per row which of them are null: rows of equal pattern
// share a layout.
class StatisticsOfFile {
 public:
  static Result<StatisticsOfFile> Read(const parquet::Table& table) {
    StatisticsOfFile statistics;
    for (const std::string& name : table.column_names()) {
      if (!name.starts_with(kStatPrefix)) continue;
      // Feature names hold no '/', so the last one separates feature and statistic.
      const size_t slash = name.rfind('/');
      if (slash <= kStatPrefix.size()) continue;
      ROBOMERGE_ASSIGN_OR_RETURN(parquet::NumberLists lists, table.Numbers(name));
      StatColumn column;
      column.feature = name.substr(kStatPrefix.size(), slash - kStatPrefix.size());
      column.stat = name.substr(slash + 1);
      column.list_depth = std::max(1, lists.list_depth);
      column.kind = lists.element == parquet::NumberLists::Element::kInteger ? NumberKind::kInteger
                    : lists.element == parquet::NumberLists::Element::kBoolean
                        ? NumberKind::kBoolean
                        : NumberKind::kFloat;
      statistics.columns_.push_back(std::move(column));
      statistics.lists_.push_back(std::move(lists));
    }
    return statistics;
  }

  // Appends row `row` to `blocks`, opening a new block where the layout changes.
  void AppendRow(size_t row, std::vector<EpisodeStatisticsBlock>& blocks) {
    std::vector<uint32_t> widths(columns_.size());
    for (size_t at = 0; at < columns_.size(); ++at) {
      const parquet::NumberLists& lists = lists_[at];
      widths[at] = lists.is_null[row] ? 0 : lists.cell_begin[row + 1] - lists.cell_begin[row];
    }
    if (layout_ == nullptr || widths != widths_) {
      auto layout = std::make_shared<StatColumns>(columns_);
      for (size_t at = 0; at < widths.size(); ++at) (*layout)[at].width = widths[at];
      layout_ = std::move(layout);
      widths_ = std::move(widths);
    }
    if (blocks.empty() || blocks.back().layout != layout_) {
      EpisodeStatisticsBlock block;
      block.layout = layout_;
      block.stride = std::accumulate(widths_.begin(), widths_.end(), uint32_t{0});
      blocks.push_back(std::move(block));
    }
    EpisodeStatisticsBlock& block = blocks.back();
    ++block.num_rows;
    for (size_t at = 0; at < columns_.size(); ++at) {
      if (widths_[at] == 0) continue;
      const auto begin = lists_[at].values.begin() + lists_[at].cell_begin[row];
      block.values.insert(block.values.end(), begin, begin + widths_[at]);
    }
  }

 private:
  StatColumns columns_;
  std::vector<parquet::NumberLists> lists_;
  std::shared_ptr<const StatColumns> layout_;
  std::vector<uint32_t> widths_;
};

Result<std::vector<std::string>> ListEpisodesFiles(const io::FileSystem& file_system,
                                                   const std::string& root) {
  const std::string folder = io::JoinPath(root, "meta/episodes");
  std::vector<std::string> paths;
  const Result<std::vector<std::string>> directories = file_system.List(folder);
  if (!directories.ok()) {
    if (directories.status().code() == Code::kNotFound) return paths;
    return directories.status();
  }
  for (const std::string& directory : *directories) {
    const std::string inner = io::JoinPath(folder, directory);
    const Result<io::FileStat> stat = file_system.Stat(inner);
    if (!stat.ok() && stat.status().code() != Code::kNotFound) return stat.status();
    if (!stat.ok() || !stat->is_directory()) continue;
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.List(inner));
    for (const std::string& name : names) {
      if (name.ends_with(".parquet")) paths.push_back(io::JoinPath(inner, name));
    }
  }
  return paths;
}

// The columns of one episodes file that every file must have.
struct FileColumns {
  std::vector<int64_t> episode_index, length, from_index, to_index;
  std::vector<std::vector<std::string>> tasks;
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
  ROBOMERGE_ASSIGN_OR_RETURN(columns.length, table.Int64s("length"));
  ROBOMERGE_ASSIGN_OR_RETURN(columns.from_index, table.Int64s("dataset_from_index"));
  ROBOMERGE_ASSIGN_OR_RETURN(columns.to_index, table.Int64s("dataset_to_index"));
  ROBOMERGE_ASSIGN_OR_RETURN(columns.tasks, table.StringLists("tasks"));
  ROBOMERGE_ASSIGN_OR_RETURN(columns.data_chunk, table.Int64s("data/chunk_index"));
  ROBOMERGE_ASSIGN_OR_RETURN(columns.data_file, table.Int64s("data/file_index"));
  for (const std::string& key : video_keys) {
    FileColumns::Video video;
    const std::string prefix = "videos/" + key + "/";
    ROBOMERGE_ASSIGN_OR_RETURN(video.chunk, table.Int64s(prefix + "chunk_index"));
    ROBOMERGE_ASSIGN_OR_RETURN(video.file, table.Int64s(prefix + "file_index"));
    ROBOMERGE_ASSIGN_OR_RETURN(video.from, table.Doubles(prefix + "from_timestamp"));
    ROBOMERGE_ASSIGN_OR_RETURN(video.to, table.Doubles(prefix + "to_timestamp"));
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

// Checks that what one row claims is possible. Whether the files agree with it is checked when they
// are read, and by Describe.
Status CheckRow(const FileColumns& columns, size_t row, const std::string& path) {
  const auto at = static_cast<int64_t>(row);
  if (columns.length[row] <= 0)
    return WrongRow(path, "length", at, "at least one frame", columns.length[row]);
  const std::optional<int64_t> end = CheckedAdd(columns.from_index[row], columns.length[row]);
  if (!end)
    return WrongRow(path, "dataset_from_index", at, "a number of a frame", columns.from_index[row]);
  if (columns.to_index[row] != *end) {
    return WrongRow(path, "dataset_to_index", at,
                    StrCat(*end, " (dataset_from_index and the row's length)"),
                    columns.to_index[row]);
  }
  constexpr int64_t kMostFiles = 1'000'000;
  const auto check_number = [&](const std::string& column, int64_t number) -> Status {
    if (number < 0 || number > kMostFiles)
      return WrongRow(path, column, at, "a file number", number);
    return Status();
  };
  ROBOMERGE_RETURN_NOT_OK(check_number("data/chunk_index", columns.data_chunk[row]));
  ROBOMERGE_RETURN_NOT_OK(check_number("data/file_index", columns.data_file[row]));
  for (const FileColumns::Video& video : columns.videos) {
    ROBOMERGE_RETURN_NOT_OK(check_number("videos/*/chunk_index", video.chunk[row]));
    ROBOMERGE_RETURN_NOT_OK(check_number("videos/*/file_index", video.file[row]));
  }
  return Status();
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

}  // namespace

Result<EpisodeClaims> ReadEpisodes(const io::FileSystem& file_system, const SourceInfo& info,
                                   Dataset& dataset) {
  const std::vector<std::string> video_keys = dataset.schema.video_keys();
  EpisodeClaims claims;
  claims.video_files.resize(video_keys.size());
  for (const std::string& key : video_keys) dataset.video_keys.push_back(VideoKey{key, {}, {}});
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                             ListEpisodesFiles(file_system, dataset.root));
  if (paths.empty() && info.total_episodes > 0) {
    return Problem(Code::kCorrupt, "episodes table is missing")
        .Kind("E-missing-file")
        .At(io::JoinPath(dataset.root, "meta/episodes"))
        .Expected(StrCat(info.total_episodes, " episodes (from info.json: total_episodes)"));
  }

  std::vector<FileColumns> columns;
  std::vector<StatisticsOfFile> statistics;
  std::vector<RowPlace> places;
  std::set<std::string> carried;
  for (const std::string& path : paths) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                               file_system.OpenForReading(path));
    const io::FileStat stat = file->stat();
    ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Table table, parquet::Table::Read(*file));
    ROBOMERGE_ASSIGN_OR_RETURN(FileColumns of_file, ReadColumns(table, video_keys));
    ROBOMERGE_ASSIGN_OR_RETURN(StatisticsOfFile of_statistics, StatisticsOfFile::Read(table));
    for (const std::string& column : table.column_names()) {
      if (!IsKnown(column)) carried.insert(column);
    }
    for (int64_t row = 0; row < table.num_rows(); ++row) {
      ROBOMERGE_RETURN_NOT_OK(CheckRow(of_file, static_cast<size_t>(row), path));
      places.push_back({of_file.episode_index[static_cast<size_t>(row)],
                        static_cast<uint32_t>(columns.size()), row});
    }
    dataset.episodes_files.push_back(
        {path, stat.size_bytes, stat.modified_ns, stat.changed_ns, table.uncompressed_bytes()});
    columns.push_back(std::move(of_file));
    statistics.push_back(std::move(of_statistics));
  }
  ROBOMERGE_RETURN_NOT_OK(SortByEpisode(places, dataset.episodes_files));
  dataset.carried_columns.assign(carried.begin(), carried.end());

  uint64_t num_frames = 0;
  for (const RowPlace& place : places) {
    const auto row = static_cast<size_t>(place.row);
    FileColumns& of_file = columns[place.file];
    Episode episode;
    episode.length_frames = static_cast<uint64_t>(of_file.length[row]);
    episode.tasks = std::move(of_file.tasks[row]);
    episode.dataset_from_index = of_file.from_index[row];
    episode.episodes_file = place.file;
    episode.row = place.row;
    num_frames += episode.length_frames;
    dataset.episodes.push_back(std::move(episode));
    claims.data_files.push_back({of_file.data_chunk[row], of_file.data_file[row]});
    for (size_t key = 0; key < video_keys.size(); ++key) {
      const FileColumns::Video& video = of_file.videos[key];
      claims.video_files[key].push_back({video.chunk[row], video.file[row]});
      dataset.video_keys[key].segments.push_back({0, video.from[row], video.to[row]});
    }
    statistics[place.file].AppendRow(row, dataset.episode_statistics);
  }

  std::vector<Problem> problems;
  const auto check_total = [&](const char* key, uint64_t stated, uint64_t counted,
                               const char* unit) {
    if (stated == counted) return;
    problems.push_back(
        Problem(Code::kCorrupt, StrCat("`", key, "` of info.json contradicts the episodes table"))
            .Kind("E-totals")
            .At(StrCat(io::JoinPath(dataset.root, "meta/info.json"), ": ", key))
            .Expected(StrCat(WithSeparators(counted), " ", unit, " (counted)"))
            .Found(WithSeparators(stated))
            .Hint("correct info.json, or find the rows that are missing"));
  };
  check_total("total_episodes", info.total_episodes, dataset.episodes.size(), "episodes");
  check_total("total_frames", info.total_frames, num_frames, "frames");
  if (!problems.empty()) return Status::Many(std::move(problems));
  return claims;
}

}  // namespace robomerge::v30
