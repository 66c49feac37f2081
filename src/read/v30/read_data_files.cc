// Data files. The footer's statistics tell which rows belong to which episode and task where a
// column chunk is constant; where it is not, that one column is decoded (format spec 1.8).
#include <algorithm>
#include <map>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/file_splice.h"
#include "formats/parquet/footer.h"
#include "read/v30/read_v30.h"

namespace robomerge::v30 {
namespace {

using parquet::ColumnChunk;
using parquet::Footer;
using parquet::Leaf;

std::optional<size_t> FindLeaf(const Footer& footer, std::string_view column) {
  for (size_t at = 0; at < footer.leaves().size(); ++at) {
    if (footer.leaves()[at].path.front() == column) return at;
  }
  return std::nullopt;
}

// The value of a column chunk, if statistics prove that it is constant and has no nulls.
std::optional<int64_t> ConstantValue(const ColumnChunk& column_chunk, const Leaf& leaf) {
  const bool no_nulls = leaf.max_definition_level == 0 || column_chunk.null_count == 0;
  if (no_nulls && column_chunk.min_value && column_chunk.min_value == column_chunk.max_value)
    return column_chunk.min_value;
  return std::nullopt;
}

bool IsNumeric(const std::string& dtype) {
  return dtype == "bool" || dtype.starts_with("float") || dtype.starts_with("int") ||
         dtype.starts_with("uint");
}

// A numeric feature needs a number for each element of its shape in each row, a text feature one
// text in each row (format spec 1.4). Columns of other features are not checked.
std::optional<Problem> ColumnProblem(const Footer& footer, const Feature& feature) {
  std::vector<size_t> leaves;
  for (size_t at = 0; at < footer.leaves().size(); ++at) {
    if (footer.leaves()[at].path.front() == feature.name) leaves.push_back(at);
  }
  const bool is_numeric = IsNumeric(feature.dtype());
  if (leaves.size() != 1 || !(is_numeric || feature.dtype() == "string")) return std::nullopt;
  const Leaf& leaf = footer.leaves()[leaves.front()];
  const bool holds_bytes = leaf.type == parquet::PhysicalType::kByteArray;
  if (holds_bytes == is_numeric) {
    return Problem(Code::kCorrupt,
                   StrCat("column of feature `", feature.name, "` has another type"))
        .Kind("E-data-columns")
        .Expected(StrCat(feature.dtype(), " (from info.json)"))
        .Found(leaf.shape)
        .Hint("correct info.json, or convert the column");
  }
  int64_t num_elements = 1;
  for (const int64_t dimension : feature.shape()) {
    // Nothing that LeRobot records has so many elements.
    if (dimension <= 0 || dimension > (int64_t{1} << 30) / num_elements) return std::nullopt;
    num_elements *= dimension;
  }
  for (const parquet::RowGroup& row_group : footer.row_groups()) {
    const std::optional<int64_t> wanted =
        CheckedMultiply<int64_t>(row_group.num_rows, num_elements);
    const int64_t found = row_group.columns[leaves.front()].num_values;
    if (!is_numeric || !wanted || found == *wanted) continue;
    return Problem(Code::kCorrupt, StrCat("column of feature `", feature.name,
                                          "` has another number of elements than its shape"))
        .Kind("E-data-columns")
        .Expected(StrCat(WithSeparators(static_cast<uint64_t>(*wanted)), " in a row group of ",
                         WithSeparators(static_cast<uint64_t>(row_group.num_rows)),
                         " rows, for shape ", json::DumpLine(feature.entry.value("shape", Json())),
                         " (from info.json)"))
        .Found(std::to_string(found))
        .Hint("correct info.json, or record the dataset again");
  }
  return std::nullopt;
}

std::string PhysicalSchema(const Footer& footer) {
  std::string text;
  for (const Leaf& leaf : footer.leaves()) text += StrCat(leaf.path.front(), " ", leaf.shape, "\n");
  return text;
}

// The columns must be exactly the features that are no video (format spec 1.4).
Status CheckColumns(const Footer& footer, const Schema& schema, const std::string& path) {
  std::vector<Problem> problems;
  for (const Feature& feature : schema.features) {
    if (feature.is_video()) continue;
    if (std::find(footer.column_names().begin(), footer.column_names().end(), feature.name) ==
        footer.column_names().end()) {
      problems.push_back(
          Problem(Code::kCorrupt,
                  StrCat("data file lacks the column of feature `", feature.name, "`"))
              .Kind("E-data-columns")
              .At(path)
              .Found(StrCat("columns ", Join(footer.column_names(), ", ")))
              .Hint(StrCat("remove `", feature.name, "` from info.json, or restore the column")));
    } else if (std::optional<Problem> problem = ColumnProblem(footer, feature)) {
      problems.push_back(std::move(*problem).At(path));
    }
  }
  for (const std::string& column : footer.column_names()) {
    const Feature* feature = schema.Find(column);
    if (feature != nullptr && !feature->is_video()) continue;
    problems.push_back(
        Problem(Code::kCorrupt,
                StrCat("data file has a column that is no feature of info.json: `", column, "`"))
            .Kind("E-data-columns")
            .At(path)
            .Hint(StrCat("declare `", column, "` in info.json, or remove the column")));
  }
  for (const char* column : {"episode_index", "index", "task_index", "frame_index"}) {
    const std::optional<size_t> leaf = FindLeaf(footer, column);
    if (!leaf) {
      // The column is a group without values, or its feature is declared as a video.
      if (problems.empty())
        problems.push_back(Problem(Code::kCorrupt, StrCat("column `", column, "` holds no values"))
                               .Kind("E-data-columns")
                               .At(path)
                               .Expected("int64"));
      continue;
    }
    const parquet::PhysicalType type = footer.leaves()[*leaf].type;
    if (type == parquet::PhysicalType::kInt64 || type == parquet::PhysicalType::kInt32) continue;
    problems.push_back(Problem(Code::kCorrupt, StrCat("column `", column, "` holds no integers"))
                           .Kind("E-data-columns")
                           .At(path)
                           .Expected("int64")
                           .Found(footer.leaves()[*leaf].shape));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

// Reads one file's rows, row group by row group.
class RowScan {
 public:
  RowScan(const io::RandomAccessFile& file, const Footer& footer)
      : file_(file),
        footer_(footer),
        episode_leaf_(*FindLeaf(footer, "episode_index")),
        task_leaf_(*FindLeaf(footer, "task_index")),
        frame_leaf_(*FindLeaf(footer, "frame_index")) {}

  Result<std::vector<EpisodeRows>> Run() {
    for (size_t at = 0; at < footer_.row_groups().size(); ++at) {
      if (footer_.row_groups()[at].num_rows == 0) continue;
      ROBOMERGE_RETURN_NOT_OK(ScanRowGroup(at));
    }
    return std::move(episodes_);
  }

 private:
  Status ScanRowGroup(size_t at) {
    const parquet::RowGroup& row_group = footer_.row_groups()[at];
    const auto num_rows = static_cast<uint64_t>(row_group.num_rows);
    const std::optional<int64_t> episode =
        ConstantValue(row_group.columns[episode_leaf_], footer_.leaves()[episode_leaf_]);
    const std::optional<int64_t> task =
        ConstantValue(row_group.columns[task_leaf_], footer_.leaves()[task_leaf_]);
    std::vector<int64_t> tasks;
    if (!task) {
      ROBOMERGE_ASSIGN_OR_RETURN(tasks, parquet::ReadInt64Column(file_, footer_, "task_index", at));
    }
    if (episode) {
      ROBOMERGE_RETURN_NOT_OK(CheckFrames(row_group, num_rows, *episode));
      Append(*episode, num_rows, row_group.uncompressed_bytes(), true);
      CountTasks(task, tasks, 0, num_rows);
      first_row_ += num_rows;
      return Status();
    }
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> episodes,
                               parquet::ReadInt64Column(file_, footer_, "episode_index", at));
    for (size_t begin = 0; begin < episodes.size();) {
      size_t end = begin + 1;
      while (end < episodes.size() && episodes[end] == episodes[begin]) ++end;
      const bool is_whole = begin == 0 && end == episodes.size();
      // A row group of several episodes counts by each one's share of its rows.
      const double share = static_cast<double>(end - begin) / static_cast<double>(num_rows);
      Append(episodes[begin], end - begin,
             static_cast<uint64_t>(share * static_cast<double>(row_group.uncompressed_bytes())),
             is_whole);
      CountTasks(task, tasks, begin, end);
      first_row_ += end - begin;
      begin = end;
    }
    return Status();
  }

  // frame_index must be 0 to length - 1 in every episode (I-4). Only statistics are looked at.
  Status CheckFrames(const parquet::RowGroup& row_group, uint64_t num_rows, int64_t episode) const {
    const ColumnChunk& frames = row_group.columns[frame_leaf_];
    const bool continues = !episodes_.empty() && episodes_.back().episode_index == episode;
    if (!frames.min_value || !frames.max_value || continues) return Status();
    if (CheckedAdd(*frames.min_value, static_cast<int64_t>(num_rows) - 1) == frames.max_value)
      return Status();
    return Problem(Code::kCorrupt,
                   StrCat("frames of episode ", episode, " are not numbered one by one"))
        .Kind("E-rows")
        .At(StrCat(file_.path(), ": frame_index, row ", first_row_))
        .Expected(StrCat("0 to ", num_rows - 1))
        .Found(StrCat(*frames.min_value, " to ", *frames.max_value));
  }

  void Append(int64_t episode, uint64_t num_rows, uint64_t uncompressed_bytes, bool is_row_group) {
    if (!episodes_.empty() && episodes_.back().episode_index == episode) {
      // The episode goes on in another row group, so its rows must be decoded to be joined.
      EpisodeRows& rows = episodes_.back();
      rows.num_rows += num_rows;
      rows.uncompressed_bytes += uncompressed_bytes;
      rows.is_row_group = false;
      return;
    }
    EpisodeRows rows;
    rows.episode_index = episode;
    rows.first_row = first_row_;
    rows.num_rows = num_rows;
    rows.uncompressed_bytes = uncompressed_bytes;
    rows.is_row_group = is_row_group;
    episodes_.push_back(std::move(rows));
  }

  void CountTasks(std::optional<int64_t> constant, const std::vector<int64_t>& tasks, size_t begin,
                  size_t end) {
    std::map<int64_t, uint64_t> frames(episodes_.back().task_frames.begin(),
                                       episodes_.back().task_frames.end());
    if (constant) {
      frames[*constant] += end - begin;
    } else {
      for (size_t row = begin; row < end; ++row) ++frames[tasks[row]];
    }
    episodes_.back().task_frames.assign(frames.begin(), frames.end());
  }

  const io::RandomAccessFile& file_;
  const Footer& footer_;
  const size_t episode_leaf_, task_leaf_, frame_leaf_;
  uint64_t first_row_ = 0;
  std::vector<EpisodeRows> episodes_;
};

Result<DataFile> ReadDataFile(const io::FileSystem& file_system, const Dataset& dataset,
                              const std::string& data_path, FileId id) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string relative, ExpandTemplate(data_path, id));
  DataFile data;
  data.id = id;
  data.path = io::JoinPath(dataset.root, relative);
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(data.path);
  if (!file.ok() && file.status().code() == Code::kNotFound) {
    return Problem(Code::kCorrupt, "data file is missing")
        .Kind("E-missing-file")
        .At(data.path)
        .Expected(StrCat("a file, because episodes of the episodes table lie in it (chunk ",
                         id.chunk_index, ", file ", id.file_index, ")"))
        .Hint("copy or download the dataset again");
  }
  ROBOMERGE_RETURN_NOT_OK(file.status());
  const io::FileStat stat = (*file)->stat();
  data.size_bytes = stat.size_bytes;
  data.modified_ns = stat.modified_ns;
  data.changed_ns = stat.changed_ns;
  ROBOMERGE_ASSIGN_OR_RETURN(const Footer footer, Footer::Read(**file));
  ROBOMERGE_RETURN_NOT_OK(CheckColumns(footer, dataset.schema, data.path));
  data.uncompressed_bytes = footer.uncompressed_bytes();
  data.physical_schema = PhysicalSchema(footer);
  data.has_huggingface_features = footer.key_value("huggingface").has_value();
  ROBOMERGE_ASSIGN_OR_RETURN(data.episodes, RowScan(**file, footer).Run());
  return data;
}

}  // namespace

Status ReadDataFiles(const io::FileSystem& file_system, const SourceInfo& info,
                     const EpisodeClaims& claims, Dataset& dataset) {
  std::vector<FileId> ids = claims.data_files;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::vector<Problem> problems;
  for (const FileId& id : ids) {
    Result<DataFile> file = ReadDataFile(file_system, dataset, info.data_path, id);
    const Status status = file.status();
    problems.insert(problems.end(), status.problems().begin(), status.problems().end());
    dataset.data_files.push_back(file.ok() ? std::move(file).value() : DataFile{});
  }
  for (size_t episode = 0; episode < dataset.episodes.size(); ++episode) {
    const auto found = std::lower_bound(ids.begin(), ids.end(), claims.data_files[episode]);
    dataset.episodes[episode].data_file = static_cast<uint32_t>(found - ids.begin());
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace robomerge::v30
