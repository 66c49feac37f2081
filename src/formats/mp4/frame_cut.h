// Which part of a video can be kept without decoding, so that a selection of its frames can be
// shown: docs/formats/mp4-splice.md, "Cuts".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "formats/mp4/parsed_stream.h"
#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::mp4 {

/// A range of a stream's frames, numbered from 0 in order of presentation.
struct FrameRange {
  uint64_t first = 0;
  uint64_t num = 0;
};

/// What of a stream is kept: pieces, ascending and apart from each other.
struct FrameCut {
  /// Frames `first` to end() - 1. The same numbers are those of its samples in decode order: a
  /// piece begins and ends where all samples before are shown before all samples after.
  struct Piece {
    uint64_t first = 0;
    uint64_t num = 0;
    /// A decoder must begin with it: it starts with a frame that is no instant refresh (HEVC CRA),
    /// or with other parameter sets than the piece before. May be true of the first piece, too:
    /// then the cut can only be the first source of a file.
    bool must_begin_file = false;

    uint64_t end() const { return first + num; }
    bool operator==(const Piece&) const = default;
  };
  std::vector<Piece> pieces;
  uint64_t num_source_frames = 0;  ///< of the whole stream

  uint64_t num_frames() const;
  bool is_whole() const { return num_source_frames > 0 && num_frames() == num_source_frames; }
  /// The number within the cut of a frame of the stream; nothing if it is not kept.
  std::optional<uint64_t> PlaceOf(uint64_t frame) const;
  /// This cut in as many as it needs files: every piece that must begin a file begins a cut.
  std::vector<FrameCut> SplitAtFileStarts() const;
  bool operator==(const FrameCut&) const = default;
};

/// Returns the smallest cut that shows all wanted frames, each decoded as in the whole stream. A
/// function of the file's bytes and the set of wanted frames; ranges may be empty, overlap, and
/// come in any order. Reads the index, and headers of the samples at which pieces begin.
/// kInvalidArgument names every range that reaches past the last frame; kUnsupported if the stream
/// can only be kept whole (own_file_reason).
Result<FrameCut> PlanCut(const io::RandomAccessFile& file, std::span<const FrameRange> wanted);
/// The same if the index is read already: `stream` is ParseStream(file).
Result<FrameCut> PlanCut(const io::RandomAccessFile& file, ParsedStream stream,
                         std::span<const FrameRange> wanted);

}  // namespace robomerge::mp4
