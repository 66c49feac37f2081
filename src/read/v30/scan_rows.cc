// The footer's statistics tell which rows belong to which episode and task where a column chunk is
// constant; where it is not, that one column is decoded (format spec 1.8).
#include <algorithm>
#include <map>
#include <optional>

#include "base/text.h"
#include "formats/parquet/file_splice.h"
#include "read/v30/data_columns.h"
#include "read/v30/scan_times.h"

namespace robomerge::v30 {
namespace {

using parquet::ColumnChunk;
using parquet::Footer;
using parquet::Leaf;

// The value of a column chunk, if statistics prove that it is constant and has no nulls.
std::optional<int64_t> ConstantValue(const ColumnChunk& column_chunk, const Leaf& leaf) {
  const bool no_nulls = leaf.max_definition_level == 0 || column_chunk.null_count == 0;
  if (no_nulls && column_chunk.min_value && column_chunk.min_value == column_chunk.max_value)
    return column_chunk.min_value;
  return std::nullopt;
}

// The numbers of a column in one row group.
struct ColumnNumbers {
  std::optional<int64_t> constant;
  std::vector<int64_t> values;  // if they are not constant
};

void Count(const ColumnNumbers& numbers, size_t begin, size_t end, NumberFrames& counted) {
  std::map<int64_t, uint64_t> frames(counted.begin(), counted.end());
  if (numbers.constant) {
    frames[*numbers.constant] += end - begin;
  } else {
    for (size_t row = begin; row < end; ++row) ++frames[numbers.values[row]];
  }
  counted.assign(frames.begin(), frames.end());
}

// Reads one file's rows, row group by row group.
class RowScan {
 public:
  RowScan(const io::RandomAccessFile& file, const Footer& footer, const Dataset& dataset,
          bool decodes_times, int64_t otherwise)
      : file_(file),
        footer_(footer),
        dataset_(dataset),
        times_(file, footer, dataset.schema.frame_rate(), decodes_times),
        otherwise_(otherwise),
        episode_leaf_(FindLeaf(footer, "episode_index")),
        task_leaf_(FindLeaf(footer, "task_index")) {
    for (const TextColumn& column : dataset.text_columns)
      text_leaves_.push_back(FindLeaf(footer, column.name));
  }

  Result<std::vector<EpisodeRows>> Run() {
    for (size_t at = 0; at < footer_.row_groups().size(); ++at) {
      if (footer_.row_groups()[at].num_rows == 0) continue;
      ROBOMERGE_RETURN_NOT_OK(ScanRowGroup(at));
    }
    times_.Finish(episodes_);
    return std::move(episodes_);
  }

 private:
  Status ScanRowGroup(size_t at) {
    const parquet::RowGroup& row_group = footer_.row_groups()[at];
    const auto num_rows = static_cast<uint64_t>(row_group.num_rows);
    const std::optional<int64_t> episode =
        episode_leaf_ ? ConstantIn(row_group, *episode_leaf_) : std::optional(otherwise_);
    ColumnNumbers tasks;
    std::optional<int64_t>& task = tasks.constant;
    if (task_leaf_) {
      ROBOMERGE_ASSIGN_OR_RETURN(tasks, NumbersIn(at, *task_leaf_, "task_index"));
    }
    ROBOMERGE_RETURN_NOT_OK(ReadTexts(at));
    if (episode) {
      if (task && !IsListed(*task, *episode)) ROBOMERGE_RETURN_NOT_OK(CheckConstantTask(at, *task));
      const std::vector<TimeScan::Part> parts = {
          Append(*episode, num_rows, row_group.uncompressed_bytes(), true)};
      CountAll(tasks, 0, num_rows);
      ROBOMERGE_RETURN_NOT_OK(times_.Add(row_group, first_row_, parts));
      first_row_ += num_rows;
      return Status();
    }
    const uint64_t first_row = first_row_;
    std::vector<TimeScan::Part> parts;
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> episodes,
                               parquet::ReadInt64Column(file_, footer_, "episode_index", at));
    bool task_is_checked = false;
    for (size_t begin = 0; begin < episodes.size();) {
      size_t end = begin + 1;
      while (end < episodes.size() && episodes[end] == episodes[begin]) ++end;
      if (task && !task_is_checked && !IsListed(*task, episodes[begin])) {
        ROBOMERGE_RETURN_NOT_OK(CheckConstantTask(at, *task));
        task_is_checked = true;
      }
      const bool is_whole = begin == 0 && end == episodes.size();
      // A row group of several episodes counts by each one's share of its rows.
      const double share = static_cast<double>(end - begin) / static_cast<double>(num_rows);
      parts.push_back(
          Append(episodes[begin], end - begin,
                 static_cast<uint64_t>(share * static_cast<double>(row_group.uncompressed_bytes())),
                 is_whole));
      CountAll(tasks, begin, end);
      first_row_ += end - begin;
      begin = end;
    }
    return times_.Add(row_group, first_row, parts);
  }

  std::optional<int64_t> ConstantIn(const parquet::RowGroup& row_group, size_t leaf) const {
    return ConstantValue(row_group.columns[leaf], footer_.leaves()[leaf]);
  }

