// Data files, and which of them holds the rows of each episode (format spec 1.8).
#include <algorithm>
#include <map>
#include <set>

#include "base/foreign_file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/way_out.h"
#include "formats/parquet/file_splice.h"
#include "read/v30/data_columns.h"
#include "read/v30/judge_times.h"
#include "read/v30/read_v30.h"
#include "read/v30/tasks_of_rows.h"

namespace robomerge::v30 {
namespace {

using parquet::Footer;

// Reads the file at `data.path`.
Result<DataFile> ReadDataFile(const io::FileSystem& file_system, const Dataset& dataset,
                              DataFile data, const ReadOptions& options,
                              std::vector<Problem>& warnings) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                             file_system.OpenForReading(data.path));
  const io::FileStat stat = file->stat();
  data.size_bytes = stat.size_bytes;
  data.modified_ns = stat.modified_ns;
  data.changed_ns = stat.changed_ns;
  ROBOMERGE_ASSIGN_OR_RETURN(const Footer footer, Footer::Read(*file));
  ROBOMERGE_RETURN_NOT_OK(CheckColumns(footer, dataset.schema, data.path));
  ROBOMERGE_RETURN_NOT_OK(parquet::CheckArrowSchema(footer));
  ROBOMERGE_ASSIGN_OR_RETURN(data.has_picture_files,
                             CheckPictures(file_system, *file, footer, dataset, warnings));
  TakeFooter(footer, data);
  ROBOMERGE_ASSIGN_OR_RETURN(data.episodes,
                             ScanRows(*file, footer, dataset, options.decodes_times));
  return data;
}

// The last two numbers of a path, chunk-CCC/file-FFF: in their order LeRobot reads the files.
FileId IdOf(const std::string& path) {
  std::vector<int64_t> numbers = {0, 0};
  for (size_t at = 0; at < path.size();) {
    size_t end = at;
    while (end < path.size() && path[end] >= '0' && path[end] <= '9') ++end;
    if (end > at && end - at <= 9) numbers.push_back(std::stoll(path.substr(at, end - at)));
    at = std::max(end, at + 1);
  }
  return {numbers[numbers.size() - 2], numbers.back()};
}

// Finds the data file of every episode: the one that the episodes table names, if it has the
// episode's rows, else the one that has them.
class DataFilesReader {
 public:
  DataFilesReader(const io::FileSystem& file_system, const SourceInfo& info,
                  const EpisodeClaims& claims, const ReadOptions& options, Dataset& dataset)
      : file_system_(file_system),
        info_(info),
        claims_(claims),
        options_(options),
        dataset_(dataset) {}

  Status Run() {
    for (const FileId& id : FilesOf(claims_.data_files, options_)) {
      if (id.chunk_index != kUnknown && id.file_index != kUnknown) ReadNamed(id);
    }
    // Without the columns of a file nothing can be said of its rows.
    if (!problems_.empty()) return Status::Many(std::move(problems_));
    if (options_.missing_files != nullptr && !missing_.empty()) {
      for (const DataFile& file : missing_) options_.missing_files->push_back(file.path);
      return Status();
    }
    PlaceEpisodes(/*by_name=*/true);
    bool has_strays = !missing_.empty() || !unplaced_.empty() || num_short_ > 0;
    if (options_.missing_files != nullptr && has_strays) {
      // Rows that are looked for may be in any file.
      options_.missing_files->push_back(io::JoinPath(dataset_.root, "data"));
      return Status();
    }
    if (!has_strays && options_.is_needed.empty()) {
      ROBOMERGE_ASSIGN_OR_RETURN(has_strays, HasStrays());
    }
    if (has_strays) ROBOMERGE_RETURN_NOT_OK(ReadOthers());
    if (!problems_.empty()) return Status::Many(std::move(problems_));
    if (has_strays) {
      std::stable_sort(
          files_.begin(), files_.end(),
          [](const ReadFile& left, const ReadFile& right) { return left.data.id < right.data.id; });
      PlaceEpisodes(/*by_name=*/false);
    }
    if (num_short_ > 0) ROBOMERGE_RETURN_NOT_OK(JoinParts());
    if (has_strays && unplaced_.empty()) DropUnused();
    ReportMissing();
    if (!problems_.empty()) return Status::Many(std::move(problems_));
    for (ReadFile& file : files_) dataset_.data_files.push_back(std::move(file.data));
    TakeTasksOfRows(claims_.lacks_tasks, options_, dataset_);
    TakeIndexes();
    return Status();
  }

