// Data files of v2.0 and v2.1: one for every episode (format spec 6.1).
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "formats/parquet/file_splice.h"
#include "read/v21/episode_files.h"
#include "read/v21/read_v21.h"
#include "read/v30/data_columns.h"
#include "read/v30/read_v30.h"

namespace robomerge::v21 {
namespace {

using parquet::Footer;

// Features that should have a column in data files, and have none in this one.
std::vector<std::string> FeaturesWithoutColumn(const Schema& schema, const Footer& footer) {
  const std::vector<std::string>& columns = footer.column_names();
  std::vector<std::string> lost;
  for (const Feature& feature : schema.features) {
    const bool is_default = std::find(std::begin(kDefaultFeatures), std::end(kDefaultFeatures),
                                      feature.name) != std::end(kDefaultFeatures);
    const bool is_there = std::find(columns.begin(), columns.end(), feature.name) != columns.end();
    if (!feature.is_video() && !is_default && !is_there) lost.push_back(feature.name);
  }
  return lost;
}

void EraseColumnsOf(const Footer& footer, std::vector<std::string>& lost) {
  const std::vector<std::string>& columns = footer.column_names();
  std::erase_if(lost, [&](const std::string& name) {
    return std::find(columns.begin(), columns.end(), name) != columns.end();
  });
}

// With the path of its file; none if the file cannot be read, which is told when its rows are.
using NamedFooter = std::optional<std::pair<Footer, std::string>>;

Result<NamedFooter> ReadFooter(const Result<std::unique_ptr<io::RandomAccessFile>>& file) {
  const auto unless_io = [](const Status& status) -> Result<NamedFooter> {
    if (status.code() == Code::kIo || status.code() == Code::kCancelled) return status;
    return NamedFooter();
  };
  if (!file.ok()) return unless_io(file.status());
  Result<Footer> footer = Footer::Read(**file);
  if (!footer.ok()) return unless_io(footer.status());
  return NamedFooter(std::pair(std::move(footer).value(), (*file)->path()));
}

// Features that info.json declares and no recorder has written.
void LeaveOutFeatures(const std::vector<std::string>& lost, const Footer& footer,
                      const std::string& path, Dataset& dataset) {
  const std::vector<std::string>& columns = footer.column_names();
  if (lost.empty()) return;
  std::erase_if(dataset.schema.features, [&](const Feature& feature) {
    return std::find(lost.begin(), lost.end(), feature.name) != lost.end();
  });
  std::erase_if(dataset.text_columns, [&](const TextColumn& column) {
    return std::find(lost.begin(), lost.end(), column.name) != lost.end();
  });
  if (std::find(lost.begin(), lost.end(), kSubtaskIndex) != lost.end()) {
    dataset.schema.has_subtasks = false;
    dataset.subtasks.clear();
  }
  dataset.warnings.push_back(
      Problem(Code::kCorrupt, StrCat("features of info.json have no column, and are left out: ",
                                     Join(lost, ", ").substr(0, 200)))
          .Kind("W-data-columns")
          .At(path)
          .Found(StrCat("columns ", Join(columns, ", ").substr(0, 300))));
}

// A data file as it was read by itself.
struct ReadDataFile {
  Status status;
  DataFile data;
  std::vector<std::string> columns;
  std::vector<Problem> warnings;
  bool is_elsewhere = false;
};

class DataFilesReader {
 public:
  DataFilesReader(const io::FileSystem& file_system, const SourceInfo& info,
                  const ReadOptions& options, Dataset& dataset)
      : file_system_(file_system),
        info_(info),
        options_(options),
        dataset_(dataset),
        is_one_each_(info.data_path.find("{episode_index") != std::string::npos) {}

