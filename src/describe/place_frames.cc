#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "describe/describe_internal.h"

namespace robomerge::describe_internal {
namespace {

// LeRobot's default tolerance_s: reading fails for a frame that is farther from its time.
constexpr double kToleranceSeconds = 1e-4;

std::string Rate(double frames_per_second) {
  std::string text = FormatDouble(std::round(frames_per_second * 1e4) / 1e4);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + " fps";
}

// Whether the feature's shape allows this size. LeRobot usually writes (height, width, channels);
// channels first is legal too.
bool ShapeAllows(const Feature& feature, uint32_t width, uint32_t height) {
  const std::vector<int64_t> shape = feature.shape();
  if (shape.size() != 3) return true;
  const auto is = [&](size_t first) { return shape[first] == height && shape[first + 1] == width; };
  return is(0) || is(1);
}

class KeyPlacer {
 public:
  KeyPlacer(const Dataset& dataset, const VideoKey& key, std::vector<Problem>& warnings,
            std::vector<Problem>& problems)
      : dataset_(dataset),
        key_(key),
        rate_(dataset.schema.frame_rate()),
        warnings_(warnings),
        problems_(problems),
        claimed_frames_(key.files.size()) {}

  std::vector<VideoPlace> Run() {
    CheckFiles();
    std::vector<VideoPlace> places;
    for (size_t episode = 0; episode < key_.segments.size(); ++episode)
      places.push_back(Place(episode));
    CheckTotals();
    if (num_corrected_ > 0) {
      warnings_.push_back(Problem(Code::kCorrupt, StrCat("timestamps of ", num_corrected_, " of ",
                                                         places.size(), " episodes are off in `",
                                                         key_.name, "` and are corrected"))
                              .Kind("W-episode-timestamps")
                              .At(first_corrected_)
                              .Expected(expected_)
                              .Found(found_));
    }
    return places;
  }

 private:
  const mp4::StreamSummary& Stream(size_t file) const { return key_.files[file].stream; }

  // Whether frame k of the destination file will lie at exactly k / fps. If so, episodes are placed
  // by frame numbers, otherwise their times stay as they are. The splice moves a late start to 0,
  // but a file that must be copied as it is keeps its times.
  bool OnGrid(size_t file) const {
    const mp4::StreamSummary& stream = Stream(file);
    return stream.num_frames > 0 && stream.OnFrameGrid(rate_.numerator, rate_.denominator) &&
           (stream.starts_at_zero || stream.own_file_reason.empty());
  }

  // Compares the streams with info.json. What would break the result is an error; a wrong size or
  // codec name is only a warning.
  void CheckFiles() {
    const Feature& feature = *dataset_.schema.Find(key_.name);
    const Json info = feature.entry.contains("info") ? feature.entry.at("info") : Json();
    const std::string declared = info.is_object() ? info.value("video.codec", Json()).is_string()
                                                        ? info.at("video.codec").get<std::string>()
                                                        : ""
                                                  : "";
    size_t num_lies = 0;
    for (const VideoFile& file : key_.files) {
      const mp4::StreamSummary& stream = file.stream;
      if (stream.width > 0 && !ShapeAllows(feature, stream.width, stream.height)) {
        // LeRobot loads it all the same. It is a warning because training code may rely on the
        // shape.
        warnings_.push_back(
            Problem(Code::kCorrupt,
                    StrCat("video of `", key_.name, "` has another size than info.json says"))
                .Kind("W-video-size")
                .At(file.path)
                .Expected(StrCat("shape ", json::DumpLine(feature.entry.value("shape", Json())),
                                 " (height, width, channels)"))
                .Found(StrCat(stream.height, " x ", stream.width)));
      }
      if (stream.frame_ticks > 0) {
        const double real =
            static_cast<double>(stream.timescale) / static_cast<double>(stream.frame_ticks);
        const double stated =
            static_cast<double>(rate_.numerator) / static_cast<double>(rate_.denominator);
        // A file with one frame has no rate. One of few frames may have ticks too coarse for it.
        const double drift_seconds =
            static_cast<double>(stream.num_frames - 1) * std::fabs(1 / real - 1 / stated);
        if (stream.num_frames > 1 && std::fabs(real / stated - 1) > 1e-4 &&
            drift_seconds > kToleranceSeconds) {
          problems_.push_back(
              Problem(Code::kCorrupt, StrCat("video of `", key_.name,
                                             "` has another frame rate than info.json says"))
                  .Kind("E-video-fps")
                  .At(file.path)
                  .Expected(Rate(stated))
                  .Found(Rate(real))
                  .Hint("correct fps of info.json, or encode the video at that rate"));
        }
      }
      if (!declared.empty() && declared != stream.codec && num_lies++ == 0) lie_ = &file;
    }
    if (num_lies > 0) {
      warnings_.push_back(
          Problem(Code::kCorrupt,
                  StrCat("info.json names a wrong codec for `", key_.name, "` (", num_lies, " of ",
                         key_.files.size(), " files); the merged dataset names the real one"))
              .Kind("W-video-codec")
              .At(lie_->path)
              .Expected(StrCat(declared, " (from info.json)"))
              .Found(lie_->stream.codec));
    }
  }

