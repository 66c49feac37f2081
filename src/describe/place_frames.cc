#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "base/way_out.h"
#include "describe/describe_internal.h"
#include "model/video_start.h"

namespace robomerge::describe_internal {
namespace {

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
  KeyPlacer(const Dataset& dataset, const DescribedSource& source, const VideoKey& key,
            std::vector<Problem>& warnings, std::vector<Problem>& problems)
      : dataset_(dataset),
        source_(source),
        key_(key),
        rate_(dataset.schema.frame_rate()),
        warnings_(warnings),
        problems_(problems),
        claimed_frames_(key.files.size()),
        corrections_(key.files.size()),
        has_wrong_rate_(key.files.size()) {}

  std::vector<VideoPlace> Run() {
    CheckFiles();
    std::vector<VideoPlace> places;
    for (size_t episode = 0; episode < key_.segments.size(); ++episode)
      places.push_back(Place(episode));
    CheckTotals();
    CheckShared(places);
    if (late_) {
      late_->what = StrCat("times of ", num_late_, " frames of `", key_.name, late_->what);
      warnings_.push_back(std::move(*late_));
    }
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
          has_wrong_rate_[static_cast<size_t>(&file - key_.files.data())] = true;
          problems_.push_back(
              Problem(Code::kCorrupt, StrCat("video of `", key_.name,
                                             "` has another frame rate than info.json says"))
                  .Kind("E-video-fps")
                  .At(file.path)
                  .Expected(Rate(stated))
                  .Found(Rate(real))
                  .Hint("correct fps of info.json, or encode the video at that rate")
                  .OfEpisodes(EpisodesIn(static_cast<size_t>(&file - key_.files.data()))));
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
      problems_.push_back(Problem(Code::kCorrupt, StrCat("episode ", Number(episode), what))
                              .Kind("E-episodes")
                              .At(where)
                              .Expected("0 s or later")
                              .Found(FormatDouble(segment.from_timestamp))
                              .OfEpisodes({Number(episode)}));
      return place;
    }
    const mp4::StreamSummary& stream = Stream(segment.video_file);
    const double correction = Correction(segment.video_file, episode);
    const double frames_per_second =
        static_cast<double>(rate_.numerator) / static_cast<double>(rate_.denominator);
    if (!OnGrid(segment.video_file)) {
      // Keeps the times of the file.
      if (correction != 0) place.from_timestamp += correction;
      if (stream.has_times && stream.num_frames > 0 && !has_wrong_rate_[segment.video_file])
        Find(episode, place.from_timestamp);
      return place;
    }
    const double nearest =
        std::max(0.0, FrameAt(stream, segment.from_timestamp + correction, rate_));
    const double first = nearest + static_cast<double>(FirstPicture(episode));
    if (first < 0 || first + static_cast<double>(length) > static_cast<double>(stream.num_frames)) {
      problems_.push_back(
          Problem(Code::kCorrupt,
                  StrCat("video of `", key_.name, "` has fewer frames than episode ",
                         Number(episode), " needs"))
              .Kind("E-video-frames")
              .At(key_.files[segment.video_file].path)
              .Expected(StrCat(
                  WithSeparators(static_cast<uint64_t>(std::clamp(first, 0.0, 1e15)) + length),
                  " frames (from ", where, ")"))
              .Found(StrCat(WithSeparators(stream.num_frames), " frames"))
              .Hint(
                  StrCat(FirstPicture(episode) != 0
                             ? "if the rows are right but for their times, --retime gives them the "
                               "frames in their order; else copy the dataset again, or "
                             : "the recording was cut off, or the table is of another one: copy "
                               "the dataset again, or ",
                         kLeaveEpisodeOut))
              .OfEpisodes({Number(episode)}));
      return place;
    }
    place.first_frame = static_cast<uint64_t>(nearest);
    place.from_timestamp = rate_.Seconds(place.first_frame);
    const double to_timestamp = rate_.Seconds(place.first_frame + length);
    // On the clock of the source, which a late start shifts.
    const double shift = stream.start_seconds() - correction;
    const double from = segment.from_timestamp - shift, to = segment.to_timestamp - shift;
    const bool is_off = std::fabs(place.from_timestamp - from) > kToleranceSeconds ||
                        !(std::fabs(to_timestamp - to) <= kToleranceSeconds);
    if (is_off && num_corrected_++ == 0) {
      first_corrected_ = where;
      expected_ = StrCat(FormatDouble(place.from_timestamp), " to ", FormatDouble(to_timestamp),
                         " (", length, " frames at ", Rate(frames_per_second), ")");
      found_ = StrCat(FormatDouble(from), " to ", FormatDouble(to));
    }
    return place;
  }

  // The picture that row 0 of the episode shows, counted from that at from_timestamp.
  int64_t FirstPicture(size_t episode) const {
    const EpisodeRows* rows = source_.data_places[episode].rows;
    return rows != nullptr && rows->odd ? rows->odd->first_picture() : 0;
  }

  double Correction(uint32_t file, size_t episode) {
    if (!corrections_[file]) {
      corrections_[file] = StartCorrection(dataset_, key_, file);
      if (*corrections_[file] != 0)
        warnings_.push_back(LateStart(key_, file, Number(episode), *corrections_[file]));
    }
    return *corrections_[file];
  }

