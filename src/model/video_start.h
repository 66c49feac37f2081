// Which frame of a video an episode begins with.
#pragma once

#include <cmath>

#include "base/text.h"
#include "model/dataset.h"
#include "model/frame_times.h"

namespace robomerge {

/// A video may show its first frame later than at 0 s. If LeRobot finds the frames of all episodes
/// of the file at their times all the same, these times are right: 0. If not, frames are counted
/// from the first one: the seconds by which the file starts late, to be added to every
/// from_timestamp.
inline double StartCorrection(const Dataset& dataset, const VideoKey& key, uint32_t file) {
  const mp4::StreamSummary& stream = key.files[file].stream;
  if (stream.start_ticks <= 0) return 0;
  const FrameRate rate = dataset.schema.frame_rate();
  const double fps = static_cast<double>(rate.numerator) / static_cast<double>(rate.denominator);
  for (size_t episode = 0; episode < key.segments.size(); ++episode) {
    if (key.segments[episode].video_file != file) continue;
    const double seconds = key.segments[episode].from_timestamp - stream.start_seconds();
    const double first = std::round(seconds * fps);
    const bool is_found = first >= 0 && std::fabs(first / fps - seconds) <= kToleranceSeconds &&
                          first + static_cast<double>(dataset.episodes[episode].length_frames) <=
                              static_cast<double>(stream.num_frames);
    if (!is_found) return stream.start_seconds();
  }
  return 0;
}

/// The warning that goes with a StartCorrection() of some seconds; `episode` is the first that is
/// looked at.
inline Problem LateStart(const VideoKey& key, uint32_t file, uint64_t episode, double seconds) {
  return Problem(Code::kCorrupt,
                 StrCat("video of `", key.name,
                        "` begins late, so that LeRobot does not find frame 0 of episode ", episode,
                        "; frames are counted instead of timed"))
      .Kind("W-video-start")
      .At(key.files[file].path)
      .Expected("its first frame at 0 s")
      .Found(StrCat(FormatDouble(seconds), " s"));
}

/// The number of the frame of an evenly spaced stream that is shown next to `seconds`; negative
/// before the first.
inline double FrameAt(const mp4::StreamSummary& stream, double seconds, const FrameRate& rate) {
  return std::round((seconds - stream.start_seconds()) * static_cast<double>(rate.numerator) /
                    static_cast<double>(rate.denominator));
}

}  // namespace robomerge
