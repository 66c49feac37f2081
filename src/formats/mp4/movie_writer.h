// Writes the moov box of a file with one video track.
#pragma once

#include <cstdint>

#include "formats/mp4/box_scope.h"
#include "formats/mp4/movie.h"

namespace robomerge::mp4 {

struct MovieToWrite {
  const Movie* style = nullptr;   ///< matrices, display size and sample entry are taken from it
  uint32_t timescale = 0;         ///< of movie and media alike, so that the edit list is exact
  uint64_t end_ticks = 0;         ///< how long all samples last
  uint64_t shown_ticks = 0;       ///< how long those last that are shown
  uint64_t media_time_ticks = 0;  ///< when the first of these is shown, in the media
  const SampleTable* samples = nullptr;  ///< chunk offsets count from the payload's start
  bool has_wide_offsets = false;         ///< co64 instead of stco
};

/// Appends the moov box. Its size does not depend on `payload_offset`. Creation and modification
/// times are 0, so the same input gives the same bytes.
void WriteMovie(const MovieToWrite& movie, uint64_t payload_offset, BoxWriter* out);

}  // namespace robomerge::mp4
