// What a merge must know of an MP4 file's video stream, read from its boxes (ISO/IEC 14496-12). Of
// the payload, only headers and parameter sets of the first sample are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::mp4 {

/// Highest ticks per second a destination may have: players keep it in a signed 32-bit integer.
constexpr uint64_t kMaxTimescale = 0x7fffffff;

/// The facts a merge needs of one file, a few hundred bytes whatever the file's size.
struct StreamSummary {
  uint64_t file_size_bytes = 0;
  /// The decoder's canonical name as LeRobot writes it (h264, hevc, av1, mpeg4, vp9), else the 4CC.
  std::string codec;
  /// As FFmpeg names it (yuv420p, yuv420p10le, gray12le...) where the decoder configuration says
  /// it, else empty.
  std::string pixel_format;
  uint32_t width = 0;  ///< coded size of the sample entry, pixels
  uint32_t height = 0;
  uint32_t timescale = 0;   ///< mdhd ticks per second, below 2^31
  uint64_t num_frames = 0;  ///< samples of the video track, those in fragments included
  /// Of these, as many as a player that honours the edit list shows. Equal to num_frames where the
  /// list is not understood, and for fragmented files. Not kept in partials.
  uint64_t num_shown_frames = 0;
  /// L of docs/formats/mp4-splice.md: when a following stream may begin, in `timescale`. num_frames
  /// * frame_ticks for every stream that can be spliced.
  uint64_t length_ticks = 0;
  /// Spacing of presentation times if it is constant over all frames, else 0. Not determined for
  /// fragmented files: 0.
  uint64_t frame_ticks = 0;
  /// A player that honours the edit list shows the first frame at time 0. Not determined for
  /// fragmented files: false.
  bool starts_at_zero = false;
  /// Times of frames are known as a player shows them. Not for fragmented files, and not for edit
  /// lists that do more than shift all frames.
  bool has_times = false;
  int64_t start_ticks = 0;  ///< when the first frame is shown, if `has_times`
  /// When each frame is shown, ascending; only if `has_times` and frame_ticks is 0.
  std::vector<int64_t> uneven_ticks;
  bool has_audio = false;
  uint32_t num_other_tracks = 0;  ///< tracks that a splice leaves out (audio, timecode, cover, ...)
  bool has_trailing_bytes = false;  ///< bytes after the last complete box

  /// Streams with equal keys can be decoded with one decoder configuration: 4CC, sizes, rotation
  /// and the normalised sample entry. Printable ASCII. Says nothing about the frame rate.
  std::string decoder_key;
  /// Empty if the stream can be spliced with others; otherwise one clause that says why it must
  /// have a file of its own.
  std::string own_file_reason;

  double start_seconds() const {
    return timescale > 0 ? static_cast<double>(start_ticks) / timescale : 0;
  }
  /// Whether all frames lie k / fps after the first one exactly, fps = fps_numerator /
  /// fps_denominator, and the stream lasts num_frames / fps.
  bool OnFrameGrid(uint64_t fps_numerator, uint64_t fps_denominator) const;
};

/// Reads the summary. kCorrupt with the box and byte where the file contradicts itself or ends
/// early (sample data beyond the file's end, tables that disagree, no moov, not MP4 at all);
/// kUnsupported for encrypted streams and for files without a video track.
Result<StreamSummary> ReadStreamSummary(const io::RandomAccessFile& file);

}  // namespace robomerge::mp4
