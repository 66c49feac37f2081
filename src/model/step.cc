#include "model/step.h"

#include <set>

#include "base/overloaded.h"
#include "model/plan.h"

namespace robomerge {
namespace {

// What the row of an episode costs, in payload bytes that could be moved in the same time.
constexpr uint64_t kEpisodeRowCostBytes = 16 * 1024;

// The same for a file that must be begun and named, however small it is.
constexpr uint64_t kFileCostBytes = 32 * 1024;

void AddSources(const MergePlan& plan, StepEpisodes episodes, std::set<uint32_t>& sources) {
  for (uint64_t episode = episodes.first; episode < episodes.first + episodes.num; ++episode)
    sources.insert(plan.episodes[episode].source);
}

std::vector<std::string> DataFilesOf(const MergePlan& plan, StepEpisodes episodes) {
  std::vector<std::string> paths;
  for (uint64_t episode = episodes.first; episode < episodes.first + episodes.num; ++episode) {
    const PlannedEpisode& planned = plan.episodes[episode];
    const DescribedSource* source = plan.sources[planned.source].get();
    if (source == nullptr) continue;
    const std::string& path =
        source->dataset->data_files[source->data_places[planned.source_episode].data_file].path;
    if (paths.empty() || paths.back() != path) paths.push_back(path);
  }
  return paths;
}

}  // namespace

std::string PathOf(const MergePlan& plan, const Step& step) {
  return std::visit(
      Overloaded{[](const DataStep& data) { return DestinationDataPath(data.id); },
                 [](const EpisodeDataStep& data) {
                   return EpisodeDataPath(data.chunk_index, data.episode);
                 },
                 [&](const VideoStep& video) {
                   return DestinationVideoPath(plan.video_keys[video.key], video.id);
                 },
                 [&](const EpisodeVideoStep& video) {
                   return EpisodeVideoPath(plan.video_keys[video.key], video.chunk_index,
                                           video.episode);
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
  return std::visit(Overloaded{[](const CarriedFileStep& carried) { return carried.size_bytes; },
                               [](const auto& one) -> uint64_t {
                                 if constexpr (requires { one.payload_bytes; })
                                   return one.payload_bytes;
                                 else
                                   return 0;
                               }},
                    step);
}

uint64_t CostBytes(const Step& step) {
  const auto of_rows = [](const auto& rows) { return rows.num_episodes * kEpisodeRowCostBytes; };
  const auto of_file = [](const auto& file) { return file.payload_bytes + kFileCostBytes; };
  return std::visit(Overloaded{[&](const EpisodesStep& episodes) { return of_rows(episodes); },
                               [&](const EpisodesStatsStep& stats) { return of_rows(stats); },
                               [&](const EpisodeDataStep& data) { return of_file(data); },
                               [&](const EpisodeVideoStep& video) { return of_file(video); },
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

std::vector<VideoStep::Input> VideoInputsOf(const Step& step) {
  using Inputs = std::vector<VideoStep::Input>;
  return std::visit(Overloaded{[](const VideoStep& video) { return video.inputs; },
                               [](const EpisodeVideoStep& video) { return Inputs{video.input}; },
                               [](const auto&) { return Inputs(); }},
                    step);
}

std::optional<StepEpisodes> DataEpisodesOf(const Step& step) {
  using Range = std::optional<StepEpisodes>;
  return std::visit(
      Overloaded{[](const DataStep& data) -> Range {
                   return StepEpisodes{data.first_episode, data.num_episodes};
                 },
                 [](const EpisodeDataStep& data) -> Range { return StepEpisodes{data.episode, 1}; },
                 [](const auto&) { return Range(); }},
      step);
}

bool NeedsMeasures(const MergePlan& plan, const Step& step) {
  return plan.stats == StatsMode::kExact && (std::holds_alternative<EpisodesStep>(step) ||
                                             std::holds_alternative<EpisodesStatsStep>(step) ||
                                             std::holds_alternative<StatsStep>(step));
}

bool IsLate(const MergePlan& plan, const Step& step) {
  return NeedsMeasures(plan, step) ||
         (plan.record_hashes && std::holds_alternative<RecordStep>(step));
}

std::vector<uint32_t> SourcesOf(const MergePlan& plan, const Step& step) {
  std::set<uint32_t> sources;
  if (const std::optional<StepEpisodes> episodes = DataEpisodesOf(step)) {
    AddSources(plan, *episodes, sources);
    sources.insert(plan.schema_source);
  }
  for (const VideoStep::Input& input : VideoInputsOf(step)) sources.insert(input.source);
  std::visit(
      Overloaded{
          [&](const EpisodesStep& episodes) {
            AddSources(plan, {episodes.first_episode, episodes.num_episodes}, sources);
          },
          [&](const EpisodesLinesStep&) { AddSources(plan, {0, plan.episodes.size()}, sources); },
          [&](const EpisodesStatsStep&) { AddSources(plan, {0, plan.episodes.size()}, sources); },
          [&](const StatsStep& stats) {
            // Cameras are folded from what the sources say of their episodes.
            if (NeedsMeasures(plan, stats)) AddSources(plan, {0, plan.episodes.size()}, sources);
          },
          [&](const CarriedFileStep& carried) { sources.insert(carried.source); },
          [](const auto&) {}},
      step);
  return {sources.begin(), sources.end()};
}

std::vector<std::string> SourceFilesOf(const MergePlan& plan, const Step& step) {
  if (const std::optional<StepEpisodes> episodes = DataEpisodesOf(step))
    return DataFilesOf(plan, *episodes);
  std::vector<std::string> paths;
  for (const VideoStep::Input& input : VideoInputsOf(step)) {
    if (plan.sources[input.source] != nullptr) paths.push_back(VideoFileOf(plan, input).path);
  }
  if (const auto* carried = std::get_if<CarriedFileStep>(&step)) {
    const DescribedSource* source = plan.sources[carried->source].get();
    if (source != nullptr) paths.push_back(source->dataset->root + "/" + carried->source_path);
  }
  return paths;
}

std::optional<uint32_t> CopiedSourceOf(const MergePlan& plan, const Step& step) {
  const bool is_copy = std::visit(
      [](const auto& one) {
        if constexpr (requires { one.is_copy; })
          return one.is_copy;
        else
          return false;
      },
      step);
  if (!is_copy) return std::nullopt;
  const std::optional<StepEpisodes> episodes = DataEpisodesOf(step);
  return episodes ? plan.episodes[episodes->first].source : VideoInputsOf(step).front().source;
}

const VideoFile& VideoFileOf(const MergePlan& plan, const VideoStep::Input& input) {
  return plan.sources[input.source]->dataset->video_keys[input.source_key].files[input.video_file];
}

}  // namespace robomerge
