#include "formats/mp4/presentation.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace robomerge::mp4 {
namespace {

// Consecutive samples with one decode delta and one composition offset.
struct Segment {
  uint32_t num_samples;
  uint32_t delta_ticks;
  int64_t first_ticks;  // presentation time of the first sample

  int64_t last_ticks() const { return first_ticks + int64_t{num_samples - 1} * delta_ticks; }
};

// Calls `visit` for the segments in decode order. Times fit 64 bits: at most 2^24 samples of less
// than 2^32 ticks.
template <typename Visit>
void ForEachSegment(const SampleTable& samples, Visit visit) {
  int64_t decode_ticks = 0;
  size_t run = 0;
  uint32_t used = 0;  // samples of the composition run that are done
  const auto& offsets = samples.composition_offsets;
  for (const TimeRun& deltas : samples.decode_deltas) {
    for (uint32_t left = deltas.num_samples; left > 0;) {
      uint32_t count = left;
      int64_t offset_ticks = 0;
      if (!offsets.empty()) {
        count = std::min(left, offsets[run].num_samples - used);
        offset_ticks = offsets[run].offset_ticks;
        used += count;
        if (used == offsets[run].num_samples) {
          ++run;
          used = 0;
        }
      }
      visit(Segment{count, deltas.delta_ticks, decode_ticks + offset_ticks});
      decode_ticks += int64_t{count} * deltas.delta_ticks;
      left -= count;
    }
  }
}

// Whether the times are first, first + spacing, ..., each once.
bool IsEvenlySpaced(const SampleTable& samples, int64_t first_ticks, int64_t spacing_ticks) {
  std::vector<bool> is_taken(samples.num_samples);
  bool is_even = true;
  ForEachSegment(samples, [&](const Segment& segment) {
    for (uint32_t i = 0; i < segment.num_samples && is_even; ++i) {
      const int64_t since_first =
          segment.first_ticks + int64_t{i} * segment.delta_ticks - first_ticks;
      const int64_t slot = since_first / spacing_ticks;
      is_even = since_first % spacing_ticks == 0 && !is_taken[static_cast<size_t>(slot)];
      if (is_even) is_taken[static_cast<size_t>(slot)] = true;
    }
  });
  return is_even;
}

}  // namespace

std::vector<uint32_t> FrameNumbers(const SampleTable& samples, const Presentation& shown) {
  std::vector<uint32_t> numbers;
  numbers.reserve(samples.num_samples);
  const auto spacing_ticks = static_cast<int64_t>(shown.frame_ticks);
  ForEachSegment(samples, [&](const Segment& segment) {
    for (uint32_t i = 0; i < segment.num_samples; ++i) {
      const int64_t ticks = segment.first_ticks + int64_t{i} * segment.delta_ticks;
      numbers.push_back(static_cast<uint32_t>((ticks - shown.first_ticks) / spacing_ticks));
    }
  });
  return numbers;
}

std::vector<int64_t> ShownTicks(const SampleTable& samples) {
  std::vector<int64_t> ticks;
  ticks.reserve(samples.num_samples);
  ForEachSegment(samples, [&](const Segment& segment) {
    for (uint32_t i = 0; i < segment.num_samples; ++i)
      ticks.push_back(segment.first_ticks + int64_t{i} * segment.delta_ticks);
  });
  std::sort(ticks.begin(), ticks.end());
  return ticks;
}

Presentation Present(const SampleTable& samples) {
  Presentation shown;
  if (samples.num_samples == 0) return shown;
  shown.first_ticks = std::numeric_limits<int64_t>::max();
  shown.last_ticks = std::numeric_limits<int64_t>::min();
  uint32_t last_shown_delta_ticks = 0;
  ForEachSegment(samples, [&](const Segment& segment) {
    shown.first_ticks = std::min(shown.first_ticks, segment.first_ticks);
    if (segment.last_ticks() >= shown.last_ticks) {
      shown.last_ticks = segment.last_ticks();
      last_shown_delta_ticks = segment.delta_ticks;
    }
    shown.decode_length_ticks += uint64_t{segment.num_samples} * segment.delta_ticks;
    shown.has_zero_delta = shown.has_zero_delta || segment.delta_ticks == 0;
  });
  const auto span_ticks = static_cast<uint64_t>(shown.last_ticks - shown.first_ticks);
  shown.shown_length_ticks =
      std::max(shown.decode_length_ticks, span_ticks + last_shown_delta_ticks);

  shown.shortest_delta_ticks = std::numeric_limits<uint32_t>::max();
  for (size_t i = 0; i < samples.decode_deltas.size(); ++i) {
    const TimeRun& run = samples.decode_deltas[i];
    const bool is_only_last_sample = i + 1 == samples.decode_deltas.size() && run.num_samples == 1;
    if (is_only_last_sample && i > 0) break;
    shown.shortest_delta_ticks = std::min(shown.shortest_delta_ticks, run.delta_ticks);
    shown.longest_delta_ticks = std::max(shown.longest_delta_ticks, run.delta_ticks);
  }

  const uint32_t num_gaps = samples.num_samples - 1;
  if (num_gaps == 0) {
    shown.frame_ticks = last_shown_delta_ticks;
  } else if (samples.composition_offsets.empty()) {
    if (shown.shortest_delta_ticks == shown.longest_delta_ticks)
      shown.frame_ticks = shown.longest_delta_ticks;
  } else if (span_ticks % num_gaps == 0 && span_ticks > 0) {
    const uint64_t spacing_ticks = span_ticks / num_gaps;
    if (IsEvenlySpaced(samples, shown.first_ticks, static_cast<int64_t>(spacing_ticks)))
      shown.frame_ticks = spacing_ticks;
  }
  return shown;
}

uint64_t CountFrames(const SampleTable& samples, int64_t begin_ticks, int64_t end_ticks) {
  uint64_t count = 0;
  ForEachSegment(samples, [&](const Segment& segment) {
    // How many of the segment's frames come before `ticks`.
    const auto before = [&](int64_t ticks) -> int64_t {
      if (ticks <= segment.first_ticks) return 0;
      if (ticks > segment.last_ticks()) return segment.num_samples;
      return (ticks - segment.first_ticks - 1) / segment.delta_ticks + 1;
    };
    count += static_cast<uint64_t>(before(std::max(begin_ticks, end_ticks)) - before(begin_ticks));
  });
  return count;
}

}  // namespace robomerge::mp4
