// v2.1: one data file and one video for each episode (format spec 6.1).
#include <algorithm>

#include "base/foreign_file.h"
#include "base/text.h"
#include "plan/gathered_warnings.h"
#include "plan/layout.h"

namespace robomerge::plan_internal {
namespace {

void PackDataFiles(const MergeOptions& options, MergePlan& plan) {
  for (uint64_t episode = 0; episode < plan.episodes.size(); ++episode) {
    PlannedEpisode& planned = plan.episodes[episode];
    const DescribedSource& source = *plan.sources[planned.source];
    const DataFile& file =
        source.dataset->data_files[source.data_places[planned.source_episode].data_file];
    EpisodeDataStep step;
    step.episode = episode;
    step.chunk_index = static_cast<int64_t>(episode) / options.chunk_size;
    const DataPlace& place = source.data_places[planned.source_episode];
    step.payload_bytes = static_cast<uint64_t>(
        static_cast<double>(file.size_bytes) * static_cast<double>(place.rows->uncompressed_bytes) /
        static_cast<double>(std::max<uint64_t>(file.uncompressed_bytes, 1)));
    planned.data_step = static_cast<uint32_t>(plan.steps.size());
    plan.steps.emplace_back(step);
  }
}

void PackVideo(uint32_t key, const MergeOptions& options, MergePlan& plan) {
  const std::string& name = plan.video_keys[key];
  GatheredWarnings warnings;
  plan.frames.emplace_back(plan.episodes.size());
  for (uint64_t episode = 0; episode < plan.episodes.size(); ++episode) {
    const PlannedEpisode& planned = plan.episodes[episode];
    const DescribedSource& source = *plan.sources[planned.source];
    const std::vector<VideoKey>& keys = source.dataset->video_keys;
    const auto of_source = std::find_if(keys.begin(), keys.end(),
                                        [&](const VideoKey& one) { return one.name == name; });
    EpisodeVideoStep step;
    step.key = key;
    step.episode = episode;
    step.chunk_index = static_cast<int64_t>(episode) / options.chunk_size;
    step.input.source = planned.source;
    step.input.source_key = static_cast<uint32_t>(of_source - keys.begin());
    step.input.video_file =
        source.video_places[step.input.source_key][planned.source_episode].video_file;
    const VideoFile& file = VideoFileOf(plan, step.input);
    step.is_copy = !file.is_cut;
    step.payload_bytes = file.stream.file_size_bytes;
    if (!step.is_copy && file.stream.has_audio) {
      warnings.Add("W-video-audio",
                   StrCat("audio of `", name, "` is left out: LeRobot does not index it"),
                   file.path, "");
    }
    PlannedFrames& frames = plan.frames[key][episode];
    frames.video_step = static_cast<uint32_t>(plan.steps.size());
    frames.to_timestamp =
        plan.rate.Seconds(source.dataset->episodes[planned.source_episode].length_frames);
    plan.steps.emplace_back(step);
  }
  warnings.MoveTo(plan.warnings);
}

class LayoutV21 final : public Layout {
 public:
  Status CheckSchema(const Schema& schema, const std::string& root,
                     std::vector<Problem>& warnings) const override {
    const std::string path = root + "/meta/info.json";
    std::vector<Problem> problems;
    for (const Feature& feature : schema.features) {
      const std::string place = StrCat(path, ": features[\"", feature.name, "\"]");
      if (feature.dtype() == "language") {
        problems.push_back(
            Problem(Code::kUnsupported, StrCat("version 2.1 has no column like `", feature.name,
                                               "`: its readers stop at a type they do not know"))
                .Kind("E-version-feature")
                .Source(root)
                .At(place + ".dtype")
                .Expected("a number, bool, string, image or video")
                .Found("language")
                .Hint(StrCat("leave it out (--drop ", ShellWord(feature.name),
                             "), or write version 3.0")));
      }
      if (feature.is_camera() && IsDepth(feature)) {
        warnings.push_back(
            Problem(Code::kUnsupported,
                    StrCat("`", feature.name,
                           "` is a depth map, which readers of version 2.1 take for a picture"))
                .Kind("W-version-feature")
                .Source(root)
                .At(place));
      }
    }
    if (schema.has_subtasks) {
      warnings.push_back(Problem(Code::kUnsupported,
                                 "the table of subtasks is carried along, but readers of version "
                                 "2.1 do not look at it")
                             .Kind("W-version-feature")
                             .Source(root)
                             .At(StrCat(root, "/", kSubtasksPath)));
    }
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  void Pack(const MergeOptions& options, MergePlan& plan) const override {
    PackDataFiles(options, plan);
    for (uint32_t key = 0; key < plan.video_keys.size(); ++key) PackVideo(key, options, plan);
    for (PlannedEpisode& planned : plan.episodes)
      planned.episodes_step = static_cast<uint32_t>(plan.steps.size());
    plan.steps.emplace_back(EpisodesLinesStep{plan.episodes.size()});
    plan.steps.emplace_back(EpisodesStatsStep{plan.episodes.size()});
    if (plan.carried_columns.empty()) return;
    plan.warnings.push_back(
        Problem(Code::kUnsupported, StrCat("columns of the episodes tables that the format does "
                                           "not know are left out: version 2.1 has no such table: ",
                                           Join(plan.carried_columns, ", ")))
            .Kind("W-version-columns"));
  }

  Step Tasks() const override { return TasksLinesStep(); }

  // In the order in which LeRobot 0.3.3 writes them.
  Json Info(const InfoParts& parts, const MergeOptions& options,
            const MergePlan& plan) const override {
    const auto num_episodes = static_cast<int64_t>(plan.episodes.size());
    Json info = Json::object();
    info["codebase_version"] = "v2.1";
    info["robot_type"] = parts.first->robot_type;
    info["total_episodes"] = num_episodes;
    info["total_frames"] = plan.num_frames;
    info["total_tasks"] = plan.tasks.size();
    info["total_videos"] = plan.episodes.size() * plan.video_keys.size();
    info["total_chunks"] = (num_episodes + options.chunk_size - 1) / options.chunk_size;
    info["chunks_size"] = options.chunk_size;
    info["fps"] = parts.first->fps;
    info["splits"]["train"] = StrCat("0:", num_episodes);
    info["data_path"] = kEpisodeDataPath;
    info["video_path"] = plan.video_keys.empty() ? Json() : Json(kEpisodeVideoPath);
    info["features"] = FeaturesOf(parts.features);
    return info;
  }

 private:
  static bool IsDepth(const Feature& feature) {
    const Json entry = CanonicalDepthMarker(feature.entry);
    return entry.contains("info") && entry["info"].is_object() &&
           entry["info"].value("is_depth_map", Json()) == Json(true);
  }

  // What only version 3.0 writes into features: the frame rate at each, by LeRobot's converter, and
  // another name for the marker of depth maps.
  static Json FeaturesOf(Json features) {
    for (auto& [name, entry] : features.items()) {
      entry.erase("fps");
      if (!entry.contains("info") || !entry["info"].is_object()) continue;
      Json info = Json::object();
      for (const auto& [key, value] : entry["info"].items())
        info[key == "is_depth_map" ? "video.is_depth_map" : key] = value;
      entry["info"] = std::move(info);
    }
    return features;
  }
};

}  // namespace

const Layout& LayoutOfV21() {
  static const LayoutV21 layout;
  return layout;
}

}  // namespace robomerge::plan_internal
