#include "testing/stored_dataset.h"

#include "base/check.h"
#include "base/text.h"
#include "formats/json/json.h"
#include "formats/parquet/table.h"
#include "model/file_id.h"
#include "testing/made_movie.h"

namespace robomerge {
namespace {

using json::Json;

constexpr int64_t kFrames = 4;
constexpr double kFps = 30;

Json Feature(const std::string& dtype, Json shape) {
  Json feature = Json::object();
  feature["dtype"] = dtype;
  feature["shape"] = std::move(shape);
  feature["names"] = nullptr;
  return feature;
}

std::string Info(int64_t num_episodes) {
  Json info = Json::object();
  info["codebase_version"] = "v3.0";
  info["robot_type"] = "toy_arm";
  info["total_episodes"] = num_episodes;
  info["total_frames"] = num_episodes * kFrames;
  info["total_tasks"] = 1;
  info["chunks_size"] = 1000;
  info["data_files_size_in_mb"] = 100;
  info["video_files_size_in_mb"] = 200;
  info["fps"] = 30;
  info["data_path"] = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";
  info["video_path"] = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4";
  Json& features = info["features"] = Json::object();
  features["camera"] = Feature("video", Json::array({48, 64, 3}));
  features["camera"]["names"] = Json::array({"height", "width", "channels"});
  features["timestamp"] = Feature("float64", Json::array({1}));
  for (const char* counter : {"frame_index", "episode_index", "index", "task_index"})
    features[counter] = Feature("int64", Json::array({1}));
  return json::Dump(info);
}

void PutTable(io::MemoryFileSystem& file_system, const std::string& path,
              parquet::TableWriter& table, int64_t rows_per_group) {
  ROBOMERGE_CHECK(file_system.MakeDirectories(path.substr(0, path.find_last_of('/'))).ok());
  const auto file = file_system.Create(path, io::Sharing::kForbidden).value();
  static_cast<void>(table.Write(*file, rows_per_group).value());
  file_system.SyncAll();
}

}  // namespace

void PutTestDataset(io::MemoryFileSystem& file_system, const std::string& root,
                    int64_t num_episodes, uint8_t seed) {
  ROBOMERGE_CHECK(file_system.Put(root + "/meta/info.json", Info(num_episodes)).ok());
  std::vector<int64_t> episode, frame, index, task;
  std::vector<double> timestamp;
  for (int64_t row = 0; row < num_episodes * kFrames; ++row) {
    episode.push_back(row / kFrames);
    frame.push_back(row % kFrames);
    index.push_back(row);
    task.push_back(0);
    timestamp.push_back(static_cast<double>(row % kFrames) / kFps);
  }
  parquet::TableWriter data;
  data.AddDouble("timestamp", timestamp);
  data.AddInt64("frame_index", frame);
  data.AddInt64("episode_index", episode);
  data.AddInt64("index", index);
  data.AddInt64("task_index", task);
  PutTable(file_system, root + "/data/chunk-000/file-000.parquet", data, kFrames);

  parquet::TableWriter tasks;
  tasks.AddInt64("task_index", {0});
  tasks.AddString("task", {"task " + std::to_string(seed)});
  tasks.SetPandasIndex("task");
  PutTable(file_system, root + "/meta/tasks.parquet", tasks, 1);

  std::vector<int64_t> number, first, end;
  std::vector<double> from, to;
  for (int64_t at = 0; at < num_episodes; ++at) {
    number.push_back(at);
    first.push_back(at * kFrames);
    end.push_back((at + 1) * kFrames);
    from.push_back(static_cast<double>(at * kFrames) / kFps);
    to.push_back(static_cast<double>((at + 1) * kFrames) / kFps);
  }
  const std::vector<int64_t> zeros(number.size(), 0);
  parquet::TableWriter episodes;
  episodes.AddInt64("episode_index", number);
  episodes.AddStringList("tasks", std::vector<std::vector<std::string>>(
                                      number.size(), {"task " + std::to_string(seed)}));
  episodes.AddInt64("length", std::vector<int64_t>(number.size(), kFrames));
  episodes.AddInt64("dataset_from_index", first);
  episodes.AddInt64("dataset_to_index", end);
  for (const std::string prefix : {"data/", "meta/episodes/", "videos/camera/"}) {
    episodes.AddInt64(prefix + "chunk_index", zeros);
    episodes.AddInt64(prefix + "file_index", zeros);
  }
  episodes.AddDouble("videos/camera/from_timestamp", from);
  episodes.AddDouble("videos/camera/to_timestamp", to);
  PutTable(file_system, root + "/meta/episodes/chunk-000/file-000.parquet", episodes, num_episodes);

  const std::vector<std::byte> movie =
      mp4::WriteTestFile(mp4::EvenMovie(static_cast<uint32_t>(num_episodes * kFrames), seed));
  std::string bytes(reinterpret_cast<const char*>(movie.data()), movie.size());
  ROBOMERGE_CHECK(
      file_system.Put(root + "/videos/camera/chunk-000/file-000.mp4", std::move(bytes)).ok());
}

void PutOldTestDataset(io::MemoryFileSystem& file_system, const std::string& root,
                       int64_t num_episodes, uint8_t seed) {
  Json info = json::Parse(Info(num_episodes), "info").value();
  info["codebase_version"] = "v2.1";
  for (const char* key : {"data_files_size_in_mb", "video_files_size_in_mb"}) info.erase(key);
  info["total_videos"] = num_episodes;
  info["total_chunks"] = 1;
  info["splits"]["train"] = StrCat("0:", num_episodes);
  info["data_path"] = kEpisodeDataPath;
  info["video_path"] = kEpisodeVideoPath;
  ROBOMERGE_CHECK(file_system.Put(root + "/meta/info.json", json::Dump(info)).ok());
  const std::string task = StrCat("task ", seed);
  std::string episodes, statistics;
  for (int64_t at = 0; at < num_episodes; ++at) {
    episodes += StrCat(R"({"episode_index": )", at, R"(, "tasks": [")", task, R"("], "length": )",
                       kFrames, "}\n");
    statistics += StrCat(
        R"({"episode_index": )", at,
        R"(, "stats": {"timestamp": {"min": [0.0], "max": [0.1], "mean": [0.05], "std": [0.037], )",
        R"("count": [)", kFrames, "]}}}\n");
    parquet::TableWriter data;
    std::vector<int64_t> frame, index;
    std::vector<double> timestamp;
    for (int64_t row = 0; row < kFrames; ++row) {
      frame.push_back(row);
      index.push_back(at * kFrames + row);
      timestamp.push_back(static_cast<double>(row) / kFps);
    }
    data.AddDouble("timestamp", timestamp);
    data.AddInt64("frame_index", frame);
    data.AddInt64("episode_index", std::vector<int64_t>(kFrames, at));
    data.AddInt64("index", index);
    data.AddInt64("task_index", std::vector<int64_t>(kFrames, 0));
    const auto path = [&](const char* path_template) {
      return io::JoinPath(root, ExpandEpisodeTemplate(path_template, {0, at}, "camera").value());
    };
    PutTable(file_system, path(kEpisodeDataPath), data, kFrames);
    const std::vector<std::byte> movie = mp4::WriteTestFile(
        mp4::EvenMovie(static_cast<uint32_t>(kFrames), static_cast<uint8_t>(seed + at)));
    std::string bytes(reinterpret_cast<const char*>(movie.data()), movie.size());
    ROBOMERGE_CHECK(file_system.Put(path(kEpisodeVideoPath), std::move(bytes)).ok());
  }
  ROBOMERGE_CHECK(file_system.Put(root + "/meta/episodes.jsonl", episodes).ok());
  ROBOMERGE_CHECK(file_system.Put(root + "/meta/episodes_stats.jsonl", statistics).ok());
  ROBOMERGE_CHECK(
      file_system
          .Put(root + "/meta/tasks.jsonl", StrCat(R"({"task_index": 0, "task": ")", task, "\"}\n"))
          .ok());
}

}  // namespace robomerge
