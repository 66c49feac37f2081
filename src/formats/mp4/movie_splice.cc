#include "formats/mp4/movie_splice.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "base/checked.h"
#include "base/text.h"
#include "formats/mp4/joined_tables.h"
#include "formats/mp4/movie_writer.h"
#include "formats/mp4/stream_cutter.h"

namespace robomerge::mp4 {
namespace {

constexpr uint64_t kMaxAlignmentBytes = uint64_t{1} << 20;
constexpr uint64_t kFreeHeaderBytes = 8;
constexpr uint64_t kMediaHeaderBytes = 16;  // with a 64-bit size

// The streams of all sources, one after another: a source has one, or one per piece of its cut.
struct Joined {
  std::vector<ParsedStream> streams;
  std::vector<size_t> first_streams;  // per source
};

// Where the payload goes; destination offsets count from its start until the head's size is known.
struct Payload {
  std::vector<io::PayloadRange> ranges;
  uint64_t length_bytes = 0;
};

Status CheckOptions(size_t num_sources, const SpliceOptions& options) {
  if (num_sources == 0)
    return Problem(Code::kInvalidArgument, "nothing to splice").Expected("1 stream or more");
  const uint64_t alignment_bytes = options.alignment_bytes;
  if (alignment_bytes == 0 || alignment_bytes > kMaxAlignmentBytes ||
      (alignment_bytes & (alignment_bytes - 1)) != 0) {
    return Problem(Code::kInvalidArgument, "alignment of a splice is not a power of two in range")
        .Expected(StrCat("1 to ", WithSeparators(kMaxAlignmentBytes), " B"))
        .Found(StrCat(WithSeparators(alignment_bytes), " B"));
  }
  return Status();
}

Status CheckFits(const ParsedStream& source, const std::string& path, const ParsedStream& first,
                 const std::string& first_path) {
  if (!source.summary.own_file_reason.empty()) {
    return Problem(Code::kInvalidArgument,
                   "stream cannot be spliced: " + source.summary.own_file_reason)
        .At(path)
        .Hint("copy it as a file of its own");
  }
  if (source.summary.decoder_key != first.summary.decoder_key) {
    return Problem(Code::kIncompatible, "streams need different decoder configurations")
        .At(path)
        .Expected(first.summary.decoder_key + "   from " + first_path)
        .Found(source.summary.decoder_key)
        .Hint("give it a file of its own");
  }
  if (!source.summary.OnFrameGrid(first.summary.timescale, first.summary.frame_ticks)) {
    return Problem(Code::kIncompatible, "streams differ in frame rate")
        .At(path)
        .Expected(StrCat(first.summary.frame_ticks, "/", first.summary.timescale,
                         " s per frame   from ", first_path))
        .Found(StrCat(source.summary.frame_ticks, "/", source.summary.timescale, " s per frame"))
        .Hint("give it a file of its own");
  }
  return Status();
}

// Packed: the chunks' bytes in the order of their samples, nothing between.
void AppendPacked(std::span<const SampleChunk> chunks_in_source, const io::RandomAccessFile& source,
                  Payload* payload, std::vector<SampleChunk>* chunks) {
  for (const SampleChunk& chunk_in_source : chunks_in_source) {
    const FileRange& from = chunk_in_source.range;
    chunks->push_back({{payload->length_bytes, from.length_bytes}, chunk_in_source.num_samples});
    if (from.length_bytes == 0) continue;
    io::PayloadRange* last = payload->ranges.empty() ? nullptr : &payload->ranges.back();
    if (last != nullptr && last->source == &source &&
        last->source_offset + last->length_bytes == from.offset) {
      last->length_bytes += from.length_bytes;
    } else {
      payload->ranges.push_back({&source, from.offset, from.length_bytes, payload->length_bytes});
    }
    payload->length_bytes += from.length_bytes;
  }
}

// Embedding: whole blocks of the source that hold samples; each range of blocks begins at a block
// of the destination. Bytes between the samples of a range are copied along unreferenced; blocks
// without samples are not copied.
void AppendBlocks(std::span<const SampleChunk> chunks_in_source, const io::RandomAccessFile& source,
                  uint64_t alignment_bytes, Payload* payload, std::vector<SampleChunk>* chunks) {
  const size_t first_chunk = chunks->size();
  chunks->insert(chunks->end(), chunks_in_source.begin(), chunks_in_source.end());
  std::vector<size_t> by_offset(chunks_in_source.size());
  std::iota(by_offset.begin(), by_offset.end(), size_t{0});
  std::stable_sort(by_offset.begin(), by_offset.end(), [&](size_t a, size_t b) {
    return chunks_in_source[a].range.offset < chunks_in_source[b].range.offset;
  });
  const size_t first_range = payload->ranges.size();
  for (const size_t number : by_offset) {
    const FileRange& from = chunks_in_source[number].range;
    if (from.length_bytes == 0) continue;  // its offset is never read from
    const uint64_t start = from.offset / alignment_bytes * alignment_bytes;
    const uint64_t end = std::min(RoundUp(from.end(), alignment_bytes), source.size_bytes());
    io::PayloadRange* last =
        payload->ranges.size() == first_range ? nullptr : &payload->ranges.back();
    if (last != nullptr && start <= last->source_offset + last->length_bytes) {
      last->length_bytes = std::max(last->length_bytes, end - last->source_offset);
    } else {
      payload->length_bytes = RoundUp(payload->length_bytes, alignment_bytes);
      payload->ranges.push_back({&source, start, end - start, payload->length_bytes});
      last = &payload->ranges.back();
    }
    payload->length_bytes = last->destination_offset + last->length_bytes;
    (*chunks)[first_chunk + number].range.offset =
        last->destination_offset + (from.offset - last->source_offset);
  }
  for (size_t i = first_chunk; i < chunks->size(); ++i) {
    if ((*chunks)[i].range.length_bytes == 0) (*chunks)[i].range.offset = 0;
  }
}

void WriteFileType(const std::vector<std::byte>& of_source, BoxWriter* out) {
  if (!of_source.empty()) return out->Bytes(of_source);
  BoxScope ftyp(*out, Tag("ftyp"));  // ISO/IEC 14496-12, 4.3
  out->Text("isom");
  out->U32(0x200);
  out->Text("isomiso2mp41");
}

// ftyp, moov, free where the payload is aligned, and the header of mdat. `payload_offset` 0: only
// the size matters.
std::vector<std::byte> WriteHead(const std::vector<std::byte>& file_type, const MovieToWrite& movie,
                                 uint64_t payload_offset, uint64_t payload_bytes,
                                 uint64_t alignment_bytes) {
  BoxWriter out;
  WriteFileType(file_type, &out);
  WriteMovie(movie, payload_offset, &out);
  const uint64_t unaligned = out.size_bytes() + kMediaHeaderBytes;
  if (unaligned % alignment_bytes != 0) {
    const uint64_t aligned = RoundUp(unaligned + kFreeHeaderBytes, alignment_bytes);
    BoxScope free_space(out, Tag("free"));
    out.Zeros(static_cast<size_t>(aligned - unaligned - kFreeHeaderBytes));
  }
  out.U32(1);
  out.U32(Tag("mdat"));
  out.U64(kMediaHeaderBytes + payload_bytes);
  return std::move(out).Take();
}

Status AppendSource(const SpliceSource& source, ParsedStream stream, const std::string& first_path,
                    Joined* joined) {
  const size_t number = joined->streams.size();
  if (source.cut == nullptr ||
      (source.cut->is_whole() && source.cut->num_source_frames == stream.summary.num_frames)) {
    joined->streams.push_back(std::move(stream));
  } else {
    ROBOMERGE_ASSIGN_OR_RETURN(std::vector<ParsedStream> pieces,
                               StreamCutter(*source.file, std::move(stream)).Cut(*source.cut));
    if (number > 0 && source.cut->pieces.front().must_begin_file) {
      return Problem(Code::kInvalidArgument, "a decoder must begin with this cut of a video")
          .At(source.file->path())
          .Hint("make it the first source of a file");
    }
    std::move(pieces.begin(), pieces.end(), std::back_inserter(joined->streams));
  }
  joined->first_streams.push_back(number);
  return CheckFits(joined->streams[number], source.file->path(), joined->streams.front(),
                   first_path);
}

// `shown`: those of the joined frames that are shown; none: all. REQUIRES: a single source, if not
// all of them are.
Result<SpliceLayout> LayOut(std::span<const SpliceSource> sources, const Joined& joined,
                            const SpliceOptions& options, const FrameRange* shown = nullptr) {
  const std::vector<ParsedStream>& streams = joined.streams;
  ROBOMERGE_ASSIGN_OR_RETURN(const SpliceClock clock, PlanClock(streams, options.fps_numerator));
  ROBOMERGE_ASSIGN_OR_RETURN(SampleTable samples, JoinTables(streams, clock));

  Payload payload;
  for (size_t i = 0; i < sources.size(); ++i) {
    const size_t end = i + 1 < sources.size() ? joined.first_streams[i + 1] : streams.size();
    std::vector<SampleChunk> from;
    for (size_t j = joined.first_streams[i]; j < end; ++j) {
      const auto& chunks = streams[j].video().samples.chunks;
      from.insert(from.end(), chunks.begin(), chunks.end());
    }
    if (options.alignment_bytes == 1) {
      AppendPacked(from, *sources[i].file, &payload, &samples.chunks);
    } else {
      AppendBlocks(from, *sources[i].file, options.alignment_bytes, &payload, &samples.chunks);
    }
  }

  MovieToWrite movie;
  movie.style = &streams.front().movie;
  movie.timescale = clock.timescale;
  movie.end_ticks = movie.shown_ticks = clock.end_ticks;
  movie.media_time_ticks = clock.media_time_ticks;
  movie.samples = &samples;
  movie.has_wide_offsets = true;
  if (shown != nullptr) {
    const uint64_t frame_ticks = streams.front().summary.frame_ticks * clock.sources.front().factor;
    movie.media_time_ticks += shown->first * frame_ticks;
    movie.shown_ticks = shown->num * frame_ticks;
  }
  const auto head_bytes = [&] {
    return WriteHead(streams.front().file_type, movie, 0, payload.length_bytes,
                     options.alignment_bytes)
        .size();
  };
  // With 64-bit offsets the head is at its largest: if that fits 32 bits, 32-bit offsets do.
  if (head_bytes() + payload.length_bytes <= std::numeric_limits<uint32_t>::max())
    movie.has_wide_offsets = false;
  const uint64_t payload_offset = head_bytes();

  SpliceLayout layout;
  layout.head = WriteHead(streams.front().file_type, movie, payload_offset, payload.length_bytes,
                          options.alignment_bytes);
  layout.ranges = std::move(payload.ranges);
  for (io::PayloadRange& range : layout.ranges) range.destination_offset += payload_offset;
  layout.file_size_bytes = payload_offset + payload.length_bytes;
  layout.timescale = clock.timescale;
  for (const size_t number : joined.first_streams)
    layout.start_ticks.push_back(clock.sources[number].start_ticks);
  layout.end_ticks = clock.end_ticks;
  return layout;
}

}  // namespace

Result<SpliceLayout> PlanSplice(std::span<const SpliceSource> sources,
                                const SpliceOptions& options) {
  ROBOMERGE_RETURN_NOT_OK(CheckOptions(sources.size(), options));
  Joined joined;
  joined.streams.reserve(sources.size());
  for (const SpliceSource& source : sources) {
    ROBOMERGE_ASSIGN_OR_RETURN(ParsedStream stream, ParseStream(*source.file));
    ROBOMERGE_RETURN_NOT_OK(
        AppendSource(source, std::move(stream), sources.front().file->path(), &joined));
  }
  return LayOut(sources, joined, options);
}

Result<SpliceLayout> PlanSplice(std::span<const io::RandomAccessFile* const> sources,
                                const SpliceOptions& options) {
  std::vector<SpliceSource> whole;
  for (const io::RandomAccessFile* file : sources) whole.push_back({file});
  return PlanSplice(whole, options);
}

Result<SpliceLayout> PlanShown(StreamCutter& cutter, const FrameCut& cut, const FrameRange& shown,
                               const io::RandomAccessFile& payload, const SpliceOptions& options) {
  ROBOMERGE_RETURN_NOT_OK(CheckOptions(1, options));
  if (shown.num == 0 || !RangeFits(shown.first, shown.num, cut.num_frames())) {
    return Problem(Code::kInvalidArgument, "frames are to be shown that a cut does not keep")
        .At(payload.path())
        .Expected(StrCat("frames 0 to ", cut.num_frames() - 1))
        .Found(StrCat(shown.num, " frames from frame ", shown.first));
  }
  Joined joined;
  ROBOMERGE_ASSIGN_OR_RETURN(joined.streams, cutter.Cut(cut));
  joined.first_streams = {0};
  ROBOMERGE_RETURN_NOT_OK(
      CheckFits(joined.streams.front(), payload.path(), joined.streams.front(), payload.path()));
  const SpliceSource source{&payload, &cut};
  return LayOut(std::span(&source, 1), joined, options, &shown);
}

Result<StreamSummary> SummarizeCut(const io::RandomAccessFile& file, const ParsedStream& stream,
                                   const FrameCut& cut) {
  StreamSummary summary = stream.summary;
  if (cut.is_whole()) return summary;
  const SpliceSource source{&file, &cut};
  Joined joined;
  ROBOMERGE_RETURN_NOT_OK(AppendSource(source, stream, file.path(), &joined));
  ROBOMERGE_ASSIGN_OR_RETURN(const SpliceLayout layout, LayOut(std::span(&source, 1), joined, {}));
  summary.file_size_bytes = layout.file_size_bytes;
  summary.num_frames = summary.num_shown_frames = cut.num_frames();
  summary.length_ticks = layout.end_ticks;
  summary.decoder_key = joined.streams.front().summary.decoder_key;
  summary.starts_at_zero = true;
  summary.start_ticks = 0;
  summary.has_audio = summary.has_trailing_bytes = false;
  summary.num_other_tracks = 0;
  return summary;
}

Result<StreamSummary> SummarizeCut(const io::RandomAccessFile& file, const FrameCut& cut) {
  ROBOMERGE_ASSIGN_OR_RETURN(const ParsedStream stream, ParseStream(file));
  return SummarizeCut(file, stream, cut);
}

}  // namespace robomerge::mp4
