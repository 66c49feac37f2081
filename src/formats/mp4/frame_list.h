// All frames of a video stream in display order: when each is shown, and where its coded bytes lie.
// For verify; a splice does not need it.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/mp4/stream.h"
#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::mp4 {

struct ShownFrame {
  int64_t shown_ticks = 0;  ///< since time 0 of a player that honours the edit list
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
};

struct FrameList {
  StreamSummary summary;
  std::vector<ShownFrame> frames;  ///< by shown_ticks; empty if `is_fragmented`
  bool is_fragmented = false;      ///< frames lie in fragments, whose tables are not parsed

  double Seconds(size_t frame) const {
    return static_cast<double>(frames[frame].shown_ticks) / static_cast<double>(summary.timescale);
  }
};

/// Reads the index of the file, no payload. Fails as ReadStreamSummary does.
Result<FrameList> ReadFrameList(const io::RandomAccessFile& file);

}  // namespace robomerge::mp4
