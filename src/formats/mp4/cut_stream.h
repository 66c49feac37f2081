// The pieces of a cut as streams of their own: the splice joins them as it joins files.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "formats/mp4/frame_cut.h"

namespace robomerge::mp4 {

struct PlannedCut {
  FrameCut cut;
  std::string decoder_key;  ///< of the first piece
};

/// As PlanCut.
Result<PlannedCut> PlanCutWithKey(const io::RandomAccessFile& file, const ParsedStream& stream,
                                  std::span<const FrameRange> wanted);

/// Returns one stream per piece. Only their frames' order of decoding and showing is the source's:
/// the times are even, and begin at 0. Fails if the cut is not one that PlanCut gives for this
/// file.
Result<std::vector<ParsedStream>> CutStream(const io::RandomAccessFile& file, ParsedStream stream,
                                            const FrameCut& cut);

}  // namespace robomerge::mp4