  Status Run() {
    ChooseFiles();
    files_.resize(first_episodes_.size());
    ROBOMERGE_RETURN_NOT_OK(LeaveOutLostFeatures());
    options_.for_each(files_.size(), [&](size_t at) { files_[at] = Read(at); });
    ROBOMERGE_RETURN_NOT_OK(GatherProblems());
    if (options_.missing_files != nullptr && !options_.missing_files->empty()) return Status();
    GatherWarnings();
    ChangeColumns();
    ROBOMERGE_RETURN_NOT_OK(PlaceRows());
    std::vector<std::string> paths;
    for (ReadDataFile& file : files_) {
      paths.push_back(file.data.path);
      dataset_.data_files.push_back(std::move(file.data));
    }
    // Files of episodes that are not read are no strays.
    if (!options_.left_out.empty() || !options_.is_needed.empty()) return Status();
    return WarnOfStrays(file_system_, paths, ".parquet", dataset_);
  }

 private:
  uint64_t NumberOf(size_t episode) const { return dataset_.episodes[episode].number; }

  // Which file each episode lies in. A template may name one for the episodes of a chunk.
  void ChooseFiles() {
    std::map<int64_t, uint32_t> of_chunk;
    for (size_t episode = 0; episode < dataset_.episodes.size(); ++episode) {
      if (!options_.Needs(episode)) continue;
      const int64_t chunk = static_cast<int64_t>(NumberOf(episode)) / info_.episodes_per_chunk;
      const auto number = static_cast<uint32_t>(first_episodes_.size());
      const bool names_chunk = info_.data_path.find("{episode_chunk") != std::string::npos;
      const uint32_t file =
          is_one_each_ ? number
                       : of_chunk.try_emplace(names_chunk ? chunk : 0, number).first->second;
      if (file == number) first_episodes_.push_back(episode);
      dataset_.episodes[episode].data_file = file;
    }
  }

  Result<std::unique_ptr<io::RandomAccessFile>> Open(size_t at, FileId& id, bool& is_elsewhere) {
    return OpenEpisodeFile(file_system_, dataset_, info_, info_.data_path, "",
                           NumberOf(first_episodes_[at]), id, is_elsewhere);
  }

  Result<NamedFooter> FooterOf(size_t at) {
    FileId id;
    bool is_elsewhere = false;
    return ReadFooter(Open(at, id, is_elsewhere));
  }

  // Features are lost that no file has a column of. The first file that can be read mostly has
  // them all, so that the others need not be looked at before they are read.
  Status LeaveOutLostFeatures() {
    size_t first = 0;
    NamedFooter footer;
    while (first < files_.size() && !footer) {
      ROBOMERGE_ASSIGN_OR_RETURN(footer, FooterOf(first++));
    }
    if (!footer) return Status();
    std::vector<std::string> lost = FeaturesWithoutColumn(dataset_.schema, footer->first);
    if (lost.empty()) return Status();
    struct Other {
      Status status;
      std::vector<std::string> lost;
    };
    std::vector<Other> others(files_.size() - first, {Status(), lost});
    options_.for_each(others.size(), [&](size_t at) {
      const Result<NamedFooter> other = FooterOf(first + at);
      others[at].status = other.status();
      if (other.ok() && *other) EraseColumnsOf((*other)->first, others[at].lost);
    });
    for (const Other& other : others) {
      ROBOMERGE_RETURN_NOT_OK(other.status);
      std::erase_if(lost, [&](const std::string& name) {
        return std::find(other.lost.begin(), other.lost.end(), name) == other.lost.end();
      });
    }
    LeaveOutFeatures(lost, footer->first, footer->second, dataset_);
    return Status();
  }

  ReadDataFile Read(size_t at) {
    ReadDataFile read;
    read.status = ReadInto(at, read);
    return read;
  }

