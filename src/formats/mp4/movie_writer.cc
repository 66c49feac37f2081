#include "formats/mp4/movie_writer.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace robomerge::mp4 {
namespace {

constexpr uint32_t kTrackId = 1;
constexpr uint16_t kUndeterminedLanguage = 0x55c4;  // "und", 8.4.2.3

class MovieWriter {
 public:
  MovieWriter(const MovieToWrite& movie, uint64_t payload_offset, BoxWriter* out)
      : movie_(movie), samples_(*movie.samples), payload_offset_(payload_offset), out_(*out) {}

  void Write() {
    BoxScope moov(out_, Tag("moov"));
    WriteMovieHeader();
    BoxScope trak(out_, Tag("trak"));
    WriteTrackHeader();
    WriteEdits();
    WriteMedia();
  }

 private:
  void WriteMatrix(const Matrix& matrix) {
    for (const int32_t number : matrix) out_.I32(number);
  }

  void WriteMovieHeader() {
    BoxScope mvhd(out_, Tag("mvhd"), FullBox{.version = 1});
    out_.Zeros(16);  // creation and modification time
    out_.U32(movie_.timescale);
    out_.U64(movie_.shown_ticks);
    out_.U32(kNormalRate);
    out_.U16(0x0100);  // volume
    out_.Zeros(10);
    WriteMatrix(movie_.style->matrix);
    out_.Zeros(24);
    out_.U32(kTrackId + 1);  // next_track_ID
  }

  void WriteTrackHeader() {
    BoxScope tkhd(out_, Tag("tkhd"), FullBox{.version = 1, .flags = 3});  // enabled, in the movie
    out_.Zeros(16);
    out_.U32(kTrackId);
    out_.Zeros(4);
    out_.U64(movie_.shown_ticks);
    out_.Zeros(16);  // reserved, layer, alternate_group, volume
    WriteMatrix(movie_.style->video.matrix);
    out_.U32(movie_.style->video.display_width_16_16);
    out_.U32(movie_.style->video.display_height_16_16);
  }

  void WriteEdits() {
    BoxScope edts(out_, Tag("edts"));
    BoxScope elst(out_, Tag("elst"), FullBox{.version = 1});
    out_.U32(1);
    out_.U64(movie_.shown_ticks);
    out_.U64(movie_.media_time_ticks);
    out_.U32(kNormalRate);
  }

  void WriteMedia() {
    BoxScope mdia(out_, Tag("mdia"));
    {
      BoxScope mdhd(out_, Tag("mdhd"), FullBox{.version = 1});
      out_.Zeros(16);
      out_.U32(movie_.timescale);
      out_.U64(movie_.end_ticks);
      out_.U16(kUndeterminedLanguage);
      out_.U16(0);
    }
    {
      BoxScope hdlr(out_, Tag("hdlr"), FullBox{});
      out_.U32(0);
      out_.U32(Tag("vide"));
      out_.Zeros(12);
      out_.Text("VideoHandler");
      out_.U8(0);
    }
    BoxScope minf(out_, Tag("minf"));
    {
      BoxScope vmhd(out_, Tag("vmhd"), FullBox{.flags = 1});
      out_.Zeros(8);  // graphicsmode copy, opcolor
    }
    {
      BoxScope dinf(out_, Tag("dinf"));
      BoxScope dref(out_, Tag("dref"), FullBox{});
      out_.U32(1);
      BoxScope url(out_, Tag("url "), FullBox{.flags = 1});  // in this file
    }
    WriteSampleTable();
  }

  void WriteSampleTable() {
    BoxScope stbl(out_, Tag("stbl"));
    {
      BoxScope stsd(out_, Tag("stsd"), FullBox{});
      out_.U32(1);
      out_.Bytes(movie_.style->video.entry.normalised);
    }
    {
      BoxScope stts(out_, Tag("stts"), FullBox{});
      WriteCount(samples_.decode_deltas.size());
      for (const TimeRun& run : samples_.decode_deltas) {
        out_.U32(run.num_samples);
        out_.U32(run.delta_ticks);
      }
    }
    if (!samples_.composition_offsets.empty()) {
      BoxScope ctts(out_, Tag("ctts"), FullBox{});
      WriteCount(samples_.composition_offsets.size());
      for (const CompositionRun& run : samples_.composition_offsets) {
        out_.U32(run.num_samples);
        out_.U32(static_cast<uint32_t>(run.offset_ticks));
      }
    }
    if (samples_.sync_samples) {
      BoxScope stss(out_, Tag("stss"), FullBox{});
      WriteCount(samples_.sync_samples->size());
      for (const uint32_t number : *samples_.sync_samples) out_.U32(number + 1);
    }
    if (samples_.dependencies) {
      BoxScope sdtp(out_, Tag("sdtp"), FullBox{});
      for (const uint8_t flags : *samples_.dependencies) out_.U8(flags);
    }
    WriteChunks();
  }

  void WriteChunks() {
    // A run is written where the number of samples per chunk changes.
    const auto& chunks = samples_.chunks;
    size_t num_runs = 0;
    for (size_t i = 0; i < chunks.size(); ++i) num_runs += IsRunStart(i) ? 1 : 0;
    {
      BoxScope stsc(out_, Tag("stsc"), FullBox{});
      WriteCount(num_runs);
      for (size_t i = 0; i < chunks.size(); ++i) {
        if (!IsRunStart(i)) continue;
        out_.U32(static_cast<uint32_t>(i + 1));
        out_.U32(chunks[i].num_samples);
        out_.U32(1);  // sample_description_index
      }
    }
    {
      BoxScope stsz(out_, Tag("stsz"), FullBox{});
      out_.U32(samples_.sizes_bytes.empty() ? samples_.constant_size_bytes : 0);
      out_.U32(samples_.num_samples);
      for (const uint32_t size_bytes : samples_.sizes_bytes) out_.U32(size_bytes);
    }
    BoxScope offsets(out_, movie_.has_wide_offsets ? Tag("co64") : Tag("stco"), FullBox{});
    WriteCount(chunks.size());
    for (const SampleChunk& sample_chunk : chunks) {
      const uint64_t offset = payload_offset_ + sample_chunk.range.offset;
      if (movie_.has_wide_offsets) {
        out_.U64(offset);
      } else {
        ROBOMERGE_CHECK(offset <= std::numeric_limits<uint32_t>::max());
        out_.U32(static_cast<uint32_t>(offset));
      }
    }
  }

  bool IsRunStart(size_t number) const {
    return number == 0 ||
           samples_.chunks[number].num_samples != samples_.chunks[number - 1].num_samples;
  }

  void WriteCount(size_t count) { out_.U32(static_cast<uint32_t>(count)); }

  const MovieToWrite& movie_;
  const SampleTable& samples_;
  uint64_t payload_offset_;
  BoxWriter& out_;
};

}  // namespace

void WriteMovie(const MovieToWrite& movie, uint64_t payload_offset, BoxWriter* out) {
  MovieWriter(movie, payload_offset, out).Write();
}

}  // namespace robomerge::mp4