  // Whether the episodes table says that all frames of the episode have this task, or says nothing.
  bool IsListed(int64_t task, int64_t episode) const {
    if (episode < 0 || static_cast<uint64_t>(episode) >= dataset_.episodes.size()) return true;
    const std::vector<std::string>& listed = dataset_.episodes[static_cast<size_t>(episode)].tasks;
    if (listed.empty()) return true;
    return listed.size() == 1 && task >= 0 && static_cast<uint64_t>(task) < dataset_.tasks.size() &&
           dataset_.tasks[static_cast<size_t>(task)] == listed.front();
  }

  // Statistics and the episodes table contradict each other: only the rows tell which one is right.
  Status CheckConstantTask(size_t at, int64_t task) const {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> tasks,
                               parquet::ReadInt64Column(file_, footer_, "task_index", at));
    const auto other =
        std::find_if(tasks.begin(), tasks.end(), [&](int64_t one) { return one != task; });
    if (other == tasks.end()) return Status();
    return Problem(Code::kCorrupt, "statistics in the footer contradict the rows")
        .Kind("E-data-file")
        .At(StrCat(file_.path(), ": task_index, row ",
                   first_row_ + static_cast<uint64_t>(other - tasks.begin())))
        .Expected(StrCat(task, " (minimum and maximum of row group ", at, ")"))
        .Found(std::to_string(*other))
        .Hint("write the file anew with pyarrow, which computes its statistics");
  }

  TimeScan::Part Append(int64_t episode, uint64_t num_rows, uint64_t uncompressed_bytes,
                        bool is_row_group) {
    if (!episodes_.empty() && episodes_.back().episode_index == episode) {
      // The episode goes on in another row group, so its rows must be decoded to be joined.
      EpisodeRows& rows = episodes_.back();
      const TimeScan::Part part{episodes_.size() - 1, rows.num_rows, num_rows};
      rows.num_rows += num_rows;
      rows.uncompressed_bytes += uncompressed_bytes;
      rows.is_row_group = false;
      return part;
    }
    EpisodeRows rows;
    rows.episode_index = episode;
    rows.first_row = first_row_;
    rows.num_rows = num_rows;
    rows.uncompressed_bytes = uncompressed_bytes;
    rows.is_row_group = is_row_group;
    episodes_.push_back(std::move(rows));
    return {episodes_.size() - 1, 0, num_rows};
  }

  Result<ColumnNumbers> NumbersIn(size_t at, size_t leaf, const std::string& column) const {
    ColumnNumbers numbers;
    numbers.constant = ConstantIn(footer_.row_groups()[at], leaf);
    if (!numbers.constant) {
      ROBOMERGE_ASSIGN_OR_RETURN(numbers.values,
                                 parquet::ReadInt64Column(file_, footer_, column, at));
    }
    return numbers;
  }

  // What holds no whole numbers, or nulls, numbers no texts.
  Status ReadTexts(size_t at) {
    texts_.assign(text_leaves_.size(), ColumnNumbers{kNoText, {}});
    for (size_t number = 0; number < text_leaves_.size(); ++number) {
      if (!text_leaves_[number]) continue;
      const Leaf& leaf = footer_.leaves()[*text_leaves_[number]];
      const ColumnChunk& chunk = footer_.row_groups()[at].columns[*text_leaves_[number]];
      const bool is_integer =
          leaf.type == parquet::PhysicalType::kInt64 || leaf.type == parquet::PhysicalType::kInt32;
      const bool has_nulls = leaf.max_definition_level > 0 && chunk.null_count.value_or(0) > 0;
      if (!is_integer || has_nulls || leaf.max_repetition_level > 0) continue;
      const TextColumn& column = dataset_.text_columns[number];
      Result<ColumnNumbers> numbers = NumbersIn(at, *text_leaves_[number], column.name);
      // Without statistics, nulls show only now.
      const bool may_have_nulls = leaf.max_definition_level > 0 && !chunk.null_count;
      if (!numbers.ok() && numbers.status().code() == Code::kCorrupt && may_have_nulls &&
          !column.is_of_subtasks)
        continue;
      ROBOMERGE_ASSIGN_OR_RETURN(texts_[number], std::move(numbers));
    }
    return Status();
  }

  void CountAll(const ColumnNumbers& tasks, size_t begin, size_t end) {
    EpisodeRows& rows = episodes_.back();
    if (task_leaf_) Count(tasks, begin, end, rows.task_frames);
    rows.text_frames.resize(texts_.size());
    for (size_t number = 0; number < texts_.size(); ++number)
      Count(texts_[number], begin, end, rows.text_frames[number]);
  }

  const io::RandomAccessFile& file_;
  const Footer& footer_;
  const Dataset& dataset_;
  TimeScan times_;
  const int64_t otherwise_;
  const std::optional<size_t> episode_leaf_, task_leaf_;
  std::vector<std::optional<size_t>> text_leaves_;  // per text column
  std::vector<ColumnNumbers> texts_;                // of the row group
  uint64_t first_row_ = 0;
  std::vector<EpisodeRows> episodes_;
};

}  // namespace

Result<std::vector<EpisodeRows>> ScanRows(const io::RandomAccessFile& file, const Footer& footer,
                                          const Dataset& dataset, bool decodes_times,
                                          int64_t otherwise) {
  return RowScan(file, footer, dataset, decodes_times, otherwise).Run();
}

}  // namespace robomerge::v30
