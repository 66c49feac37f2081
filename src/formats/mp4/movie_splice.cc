#include "formats/mp4/movie_splice.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "base/checked.h"
#include "base/text.h"
#include "formats/mp4/joined_tables.h"
#include "formats/mp4/movie_writer.h"

namespace robomerge::mp4 {
namespace {

constexpr uint64_t kMaxAlignmentBytes = uint64_t{1} << 20;
constexpr uint64_t kFreeHeaderBytes = 8;
constexpr uint64_t kMediaHeaderBytes = 16;  // with a 64-bit size

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
void AppendPacked(const SampleTable& samples, const io::RandomAccessFile& source, Payload* payload,
                  std::vector<SampleChunk>* chunks) {
  for (const SampleChunk& chunk_in_source : samples.chunks) {
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
void AppendBlocks(const SampleTable& samples, const io::RandomAccessFile& source,
                  uint64_t alignment_bytes, Payload* payload, std::vector<SampleChunk>* chunks) {
  const size_t first_chunk = chunks->size();
  chunks->insert(chunks->end(), samples.chunks.begin(), samples.chunks.end());
  std::vector<size_t> by_offset(samples.chunks.size());
  std::iota(by_offset.begin(), by_offset.end(), size_t{0});
  std::stable_sort(by_offset.begin(), by_offset.end(), [&](size_t a, size_t b) {
    return samples.chunks[a].range.offset < samples.chunks[b].range.offset;
  });
  const size_t first_range = payload->ranges.size();
  for (const size_t number : by_offset) {
    const FileRange& from = samples.chunks[number].range;
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

}  // namespace

Result<SpliceLayout> PlanSplice(std::span<const io::RandomAccessFile* const> sources,
                                const SpliceOptions& options) {
  ROBOMERGE_RETURN_NOT_OK(CheckOptions(sources.size(), options));
  std::vector<ParsedStream> streams;
  streams.reserve(sources.size());
  for (const io::RandomAccessFile* source : sources) {
    ROBOMERGE_ASSIGN_OR_RETURN(ParsedStream stream, ParseStream(*source));
    streams.push_back(std::move(stream));
    ROBOMERGE_RETURN_NOT_OK(
        CheckFits(streams.back(), source->path(), streams.front(), sources.front()->path()));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const SpliceClock clock, PlanClock(streams, options.fps_numerator));
  ROBOMERGE_ASSIGN_OR_RETURN(SampleTable samples, JoinTables(streams, clock));

  Payload payload;
  for (size_t i = 0; i < streams.size(); ++i) {
    const SampleTable& from = streams[i].video().samples;
    if (options.alignment_bytes == 1) {
      AppendPacked(from, *sources[i], &payload, &samples.chunks);
    } else {
      AppendBlocks(from, *sources[i], options.alignment_bytes, &payload, &samples.chunks);
    }
  }

  MovieToWrite movie{&streams.front().movie, clock.timescale, clock.end_ticks,
                     clock.media_time_ticks, &samples,        true};
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
  for (const SourceClock& own : clock.sources) layout.start_ticks.push_back(own.start_ticks);
  layout.end_ticks = clock.end_ticks;
  return layout;
}

}  // namespace robomerge::mp4
