// Looks for the frame of every row in a video that is copied as it is: its frames need not lie at
// k / fps.
#include <algorithm>
#include <cmath>

#include "describe/describe_internal.h"
#include "model/frame_times.h"

namespace robomerge::describe_internal {
namespace {

double ShownSeconds(const mp4::StreamSummary& stream, size_t frame) {
  const int64_t ticks = stream.frame_ticks > 0
                            ? stream.start_ticks + static_cast<int64_t>(frame * stream.frame_ticks)
                            : stream.uneven_ticks[frame];
  return static_cast<double>(ticks) / stream.timescale;
}

size_t Nearest(const mp4::StreamSummary& stream, double seconds) {
  size_t low = 0,
         high = stream.num_frames - 1;  // the first frame at or after `seconds`, or the last
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (ShownSeconds(stream, middle) < seconds)
      low = middle + 1;
    else
      high = middle;
  }
  const bool is_before_nearer =
      low > 0 && seconds - ShownSeconds(stream, low - 1) <= ShownSeconds(stream, low) - seconds;
  return is_before_nearer ? low - 1 : low;
}

}  // namespace

FoundFrames FindFrames(const mp4::StreamSummary& stream, double from_timestamp,
                       int64_t first_picture, uint64_t length, const FrameRate& rate) {
  FoundFrames found;
  const double period = rate.Seconds(1);
  size_t before = stream.num_frames;
  for (uint64_t row = 0; row < length; ++row) {
    const double seconds =
        from_timestamp + static_cast<double>(first_picture) * period + rate.Seconds(row);
    const size_t frame = Nearest(stream, seconds);
    const double distance = std::fabs(ShownSeconds(stream, frame) - seconds);
    if (frame == before || distance > period / 2) {
      if (found.num_missing++ == 0)
        found.first_missing = {row, seconds, ShownSeconds(stream, frame)};
    } else if (distance > kToleranceSeconds) {
      if (found.num_late++ == 0) found.first_late = {row, seconds, ShownSeconds(stream, frame)};
    }
    before = frame;
  }
  return found;
}

}  // namespace robomerge::describe_internal
