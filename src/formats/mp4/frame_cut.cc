#include "formats/mp4/frame_cut.h"

#include <algorithm>
#include <utility>

#include "base/checked.h"
#include "base/text.h"
#include "formats/mp4/cut_stream.h"
#include "formats/mp4/sample_start.h"

namespace robomerge::mp4 {
namespace {

// Borders: positions in decode order where all samples before are shown before all samples after.
// Only at a border can a piece begin or end without a hole in what it shows.
class CutPlanner {
 public:
  CutPlanner(const io::RandomAccessFile& file, const ParsedStream& stream)
      : file_(file),
        stream_(stream),
        samples_(stream.video().samples),
        numbers_(FrameNumbers(samples_, stream.presentation)) {
    uint32_t num_shown = 0;  // frames up to the latest one of the samples seen
    borders_.push_back(0);
    for (uint32_t sample = 0; sample < samples_.num_samples; ++sample) {
      num_shown = std::max(num_shown, numbers_[sample] + 1);
      if (num_shown == sample + 1) borders_.push_back(num_shown);
    }
    for (const uint32_t border : borders_) {
      const auto& sync = samples_.sync_samples;
      if (border < samples_.num_samples &&
          (!sync || std::binary_search(sync->begin(), sync->end(), border)))
        candidates_.push_back(border);
    }
  }

  // REQUIRES: the ranges lie within the stream, are ascending and not empty.
  Result<PlannedCut> Plan(const std::vector<FrameRange>& wanted) {
    ROBOMERGE_ASSIGN_OR_RETURN(start_, Inspect(0));
    first_parameter_sets_ = start_.parameter_sets;
    PlannedCut plan;
    plan.cut.num_source_frames = samples_.num_samples;
    plan.decoder_key = stream_.summary.decoder_key;
    auto& pieces = plan.cut.pieces;
    std::string parameter_sets;  // of the last piece
    for (const FrameRange& range : wanted) {
      ROBOMERGE_RETURN_NOT_OK(FindStart(range.first));
      const uint64_t end =
          *std::lower_bound(borders_.begin(), borders_.end(), range.first + range.num);
      if (!pieces.empty() && start_sample_ <= pieces.back().end()) {
        pieces.back().num = std::max(pieces.back().end(), end) - pieces.back().first;
        continue;
      }
      const bool has_other_sets = !pieces.empty() && start_.parameter_sets != parameter_sets;
      if (pieces.empty() && start_.parameter_sets != first_parameter_sets_)
        plan.decoder_key = DecoderKey(stream_.movie, start_.parameter_sets);
      pieces.push_back(
          {start_sample_, end - start_sample_, has_other_sets || start_.kind == StartKind::kOpen});
      parameter_sets = start_.parameter_sets;
    }
    return plan;
  }

 private:
  Result<SampleStart> Inspect(uint32_t sample) {
    if (offsets_.empty()) offsets_ = SampleOffsets(samples_);
    ROBOMERGE_ASSIGN_OR_RETURN(SampleStart start,
                               InspectSyncSample(file_, stream_.video().entry,
                                                 {offsets_[sample], samples_.SampleSize(sample)}));
    // The first sample starts the stream, whatever it is: nothing lies before it.
    if (sample == 0) start.kind = StartKind::kInstant;
    return start;
  }

  bool MayStart(uint32_t sample, const SampleStart& start) const {
    // Without sets of its own it needs those that the decoder has by then; that these are the
    // sample entry's is known only if the stream does without.
    if (start.parameter_sets.empty() && !first_parameter_sets_.empty()) return false;
    const bool is_shown_first = numbers_[sample] == sample;  // at a border: nothing leads it
    const bool is_refresh =
        start.kind == StartKind::kInstant && stream_.video().entry.nal_format != NalFormat::kNone;
    return start.kind != StartKind::kNone && (is_refresh || is_shown_first);
  }

  // Finds the last start at or before a frame. Frames are asked for in ascending order, so a
  // candidate is looked into once at most.
  Status FindStart(uint64_t frame) {
    const auto end = static_cast<size_t>(
        std::upper_bound(candidates_.begin(), candidates_.end(), frame) - candidates_.begin());
    for (size_t i = end; i > num_seen_; --i) {
      ROBOMERGE_ASSIGN_OR_RETURN(SampleStart start, Inspect(candidates_[i - 1]));
      if (!MayStart(candidates_[i - 1], start)) continue;
      start_sample_ = candidates_[i - 1];
      start_ = std::move(start);
      break;
    }
    num_seen_ = std::max(num_seen_, end);
    return Status();
  }

  const io::RandomAccessFile& file_;
  const ParsedStream& stream_;
  const SampleTable& samples_;
  std::vector<uint32_t> numbers_;     // order of presentation, per sample
  std::vector<uint32_t> borders_;     // ascending
  std::vector<uint32_t> candidates_;  // borders at sync samples
  std::vector<uint64_t> offsets_;
  std::string first_parameter_sets_;
  size_t num_seen_ = 1;        // candidates that FindStart is done with
  uint32_t start_sample_ = 0;  // what it found
  SampleStart start_;
};

}  // namespace

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

Result<PlannedCut> PlanCutWithKey(const io::RandomAccessFile& file, const ParsedStream& stream,
                                  std::span<const FrameRange> wanted) {
  if (!stream.summary.own_file_reason.empty()) {
    return Problem(Code::kUnsupported,
                   "video cannot be cut without decoding: " + stream.summary.own_file_reason)
        .At(file.path())
        .Hint(
            "keep all frames of this file, so that it is copied whole; or encode it anew: "
            "ffmpeg -i OLD.mp4 -an -c:v libx264 -vsync cfr NEW.mp4");
  }
  const uint64_t num_frames = stream.summary.num_frames;
  std::vector<FrameRange> ranges;
  std::vector<Problem> problems;
  for (const FrameRange& range : wanted) {
    if (range.num == 0) continue;
    ranges.push_back(range);
    if (RangeFits(range.first, range.num, num_frames)) continue;
    const auto end = CheckedAdd(range.first, range.num - 1);
    problems.push_back(
        Problem(Code::kInvalidArgument, "frames are wanted that the video does not have")
            .At(file.path())
            .Expected(StrCat("frames 0 to ", num_frames - 1))
            .Found(StrCat("frames ", range.first, " to ", end.value_or(~uint64_t{0}))));
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  std::sort(ranges.begin(), ranges.end(),
            [](const FrameRange& a, const FrameRange& b) { return a.first < b.first; });
  return CutPlanner(file, stream).Plan(ranges);
}

Result<FrameCut> PlanCut(const io::RandomAccessFile& file, const ParsedStream& stream,
                         std::span<const FrameRange> wanted) {
  ROBOMERGE_ASSIGN_OR_RETURN(PlannedCut plan, PlanCutWithKey(file, stream, wanted));
  return std::move(plan.cut);
}

Result<FrameCut> PlanCut(const io::RandomAccessFile& file, std::span<const FrameRange> wanted) {
  ROBOMERGE_ASSIGN_OR_RETURN(const ParsedStream stream, ParseStream(file));
  return PlanCut(file, stream, wanted);
}

}  // namespace robomerge::mp4
