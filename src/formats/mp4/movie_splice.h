// Joins the video streams of several MP4 files into one without decoding: a new index, the old
// payload bytes.
//
// The result is a pure function of the sources' sample tables: head bytes (ftyp, moov, mdat header)
// and a list of ranges to copy, all offsets known before the first byte is written, so the ranges
// can be copied in any order and by several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "formats/mp4/frame_cut.h"
#include "formats/mp4/stream_cutter.h"
#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::mp4 {

/// A file's video stream, or what a cut keeps of it.
struct SpliceSource {
  const io::RandomAccessFile* file = nullptr;
  const FrameCut* cut = nullptr;  ///< of this file; none, or one that is_whole(): all frames
};

struct SpliceLayout {
  std::vector<std::byte> head;           ///< goes to offset 0
  std::vector<io::PayloadRange> ranges;  ///< of the sources given; in order of destination offset
  uint64_t file_size_bytes = 0;
  uint32_t timescale = 0;
  std::vector<uint64_t>
      start_ticks;  ///< per source: presentation time of its first frame, in `timescale`
  uint64_t end_ticks = 0;
};

struct SpliceOptions {
  /// 1: payload packed. A power of two up to 2^20 (the file system's block): whole blocks of the
  /// sources at whole blocks of the destination, so that extents can be shared; bytes between
  /// samples are copied along unreferenced (docs/formats/mp4-splice.md).
  uint64_t alignment_bytes = 1;
  /// The destination's ticks per second are a multiple of this too: the numerator of fps as a
  /// fraction. 0: not required.
  uint64_t fps_numerator = 0;
};

/// Lays out the splice of `sources` in the given order; one source is enough. Reads their indexes
/// again. REQUIRES, and checks: all have an empty own_file_reason, equal decoder_keys and equal
/// seconds per frame, the least common multiple of their timescales and fps_numerator is at most
/// kMaxTimescale, cuts are what PlanCut gave for the file as it is now, and no piece that must
/// begin a file comes behind another.
Result<SpliceLayout> PlanSplice(std::span<const SpliceSource> sources,
                                const SpliceOptions& options);
/// The same of whole files.
Result<SpliceLayout> PlanSplice(std::span<const io::RandomAccessFile* const> sources,
                                const SpliceOptions& options);

/// Lays out a cut as a file of its own, of which a player shows only the frames `shown`, counted
/// within the cut: `shown.first` is frame 0, at time 0. An edit list hides the others, which a
/// decoder needs. `payload` is the file of the cutter. Costs no more than the cut is long.
Result<SpliceLayout> PlanShown(StreamCutter& cutter, const FrameCut& cut, const FrameRange& shown,
                               const io::RandomAccessFile& payload, const SpliceOptions& options);

/// What is to be known of a cut, as if it were a file: its frames, length, decoder_key, and the
/// size of the packed file that holds it alone. Other tracks are not in it. REQUIRES, and checks,
/// what PlanSplice does.
Result<StreamSummary> SummarizeCut(const io::RandomAccessFile& file, const FrameCut& cut);
/// The same if the index is read already: `stream` is ParseStream(file).
Result<StreamSummary> SummarizeCut(const io::RandomAccessFile& file, const ParsedStream& stream,
                                   const FrameCut& cut);

}  // namespace robomerge::mp4
