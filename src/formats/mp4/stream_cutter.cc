#include "formats/mp4/stream_cutter.h"

#include <algorithm>
#include <utility>

#include "base/checked.h"
#include "base/text.h"
#include "formats/mp4/movie_splice.h"

namespace robomerge::mp4 {
namespace {

template <typename Value>
std::vector<Value> CutList(const std::vector<Value>& list, const FrameCut::Piece& piece) {
  const auto first = list.begin() + static_cast<std::ptrdiff_t>(piece.first);
  return {first, first + static_cast<std::ptrdiff_t>(piece.num)};
}

}  // namespace

StreamCutter::StreamCutter(const io::RandomAccessFile& file, ParsedStream stream)
    : file_(file), stream_(std::move(stream)) {
  samples_ = std::exchange(stream_.movie.video.samples, {});
  if (!stream_.summary.own_file_reason.empty()) return;  // frames need not have numbers
  numbers_ = FrameNumbers(samples_, stream_.presentation);
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
  offsets_ = SampleOffsets(samples_);
  uint64_t sample = 0;
  for (const SampleChunk& chunk : samples_.chunks) {
    first_samples_.push_back(sample);
    sample += chunk.num_samples;
  }
}

Result<PlannedCut> StreamCutter::Plan(std::span<const FrameRange> wanted) {
  if (!stream_.summary.own_file_reason.empty()) {
    return Problem(Code::kUnsupported,
                   "video cannot be cut without decoding: " + stream_.summary.own_file_reason)
        .At(file_.path())
        .Hint(
            "keep all frames of this file, so that it is copied whole; or encode it anew: "
            "ffmpeg -i OLD.mp4 -an -c:v libx264 -vsync cfr NEW.mp4");
  }
  const uint64_t num_frames = stream_.summary.num_frames;
  std::vector<FrameRange> ranges;
  std::vector<Problem> problems;
  for (const FrameRange& range : wanted) {
    if (range.num == 0) continue;
    ranges.push_back(range);
    if (RangeFits(range.first, range.num, num_frames)) continue;
    const auto end = CheckedAdd(range.first, range.num - 1);
    problems.push_back(
        Problem(Code::kInvalidArgument, "frames are wanted that the video does not have")
            .At(file_.path())
            .Expected(StrCat("frames 0 to ", num_frames - 1))
            .Found(StrCat("frames ", range.first, " to ", end.value_or(~uint64_t{0}))));
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  std::sort(ranges.begin(), ranges.end(),
            [](const FrameRange& a, const FrameRange& b) { return a.first < b.first; });
  return PlanSorted(ranges);
}

// REQUIRES: the ranges lie within the stream, are ascending and not empty.
Result<PlannedCut> StreamCutter::PlanSorted(const std::vector<FrameRange>& wanted) {
  ROBOMERGE_ASSIGN_OR_RETURN(const SampleStart* first, Inspect(0));
  PlannedCut plan;
  plan.cut.num_source_frames = samples_.num_samples;
  plan.decoder_key = stream_.summary.decoder_key;
  auto& pieces = plan.cut.pieces;
  const std::string* parameter_sets = nullptr;  // of the last piece
  for (const FrameRange& range : wanted) {
    ROBOMERGE_RETURN_NOT_OK(FindStart(range.first));
    const uint64_t end =
        *std::lower_bound(borders_.begin(), borders_.end(), range.first + range.num);
    if (!pieces.empty() && start_sample_ <= pieces.back().end()) {
      pieces.back().num = std::max(pieces.back().end(), end) - pieces.back().first;
      continue;
    }
    const bool has_other_sets = !pieces.empty() && start_->parameter_sets != *parameter_sets;
    if (pieces.empty() && start_->parameter_sets != first->parameter_sets) {
      plan.decoder_key = DecoderKey(stream_.movie, start_->parameter_sets);
    }
    pieces.push_back(
        {start_sample_, end - start_sample_, has_other_sets || start_->kind == StartKind::kOpen});
    parameter_sets = &start_->parameter_sets;
  }
  return plan;
}

Result<const SampleStart*> StreamCutter::Inspect(uint32_t sample) {
  if (const auto known = inspected_.find(sample); known != inspected_.end()) return &known->second;
  ROBOMERGE_ASSIGN_OR_RETURN(SampleStart start,
                             InspectSyncSample(file_, stream_.video().entry,
                                               {offsets_[sample], samples_.SampleSize(sample)}));
  // The first sample starts the stream, whatever it is: nothing lies before it.
  if (sample == 0) start.kind = StartKind::kInstant;
  return &inspected_.emplace(sample, std::move(start)).first->second;
}

bool StreamCutter::MayStart(uint32_t sample, const SampleStart& start) const {
  // Without sets of its own it needs those that the decoder has by then; that these are the sample
  // entry's is known only if the stream does without.
  if (start.parameter_sets.empty() && !inspected_.at(0).parameter_sets.empty()) return false;
  const bool is_shown_first = numbers_[sample] == sample;  // at a border: nothing leads it
  const bool is_refresh =
      start.kind == StartKind::kInstant && stream_.video().entry.nal_format != NalFormat::kNone;
  return start.kind != StartKind::kNone && (is_refresh || is_shown_first);
}

// Finds the last start at or before a frame.
Status StreamCutter::FindStart(uint64_t frame) {
  const auto after = std::upper_bound(candidates_.begin(), candidates_.end(), frame);
  for (auto next = after; next != candidates_.begin() && *(next - 1) > 0; --next) {
    start_sample_ = *(next - 1);
    ROBOMERGE_ASSIGN_OR_RETURN(start_, Inspect(start_sample_));
    if (MayStart(start_sample_, *start_)) return Status();
  }
  start_sample_ = 0;
  ROBOMERGE_ASSIGN_OR_RETURN(start_, Inspect(0));
  return Status();
}

uint64_t StreamCutter::FrameBytes(const FrameCut::Piece& piece) const {
  uint64_t num_bytes = 0;
  for (uint64_t sample = piece.first; sample < piece.end(); ++sample)
    num_bytes += samples_.SampleSize(static_cast<uint32_t>(sample));
  return num_bytes;
}

void StreamCutter::CutTimes(const FrameCut::Piece& piece, SampleTable* samples) const {
  const uint64_t spacing_ticks = stream_.presentation.frame_ticks;
  samples->decode_deltas = {{samples->num_samples, static_cast<uint32_t>(spacing_ticks)}};
  for (uint64_t sample = piece.first; sample < piece.end(); ++sample) {
    const int64_t is_late = int64_t{numbers_[sample]} - static_cast<int64_t>(sample);
    AppendRun(CompositionRun{1, is_late * static_cast<int64_t>(spacing_ticks)},
              &samples->composition_offsets);
  }
}

void StreamCutter::CutFacts(const FrameCut::Piece& piece, SampleTable* samples) const {
  samples->constant_size_bytes = samples_.constant_size_bytes;
  if (!samples_.sizes_bytes.empty()) samples->sizes_bytes = CutList(samples_.sizes_bytes, piece);
  if (samples_.dependencies) samples->dependencies = CutList(*samples_.dependencies, piece);
  if (!samples_.sync_samples) return;
  samples->sync_samples.emplace();
  for (auto next = std::lower_bound(samples_.sync_samples->begin(), samples_.sync_samples->end(),
                                    piece.first);
       next != samples_.sync_samples->end() && *next < piece.end(); ++next)
    samples->sync_samples->push_back(*next - static_cast<uint32_t>(piece.first));
}

// Chunks are cut where the piece is.
void StreamCutter::CutChunks(const FrameCut::Piece& piece, SampleTable* samples) const {
  auto chunk = static_cast<size_t>(
      std::upper_bound(first_samples_.begin(), first_samples_.end(), piece.first) -
      first_samples_.begin() - 1);
  for (uint64_t sample = piece.first; sample < piece.end(); ++chunk) {
    const uint64_t end =
        std::min(piece.end(), first_samples_[chunk] + samples_.chunks[chunk].num_samples);
    if (end == sample) continue;
    const uint64_t offset = offsets_[sample];
    const uint64_t end_offset =
        offsets_[end - 1] + samples_.SampleSize(static_cast<uint32_t>(end) - 1);
    samples->chunks.push_back(
        SampleChunk{{offset, end_offset - offset}, static_cast<uint32_t>(end - sample)});
    sample = end;
  }
}

Result<std::vector<ParsedStream>> StreamCutter::Cut(const FrameCut& cut) {
  if (cut.pieces.empty())
    return Problem(Code::kInvalidArgument, "cut of a video keeps no frame").At(file_.path());
  std::vector<FrameRange> ranges;
  for (const FrameCut::Piece& piece : cut.pieces) ranges.push_back({piece.first, piece.num});
  ROBOMERGE_ASSIGN_OR_RETURN(const PlannedCut again, Plan(ranges));
  const auto is_same = [](const FrameCut::Piece& a, const FrameCut::Piece& b) {
    return a.first == b.first && a.num == b.num;
  };
  if (again.cut.num_source_frames != cut.num_source_frames ||
      !std::equal(again.cut.pieces.begin(), again.cut.pieces.end(), cut.pieces.begin(),
                  cut.pieces.end(), is_same)) {
    return Problem(Code::kInvalidArgument, "cut is not one of this video")
        .At(file_.path())
        .Hint("plan it again with PlanCut; the file may have changed since");
  }
  for (size_t i = 1; i < again.cut.pieces.size(); ++i) {
    if (!again.cut.pieces[i].must_begin_file) continue;
    return Problem(Code::kInvalidArgument, "cut of a video needs several files")
        .At(file_.path())
        .Found(StrCat("a decoder must begin at frame ", again.cut.pieces[i].first))
        .Hint("lay out each part of SplitAtFileStarts by itself");
  }
  const uint64_t spacing_ticks = stream_.presentation.frame_ticks;
  if (spacing_ticks > kMaxTimescale) {
    return Problem(Code::kUnsupported, "the time between two frames is too long for a cut")
        .At(file_.path())
        .Found(StrCat(WithSeparators(spacing_ticks), " ticks"));
  }
  std::vector<ParsedStream> streams;
  streams.reserve(cut.pieces.size());
  for (const FrameCut::Piece& piece : cut.pieces) {
    ParsedStream& one = streams.emplace_back(stream_);
    SampleTable& samples = one.movie.video.samples;
    samples.num_samples = static_cast<uint32_t>(piece.num);
    CutTimes(piece, &samples);
    CutFacts(piece, &samples);
    CutChunks(piece, &samples);
    one.presentation = Present(samples);
    one.summary.num_frames = one.summary.num_shown_frames = piece.num;
    one.summary.length_ticks = piece.num * spacing_ticks;
    one.summary.decoder_key = again.decoder_key;
  }
  return streams;
}

}  // namespace robomerge::mp4
