#include "merge/units.h"

#include <algorithm>
#include <set>

namespace robomerge {
namespace {

// What an episode's row costs to write, in payload bytes that could be moved in that time: for the
// order of steps, for slices and the progress estimate.
constexpr uint64_t kEpisodeRowCostBytes = 16 * 1024;

// Wraps a writer that needs no splitting.
template <typename Writer>
auto Whole(Writer writer) {
  return [writer](const WriteContext& context, schedule::Spawner&,
                  const WrittenCallback& written) -> Status {
    ROBOMERGE_ASSIGN_OR_RETURN(WrittenFile file, writer(context));
    written(file);
    return Status();
  };
}

std::vector<std::string> DataSources(const MergePlan& plan, const DataStep& step) {
  std::vector<std::string> paths;
  for (uint64_t episode = step.first_episode; episode < step.first_episode + step.num_episodes;
       ++episode) {
    const PlannedEpisode& planned = plan.episodes[episode];
    const DescribedSource* source = plan.sources[planned.source].get();
    if (source == nullptr) continue;
    const std::string& path =
        source->dataset->data_files[source->data_places[planned.source_episode].data_file].path;
    if (paths.empty() || paths.back() != path) paths.push_back(path);
  }
  return paths;
}

std::vector<std::string> VideoSources(const MergePlan& plan, const VideoStep& step) {
  std::vector<std::string> paths;
  for (const VideoStep::Input& input : step.inputs) {
    const DescribedSource* source = plan.sources[input.source].get();
    if (source != nullptr)
      paths.push_back(source->dataset->video_keys[input.source_key].files[input.video_file].path);
  }
  return paths;
}

void AddMetadata(const MergePlan& plan, std::vector<Unit>& units) {
  const auto add = [&units](const std::string& path, const std::string& kind, auto writer) {
    Unit unit;
    unit.file.path = path;
    unit.file.kind = kind;
    unit.write = Whole(std::move(writer));
    units.push_back(std::move(unit));
  };
  const auto add_text = [&](const std::string& path, const std::string& kind,
                            const std::string& text) {
    add(path, kind,
        [path, &text](const WriteContext& context) { return WriteText(context, path, text); });
  };
  add("meta/tasks.parquet", "tasks",
      [](const WriteContext& context) { return WriteTasks(context); });
  add_text("meta/info.json", "info", plan.info_json);
  if (!plan.stats_json.empty()) add_text("meta/stats.json", "stats", plan.stats_json);
  add_text("meta/robomerge.json", "record", plan.record_json);
}

}  // namespace

std::vector<Unit> UnitsOf(const MergePlan& plan) {
  std::vector<Unit> units;
  for (size_t at = 0; at < plan.data_steps.size(); ++at) {
    const DataStep& data = plan.data_steps[at];
    Unit unit;
    unit.file.path = DestinationDataPath(data.id);
    unit.file.kind = "data";
    unit.file.num_episodes = data.num_episodes;
    unit.file.sources = DataSources(plan, data);
    unit.cost_bytes = data.payload_bytes;
    unit.write = [at](const WriteContext& context, schedule::Spawner& spawner,
                      WrittenCallback written) {
      return WriteData(context, at, spawner, std::move(written));
    };
    units.push_back(std::move(unit));
  }
  for (size_t at = 0; at < plan.video_steps.size(); ++at) {
    const VideoStep& video = plan.video_steps[at];
    Unit unit;
    unit.file.path = DestinationVideoPath(plan.video_keys[video.key], video.id);
    unit.file.kind = "video";
    unit.file.num_episodes = video.num_episodes;
    unit.file.sources = VideoSources(plan, video);
    unit.cost_bytes = video.payload_bytes;
    unit.write = [at](const WriteContext& context, schedule::Spawner& spawner,
                      WrittenCallback written) {
      return WriteVideo(context, at, spawner, std::move(written));
    };
    units.push_back(std::move(unit));
  }
  for (size_t at = 0; at < plan.episodes_steps.size(); ++at) {
    const EpisodesStep& episodes = plan.episodes_steps[at];
    Unit unit;
    unit.file.path = DestinationEpisodesPath(episodes.id);
    unit.file.kind = "episodes";
    unit.file.num_episodes = episodes.num_episodes;
    unit.cost_bytes = episodes.num_episodes * kEpisodeRowCostBytes;
    unit.write = Whole([at](const WriteContext& context) { return WriteEpisodes(context, at); });
    units.push_back(std::move(unit));
  }
  AddMetadata(plan, units);
  return units;
}

std::vector<std::string> PathsOf(const std::vector<Unit>& units) {
  std::vector<std::string> paths;
  for (const Unit& unit : units) paths.push_back(unit.file.path);
  return paths;
}

std::vector<uint32_t> SourcesOf(const MergePlan& plan, size_t unit) {
  std::set<uint32_t> sources;
  const auto add_episodes = [&](uint64_t first, uint64_t num_episodes) {
    for (uint64_t episode = first; episode < first + num_episodes; ++episode)
      sources.insert(plan.episodes[episode].source);
  };
  const size_t num_data = plan.data_steps.size(), num_video = plan.video_steps.size();
  if (unit < num_data) {
    add_episodes(plan.data_steps[unit].first_episode, plan.data_steps[unit].num_episodes);
    sources.insert(plan.schema_source);
  } else if (unit - num_data < num_video) {
    for (const VideoStep::Input& input : plan.video_steps[unit - num_data].inputs)
      sources.insert(input.source);
  } else if (unit - num_data - num_video < plan.episodes_steps.size()) {
    const EpisodesStep& step = plan.episodes_steps[unit - num_data - num_video];
    add_episodes(step.first_episode, step.num_episodes);
  }
  return {sources.begin(), sources.end()};
}

}  // namespace robomerge
