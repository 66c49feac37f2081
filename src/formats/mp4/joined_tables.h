// The clock and the sample table of a splice: the sources' tables, one after another, on one
// integer time scale.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/mp4/parsed_stream.h"

namespace robomerge::mp4 {

/// Frames one destination may hold. At most 45 bytes of index each, so that moov stays below 4 GiB.
constexpr uint64_t kMaxSplicedSamples = uint64_t{1} << 26;

/// How the times of one source become times of the destination.
struct SourceClock {
  uint64_t factor = 1;        ///< destination ticks per source tick
  uint64_t start_ticks = 0;   ///< presentation time of its first frame
  uint64_t length_ticks = 0;  ///< until the next source starts
  int64_t shift_ticks =
      0;  ///< added to each composition offset, so that all sources share one decoder delay
};

struct SpliceClock {
  uint32_t timescale = 0;
  std::vector<SourceClock> sources;
  uint64_t end_ticks = 0;
  uint64_t media_time_ticks =
      0;  ///< of the one edit: how long after decoding begins the first frame is shown
};

/// Puts the sources on one clock. kIncompatible if no 31-bit timescale holds all of their ticks and
/// `fps_numerator`.
Result<SpliceClock> PlanClock(const std::vector<ParsedStream>& sources, uint64_t fps_numerator);

/// Joins everything but the chunks: the layout decides where they lie.
Result<SampleTable> JoinTables(const std::vector<ParsedStream>& sources, const SpliceClock& clock);

}  // namespace robomerge::mp4
