#include "formats/mp4/frame_list.h"

#include <algorithm>

#include "formats/mp4/parsed_stream.h"

namespace robomerge::mp4 {
namespace {

// Iterates over a run-length table: one value per sample.
template <typename Run, typename Value>
class RunCursor {
 public:
  RunCursor(const std::vector<Run>& runs, Value Run::* value) : runs_(runs), value_(value) {}
  Value Next() {
    while (run_ < runs_.size() && used_ == runs_[run_].num_samples) {
      ++run_;
      used_ = 0;
    }
    if (run_ == runs_.size()) return 0;
    ++used_;
    return runs_[run_].*value_;
  }

 private:
  const std::vector<Run>& runs_;
  Value Run::* value_;
  size_t run_ = 0;
  uint32_t used_ = 0;
};

}  // namespace

Result<FrameList> ReadFrameList(const io::RandomAccessFile& file) {
  ROBOMERGE_ASSIGN_OR_RETURN(ParsedStream stream, ParseStream(file));
  FrameList list;
  list.summary = std::move(stream.summary);
  const SampleTable& samples = stream.video().samples;
  if (list.summary.num_frames != samples.num_samples) {
    list.is_fragmented = true;
    return list;
  }
  const int64_t zero_ticks = ZeroTicks(stream.movie);
  RunCursor deltas(samples.decode_deltas, &TimeRun::delta_ticks);
  RunCursor offsets(samples.composition_offsets, &CompositionRun::offset_ticks);
  list.frames.reserve(samples.num_samples);
  int64_t decode_ticks = 0;
  uint32_t sample = 0;
  for (const SampleChunk& samples_side_by_side : samples.chunks) {
    uint64_t offset = samples_side_by_side.range.offset;
    for (uint32_t left = samples_side_by_side.num_samples; left > 0 && sample < samples.num_samples;
         --left, ++sample) {
      const uint64_t size_bytes = samples.SampleSize(sample);
      list.frames.push_back({decode_ticks + offsets.Next() - zero_ticks, offset, size_bytes});
      offset += size_bytes;
      decode_ticks += deltas.Next();
    }
  }
  std::stable_sort(list.frames.begin(), list.frames.end(),
                   [](const ShownFrame& left, const ShownFrame& right) {
                     return left.shown_ticks < right.shown_ticks;
                   });
  return list;
}

}  // namespace robomerge::mp4