  Status ReadInto(size_t at, ReadDataFile& read) {
    const uint64_t number = NumberOf(first_episodes_[at]);
    const Result<std::unique_ptr<io::RandomAccessFile>> opened =
        Open(at, read.data.id, read.is_elsewhere);
    ROBOMERGE_RETURN_NOT_OK(opened.status());
    const io::RandomAccessFile& file = **opened;
    read.data.path = file.path();
    const io::FileStat stat = file.stat();
    read.data.size_bytes = stat.size_bytes;
    read.data.modified_ns = stat.modified_ns;
    read.data.changed_ns = stat.changed_ns;
    ROBOMERGE_ASSIGN_OR_RETURN(const Footer footer, Footer::Read(file));
    read.columns = footer.column_names();
    ROBOMERGE_RETURN_NOT_OK(
        v30::CheckColumns(footer, dataset_.schema, file.path(), /*is_lenient=*/true));
    ROBOMERGE_RETURN_NOT_OK(parquet::CheckArrowSchema(footer));
    ROBOMERGE_ASSIGN_OR_RETURN(
        read.data.has_picture_files,
        v30::CheckPictures(file_system_, file, footer, dataset_, read.warnings));
    v30::TakeFooter(footer, read.data);
    ROBOMERGE_ASSIGN_OR_RETURN(read.data.episodes,
                               v30::ScanRows(file, footer, dataset_, options_.decodes_times,
                                             static_cast<int64_t>(number)));
    return Status();
  }

