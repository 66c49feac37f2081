// The moov box: which track is the video, and how it is presented (ISO/IEC 14496-12, 8.2 to 8.7).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "formats/mp4/box_cursor.h"
#include "formats/mp4/container.h"
#include "formats/mp4/sample_entry.h"
#include "formats/mp4/sample_table.h"

namespace robomerge::mp4 {

/// The rate of an edit that plays as recorded, 1.0 in 16.16 bits.
inline constexpr uint32_t kNormalRate = 0x00010000;

/// One entry of an edit list (elst). media_time_ticks -1: an empty edit.
struct Edit {
  uint64_t duration_movie_ticks = 0;
  int64_t media_time_ticks = 0;
  uint32_t rate_16_16 = 0;
};

using Matrix = std::array<int32_t, 9>;

struct VideoTrack {
  uint32_t id = 0;
  uint32_t timescale = 0;
  Matrix matrix{};
  uint32_t display_width_16_16 = 0;
  uint32_t display_height_16_16 = 0;
  std::vector<Edit> edits;
  uint32_t num_sample_entries = 0;
  SampleEntry entry;  ///< the first one
  SampleTable samples;
};

struct Movie {
  uint32_t timescale = 0;
  Matrix matrix{};
  bool has_extends = false;           ///< mvex: samples continue in fragments
  uint32_t default_sample_ticks = 0;  ///< of the video track in fragments (trex)
  bool has_audio = false;
  uint32_t num_other_tracks = 0;
  VideoTrack video;
};

/// Parses the moov box of `container`. kUnsupported unless exactly one track can be the video.
Result<Movie> ParseMovie(const Container& container, Diagnosis* diagnosis);

}  // namespace robomerge::mp4
