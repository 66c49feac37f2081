// Gives each episode a video of its own, as v2.1 has them.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/text.h"
#include "describe/describe_internal.h"

namespace robomerge::describe_internal {
namespace {

// How far from its time LeRobot lets a frame be (format spec 2.2).
constexpr double kToleranceSeconds = 1e-4;

class KeySplitter {
 public:
  KeySplitter(const Dataset& dataset, const CutVideo& split, const DescribedSource& source)
      : dataset_(dataset), split_(split), source_(source), rate_(dataset.schema.frame_rate()) {}

  Status Run(VideoKey& key, std::vector<VideoPlace>& places, std::vector<Problem>& warnings,
             std::vector<Problem>& problems) {
    std::vector<std::vector<size_t>> episodes_of(key.files.size());
    for (size_t episode = 0; episode < places.size(); ++episode)
      episodes_of[places[episode].video_file].push_back(episode);
    files_.assign(places.size(), VideoFile());
    for (size_t file = 0; file < key.files.size(); ++file) {
      if (episodes_of[file].empty()) continue;
      ROBOMERGE_RETURN_NOT_OK(
          SplitFile(key.name, key.files[file], episodes_of[file], places, problems));
    }
    for (size_t episode = 0; episode < places.size(); ++episode) {
      places[episode].video_file = static_cast<uint32_t>(episode);
      key.segments[episode].video_file = places[episode].video_file;
    }
    key.files = std::move(files_);
    Warn(key.name, warnings);
    return Status();
  }

 private:
  Status SplitFile(const std::string& key, const VideoFile& file,
                   const std::vector<size_t>& episodes, std::vector<VideoPlace>& places,
                   std::vector<Problem>& problems) {
    const mp4::StreamSummary& stream = file.stream;
    std::vector<mp4::FrameRange> wanted;
    for (const size_t episode : episodes)
      wanted.push_back({places[episode].first_frame, NumPictures(source_, dataset_, episode)});
    const bool can_be_cut =
        stream.own_file_reason.empty() && stream.OnFrameGrid(rate_.numerator, rate_.denominator);
    const VideoPlace& first = places[episodes.front()];
    const bool is_alone =
        episodes.size() == 1 && std::fabs(first.from_timestamp) <= kToleranceSeconds;
    const bool is_whole = is_alone && wanted.front().num == stream.num_frames;
    if (is_whole && (!can_be_cut || stream.starts_at_zero)) {
      files_[episodes.front()] = file;
      return Status();
    }
    if (!can_be_cut && is_alone) {
      whole_.Add(file.path, 1);
      files_[episodes.front()] = file;
      return Status();
    }
    if (!can_be_cut) {
      problems.push_back(
          Problem(Code::kUnsupported,
                  StrCat("video of `", key,
                         "` cannot be split into one file for each episode without decoding it"))
              .Kind("E-video-split")
              .At(file.path)
              .Expected("a stream that can be cut between two episodes")
              .Found(stream.own_file_reason.empty() ? "frames do not lie on k / fps exactly"
                                                    : stream.own_file_reason)
              .Hint("encode it anew (ffmpeg -i OLD.mp4 -an -c:v libx264 -vsync cfr NEW.mp4), leave "
                    "these episodes out, or write version 3.0"));
      return Status();
    }
    ROBOMERGE_ASSIGN_OR_RETURN(std::vector<VideoFile> parts, split_(file, wanted));
    ROBOMERGE_CHECK(parts.size() == episodes.size());
    for (size_t at = 0; at < episodes.size(); ++at) {
      VideoPlace& place = places[episodes[at]];
      place.first_frame = parts[at].cut->PlaceOf(place.first_frame).value();
      place.from_timestamp = 0;  // an edit list hides what comes before
      const uint64_t num_hidden = parts[at].cut->num_frames() - wanted[at].num;
      if (num_hidden > 0) hidden_.Add(file.path, num_hidden);
      files_[episodes[at]] = std::move(parts[at]);
    }
    return Status();
  }

  void Warn(const std::string& key, std::vector<Problem>& warnings) const {
    if (hidden_.num_videos > 0) {
      warnings.push_back(
          Problem(Code::kUnsupported,
                  StrCat(hidden_.num, " frames of `", key, "` are kept in ", hidden_.num_videos,
                         " videos where an edit list hides them, because others cannot be decoded "
                         "without them"))
              .Kind("W-video-hidden")
              .At(hidden_.first_path)
              .Hint("PyAV, torchcodec, OpenCV and decord show the right frames, but the numbers of "
                    "frames that OpenCV and decord report count the hidden ones"));
    }
    if (whole_.num_videos > 0) {
      warnings.push_back(
          Problem(Code::kUnsupported, StrCat(whole_.num_videos, " videos of `", key,
                                             "` are kept whole, with frames that no episode shows"))
              .Kind("W-video-whole")
              .At(whole_.first_path));
    }
  }

  // What one warning says of many videos.
  struct Gathered {
    uint64_t num = 0, num_videos = 0;
    std::string first_path;
    void Add(const std::string& path, uint64_t more) {
      if (num_videos++ == 0) first_path = path;
      num += more;
    }
  };

  const Dataset& dataset_;
  const CutVideo& split_;
  const DescribedSource& source_;
  const FrameRate rate_;
  std::vector<VideoFile> files_;  // one per episode
  Gathered hidden_, whole_;
};

}  // namespace

Result<std::shared_ptr<const Dataset>> SplitVideos(const Dataset& dataset, const CutVideo& split,
                                                   DescribedSource& source,
                                                   std::vector<Problem>& warnings) {
  auto with_parts = std::make_shared<Dataset>(dataset);
  std::vector<Problem> problems;
  for (size_t key = 0; key < with_parts->video_keys.size(); ++key) {
    ROBOMERGE_RETURN_NOT_OK(
        KeySplitter(dataset, split, source)
            .Run(with_parts->video_keys[key], source.video_places[key], warnings, problems));
  }
  if (!problems.empty()) return Status::Many(std::move(problems)).OfSource(dataset.root);
  PlaceRowsAgain(*with_parts, source);
  source.is_split = true;
  return std::shared_ptr<const Dataset>(std::move(with_parts));
}

}  // namespace robomerge::describe_internal
