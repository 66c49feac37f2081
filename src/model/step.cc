#include "model/step.h"

#include <set>

#include "base/overloaded.h"
#include "model/plan.h"

namespace robomerge {
namespace {

// What the row of an episode costs, in payload bytes that could be moved in the same time.
constexpr uint64_t kEpisodeRowCostBytes = 16 * 1024;

void AddSources(const MergePlan& plan, uint64_t first_episode, uint64_t num_episodes,
                std::set<uint32_t>& sources) {
  for (uint64_t episode = first_episode; episode < first_episode + num_episodes; ++episode)
    sources.insert(plan.episodes[episode].source);
}

std::vector<std::string> DataFilesOf(const MergePlan& plan, const DataStep& step) {
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

std::vector<std::string> VideoFilesOf(const MergePlan& plan, const VideoStep& step) {
  std::vector<std::string> paths;
  for (const VideoStep::Input& input : step.inputs) {
    if (plan.sources[input.source] != nullptr) paths.push_back(VideoFileOf(plan, input).path);
  }
  return paths;
}

}  // namespace

std::string PathOf(const MergePlan& plan, const Step& step) {
  return std::visit(
      Overloaded{[](const DataStep& data) { return DestinationDataPath(data.id); },
                 [&](const VideoStep& video) {
                   return DestinationVideoPath(plan.video_keys[video.key], video.id);
                 },
                 [](const EpisodesStep& episodes) { return DestinationEpisodesPath(episodes.id); },
                 [](const CarriedFileStep& carried) { return carried.path; },
                 [](const auto& only_one) { return std::string(only_one.kPath); }},
      step);
}

std::vector<std::string> PathsOf(const MergePlan& plan) {
  std::vector<std::string> paths;
  for (const Step& step : plan.steps) paths.push_back(PathOf(plan, step));
  return paths;
}

std::string_view KindOf(const Step& step) {
  return std::visit([](const auto& one) { return one.kKind; }, step);
}

uint64_t NumEpisodes(const Step& step) {
  return std::visit(
      [](const auto& one) -> uint64_t {
        if constexpr (requires { one.num_episodes; })
          return one.num_episodes;
        else
          return 0;
      },
      step);
}

uint64_t PayloadBytes(const Step& step) {
  return std::visit(Overloaded{[](const DataStep& data) { return data.payload_bytes; },
                               [](const VideoStep& video) { return video.payload_bytes; },
                               [](const CarriedFileStep& carried) { return carried.size_bytes; },
                               [](const auto&) { return uint64_t{0}; }},
                    step);
}

uint64_t CostBytes(const Step& step) {
  return std::visit(Overloaded{[](const EpisodesStep& episodes) {
                                 return episodes.num_episodes * kEpisodeRowCostBytes;
                               },
                               [&](const auto&) { return PayloadBytes(step); }},
                    step);
}

const std::string* TextOf(const Step& step) {
  return std::visit(
      [](const auto& one) -> const std::string* {
        if constexpr (requires { one.text; })
          return &one.text;
        else
          return nullptr;
      },
      step);
}

bool NeedsMeasures(const MergePlan& plan, const Step& step) {
  return plan.stats == StatsMode::kExact &&
         (std::holds_alternative<EpisodesStep>(step) || std::holds_alternative<StatsStep>(step));
}

std::vector<uint32_t> SourcesOf(const MergePlan& plan, const Step& step) {
  std::set<uint32_t> sources;
  std::visit(Overloaded{[&](const DataStep& data) {
                          AddSources(plan, data.first_episode, data.num_episodes, sources);
                          sources.insert(plan.schema_source);
                        },
                        [&](const VideoStep& video) {
                          for (const VideoStep::Input& input : video.inputs)
                            sources.insert(input.source);
                        },
                        [&](const EpisodesStep& episodes) {
                          AddSources(plan, episodes.first_episode, episodes.num_episodes, sources);
                        },
                        [&](const CarriedFileStep& carried) { sources.insert(carried.source); },
                        [](const auto&) {}},
             step);
  return {sources.begin(), sources.end()};
}

std::vector<std::string> SourceFilesOf(const MergePlan& plan, const Step& step) {
  using Paths = std::vector<std::string>;
  return std::visit(Overloaded{[&](const DataStep& data) { return DataFilesOf(plan, data); },
                               [&](const VideoStep& video) { return VideoFilesOf(plan, video); },
                               [&](const CarriedFileStep& carried) {
                                 const DescribedSource* source = plan.sources[carried.source].get();
                                 if (source == nullptr) return Paths();
                                 return Paths{source->dataset->root + "/" + carried.source_path};
                               },
                               [](const auto&) { return Paths(); }},
                    step);
}

const VideoFile& VideoFileOf(const MergePlan& plan, const VideoStep::Input& input) {
  return plan.sources[input.source]->dataset->video_keys[input.source_key].files[input.video_file];
}

}  // namespace robomerge
