#include "formats/mp4/frame_cut.h"

#include <utility>

#include "formats/mp4/stream_cutter.h"

namespace robomerge::mp4 {
uint64_t FrameCut::num_frames() const {
  uint64_t num = 0;
  for (const Piece& piece : pieces) num += piece.num;
  return num;
}

std::optional<uint64_t> FrameCut::PlaceOf(uint64_t frame) const {
  uint64_t num_before = 0;
  for (const Piece& piece : pieces) {
    if (frame >= piece.first && frame < piece.end()) return num_before + frame - piece.first;
    num_before += piece.num;
  }
  return std::nullopt;
}

std::vector<FrameCut> FrameCut::SplitAtFileStarts() const {
  std::vector<FrameCut> cuts;
  for (const Piece& piece : pieces) {
    if (cuts.empty() || piece.must_begin_file) cuts.push_back({{}, num_source_frames});
    cuts.back().pieces.push_back(piece);
  }
  return cuts;
}

Result<FrameCut> PlanCut(const io::RandomAccessFile& file, std::span<const FrameRange> wanted) {
  ROBOMERGE_ASSIGN_OR_RETURN(ParsedStream stream, ParseStream(file));
  return PlanCut(file, std::move(stream), wanted);
}

Result<FrameCut> PlanCut(const io::RandomAccessFile& file, ParsedStream stream,
                         std::span<const FrameRange> wanted) {
  ROBOMERGE_ASSIGN_OR_RETURN(PlannedCut plan, StreamCutter(file, std::move(stream)).Plan(wanted));
  return std::move(plan.cut);
}

}  // namespace robomerge::mp4
