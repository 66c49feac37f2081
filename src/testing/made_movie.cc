#include "testing/made_movie.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/check.h"
#include "base/checked.h"
#include "formats/mp4/box_scope.h"

namespace robomerge::mp4 {
namespace {

// Writes the sample table that `spec` describes, box by box. Of the code under test it uses only
// BoxWriter.
void WriteTables(const MovieSpec& spec, const std::vector<uint64_t>& chunk_offsets,
                 BoxWriter* out) {
  BoxScope stbl(*out, Tag("stbl"));
  {
    BoxScope stsd(*out, Tag("stsd"), FullBox{});
    out->U32(1);
    BoxScope entry(*out, spec.codec);
    out->Zeros(6);
    out->U16(1);
    out->Zeros(16);
    out->U16(spec.width);
    out->U16(spec.height);
    out->U32(0x480000);
    out->U32(0x480000);
    out->Zeros(4);
    out->U16(1);
    out->Zeros(32);
    out->U16(24);
    out->U16(0xffff);
    out->Bytes(spec.configuration);
  }
  {
    BoxScope stts(*out, Tag("stts"), FullBox{});
    out->U32(static_cast<uint32_t>(spec.deltas.size()));
    for (const TimeRun& run : spec.deltas) {
      out->U32(run.num_samples);
      out->U32(run.delta_ticks);
    }
  }
  if (!spec.offsets.empty()) {
    BoxScope ctts(*out, Tag("ctts"), FullBox{.version = 1});
    out->U32(static_cast<uint32_t>(spec.offsets.size()));
    for (const CompositionRun& run : spec.offsets) {
      out->U32(run.num_samples);
      out->I32(static_cast<int32_t>(run.offset_ticks));
    }
  }
  if (spec.sync_samples) {
    BoxScope stss(*out, Tag("stss"), FullBox{});
    out->U32(static_cast<uint32_t>(spec.sync_samples->size()));
    for (const uint32_t number : *spec.sync_samples) out->U32(number + 1);
  }
  if (spec.dependencies) {
    BoxScope sdtp(*out, Tag("sdtp"), FullBox{});
    for (const uint8_t flags : *spec.dependencies) out->U8(flags);
  }
  {
    BoxScope stsc(*out, Tag("stsc"),
                  FullBox{});  // one run per chunk: allowed, and unlike what we write
    out->U32(static_cast<uint32_t>(spec.samples_per_chunk.size()));
    for (size_t i = 0; i < spec.samples_per_chunk.size(); ++i) {
      out->U32(static_cast<uint32_t>(i + 1));
      out->U32(spec.samples_per_chunk[i]);
      out->U32(1);
    }
  }
  {
    BoxScope stsz(*out, Tag("stsz"), FullBox{});
    out->U32(spec.has_constant_size ? static_cast<uint32_t>(spec.samples.front().size()) : 0);
    out->U32(static_cast<uint32_t>(spec.samples.size()));
    if (!spec.has_constant_size) {
      for (const auto& sample : spec.samples) out->U32(static_cast<uint32_t>(sample.size()));
    }
  }
  BoxScope offsets(*out, spec.has_wide_offsets ? Tag("co64") : Tag("stco"), FullBox{});
  out->U32(static_cast<uint32_t>(chunk_offsets.size()));
  for (const uint64_t offset : chunk_offsets) {
    if (spec.has_wide_offsets) {
      out->U64(offset);
    } else {
      out->U32(static_cast<uint32_t>(offset));
    }
  }
}

void WriteHandler(FourCc handler, BoxWriter* out) {
  BoxScope hdlr(*out, Tag("hdlr"), FullBox{});
  out->U32(0);
  out->U32(handler);
  out->Zeros(13);
}

void WriteTrackHeader(uint32_t id, const MovieSpec& spec, BoxWriter* out) {
  BoxScope tkhd(*out, Tag("tkhd"), FullBox{.flags = 3});
  out->Zeros(8);
  out->U32(id);
  out->Zeros(24);
  for (const int32_t number : spec.matrix) out->I32(number);
  out->U32(uint32_t{spec.width} << 16);
  out->U32(uint32_t{spec.height} << 16);
}

std::vector<std::byte> WriteTestMovie(const MovieSpec& spec,
                                      const std::vector<uint64_t>& chunk_offsets) {
  BoxWriter out;
  {
    BoxScope moov(out, Tag("moov"));
    {
      BoxScope mvhd(out, Tag("mvhd"), FullBox{});
      out.Zeros(8);
      out.U32(spec.movie_timescale);
      out.Zeros(20);
      for (const int32_t number : MovieSpec().matrix) out.I32(number);
      out.Zeros(28);
    }
    if (spec.has_audio) {
      BoxScope trak(out, Tag("trak"));
      WriteTrackHeader(1, spec, &out);
      BoxScope mdia(out, Tag("mdia"));
      WriteHandler(Tag("soun"), &out);
    }
    {
      BoxScope trak(out, Tag("trak"));
      WriteTrackHeader(2, spec, &out);
      if (!spec.edits.empty()) {
        BoxScope edts(out, Tag("edts"));
        BoxScope elst(out, Tag("elst"), FullBox{});
        out.U32(static_cast<uint32_t>(spec.edits.size()));
        for (const Edit& edit : spec.edits) {
          out.U32(static_cast<uint32_t>(edit.duration_movie_ticks));
          out.I32(static_cast<int32_t>(edit.media_time_ticks));
          out.U32(edit.rate_16_16);
        }
      }
      BoxScope mdia(out, Tag("mdia"));
      {
        BoxScope mdhd(out, Tag("mdhd"), FullBox{});
        out.Zeros(8);
        out.U32(spec.timescale);
        out.Zeros(8);
      }
      WriteHandler(Tag("vide"), &out);
      BoxScope minf(out, Tag("minf"));
      {
        BoxScope dinf(out, Tag("dinf"));
        BoxScope dref(out, Tag("dref"), FullBox{});
        out.U32(1);
        BoxScope url(out, Tag("url "), FullBox{.flags = 1});
      }
      WriteTables(spec, chunk_offsets, &out);
    }
    if (spec.has_extends) {
      BoxScope mvex(out, Tag("mvex"));
      BoxScope trex(out, Tag("trex"), FullBox{});
      out.U32(2);
      out.U32(1);
      out.U32(512);  // default_sample_duration
      out.Zeros(8);
    }
  }
  return std::move(out).Take();
}

size_t Find(const std::vector<std::byte>& file, const char* type) {
  const auto name = std::as_bytes(std::span(type, 4));
  const auto found = std::search(file.begin(), file.end(), name.begin(), name.end());
  ROBOMERGE_CHECK(found != file.end());
  return static_cast<size_t>(found - file.begin());
}

}  // namespace

Status MemoryFile::ReadAt(uint64_t offset, std::span<std::byte> out) const {
  if (!RangeFits(offset, out.size(), bytes_.size()))
    return Problem(Code::kCorrupt, "file ends early").At(path_);
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  return Status();
}

MovieSpec EvenMovie(uint32_t num_frames, uint8_t seed) {
  MovieSpec spec;
  spec.deltas = {{num_frames, 512}};
  for (uint32_t i = 0; i < num_frames; ++i) {
    std::vector<std::byte> sample(10, static_cast<std::byte>(seed));
    sample[0] = static_cast<std::byte>(i);
    spec.samples.push_back(std::move(sample));
  }
  spec.samples_per_chunk = {num_frames};
  return spec;
}

std::vector<std::byte> WriteTestFile(const MovieSpec& spec) {
  std::vector<size_t> order = spec.chunk_order;
  if (order.empty()) {
    order.resize(spec.samples_per_chunk.size());
    std::iota(order.begin(), order.end(), size_t{0});
  }
  std::vector<size_t> first_samples;
  size_t num_before = 0;
  for (const uint32_t count : spec.samples_per_chunk) {
    first_samples.push_back(num_before);
    num_before += count;
  }
  BoxWriter payload;
  std::vector<uint64_t> chunk_offsets(order.size());
  for (const size_t number : order) {
    for (uint32_t i = 0; i < spec.gap_bytes; ++i) payload.U8(0xee);
    chunk_offsets[number] = payload.size_bytes();
    for (size_t i = 0; i < spec.samples_per_chunk[number]; ++i)
      payload.Bytes(spec.samples[first_samples[number] + i]);
  }
  BoxWriter out;
  {
    BoxScope ftyp(out, Tag("ftyp"));
    out.Text("isom");
    out.U32(0x200);
    out.Text("isommp41");
  }
  uint64_t payload_start = out.size_bytes() + 8;
  if (spec.has_moov_first) payload_start += WriteTestMovie(spec, chunk_offsets).size();
  for (uint64_t& offset : chunk_offsets) offset += payload_start;
  if (spec.has_moov_first) out.Bytes(WriteTestMovie(spec, chunk_offsets));
  {
    BoxScope mdat(out, Tag("mdat"));
    out.Bytes(payload.bytes());
  }
  if (!spec.has_moov_first) out.Bytes(WriteTestMovie(spec, chunk_offsets));
  return std::move(out).Take();
}

void SetWord(std::vector<std::byte>* file, const char* type, size_t word, uint32_t value) {
  const size_t offset = Find(*file, type) + 4 + 4 * word;
  for (size_t i = 0; i < 4; ++i)
    file->at(offset + i) = static_cast<std::byte>(value >> (24 - 8 * i));
}

void Rename(std::vector<std::byte>* file, const char* from, const char* to) {
  const size_t offset = Find(*file, from);
  for (size_t i = 0; i < 4; ++i) (*file)[offset + i] = static_cast<std::byte>(to[i]);
}

void AppendBox(std::vector<std::byte>* file, const char* type, std::vector<std::byte> body) {
  BoxWriter out;
  out.U32(static_cast<uint32_t>(8 + body.size()));
  out.Text(type);
  out.Bytes(body);
  file->insert(file->end(), out.bytes().begin(), out.bytes().end());
}

std::vector<std::byte> BytesOf(std::initializer_list<int> numbers) {
  std::vector<std::byte> bytes;
  for (const int number : numbers) bytes.push_back(static_cast<std::byte>(number));
  return bytes;
}

std::vector<TestFrame> ReadFrames(const ParsedStream& stream, const io::RandomAccessFile& file) {
  const SampleTable& samples = stream.video().samples;
  std::vector<TestFrame> frames;
  int64_t decode_ticks = 0;
  for (const TimeRun& run : samples.decode_deltas) {
    for (uint32_t i = 0; i < run.num_samples; ++i) {
      TestFrame frame;
      frame.decode_ticks = frame.shown_ticks = decode_ticks;
      frame.is_sync = !samples.sync_samples;
      frames.push_back(frame);
      decode_ticks += run.delta_ticks;
    }
  }
  size_t number = 0;
  for (const CompositionRun& run : samples.composition_offsets) {
    for (uint32_t i = 0; i < run.num_samples; ++i)
      frames.at(number++).shown_ticks += run.offset_ticks;
  }
  if (samples.sync_samples) {
    for (const uint32_t sync : *samples.sync_samples) frames.at(sync).is_sync = true;
  }
  number = 0;
  for (const SampleChunk& sample_chunk : samples.chunks) {
    uint64_t offset = sample_chunk.range.offset;
    for (uint32_t i = 0; i < sample_chunk.num_samples; ++i, ++number) {
      TestFrame& frame = frames.at(number);
      if (samples.dependencies) frame.dependency = samples.dependencies->at(number);
      frame.payload.resize(samples.SampleSize(static_cast<uint32_t>(number)));
      ROBOMERGE_CHECK(file.ReadAt(offset, frame.payload).ok());
      offset += frame.payload.size();
    }
  }
  return frames;
}

}  // namespace robomerge::mp4
