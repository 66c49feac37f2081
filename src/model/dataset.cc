#include "model/dataset.h"

#include <algorithm>

namespace robomerge {

uint64_t Dataset::num_frames() const {
  uint64_t num_frames = 0;
  for (const Episode& episode : episodes) num_frames += episode.length_frames;
  return num_frames;
}

uint64_t Dataset::payload_bytes() const {
  uint64_t bytes = 0;
  for (const DataFile& file : data_files) bytes += file.size_bytes;
  for (const VideoKey& key : video_keys) {
    for (const VideoFile& file : key.files) bytes += file.stream.file_size_bytes;
  }
  return bytes;
}

std::optional<parquet::TimeShift> ShiftOf(const Dataset& dataset, const EpisodeRows& rows) {
  if (rows.first_frame == 0) return std::nullopt;
  constexpr std::string_view kName = "language_persistent";
  if (dataset.schema.Find(kName) == nullptr) return std::nullopt;
  const FrameRate rate = dataset.schema.frame_rate();
  return parquet::TimeShift{std::string(kName), rows.first_frame, rate.numerator, rate.denominator};
}

std::string_view ColumnOfForm(std::string_view line) {
  size_t end = line.size();
  for (const std::string_view word : {" required ", " optional ", " repeated "})
    end = std::min(end, line.find(word));
  return line.substr(0, end);
}

StatisticsRow StatisticsOfEpisode(const Dataset& dataset, uint64_t episode) {
  for (const EpisodeStatisticsBlock& block : dataset.episode_statistics) {
    if (episode < block.num_rows)
      return {block.layout.get(), block.values.data() + episode * block.stride};
    episode -= block.num_rows;
  }
  return {};
}

}  // namespace robomerge
