// A video spliced with itself and with a good one, packed and in blocks; the result is parsed again
// and must hold the frames of its sources, in order, byte for byte, at the times that the layout
// promises.
#include <cstring>

#include "formats/mp4/frame_list.h"
#include "formats/mp4/movie_splice.h"
#include "fuzz/check.h"
#include "testing/made_movie.h"

namespace robomerge {

namespace {

// An embedding layout may be larger than its sources by the gaps of its blocks, not more.
constexpr uint64_t kMostResultBytes = uint64_t{64} << 20;

std::string BytesAt(const io::RandomAccessFile& file, const mp4::ShownFrame& frame) {
  std::string bytes(frame.size_bytes, '\0');
  FUZZ_CHECK(file.ReadAt(frame.offset, std::as_writable_bytes(std::span(bytes))).ok(),
             "a frame cannot be read");
  return bytes;
}

std::vector<std::byte> Apply(const mp4::SpliceLayout& layout) {
  FUZZ_CHECK(layout.file_size_bytes <= kMostResultBytes,
             "the result is larger than its sources can explain");
  std::vector<std::byte> out(layout.file_size_bytes);
  std::memcpy(out.data(), layout.head.data(), layout.head.size());
  uint64_t end = layout.head.size();
  for (const io::PayloadRange& range : layout.ranges) {
    FUZZ_CHECK(range.destination_offset >= end, "ranges overlap");
    end = range.destination_offset + range.length_bytes;
    FUZZ_CHECK(end <= out.size(), "a range ends behind the file");
    FUZZ_CHECK(range.source
                   ->ReadAt(range.source_offset,
                            std::span(out).subspan(range.destination_offset, range.length_bytes))
                   .ok(),
               "a range lies outside its source");
  }
  return out;
}

void Splice(const std::vector<const io::RandomAccessFile*>& sources,
            const mp4::SpliceOptions& options) {
  const Result<mp4::SpliceLayout> layout = mp4::PlanSplice(sources, options);
  if (!fuzz::Fine(layout)) return;
  FUZZ_CHECK(layout->start_ticks.size() == sources.size(), "one start per source");
  const mp4::MemoryFile result(Apply(*layout), "out.mp4");
  const Result<mp4::FrameList> spliced = mp4::ReadFrameList(result);
  FUZZ_CHECK(fuzz::Fine(spliced), spliced.status().ToString());
  FUZZ_CHECK(!spliced->is_fragmented && spliced->summary.own_file_reason.empty(),
             spliced->summary.own_file_reason);
  FUZZ_CHECK(spliced->summary.starts_at_zero, "the result does not start at zero");
  size_t next = 0;
  for (size_t number = 0; number < sources.size(); ++number) {
    const Result<mp4::FrameList> source = mp4::ReadFrameList(*sources[number]);
    FUZZ_CHECK(source.ok(), source.status().ToString());
    FUZZ_CHECK(source->summary.decoder_key == spliced->summary.decoder_key,
               "decoder configuration");
    const int64_t factor = static_cast<int64_t>(layout->timescale) / source->summary.timescale;
    FUZZ_CHECK(next + source->frames.size() <= spliced->frames.size(), "frames are missing");
    for (const mp4::ShownFrame& frame : source->frames) {
      const mp4::ShownFrame& copy = spliced->frames[next++];
      const int64_t since_first = frame.shown_ticks - source->frames.front().shown_ticks;
      FUZZ_CHECK(copy.shown_ticks ==
                     static_cast<int64_t>(layout->start_ticks[number]) + since_first * factor,
                 "a frame is shown at another time");
      FUZZ_CHECK(copy.size_bytes == frame.size_bytes &&
                     BytesAt(result, copy) == BytesAt(*sources[number], frame),
                 "a frame has other bytes");
    }
  }
  FUZZ_CHECK(next == spliced->frames.size(), "there are more frames than in the sources");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const mp4::MemoryFile good(mp4::WriteTestFile(mp4::EvenMovie(5, 7)), "good.mp4");
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const mp4::MemoryFile file({bytes.begin(), bytes.end()});
  Splice({&file}, {});
  Splice({&file, &file}, {});
  Splice({&good, &file}, {.alignment_bytes = 1, .fps_numerator = 30});
  Splice({&file, &good, &file}, {.alignment_bytes = 4096, .fps_numerator = 0});
  return 0;
}

}  // namespace robomerge