  // Off the grid each frame is looked for. One that is not there is an error, one that LeRobot does
  // not find because it lies beside its time is kept.
  void Find(size_t episode, double from_timestamp) {
    const VideoFile& file = key_.files[key_.segments[episode].video_file];
    const FoundFrames found = FindFrames(file.stream, from_timestamp, FirstPicture(episode),
                                         dataset_.episodes[episode].length_frames, rate_);
    const auto seconds = [](double number) { return FormatDouble(number) + " s"; };
    if (found.num_missing > 0) {
      problems_.push_back(
          Problem(Code::kCorrupt, StrCat("video of `", key_.name, "` has no frame for frame ",
                                         found.first_missing.row, " of episode ", Number(episode),
                                         found.num_missing > 1
                                             ? StrCat(" and ", found.num_missing - 1, " more of it")
                                             : std::string()))
              .Kind("E-video-frames")
              .At(file.path)
              .Expected(StrCat("a frame at ", seconds(found.first_missing.due_seconds), " (from ",
                               Where(episode), ")"))
              .Found(StrCat("the nearest one at ", seconds(found.first_missing.nearest_seconds)))
              .Hint(StrCat("encode the video with that frame, or ", kLeaveEpisodeOut))
              .OfEpisodes({Number(episode)}));
    }
    if (found.num_late == 0) return;
    num_late_ += found.num_late;
    if (late_) return;
    late_ = Problem(Code::kCorrupt, StrCat("`, the first of them frame ", found.first_late.row,
                                           " of episode ", Number(episode),
                                           ", lie so far from their time that LeRobot does not "
                                           "find them; they are kept as they are"))
                .Kind("W-video-times")
                .At(file.path)
                .Expected(seconds(found.first_late.due_seconds))
                .Found(seconds(found.first_late.nearest_seconds));
  }

  // Where times are not known, or an edit list hides frames, episodes cannot be checked one by one,
  // but the file must show as many frames as they have together.
  void CheckTotals() {
    for (size_t file = 0; file < key_.files.size(); ++file) {
      const mp4::StreamSummary& stream = Stream(file);
      const bool is_checked = stream.num_shown_frames == stream.num_frames &&
                              (OnGrid(file) || (stream.has_times && stream.num_frames > 0));
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
              .Hint(StrCat("encode the video anew, or ", kLeaveEpisodeOut))
              .OfEpisodes(EpisodesIn(file)));
    }
  }

  // Two episodes over the same frames: LeRobot shows these to both, and so does the result.
  void CheckShared(const std::vector<VideoPlace>& places) {
    std::vector<size_t> order(places.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto begin = [&](size_t episode) {
      return std::pair(places[episode].video_file, places[episode].from_timestamp);
    };
    const auto is_before = [&](size_t a, size_t b) { return begin(a) < begin(b); };
    if (!std::is_sorted(order.begin(), order.end(), is_before))
      std::stable_sort(order.begin(), order.end(), is_before);
    size_t num_shared = 0, first = 0;
    for (size_t at = 1; at < order.size(); ++at) {
      const size_t before = order[at - 1], after = order[at];
      if (places[before].video_file != places[after].video_file ||
          places[after].from_timestamp >=
              places[before].from_timestamp +
                  rate_.Seconds(dataset_.episodes[before].length_frames) - kToleranceSeconds)
        continue;
      if (num_shared++ == 0) first = at;
    }
    if (num_shared == 0) return;
    warnings_.push_back(
        Problem(Code::kCorrupt,
                StrCat("episodes ", order[first - 1], " and ", order[first],
                       num_shared > 1 ? StrCat(", and ", num_shared - 1, " more pairs,")
                                      : std::string(),
                       " have frames of `", key_.name, "` in common, which both keep"))
            .Kind("W-video-shared")
            .At(Where(order[first]))
            .Expected(StrCat(
                FormatDouble(places[order[first - 1]].from_timestamp +
                             rate_.Seconds(dataset_.episodes[order[first - 1]].length_frames)),
                " s or later"))
            .Found(StrCat(FormatDouble(places[order[first]].from_timestamp), " s"))
            .Hint("correct from_timestamp if this is not meant"));
  }

  // The source's own number.
  uint64_t Number(size_t episode) const { return dataset_.episodes[episode].number; }

  std::vector<uint64_t> EpisodesIn(size_t file) const {
    std::vector<uint64_t> numbers;
    for (size_t episode = 0; episode < key_.segments.size(); ++episode) {
      if (key_.segments[episode].video_file == file) numbers.push_back(Number(episode));
    }
    return numbers;
  }

  std::string Where(size_t episode) const {
    const Episode& row = dataset_.episodes[episode];
    const EpisodesFile& file = dataset_.episodes_files[row.episodes_file];
    if (!file.is_table()) return StrCat(file.path, ": episode ", row.number);
    return StrCat(file.path, ": videos/", key_.name, "/from_timestamp, row ", row.row);
  }

  const Dataset& dataset_;
  const DescribedSource& source_;
  const VideoKey& key_;
  const FrameRate rate_;
  std::vector<Problem>& warnings_;
  std::vector<Problem>& problems_;
  std::vector<uint64_t> claimed_frames_;
  std::vector<std::optional<double>> corrections_;  // per file: StartCorrection
  std::vector<bool> has_wrong_rate_;                // per file
  std::optional<Problem> late_;
  uint64_t num_late_ = 0;
  const VideoFile* lie_ = nullptr;
  size_t num_corrected_ = 0;
  std::string first_corrected_, expected_, found_;
};

}  // namespace

void PlaceFrames(const Dataset& dataset, DescribedSource& source, std::vector<Problem>& warnings,
                 std::vector<Problem>& problems) {
  for (const VideoKey& key : dataset.video_keys)
    source.video_places.push_back(KeyPlacer(dataset, source, key, warnings, problems).Run());
}

}  // namespace robomerge::describe_internal