  Status GatherProblems() {
    std::vector<Problem> problems;
    std::vector<uint64_t> missing;
    std::string first_missing;
    for (size_t at = 0; at < files_.size(); ++at) {
      const Status& status = files_[at].status;
      if (status.ok()) continue;
      if (status.code() == Code::kNotFound && options_.missing_files != nullptr) {
        options_.missing_files->push_back(status.problems().front().where);
        continue;
      }
      if (status.code() == Code::kNotFound) {
        if (missing.empty()) first_missing = status.problems().front().where;
        missing.push_back(NumberOf(first_episodes_[at]));
        continue;
      }
      const Status known = is_one_each_
                               ? v30::WithWayOut(status).OfEpisodes({NumberOf(first_episodes_[at])})
                               : status;
      problems.insert(problems.end(), known.problems().begin(), known.problems().end());
    }
    if (!missing.empty())
      problems.push_back(MissingFiles("data", missing, first_missing, dataset_.episodes.size()));
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  // One warning of a kind, for its first file.
  void GatherWarnings() {
    std::map<std::string, std::pair<Problem, size_t>> first_of_kind;
    size_t num_elsewhere = 0;
    std::string first_elsewhere;
    for (const ReadDataFile& file : files_) {
      if (file.is_elsewhere && num_elsewhere++ == 0) first_elsewhere = file.data.path;
      for (const Problem& warning : file.warnings)
        ++first_of_kind.try_emplace(warning.kind, warning, 0).first->second.second;
    }
    for (auto& [kind, warning] : first_of_kind) {
      if (warning.second > 1) warning.first.what += StrCat(" (", warning.second, " files)");
      dataset_.warnings.push_back(std::move(warning.first));
    }
    WarnOfChunks(info_, num_elsewhere, first_elsewhere, dataset_);
  }

  // Columns that are no features are left out, and those that a merge makes anew need not be there.
  void ChangeColumns() {
    parquet::ColumnChanges changes;
    std::set<std::string> others, lacking;
    const ReadDataFile* with_others = nullptr;
    const ReadDataFile* without = nullptr;
    for (const ReadDataFile& file : files_) {
      for (const std::string& column : file.columns) {
        const Feature* feature = dataset_.schema.Find(column);
        if (feature != nullptr && !feature->is_video()) continue;
        if (others.insert(column).second && with_others == nullptr) with_others = &file;
      }
      for (const char* column : {"episode_index", "index", "task_index"}) {
        if (std::find(file.columns.begin(), file.columns.end(), column) != file.columns.end())
          continue;
        if (lacking.insert(column).second && without == nullptr) without = &file;
      }
    }
    if (others.empty() && lacking.empty()) return;
    changes.left_out.assign(others.begin(), others.end());
    for (const std::string& column : lacking) {
      // Of those files that have it, it is not taken: a merge replaces it.
      changes.left_out.push_back(column);
      changes.columns.push_back({column, "", int64_t{0}, {1}});
    }
    if (with_others != nullptr) {
      dataset_.warnings.push_back(
          Problem(Code::kCorrupt, StrCat("columns that are no features of info.json are left out: ",
                                         Join({others.begin(), others.end()}, ", ").substr(0, 200)))
              .Kind("W-data-columns")
              .At(with_others->data.path)
              .Hint("declare them in info.json to have them merged"));
    }
    if (without != nullptr) {
      dataset_.warnings.push_back(
          Problem(Code::kCorrupt,
                  StrCat("rows lack columns that every dataset has, which are made: ",
                         Join({lacking.begin(), lacking.end()}, ", ")))
              .Kind("W-made-column")
              .At(without->data.path));
    }
    std::map<std::string, std::string> changed;  // many files have the same
    for (ReadDataFile& file : files_) {
      const auto [text, is_new] = changed.try_emplace(file.data.physical_schema);
      if (is_new) text->second = ChangedSchema(file.data.physical_schema, changes);
      file.data.physical_schema = text->second;
    }
    dataset_.column_changes = std::make_shared<const parquet::ColumnChanges>(std::move(changes));
  }

  static std::string ChangedSchema(const std::string& schema,
                                   const parquet::ColumnChanges& changes) {
    std::string text;
    for (size_t begin = 0; begin < schema.size();) {
      const size_t end = schema.find('\n', begin) + 1;
      const std::string line = schema.substr(begin, end - begin);
      const std::string column(ColumnOfForm(std::string_view(line).substr(0, line.size() - 1)));
      if (std::find(changes.left_out.begin(), changes.left_out.end(), column) ==
          changes.left_out.end())
        text += line;
      begin = end;
    }
    for (const parquet::ColumnChange& change : changes.columns)
      text += StrCat(change.column, kMadeColumn, "\n");
    return text;
  }

  // Gives rows the places of their episodes in the dataset.
  Status PlaceRows() { return is_one_each_ ? PlaceByFile() : PlaceByNumber(); }

  // Which episode a file holds its name says; what rows say of it must not be that they were mixed
  // up.
  Status PlaceByFile() {
    std::vector<Problem> problems;
    std::set<int64_t> numbers, found;
    size_t num_other = 0, first_other = 0;
    for (size_t at = 0; at < files_.size(); ++at) {
      std::vector<EpisodeRows>& parts = files_[at].data.episodes;
      const auto number = static_cast<int64_t>(NumberOf(first_episodes_[at]));
      numbers.insert(number);
      if (parts.size() != 1) {
        problems.push_back(
            Problem(Code::kCorrupt,
                    StrCat("data file of episode ", number,
                           parts.empty() ? " has no rows" : " has rows of several episodes"))
                .Kind("E-rows")
                .At(files_[at].data.path)
                .Expected(StrCat("the rows of episode ", number))
                .Found(parts.empty() ? "none"
                                     : StrCat("episode ", parts[0].episode_index, ", then episode ",
                                              parts[1].episode_index, " from row ",
                                              parts[1].first_row, " on"))
                .Hint(parts.empty() ? "copy the file again, or remove the episode's line and files"
                                    : "write the rows of each episode into a file of its own")
                .OfEpisodes({static_cast<uint64_t>(number)}));
        continue;
      }
      found.insert(parts.front().episode_index);
      if (parts.front().episode_index != number && num_other++ == 0) first_other = at;
      parts.front().episode_index = static_cast<int64_t>(first_episodes_[at]);
    }
    if (!problems.empty()) return Status::Many(std::move(problems));
    if (num_other == 0) return Status();
    const auto number = static_cast<int64_t>(NumberOf(first_episodes_[first_other]));
    Problem problem = Problem(Code::kCorrupt, "")
                          .At(files_[first_other].data.path + ": episode_index")
                          .Expected(StrCat(number, " (from the file's name)"));
    if (found == numbers) {
      problem.what =
          StrCat("rows of ",
                 Plural(num_other, "data file say that they are", "data files say that they are"),
                 " of other episodes: the files were mixed up");
      return std::move(problem)
          .Kind("E-rows")
          .Found("the number of another episode, whose file has another one")
          .Hint(
              "rename the data files after the episode_index of their rows, or correct that "
              "column: which of them is wrong, the videos tell");
    }
    problem.what = StrCat("episode_index in ", Plural(num_other, "data file", "data files"),
                          " is not the number of the file, which counts");
    dataset_.warnings.push_back(std::move(problem).Kind("W-episode-number"));
    return Status();
  }

  Status PlaceByNumber() {
    std::map<int64_t, int64_t> place_of;
    for (size_t at = 0; at < dataset_.episodes.size(); ++at)
      place_of.emplace(static_cast<int64_t>(NumberOf(at)), static_cast<int64_t>(at));
    std::vector<Problem> problems;
    for (ReadDataFile& file : files_) {
      std::erase_if(file.data.episodes, [&](const EpisodeRows& rows) {
        return rows.episode_index >= 0 &&
               options_.LeavesOut(static_cast<uint64_t>(rows.episode_index));
      });
      for (EpisodeRows& rows : file.data.episodes) {
        const auto place = place_of.find(rows.episode_index);
        if (place == place_of.end()) {
          problems.push_back(
              Problem(Code::kCorrupt, StrCat("data file has rows of episode ", rows.episode_index,
                                             ", which episodes.jsonl does not have"))
                  .Kind("E-rows")
                  .At(StrCat(file.data.path, ", row ", rows.first_row))
                  .Hint("remove these rows, or add the episode to episodes.jsonl"));
          continue;
        }
        rows.episode_index = place->second;
      }
    }
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  const io::FileSystem& file_system_;
  const SourceInfo& info_;
  const ReadOptions& options_;
  Dataset& dataset_;
  const bool is_one_each_;              // a data file of its own for every episode
  std::vector<size_t> first_episodes_;  // per file
  std::vector<ReadDataFile> files_;
};

}  // namespace

Status LeaveOutLostFeatures(const io::FileSystem& file_system, const SourceInfo& info,
                            Dataset& dataset) {
  // Which numbers episodes have is not read here.
  const bool is_one_each = info.data_path.find("{episode_index") != std::string::npos;
  const uint64_t num_files = is_one_each ? info.total_episodes.value_or(1) : 1;
  NamedFooter first;
  std::vector<std::string> lost;
  for (uint64_t number = 0; number < num_files && (!first || !lost.empty()); ++number) {
    FileId id;
    bool is_elsewhere = false;
    const Result<std::unique_ptr<io::RandomAccessFile>> file =
        OpenEpisodeFile(file_system, dataset, info, info.data_path, "", number, id, is_elsewhere);
    if (!file.ok() && file.status().code() == Code::kNotFound) break;
    ROBOMERGE_ASSIGN_OR_RETURN(NamedFooter footer, ReadFooter(file));
    if (!footer) continue;
    if (first) {
      EraseColumnsOf(footer->first, lost);
    } else {
      lost = FeaturesWithoutColumn(dataset.schema, footer->first);
      first = std::move(footer);
    }
  }
  if (first) LeaveOutFeatures(lost, first->first, first->second, dataset);
  return Status();
}

Status ReadDataFiles(const io::FileSystem& file_system, const SourceInfo& info,
                     const ReadOptions& options, Dataset& dataset) {
  return DataFilesReader(file_system, info, options, dataset).Run();
}

}  // namespace robomerge::v21
