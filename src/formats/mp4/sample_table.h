// The sample table of one track: when each frame is decoded and shown, how large it is and where it
// lies (ISO/IEC 14496-12, 8.6 and 8.7).
//
// Runs are kept as runs: a table that claims four billion equal entries in eight bytes costs eight
// bytes here too. A list with one value per frame is backed by bytes of the moov box.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "formats/mp4/box_cursor.h"
#include "formats/mp4/container.h"

namespace robomerge::mp4 {

/// Frames one track may hold: 155 hours at 30 fps.
constexpr uint64_t kMaxSamples = uint64_t{1} << 24;

/// Consecutive samples that are decoded `delta_ticks` apart (stts).
struct TimeRun {
  uint32_t num_samples = 0;
  uint32_t delta_ticks = 0;
  bool operator==(const TimeRun&) const = default;
};

/// Consecutive samples that are shown `offset_ticks` after they are decoded (ctts).
struct CompositionRun {
  uint32_t num_samples = 0;
  int64_t offset_ticks = 0;
  bool operator==(const CompositionRun&) const = default;
};

/// Consecutive samples that lie side by side in the file (stco, stsc).
struct SampleChunk {
  FileRange range;
  uint32_t num_samples = 0;
};

struct SampleTable {
  uint32_t num_samples = 0;
  uint32_t constant_size_bytes = 0;   ///< size of every sample; 0: see sizes_bytes
  std::vector<uint32_t> sizes_bytes;  ///< one per sample, or empty
  std::vector<TimeRun> decode_deltas;
  std::vector<CompositionRun> composition_offsets;  ///< empty: all zero
  std::optional<std::vector<uint32_t>>
      sync_samples;  ///< numbers from 0, increasing; absent: every sample is one
  std::optional<std::vector<uint8_t>> dependencies;  ///< sdtp, one per sample
  std::vector<SampleChunk> chunks;

  /// REQUIRES: number < num_samples.
  uint64_t SampleSize(uint32_t number) const {
    return sizes_bytes.empty() ? constant_size_bytes : sizes_bytes[number];
  }
  bool StartsWithSyncSample() const {
    return !sync_samples || (!sync_samples->empty() && sync_samples->front() == 0);
  }
};

/// Appends a run, or lengthens the last one if it is of the same kind.
template <typename Run>
void AppendRun(const Run& run, std::vector<Run>* runs) {
  if (run.num_samples == 0) return;
  if (!runs->empty()) {
    Run& last = runs->back();
    Run joined = run;
    joined.num_samples = last.num_samples;
    if (joined == last) {
      last.num_samples += run.num_samples;
      return;
    }
  }
  runs->push_back(run);
}

/// Where each sample lies, in decode order.
std::vector<uint64_t> SampleOffsets(const SampleTable& samples);

/// Parses an stbl box and checks that its tables agree with each other and that every sample lies
/// inside an mdat box of the file. `num_descriptions` is the entry count of stsd. Problems go to
/// the cursor's diagnosis; the result is valid only if there are none.
SampleTable ParseSampleTable(const BoxList& stbl, uint32_t num_descriptions,
                             const Container& container);

}  // namespace robomerge::mp4
