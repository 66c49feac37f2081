#include "read/v30/judge_times.h"

#include <algorithm>
#include <cmath>

#include "formats/parquet/compare_rows.h"
#include "formats/parquet/footer.h"
#include "model/frame_times.h"

namespace robomerge::v30 {
namespace {

OddRows OddRowsOf(const std::vector<double>& frames, const std::vector<double>& seconds,
                  const FrameRate& rate) {
  constexpr double kMostFrame = 1e15;
  OddRows odd;
  std::vector<double> sorted;
  for (const double frame : frames) {
    if (std::fabs(frame) <= kMostFrame && frame == std::floor(frame)) sorted.push_back(frame);
  }
  std::sort(sorted.begin(), sorted.end());
  if (!sorted.empty()) {
    odd.least_frame = static_cast<int64_t>(sorted.front());
    odd.most_frame = static_cast<int64_t>(sorted.back());
  }
  odd.is_numbered = sorted.size() == frames.size() &&
                    std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end() &&
                    odd.most_frame - odd.least_frame == static_cast<int64_t>(frames.size()) - 1;
  odd.is_ordered = odd.is_numbered && std::is_sorted(frames.begin(), frames.end());
  bool by_row = true, by_frame = true;
  odd.is_even = std::isfinite(seconds.front());
  odd.first_seconds = seconds.front();
  for (size_t row = 0; row < frames.size(); ++row) {
    const auto number = static_cast<double>(row);
    by_row = by_row && IsTimeOf(seconds[row], number, rate);
    by_frame = by_frame && IsTimeOf(seconds[row], frames[row], rate);
    odd.is_even = odd.is_even && IsTimeOf(seconds[row] - seconds.front(), number, rate);
    if (frames[row] != number || !IsTimeOf(seconds[row], number, rate)) ++odd.num_rows;
  }
  odd.is_timed_by_frame = by_frame;
  if (by_row || (by_frame && odd.is_numbered)) return odd;
  for (size_t row = 0; row < frames.size(); ++row) {
    const double frame = odd.is_numbered ? frames[row] : static_cast<double>(row);
    if (IsTimeOf(seconds[row], frame, rate)) continue;
    if (odd.num_mistimed++ > 0) continue;
    odd.mistimed_row = row;
    odd.mistimed_frame = frame;
    odd.mistimed_seconds = seconds[row];
  }
  return odd;
}

}  // namespace

std::shared_ptr<const OddRows> JudgeTimes(const std::vector<double>& frames,
                                          const std::vector<double>& seconds,
                                          const FrameRate& rate) {
  const OddRows odd = OddRowsOf(frames, seconds, rate);
  return odd.num_rows > 0 ? std::make_shared<const OddRows>(odd) : nullptr;
}

Status TimeJudge::Add(const std::string& path, uint64_t first_row, uint64_t num_rows) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                             file_system_.OpenForReading(path));
  ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Footer footer, parquet::Footer::Read(*file));
  parquet::NumberReader reader(*file, footer, {"frame_index", "timestamp"});
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<parquet::NumberRows> columns,
                             reader.Read(first_row, num_rows));
  if (columns[0].width != 1 || columns[1].width != 1) return Status();
  frames_.insert(frames_.end(), columns[0].values.begin(), columns[0].values.end());
  seconds_.insert(seconds_.end(), columns[1].values.begin(), columns[1].values.end());
  return Status();
}

std::shared_ptr<const OddRows> TimeJudge::Judge() const {
  return frames_.empty() ? nullptr : JudgeTimes(frames_, seconds_, rate_);
}

}  // namespace robomerge::v30
