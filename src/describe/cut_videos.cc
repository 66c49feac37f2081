#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "describe/describe_internal.h"

namespace robomerge::describe_internal {
namespace {

class KeyCutter {
 public:
  KeyCutter(const Dataset& dataset, const CutVideo& cut, const DescribedSource& source,
            std::vector<Problem>& warnings)
      : dataset_(dataset),
        cut_(cut),
        source_(source),
        rate_(dataset.schema.frame_rate()),
        warnings_(warnings) {}

  Status Run(VideoKey& key, std::vector<VideoPlace>& places) {
    std::vector<VideoFile> files;
    for (uint32_t file = 0; file < key.files.size(); ++file)
      ROBOMERGE_RETURN_NOT_OK(CutFile(key, file, files, places));
    for (size_t episode = 0; episode < places.size(); ++episode) {
      places[episode].video_file = moved_[episode].video_file;
      places[episode].first_frame = moved_[episode].first_frame;
      places[episode].from_timestamp = moved_[episode].from_timestamp;
      key.segments[episode].video_file = places[episode].video_file;
    }
    key.files = std::move(files);
    return Status();
  }

 private:
  Status CutFile(const VideoKey& key, uint32_t number, std::vector<VideoFile>& files,
                 const std::vector<VideoPlace>& places) {
    const VideoFile& file = key.files[number];
    moved_.resize(places.size());
    std::vector<mp4::FrameRange> wanted;
    std::vector<size_t> episodes;
    uint64_t num_wanted = 0;
    for (size_t episode = 0; episode < places.size(); ++episode) {
      if (places[episode].video_file != number) continue;
      wanted.push_back({places[episode].first_frame, NumPictures(source_, dataset_, episode)});
      episodes.push_back(episode);
      num_wanted += wanted.back().num;
    }
    std::vector<VideoFile> parts;
    // Frames of what must be copied as it is have no numbers.
    const bool can_be_cut = file.stream.own_file_reason.empty() &&
                            file.stream.OnFrameGrid(rate_.numerator, rate_.denominator);
    if (!wanted.empty() && can_be_cut && num_wanted < file.stream.num_frames) {
      ROBOMERGE_ASSIGN_OR_RETURN(parts, cut_(file, wanted));
    } else if (!wanted.empty() && !can_be_cut && num_wanted < file.stream.num_frames) {
      warnings_.push_back(
          Problem(Code::kUnsupported, StrCat("video of `", key.name,
                                             "` is kept whole, with frames that no episode shows"))
              .Kind("W-video-whole")
              .At(file.path)
              .Found(file.stream.own_file_reason.empty() ? "frames do not lie on k / fps exactly"
                                                         : file.stream.own_file_reason));
    }
    const auto first_part = static_cast<uint32_t>(files.size());
    uint64_t num_kept = parts.empty() && can_be_cut ? file.stream.num_frames : 0;
    for (const VideoFile& part : parts) num_kept += part.cut->num_frames();
    if (!wanted.empty() && can_be_cut && num_kept > num_wanted) {
      warnings_.push_back(
          Problem(Code::kUnsupported,
                  StrCat(num_kept - num_wanted, " frames of `", key.name,
                         "` that no episode shows are kept, because others cannot be decoded "
                         "without them"))
              .Kind("W-video-padding")
              .At(file.path));
    }
    if (parts.empty()) {
      files.push_back(file);
      for (const size_t episode : episodes) {
        moved_[episode] = places[episode];
        moved_[episode].video_file = first_part;
      }
      return Status();
    }
    for (const size_t episode : episodes) {
      for (uint32_t part = 0; part < parts.size(); ++part) {
        const std::optional<uint64_t> place = parts[part].cut->PlaceOf(places[episode].first_frame);
        if (!place) continue;
        moved_[episode] = places[episode];
        moved_[episode].video_file = first_part + part;
        moved_[episode].first_frame = *place;
        moved_[episode].from_timestamp = rate_.Seconds(*place);
        break;
      }
    }
    files.insert(files.end(), parts.begin(), parts.end());
    return Status();
  }

  const Dataset& dataset_;
  const CutVideo& cut_;
  const DescribedSource& source_;
  const FrameRate rate_;
  std::vector<Problem>& warnings_;
  std::vector<VideoPlace> moved_;
};

}  // namespace

void PlaceRowsAgain(const Dataset& dataset, DescribedSource& source) {
  std::vector<Problem> problems;
  source.data_places.clear();
  PlaceRows(dataset, source, problems);
  ROBOMERGE_CHECK(problems.empty());  // it has been looked at before
}

Result<std::shared_ptr<const Dataset>> CutVideos(const Dataset& dataset, const CutVideo& cut,
                                                 DescribedSource& source,
                                                 std::vector<Problem>& warnings) {
  auto with_cuts = std::make_shared<Dataset>(dataset);
  for (size_t key = 0; key < with_cuts->video_keys.size(); ++key) {
    ROBOMERGE_RETURN_NOT_OK(KeyCutter(dataset, cut, source, warnings)
                                .Run(with_cuts->video_keys[key], source.video_places[key]));
  }
  PlaceRowsAgain(*with_cuts, source);
  return std::shared_ptr<const Dataset>(std::move(with_cuts));
}

}  // namespace robomerge::describe_internal
