#include "read/v30/scan_times.h"

#include <algorithm>

#include "formats/parquet/compare_rows.h"
#include "model/frame_times.h"
#include "read/v30/judge_times.h"

namespace robomerge::v30 {
namespace {

using parquet::ColumnChunk;
using parquet::Footer;
using parquet::PhysicalType;

// The leaf of a scalar column of numbers. Any other is refused, or not judged.
std::optional<size_t> ScalarLeaf(const Footer& footer, std::string_view column) {
  for (size_t at = 0; at < footer.leaves().size(); ++at) {
    const parquet::Leaf& leaf = footer.leaves()[at];
    if (leaf.path.front() != column) continue;
    const bool is_number = leaf.type == PhysicalType::kInt32 || leaf.type == PhysicalType::kInt64 ||
                           leaf.type == PhysicalType::kFloat || leaf.type == PhysicalType::kDouble;
    return leaf.path.size() == 1 && leaf.max_repetition_level == 0 && is_number ? std::optional(at)
                                                                                : std::nullopt;
  }
  return std::nullopt;
}

// Minimum and maximum of a column chunk without nulls.
std::optional<std::pair<double, double>> Bounds(const ColumnChunk& chunk,
                                                const parquet::Leaf& leaf) {
  if (leaf.max_definition_level > 0 && chunk.null_count != 0) return std::nullopt;
  if (chunk.min_value && chunk.max_value)
    return std::pair(static_cast<double>(*chunk.min_value), static_cast<double>(*chunk.max_value));
  if (chunk.min_real && chunk.max_real) return std::pair(*chunk.min_real, *chunk.max_real);
  return std::nullopt;
}

}  // namespace

TimeScan::TimeScan(const io::RandomAccessFile& file, const Footer& footer, FrameRate rate,
                   bool decodes)
    : file_(file),
      footer_(footer),
      rate_(rate),
      decodes_(decodes),
      frame_leaf_(ScalarLeaf(footer, "frame_index")),
      time_leaf_(ScalarLeaf(footer, "timestamp")) {}

bool TimeScan::IsRightByStatistics(const parquet::RowGroup& row_group,
                                   const std::vector<Part>& parts) const {
  const auto frames = Bounds(row_group.columns[*frame_leaf_], footer_.leaves()[*frame_leaf_]);
  const auto seconds = Bounds(row_group.columns[*time_leaf_], footer_.leaves()[*time_leaf_]);
  // Of several episodes the longest one hides the others.
  if (!frames || !seconds || parts.size() != 1) return false;
  const auto first = static_cast<double>(parts.front().first_row);
  const double last = first + static_cast<double>(parts.front().num_rows) - 1;
  return frames->first == first && frames->second == last &&
         IsTimeOf(seconds->first, first, rate_) && IsTimeOf(seconds->second, last, rate_);
}

Status TimeScan::Add(const parquet::RowGroup& row_group, uint64_t first_row,
                     const std::vector<Part>& parts) {
  if (!frame_leaf_ || !time_leaf_) return Status();
  const bool is_right = !decodes_ && IsRightByStatistics(row_group, parts);
  std::vector<parquet::NumberRows> columns;
  if (!is_right) {
    parquet::NumberReader reader(file_, footer_, {"frame_index", "timestamp"});
    ROBOMERGE_ASSIGN_OR_RETURN(columns,
                               reader.Read(first_row, static_cast<uint64_t>(row_group.num_rows)));
    if (columns[0].width != 1 || columns[1].width != 1) return Status();
  }
  size_t row = 0;
  for (const Part& part : parts) {
    if (is_right && !decoded_.contains(part.episode)) continue;
    Rows& rows = decoded_[part.episode];
    const auto add_right = [&](uint64_t end) {
      while (rows.frames.size() < end) {
        rows.seconds.push_back(rate_.Seconds(rows.frames.size()));
        rows.frames.push_back(static_cast<double>(rows.frames.size()));
      }
    };
    add_right(part.first_row);  // of row groups before, about which there was no doubt
    if (is_right) {
      add_right(part.first_row + part.num_rows);
      continue;
    }
    for (uint64_t at = 0; at < part.num_rows; ++at, ++row) {
      rows.frames.push_back(columns[0].values[row]);
      rows.seconds.push_back(columns[1].values[row]);
    }
  }
  return Status();
}

void TimeScan::Finish(std::vector<EpisodeRows>& episodes) const {
  for (const auto& [episode, rows] : decoded_) {
    episodes[episode].odd = JudgeTimes(rows.frames, rows.seconds, rate_);
  }
}

}  // namespace robomerge::v30