  VideoPlace Place(size_t episode) {
    const VideoSegment& segment = key_.segments[episode];
    const uint64_t length = dataset_.episodes[episode].length_frames;
    VideoPlace place;
    place.video_file = segment.video_file;
    place.from_timestamp = segment.from_timestamp;
    claimed_frames_[segment.video_file] += length;
    const std::string where = Where(episode);
    if (!std::isfinite(segment.from_timestamp) || segment.from_timestamp < -kToleranceSeconds) {
      const char* what = std::isfinite(segment.from_timestamp) ? " begins before its video"
                                                               : " begins at no time of its video";
      problems_.push_back(Problem(Code::kCorrupt, StrCat("episode ", episode, what))
                              .Kind("E-episodes")
                              .At(where)
                              .Expected("0 s or later")
                              .Found(FormatDouble(segment.from_timestamp)));
      return place;
    }
    const double frames_per_second =
        static_cast<double>(rate_.numerator) / static_cast<double>(rate_.denominator);
    if (!OnGrid(segment.video_file)) return place;  // keeps the times of the file
    const uint64_t num_frames = Stream(segment.video_file).num_frames;
    const double nearest = std::max(0.0, std::round(segment.from_timestamp * frames_per_second));
    if (nearest + static_cast<double>(length) > static_cast<double>(num_frames)) {
      problems_.push_back(
          Problem(Code::kCorrupt, StrCat("video of `", key_.name,
                                         "` has fewer frames than episode ", episode, " needs"))
              .Kind("E-video-frames")
              .At(key_.files[segment.video_file].path)
              .Expected(
                  StrCat(WithSeparators(static_cast<uint64_t>(std::min(nearest, 1e15)) + length),
                         " frames (from ", where, ")"))
              .Found(StrCat(WithSeparators(num_frames), " frames"))
              .Hint("the recording was cut off, or the table is of another one: copy the dataset "
                    "again, or delete the episode with LeRobot"));
      return place;
    }
    place.first_frame = static_cast<uint64_t>(nearest);
    place.from_timestamp = rate_.Seconds(place.first_frame);
    const double to_timestamp = rate_.Seconds(place.first_frame + length);
    const bool from_is_off =
        std::fabs(place.from_timestamp - segment.from_timestamp) > kToleranceSeconds;
    const bool to_is_off = !(std::fabs(to_timestamp - segment.to_timestamp) <= kToleranceSeconds);
    if ((from_is_off || to_is_off) && num_corrected_++ == 0) {
      first_corrected_ = where;
      expected_ = StrCat(FormatDouble(place.from_timestamp), " to ", FormatDouble(to_timestamp),
                         " (", length, " frames at ", Rate(frames_per_second), ")");
      found_ =
          StrCat(FormatDouble(segment.from_timestamp), " to ", FormatDouble(segment.to_timestamp));
    }
    return place;
  }

  // Off the grid, or where an edit list hides frames, episodes cannot be checked one by one, but
  // the file must show as many frames as they have together.
  void CheckTotals() {
    for (size_t file = 0; file < key_.files.size(); ++file) {
      const mp4::StreamSummary& stream = Stream(file);
      const bool is_checked = OnGrid(file) && stream.num_shown_frames == stream.num_frames;
      if (is_checked || claimed_frames_[file] <= stream.num_shown_frames) continue;
      problems_.push_back(
          Problem(Code::kCorrupt,
                  StrCat("video of `", key_.name, "` has fewer frames than its episodes need"))
              .Kind("E-video-frames")
              .At(key_.files[file].path)
              .Expected(StrCat("at least ", WithSeparators(claimed_frames_[file]), " frames"))
              .Found(stream.num_shown_frames == stream.num_frames
                         ? WithSeparators(stream.num_frames)
                         : StrCat(WithSeparators(stream.num_shown_frames), " of ",
                                  WithSeparators(stream.num_frames),
                                  " frames: its edit list hides the others"))
              .Hint("encode the video anew, or delete the episode with LeRobot"));
    }
  }

  std::string Where(size_t episode) const {
    const Episode& row = dataset_.episodes[episode];
    return StrCat(dataset_.episodes_files[row.episodes_file].path, ": videos/", key_.name,
                  "/from_timestamp, row ", row.row);
  }

  const Dataset& dataset_;
  const VideoKey& key_;
  const FrameRate rate_;
  std::vector<Problem>& warnings_;
  std::vector<Problem>& problems_;
  std::vector<uint64_t> claimed_frames_;
  const VideoFile* lie_ = nullptr;
  size_t num_corrected_ = 0;
  std::string first_corrected_, expected_, found_;
};

}  // namespace

void PlaceFrames(const Dataset& dataset, DescribedSource& source, std::vector<Problem>& warnings,
                 std::vector<Problem>& problems) {
  for (const VideoKey& key : dataset.video_keys)
    source.video_places.push_back(KeyPlacer(dataset, key, warnings, problems).Run());
}

}  // namespace robomerge::describe_internal
