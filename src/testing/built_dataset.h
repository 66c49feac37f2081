// Small made-up sources for the unit tests of describe, reduce and plan.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/dataset.h"

namespace robomerge::test {

inline Schema MakeSchema(const std::vector<std::string>& video_keys = {}) {
  Schema schema;
  schema.fps = 30;
  schema.robot_type = "toy_arm";
  const auto add = [&](const std::string& name, const char* dtype, Json shape) {
    Json entry = Json::object();
    entry["dtype"] = dtype;
    entry["shape"] = std::move(shape);
    entry["names"] = nullptr;
    schema.features.push_back({name, std::move(entry)});
  };
  add("action", "float32", Json::array({1}));
  for (const std::string& key : video_keys) add(key, "video", Json::array({64, 96, 3}));
  for (const std::string_view name : kDefaultFeatures)
    schema.features.push_back({std::string(name), DefaultFeatureEntry(name)});
  return schema;
}

inline Statistic MakeStatistic(const std::string& name, std::vector<double> values,
                               NumberKind kind = NumberKind::kFloat) {
  return {name, kind, {static_cast<uint32_t>(values.size())}, std::move(values)};
}

inline FeatureStatistics MakeStatistics(const std::string& feature, double min, double max,
                                        double mean, double deviation, double count,
                                        NumberKind kind = NumberKind::kFloat) {
  return {feature,
          {MakeStatistic("min", {min}, kind), MakeStatistic("max", {max}, kind),
           MakeStatistic("mean", {mean}), MakeStatistic("std", {deviation}),
           MakeStatistic("count", {count}, NumberKind::kInteger)}};
}

struct DatasetShape {
  std::string root = "a";
  std::vector<uint64_t> lengths = {10};  ///< frames per episode
  std::vector<std::string> tasks = {"t"};
  std::vector<std::string> video_keys = {};
  uint64_t data_bytes = 1000;   ///< uncompressed, of the one data file
  uint64_t video_bytes = 1000;  ///< of the one video file per key
};

/// One data file, one video file per key, one row group per episode, everything consistent.
inline Dataset MakeDataset(const DatasetShape& spec) {
  Dataset dataset;
  dataset.root = spec.root;
  dataset.schema = MakeSchema(spec.video_keys);
  dataset.tasks = spec.tasks;
  dataset.episodes_files.push_back(
      {spec.root + "/meta/episodes/chunk-000/file-000.parquet", 500, 1, 0, 400});
  DataFile data;
  data.path = spec.root + "/data/chunk-000/file-000.parquet";
  data.size_bytes = data.uncompressed_bytes = spec.data_bytes;
  data.physical_schema = "action double\n";
  uint64_t num_frames = 0;
  for (size_t at = 0; at < spec.lengths.size(); ++at) {
    Episode episode;
    episode.length_frames = spec.lengths[at];
    episode.tasks = {spec.tasks.front()};
    episode.dataset_from_index = static_cast<int64_t>(num_frames);
    episode.row = static_cast<int64_t>(at);
    episode.number = at;
    dataset.episodes.push_back(episode);
    EpisodeRows rows;
    rows.episode_index = static_cast<int64_t>(at);
    rows.first_row = num_frames;
    rows.num_rows = spec.lengths[at];
    rows.is_row_group = true;
    rows.uncompressed_bytes = spec.data_bytes / spec.lengths.size();
    rows.task_frames = {{0, spec.lengths[at]}};
    data.episodes.push_back(rows);
    num_frames += spec.lengths[at];
  }
  if (!spec.lengths.empty()) dataset.data_files.push_back(std::move(data));
  for (const std::string& name : spec.video_keys) {
    VideoKey key;
    key.name = name;
    VideoFile video;
    video.path = spec.root + "/videos/" + name + "/chunk-000/file-000.mp4";
    video.size_bytes = video.stream.file_size_bytes = spec.video_bytes;
    video.stream.codec = "h264";
    video.stream.width = 96;
    video.stream.height = 64;
    video.stream.timescale = 15360;
    video.stream.num_frames = video.stream.num_shown_frames = num_frames;
    video.stream.length_ticks = num_frames * 512;
    video.stream.frame_ticks = 512;
    video.stream.starts_at_zero = true;
    video.stream.decoder_key = "key";
    uint64_t first_frame = 0;
    for (const uint64_t length : spec.lengths) {
      key.segments.push_back({0, static_cast<double>(first_frame) / 30,
                              static_cast<double>(first_frame + length) / 30});
      first_frame += length;
    }
    key.files.push_back(std::move(video));
    dataset.video_keys.push_back(std::move(key));
  }
  const auto count = static_cast<double>(num_frames);
  dataset.statistics = {
      MakeStatistics("action", -1, 1, 0, 0.5, count),
      MakeStatistics("index", 0, count - 1, (count - 1) / 2, 1, count, NumberKind::kInteger),
      MakeStatistics("timestamp", 0, 1, 0.5, 0.5, count),
      MakeStatistics("frame_index", 0, 10, 5, 3, count, NumberKind::kInteger)};
  for (const std::string& name : spec.video_keys)
    dataset.statistics->push_back(MakeStatistics(name, 0, 1, 0.5, 0.2, count));
  return dataset;
}

}  // namespace robomerge::test
