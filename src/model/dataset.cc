#include "model/dataset.h"

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

}  // namespace robomerge
