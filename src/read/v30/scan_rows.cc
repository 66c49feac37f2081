// The footer's statistics tell which rows belong to which episode and task where a column chunk is
// constant; where it is not, that one column is decoded (format spec 1.8).
#include <map>
#include <optional>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/file_splice.h"
#include "read/v30/data_columns.h"

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
      EpisodeRows& rows = episodes_.back();
      if (rows.first_row == first_row_) rows.first_frame = row_group.columns[frame_leaf_].min_value;
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

}  // namespace

Result<std::vector<EpisodeRows>> ScanRows(const io::RandomAccessFile& file, const Footer& footer) {
  return RowScan(file, footer).Run();
}

}  // namespace robomerge::v30
