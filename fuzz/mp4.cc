// All that is read of a video: boxes, sample tables, fragments, sample entry, first sample; and its
// frames one by one, as verify reads them.
#include "formats/mp4/frame_list.h"
#include "formats/mp4/stream.h"
#include "fuzz/check.h"
#include "testing/made_movie.h"

namespace robomerge {

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const mp4::MemoryFile file({bytes.begin(), bytes.end()});
  const Result<mp4::StreamSummary> summary = mp4::ReadStreamSummary(file);
  const Result<mp4::FrameList> frames = mp4::ReadFrameList(file);
  const bool is_fine = fuzz::Fine(summary);
  FUZZ_CHECK(fuzz::Fine(frames) == is_fine,
             summary.status().ToString() + frames.status().ToString());
  if (!is_fine) return 0;
  FUZZ_CHECK(summary->file_size_bytes == size, "size");
  FUZZ_CHECK(summary->timescale > 0 && summary->timescale <= mp4::kMaxTimescale, "timescale");
  if (frames->is_fragmented) {
    FUZZ_CHECK(!summary->own_file_reason.empty(), "a fragmented file is not spliced");
    return 0;
  }
  FUZZ_CHECK(frames->frames.size() == summary->num_frames, "number of frames");
  for (const mp4::ShownFrame& frame : frames->frames) {
    FUZZ_CHECK(frame.offset <= size && frame.size_bytes <= size - frame.offset,
               "a frame lies outside the file");
  }
  // Counted at 30 fps; whatever it says, it must not overflow.
  static_cast<void>(summary->OnFrameGrid(30, 1) || summary->OnFrameGrid(UINT64_MAX, 3));
  return 0;
}

}  // namespace robomerge
