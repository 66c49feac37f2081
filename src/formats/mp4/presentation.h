// When the frames of a sample table are shown, in ticks and exactly.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/mp4/sample_table.h"

namespace robomerge::mp4 {

struct Presentation {
  int64_t first_ticks = 0;           ///< m: the earliest presentation time, min(dts + cts)
  int64_t last_ticks = 0;            ///< the latest one
  uint64_t decode_length_ticks = 0;  ///< sum of the decode deltas
  /// max(decode_length, last - first + delta of the last shown frame): neither term alone covers
  /// every file.
  uint64_t shown_length_ticks = 0;
  /// Spacing of the sorted presentation times if it is constant, else 0. For a single frame, its
  /// own delta.
  uint64_t frame_ticks = 0;
  uint32_t shortest_delta_ticks = 0;  ///< of the decode deltas without the last sample's
  uint32_t longest_delta_ticks = 0;
  bool has_zero_delta = false;
};

/// Time O(samples) only where frames are reordered, else O(runs); memory one bit per sample at
/// most.
Presentation Present(const SampleTable& samples);

/// How many frames have a presentation time in [begin_ticks, end_ticks). Time O(runs).
uint64_t CountFrames(const SampleTable& samples, int64_t begin_ticks, int64_t end_ticks);
/// The number, in order of presentation, of each sample in decode order. REQUIRES: `shown` is of
/// these samples, and evenly spaced.
std::vector<uint32_t> FrameNumbers(const SampleTable& samples, const Presentation& shown);
/// The presentation time of every frame, ascending.
std::vector<int64_t> ShownTicks(const SampleTable& samples);

}  // namespace robomerge::mp4
