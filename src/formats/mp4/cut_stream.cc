#include "formats/mp4/cut_stream.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "formats/mp4/movie_splice.h"

namespace robomerge::mp4 {
namespace {

void CutTimes(const std::vector<uint32_t>& numbers, const FrameCut::Piece& piece,
              uint64_t spacing_ticks, SampleTable* samples) {
  samples->decode_deltas = {{samples->num_samples, static_cast<uint32_t>(spacing_ticks)}};
  for (uint64_t sample = piece.first; sample < piece.end(); ++sample) {
    const int64_t is_late = int64_t{numbers[sample]} - static_cast<int64_t>(sample);
    AppendRun(CompositionRun{1, is_late * static_cast<int64_t>(spacing_ticks)},
              &samples->composition_offsets);
  }
}

template <typename Value>
std::vector<Value> CutList(const std::vector<Value>& list, const FrameCut::Piece& piece) {
  const auto first = list.begin() + static_cast<std::ptrdiff_t>(piece.first);
  return {first, first + static_cast<std::ptrdiff_t>(piece.num)};
}

void CutFacts(const SampleTable& all, const FrameCut::Piece& piece, SampleTable* samples) {
  samples->constant_size_bytes = all.constant_size_bytes;
  if (!all.sizes_bytes.empty()) samples->sizes_bytes = CutList(all.sizes_bytes, piece);
  if (all.dependencies) samples->dependencies = CutList(*all.dependencies, piece);
  if (!all.sync_samples) return;
  samples->sync_samples.emplace();
  for (auto next =
           std::lower_bound(all.sync_samples->begin(), all.sync_samples->end(), piece.first);
       next != all.sync_samples->end() && *next < piece.end(); ++next)
    samples->sync_samples->push_back(*next - static_cast<uint32_t>(piece.first));
}

// Chunks are cut where pieces are.
void CutChunks(const SampleTable& all, const FrameCut& cut, std::vector<ParsedStream>* streams) {
  uint64_t sample = 0;
  size_t number = 0;
  for (const SampleChunk& whole : all.chunks) {
    uint64_t offset = whole.range.offset;
    SampleChunk* kept = nullptr;
    for (uint32_t left = whole.num_samples; left > 0; --left, ++sample) {
      if (sample == cut.pieces[number].end()) {
        if (++number == cut.pieces.size()) return;
        kept = nullptr;
      }
      const uint64_t size_bytes = all.SampleSize(static_cast<uint32_t>(sample));
      if (sample >= cut.pieces[number].first) {
        auto& chunks = (*streams)[number].movie.video.samples.chunks;
        if (kept == nullptr) kept = &chunks.emplace_back(SampleChunk{{offset, 0}, 0});
        kept->range.length_bytes += size_bytes;
        ++kept->num_samples;
      }
      offset += size_bytes;
    }
  }
}

}  // namespace

Result<std::vector<ParsedStream>> CutStream(const io::RandomAccessFile& file, ParsedStream stream,
                                            const FrameCut& cut) {
  if (cut.pieces.empty())
    return Problem(Code::kInvalidArgument, "cut of a video keeps no frame").At(file.path());
  std::vector<FrameRange> ranges;
  for (const FrameCut::Piece& piece : cut.pieces) ranges.push_back({piece.first, piece.num});
  ROBOMERGE_ASSIGN_OR_RETURN(const PlannedCut again, PlanCutWithKey(file, stream, ranges));
  const auto is_same = [](const FrameCut::Piece& a, const FrameCut::Piece& b) {
    return a.first == b.first && a.num == b.num;
  };
  if (again.cut.num_source_frames != cut.num_source_frames ||
      !std::equal(again.cut.pieces.begin(), again.cut.pieces.end(), cut.pieces.begin(),
                  cut.pieces.end(), is_same)) {
    return Problem(Code::kInvalidArgument, "cut is not one of this video")
        .At(file.path())
        .Hint("plan it again with PlanCut; the file may have changed since");
  }
  for (size_t i = 1; i < again.cut.pieces.size(); ++i) {
    if (!again.cut.pieces[i].must_begin_file) continue;
    return Problem(Code::kInvalidArgument, "cut of a video needs several files")
        .At(file.path())
        .Found(StrCat("a decoder must begin at frame ", again.cut.pieces[i].first))
        .Hint("lay out each part of SplitAtFileStarts by itself");
  }
  const uint64_t spacing_ticks = stream.presentation.frame_ticks;
  if (spacing_ticks > kMaxTimescale) {
    return Problem(Code::kUnsupported, "the time between two frames is too long for a cut")
        .At(file.path())
        .Found(StrCat(WithSeparators(spacing_ticks), " ticks"));
  }
  const std::vector<uint32_t> numbers = FrameNumbers(stream.video().samples, stream.presentation);
  const SampleTable all = std::exchange(stream.movie.video.samples, {});
  stream.summary.decoder_key = again.decoder_key;
  std::vector<ParsedStream> streams;
  streams.reserve(cut.pieces.size());
  for (const FrameCut::Piece& piece : cut.pieces) {
    ParsedStream& one = streams.emplace_back(stream);
    SampleTable& samples = one.movie.video.samples;
    samples.num_samples = static_cast<uint32_t>(piece.num);
    CutTimes(numbers, piece, spacing_ticks, &samples);
    CutFacts(all, piece, &samples);
    one.presentation = Present(samples);
    one.summary.num_frames = one.summary.num_shown_frames = piece.num;
    one.summary.length_ticks = piece.num * spacing_ticks;
  }
  CutChunks(all, cut, &streams);
  return streams;
}

}  // namespace robomerge::mp4