 private:
  void Gather(const Status& status) {
    problems_.insert(problems_.end(), status.problems().begin(), status.problems().end());
  }

  void ReadNamed(FileId id) {
    const Result<std::string> relative = ExpandTemplate(info_.data_path, id);
    if (!relative.ok()) return Gather(relative.status());
    DataFile data;
    data.id = id;
    data.path = io::JoinPath(dataset_.root, *relative);
    Result<DataFile> file = ReadDataFile(file_system_, dataset_, data, options_, dataset_.warnings);
    if (file.ok()) {
      files_.push_back({std::move(file).value(), true});
    } else if (file.status().code() == Code::kNotFound) {
      missing_.push_back(data);
    } else {
      Gather(WithWayOut(file.status()).OfEpisodes(EpisodesIn(claims_.data_files, id, options_)));
    }
  }

  // Enters the data file of each episode; notes those whose rows are not found.
  void PlaceEpisodes(bool by_name) {
    constexpr uint32_t kNone = ~uint32_t{0};
    std::vector<uint32_t> named(dataset_.episodes.size(), kNone), other = named;
    std::vector<uint64_t> num_rows(named.size());  // in the file that is named
    for (uint32_t file = 0; file < files_.size(); ++file) {
      for (const EpisodeRows& rows : files_[file].data.episodes) {
        const auto episode = static_cast<size_t>(rows.episode_index);
        if (rows.episode_index < 0 || episode >= named.size()) continue;
        const bool is_claimed =
            files_[file].is_named && files_[file].data.id == claims_.data_files[episode];
        uint32_t& holder = is_claimed ? named[episode] : other[episode];
        if (holder == kNone) holder = file;
        if (is_claimed) num_rows[episode] += rows.num_rows;
      }
    }
    num_stale_ = num_short_ = 0;
    unplaced_.clear();
    for (size_t episode = 0; episode < named.size(); ++episode) {
      if (!IsRead(episode, options_)) continue;
      const bool is_stale = named[episode] == kNone && !by_name && other[episode] != kNone;
      if (named[episode] == kNone && !is_stale) {
        unplaced_.push_back(episode);
        continue;
      }
      if (is_stale && num_stale_++ == 0) first_stale_ = episode;
      if (num_rows[episode] < dataset_.episodes[episode].length_frames) ++num_short_;
      dataset_.episodes[episode].data_file = is_stale ? other[episode] : named[episode];
    }
  }

  // Joins the rows of episodes that lie in several files, if together they are as many as the
  // episode is long.
  Status JoinParts() {
    std::map<int64_t, std::vector<std::pair<uint32_t, EpisodeRows>>> parts;
    for (uint32_t file = 0; file < files_.size(); ++file) {
      for (const EpisodeRows& rows : files_[file].data.episodes)
        parts[rows.episode_index].emplace_back(file, rows);
    }
    std::vector<std::set<int64_t>> moved(files_.size());
    size_t num_joined = 0;
    for (auto& [number, of_episode] : parts) {
      const auto episode = static_cast<size_t>(number);
      if (number < 0 || episode >= dataset_.episodes.size() || of_episode.size() < 2 ||
          !IsRead(episode, options_))
        continue;
      uint64_t num_rows = 0;
      std::set<uint32_t> files;
      for (const auto& [file, rows] : of_episode) num_rows += rows.num_rows, files.insert(file);
      if (num_rows != dataset_.episodes[episode].length_frames || files.size() < of_episode.size())
        continue;
      // LeRobot reads them in the order of the files, which is that of the frames unless they tell
      // otherwise.
      const auto first_frame = [](const EpisodeRows& rows) {
        return rows.odd ? rows.odd->least_frame : 0;
      };
      std::stable_sort(of_episode.begin(), of_episode.end(),
                       [&](const auto& left, const auto& right) {
                         return first_frame(left.second) < first_frame(right.second);
                       });
      ROBOMERGE_RETURN_NOT_OK(Join(of_episode));
      dataset_.episodes[episode].data_file = of_episode.front().first;
      for (EpisodeRows& rows : files_[of_episode.front().first].data.episodes) {
        if (rows.episode_index == number) rows = of_episode.front().second;
      }
      for (size_t at = 1; at < of_episode.size(); ++at) moved[of_episode[at].first].insert(number);
      if (num_joined++ == 0) first_joined_ = episode;
    }
    if (num_joined == 0) return Status();
    for (size_t file = 0; file < files_.size(); ++file) {
      std::erase_if(files_[file].data.episodes, [&](const EpisodeRows& rows) {
        return moved[file].contains(rows.episode_index);
      });
    }
    const Episode& row = dataset_.episodes[first_joined_];
    dataset_.warnings.push_back(
        Problem(Code::kCorrupt,
                StrCat("rows of ", num_joined, num_joined == 1 ? " episode lie" : " episodes lie",
                       " in several data files; the result has those of an episode "
                       "in one"))
            .Kind("W-episode-files")
            .At(StrCat(dataset_.episodes_files[row.episodes_file].path, ": row ", row.row))
            .Expected(StrCat("all rows of episode ", first_joined_, " in one file")));
    return Status();
  }

