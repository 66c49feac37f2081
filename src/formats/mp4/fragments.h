// Counts the frames of a fragmented file (ISO/IEC 14496-12, 8.8). Such files are not spliced; the
// count is for checks and reports.
#pragma once

#include <cstdint>

#include "formats/mp4/container.h"
#include "formats/mp4/movie.h"
#include "io/file_system.h"

namespace robomerge::mp4 {

struct FragmentTotals {
  uint64_t num_frames = 0;
  uint64_t length_ticks = 0;  ///< sum of sample durations
};

/// Adds up the runs of the video track over all moof boxes. Problems go to `diagnosis`.
Result<FragmentTotals> CountFragments(const io::RandomAccessFile& file, const Container& container,
                                      const Movie& movie, Diagnosis* diagnosis);

}  // namespace robomerge::mp4
