#include "page/thumbnails.h"

#include <algorithm>

#include "base/text.h"
#include "formats/parquet/footer.h"
#include "formats/parquet/pictures.h"

namespace robomerge::page {
namespace {

constexpr size_t kMostCameras = 12, kNumEpisodes = 4;
constexpr uint64_t kMostPictureBytes = uint64_t{1} << 20;

// Spread evenly, the first and the last one among them.
std::vector<size_t> EpisodesToShow(size_t num_episodes) {
  const size_t number = std::min(num_episodes, kNumEpisodes);
  std::vector<size_t> episodes;
  for (size_t at = 0; at < number; ++at)
    episodes.push_back(number == 1 ? 0 : at * (num_episodes - 1) / (number - 1));
  return episodes;
}

using Words = std::vector<std::string>;

// A video is only what its name says, a file that is read by one demuxer: it cannot make ffmpeg
// open anything else. The same file gives the same bytes.
Words Command(const Words& input) {
  Words words = {"ffmpeg",   "-nostdin", "-hide_banner",        "-loglevel", "error",
                 "-threads", "1",        "-protocol_whitelist", "file,pipe"};
  words.insert(words.end(), input.begin(), input.end());
  const char* const output[] = {"-map",
                                "0:v:0",
                                "-frames:v",
                                "1",
                                "-an",
                                "-sn",
                                "-vf",
                                "scale=w='min(320,iw)':h=-2:flags=bicubic+accurate_rnd+bitexact",
                                "-fflags",
                                "+bitexact",
                                "-flags:v",
                                "+bitexact",
                                "-map_metadata",
                                "-1",
                                "-c:v",
                                "mjpeg",
                                "-q:v",
                                "6",
                                "-pix_fmt",
                                "yuvj420p",
                                "-threads",
                                "1",
                                "-f",
                                "image2pipe",
                                "pipe:1"};
  words.insert(words.end(), std::begin(output), std::end(output));
  return words;
}

class Decoding {
 public:
  Decoding(const io::FileSystem& file_system, const Dataset& dataset, const std::atomic<bool>* stop)
      : file_system_(file_system), dataset_(dataset) {
    limits_.stop = stop;
    limits_.most_output_bytes = kMostPictureBytes;
  }

  void Decode(Camera& camera) const {
    for (const size_t episode : EpisodesToShow(dataset_.episodes.size())) {
      const Result<std::string> jpeg = Picture(camera.name, episode);
      // What takes too long once takes so again.
      if (!jpeg.ok()) return;
      if (jpeg->starts_with("\xff\xd8")) camera.thumbnails.push_back({episode, *jpeg});
    }
  }

 private:
  Result<std::string> Picture(const std::string& camera, size_t episode) const {
    for (const VideoKey& key : dataset_.video_keys) {
      if (key.name == camera && episode < key.segments.size()) return OfVideo(key, episode);
    }
    return OfRow(camera, episode);
  }

  Result<std::string> OfVideo(const VideoKey& key, size_t episode) const {
    const VideoSegment& segment = key.segments[episode];
    if (segment.video_file >= key.files.size() || key.files[segment.video_file].is_broken)
      return std::string();
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string path,
                               io::AbsolutePath(file_system_, key.files[segment.video_file].path));
    // The frame itself, and not the next one where its time was rounded down.
    const double half_frame = dataset_.schema.frame_rate().Seconds(1) / 2;
    const double seconds = std::max(segment.from_timestamp - half_frame, 0.0);
    return file_system_.RunProgram(
        Command({"-ss", FormatDouble(seconds), "-f", "mov", "-i", "file:" + path}), "", limits_);
  }

  Result<std::string> OfRow(const std::string& column, size_t episode) const {
    const auto number = static_cast<int64_t>(dataset_.episodes[episode].number);
    const DataFile& data = dataset_.data_files[dataset_.episodes[episode].data_file];
    const auto rows = std::ranges::find(data.episodes, number, &EpisodeRows::episode_index);
    if (rows == data.episodes.end()) return std::string();
    ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                               file_system_.OpenForReading(data.path));
    ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Footer footer, parquet::Footer::Read(*file));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string picture,
                               parquet::ReadPicture(*file, footer, column, rows->first_row));
    const char* const codec = picture.starts_with("\x89PNG")    ? "png"
                              : picture.starts_with("\xff\xd8") ? "mjpeg"
                                                                : nullptr;
    if (codec == nullptr) return std::string();
    return file_system_.RunProgram(Command({"-f", "image2pipe", "-c:v", codec, "-i", "pipe:0"}),
                                   picture, limits_);
  }

  const io::FileSystem& file_system_;
  const Dataset& dataset_;
  io::ProgramLimits limits_;
};

}  // namespace

void AddThumbnails(const io::FileSystem& file_system, const Dataset& dataset,
                   const ForEach& for_each, const std::atomic<bool>* stop,
                   std::vector<Camera>& cameras) {
  if (!file_system.RunProgram({"ffmpeg", "-version"}, "", {}).ok()) return;
  const Decoding decoding(file_system, dataset, stop);
  for_each(std::min(cameras.size(), kMostCameras),
           [&](size_t camera) { decoding.Decode(cameras[camera]); });
}

}  // namespace robomerge::page