  static void Add(const NumberFrames& more, NumberFrames& sum) {
    std::map<int64_t, uint64_t> all(sum.begin(), sum.end());
    for (const auto& [number, frames] : more) all[number] += frames;
    sum.assign(all.begin(), all.end());
  }

  // Puts all parts of an episode into the first one.
  Status Join(std::vector<std::pair<uint32_t, EpisodeRows>>& parts) {
    EpisodeRows& joined = parts.front().second;
    TimeJudge times(file_system_, dataset_.schema.frame_rate());
    for (const auto& [file, rows] : parts) {
      ROBOMERGE_RETURN_NOT_OK(times.Add(files_[file].data.path, rows.first_row, rows.num_rows));
    }
    joined.odd = times.Judge();
    for (size_t at = 1; at < parts.size(); ++at) {
      const auto& [file, rows] = parts[at];
      joined.more.push_back({file, rows.first_row, rows.num_rows});
      joined.uncompressed_bytes += rows.uncompressed_bytes;
      Add(rows.task_frames, joined.task_frames);
      for (size_t column = 0; column < joined.text_frames.size(); ++column)
        Add(rows.text_frames[column], joined.text_frames[column]);
    }
    joined.is_row_group = false;
    return Status();
  }

  // Whether there is another file beside those that the episodes table names. Folders are listed,
  // no file is opened.
  Result<bool> HasStrays() const {
    std::set<std::string> folders;
    size_t num_files = 0;
    for (const ReadFile& file : files_) folders.insert(ParentOf(file.data.path));
    for (const std::string& folder : folders) {
      ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system_.List(folder));
      num_files += static_cast<size_t>(std::count_if(names.begin(), names.end(), &IsParquetName));
    }
    return num_files > files_.size();
  }

  // Reads the data files that the episodes table does not name. Only what an episode needs of them
  // must be sound.
  Status ReadOthers() {
    std::set<std::string> known;
    for (const ReadFile& file : files_) known.insert(file.data.path);
    if (unplaced_.empty()) {
      for (const FileId& id : claims_.data_files) {
        const Result<std::string> relative = ExpandTemplate(info_.data_path, id);
        if (relative.ok()) known.insert(io::JoinPath(dataset_.root, *relative));
      }
    }
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                               ListParquetFiles(file_system_, io::JoinPath(dataset_.root, "data")));
    for (const std::string& path : paths) {
      if (known.contains(path)) continue;
      DataFile data;
      data.id = IdOf(RelativeTo(dataset_.root, path));
      data.path = path;
      Result<DataFile> file =
          ReadDataFile(file_system_, dataset_, data, options_, dataset_.warnings);
      if (file.ok()) {
        files_.push_back({std::move(file).value(), false});
      } else if (IsUnfinished(file.status())) {
        dataset_.warnings.push_back(
            Problem(Code::kCorrupt, "a data file that was never finished is passed over")
                .Kind("W-unfinished-file")
                .At(path)
                .Found("no footer: a recorder that was killed left it, and nothing can read it")
                .Hint(unplaced_.empty()
                          ? "no episode of the table is in it, but LeRobot does not open the "
                            "dataset with it. Remove it: rm " +
                                ShellWord(path)
                          : "if the other files hold all episodes, remove it; else copy it again "
                            "from where it is whole, or leave its episodes out of a merge"));
      } else if (!unplaced_.empty() || file.status().code() == Code::kIo) {
        Gather(file.status().OfEpisodes(unplaced_));
      } else {
        strays_.push_back(path);
      }
    }
    return Status();
  }

  void DropUnused() {
    std::vector<bool> is_used(files_.size());
    for (size_t episode = 0; episode < dataset_.episodes.size(); ++episode) {
      if (IsRead(episode, options_)) is_used[dataset_.episodes[episode].data_file] = true;
    }
    for (const ReadFile& file : files_) {
      for (const EpisodeRows& rows : file.data.episodes) {
        for (const RowsElsewhere& part : rows.more) is_used[part.data_file] = true;
      }
    }
    std::vector<uint32_t> number(files_.size());
    std::vector<ReadFile> used;
    for (size_t file = 0; file < files_.size(); ++file) {
      number[file] = static_cast<uint32_t>(used.size());
      if (is_used[file] || files_[file].is_named)
        used.push_back(std::move(files_[file]));
      else
        strays_.push_back(files_[file].data.path);
    }
    files_ = std::move(used);
    for (size_t episode = 0; episode < dataset_.episodes.size(); ++episode) {
      if (IsRead(episode, options_))
        dataset_.episodes[episode].data_file = number[dataset_.episodes[episode].data_file];
    }
    for (ReadFile& file : files_) {
      for (EpisodeRows& rows : file.data.episodes) {
        for (RowsElsewhere& part : rows.more) part.data_file = number[part.data_file];
      }
    }
    for (const std::string& path : strays_) {
      dataset_.warnings.push_back(
          Problem(Code::kCorrupt, "a data file in which no episode lies is passed over")
              .Kind("W-stray-file")
              .At(path)
              .Hint("LeRobot reads its rows too, so that others have wrong numbers. If it is a "
                    "copy, or left over, remove it: rm " +
                    ShellWord(path)));
    }
    if (num_stale_ == 0) return;
    const Episode& row = dataset_.episodes[first_stale_];
    const FileId& named = claims_.data_files[first_stale_];
    const bool names_none = named.chunk_index == kUnknown || named.file_index == kUnknown;
    dataset_.warnings.push_back(
        Problem(Code::kCorrupt,
                StrCat("rows of ", num_stale_, num_stale_ == 1 ? " episode are" : " episodes are",
                       " not in the data file that the episodes table names; they are taken from "
                       "where they are"))
            .Kind("W-file-numbers")
            .At(StrCat(dataset_.episodes_files[row.episodes_file].path, ": data/file_index, row ",
                       row.row))
            .Expected(StrCat(files_[row.data_file].data.path, " (it holds the rows of episode ",
                             first_stale_, ")"))
            .Found(names_none ? "no file"
                              : StrCat("chunk ", named.chunk_index, ", file ", named.file_index)));
  }

  // A named file that is not there is missed only if episodes are missed.
  void ReportMissing() {
    if (unplaced_.empty()) return;
    const auto episodes_in = [&](FileId id) {
      return std::count(claims_.data_files.begin(), claims_.data_files.end(), id);
    };
    for (const DataFile& file : missing_) {
      problems_.push_back(
          Problem(Code::kCorrupt, "data file is missing")
              .Kind("E-missing-file")
              .At(file.path)
              .Expected(StrCat("a file, because episodes of the episodes table lie in it (chunk ",
                               file.id.chunk_index, ", file ", file.id.file_index, ": ",
                               episodes_in(file.id), " of ", dataset_.episodes.size(),
                               " episodes)"))
              .Hint(std::string(kCopyTheRest))
              .OfEpisodes(unplaced_));
    }
    if (!problems_.empty()) return;
    const Episode& row = dataset_.episodes[unplaced_.front()];
    const std::string others =
        unplaced_.size() > 1 ? StrCat(" (nor have ", unplaced_.size() - 1, " more)") : "";
    problems_.push_back(
        Problem(Code::kCorrupt, StrCat("episode ", unplaced_.front(), " has no rows", others))
            .Kind("E-rows")
            .At(StrCat(dataset_.episodes_files[row.episodes_file].path, ": row ", row.row))
            .Expected(StrCat(WithSeparators(row.length_frames), " rows in a file below data/"))
            .Found("none")
            .Hint(StrCat("restore the rows from where the dataset was copied from, or ",
                         kLeaveEpisodeOut))
            .OfEpisodes(unplaced_));
  }

  // Where the rows of each episode begin, counted over all data files in LeRobot's order.
  void TakeIndexes() {
    if (!options_.is_needed.empty()) return CountIndexes();
    // Where the rows of each file begin, those included that an episode of another file goes on in.
    std::vector<uint64_t> first_rows(dataset_.data_files.size() + 1);
    const auto reach = [&](size_t file, uint64_t end) {
      first_rows[file + 1] = std::max(first_rows[file + 1], end);
    };
    for (size_t file = 0; file < dataset_.data_files.size(); ++file) {
      for (const EpisodeRows& rows : dataset_.data_files[file].episodes) {
        reach(file, rows.first_row + rows.num_rows);
        for (const RowsElsewhere& part : rows.more)
          reach(part.data_file, part.first_row + part.num_rows);
      }
    }
    for (size_t file = 1; file < first_rows.size(); ++file)
      first_rows[file] += first_rows[file - 1];
    uint64_t num_wrong = 0;
    std::string where, expected, found;
    for (size_t file = 0; file < dataset_.data_files.size(); ++file) {
      for (const EpisodeRows& rows : dataset_.data_files[file].episodes) {
        const auto first_row = static_cast<int64_t>(first_rows[file] + rows.first_row);
        const auto number = static_cast<size_t>(rows.episode_index);
        if (rows.episode_index < 0 || number >= dataset_.episodes.size() ||
            file != dataset_.episodes[number].data_file || options_.LeavesOut(number))
          continue;
        Episode& episode = dataset_.episodes[number];
        if (!claims_.lacks_index[number] && episode.dataset_from_index == first_row) continue;
        if (num_wrong++ == 0) {
          where = StrCat(dataset_.episodes_files[episode.episodes_file].path,
                         ": dataset_from_index, row ", episode.row);
          expected = StrCat(first_row, " to ", first_row + static_cast<int64_t>(rows.total_rows()),
                            " (counted)");
          found = episode.dataset_from_index < 0 ? "no number"
                                                 : StrCat("from ", episode.dataset_from_index);
        }
        if (claims_.lacks_index[number]) episode.dataset_from_index = first_row;
      }
    }
    // Rows of files that are not read are not counted.
    if (num_wrong == 0 || !options_.left_out.empty()) return;
    dataset_.warnings.push_back(
        Problem(
            Code::kCorrupt,
            StrCat("dataset_from_index and dataset_to_index are not where the rows of ", num_wrong,
                   " of ", dataset_.episodes.size(), " episodes are; the result has true ones"))
            .Kind("W-episode-index")
            .At(where)
            .Expected(expected)
            .Found(found));
  }

  // The same by the lengths of the episodes, where not all files are there.
  void CountIndexes() {
    uint64_t num_rows = 0;
    for (size_t number = 0; number < dataset_.episodes.size(); ++number) {
      Episode& episode = dataset_.episodes[number];
      if (claims_.lacks_index[number]) episode.dataset_from_index = static_cast<int64_t>(num_rows);
      num_rows += episode.length_frames;
    }
  }

  const io::FileSystem& file_system_;
  const SourceInfo& info_;
  const EpisodeClaims& claims_;
  const ReadOptions& options_;
  Dataset& dataset_;
  struct ReadFile {
    DataFile data;
    bool is_named;  // by the episodes table
  };
  std::vector<ReadFile> files_;
  std::vector<DataFile> missing_;  // named, and not there
  std::vector<std::string> strays_;
  std::vector<uint64_t> unplaced_;  // episodes whose rows are not found
  size_t num_stale_ = 0, first_stale_ = 0;
  size_t first_joined_ = 0;
  size_t num_short_ = 0;  // episodes of which not all rows are in the file that is named
  std::vector<Problem> problems_;
};

}  // namespace

Status ReadDataFiles(const io::FileSystem& file_system, const SourceInfo& info,
                     const EpisodeClaims& claims, const ReadOptions& options, Dataset& dataset) {
  return DataFilesReader(file_system, info, claims, options, dataset).Run();
}

}  // namespace robomerge::v30
