// Which sources a plan means, and its name.
#include "base/fingerprint.h"
#include "base/path.h"
#include "base/text.h"
#include "formats/json/fields.h"
#include "plan/plan.h"
#include "plan/plan_internal.h"

namespace robomerge {
namespace {

std::string RelativeTo(const std::string& root, const std::string& path) {
  std::string prefix = root;
  if (!prefix.ends_with('/')) prefix += '/';
  return path.starts_with(prefix) ? path.substr(prefix.size()) : path;
}

// What a source holds, wherever it lies: its files by name and size, and what its metadata say.
std::string FingerprintOf(const Origin& origin) {
  Fingerprint all;
  for (const SourceFile& file : origin.files) all.Add(file.path), all.Add(file.size_bytes);
  all.Add(origin.metadata_fingerprint);
  return all.Hex();
}

void AddId(FileId id, Fingerprint& all) {
  all.Add(id.chunk_index);
  all.Add(id.file_index);
}

void AddSteps(const MergePlan& plan, Fingerprint& all) {
  for (const DataStep& step : plan.data_steps) {
    AddId(step.id, all);
    all.Add(step.first_episode), all.Add(step.num_episodes), all.Add(step.payload_bytes);
  }
  for (const VideoStep& step : plan.video_steps) {
    AddId(step.id, all);
    all.Add(uint64_t{step.key}), all.Add(uint64_t{step.is_copy}), all.Add(step.num_episodes),
        all.Add(step.payload_bytes);
    all.Add(uint64_t{step.inputs.size()});
    for (const VideoStep::Input& input : step.inputs) {
      all.Add(uint64_t{input.source}), all.Add(uint64_t{input.source_key}),
          all.Add(uint64_t{input.video_file});
    }
  }
  for (const EpisodesStep& step : plan.episodes_steps) {
    AddId(step.id, all);
    all.Add(step.first_episode), all.Add(step.num_episodes);
  }
}

void AddEpisodes(const MergePlan& plan, Fingerprint& all) {
  for (const PlannedEpisode& episode : plan.episodes) {
    all.Add(uint64_t{episode.source}), all.Add(uint64_t{episode.source_episode});
    all.Add(uint64_t{episode.data_step}), all.Add(uint64_t{episode.episodes_step}),
        all.Add(episode.first_frame);
  }
  for (const std::vector<PlannedFrames>& frames : plan.frames) {
    for (const PlannedFrames& place : frames) {
      all.Add(uint64_t{place.video_step}), all.Add(place.from_timestamp),
          all.Add(place.to_timestamp);
    }
  }
}

}  // namespace

Origin OriginOf(const DescribedSource& source, const std::string& working_directory) {
  const Dataset& dataset = *source.dataset;
  Origin origin;
  origin.root = AbsolutePath(dataset.root, working_directory);
  origin.num_episodes = dataset.episodes.size();
  origin.num_frames = dataset.num_frames();
  const auto add = [&](const std::string& path, uint64_t size_bytes, int64_t modified_ns) {
    origin.files.push_back({RelativeTo(dataset.root, path), size_bytes, modified_ns});
  };
  for (const EpisodesFile& file : dataset.episodes_files)
    add(file.path, file.size_bytes, file.modified_ns);
  for (const DataFile& file : dataset.data_files) add(file.path, file.size_bytes, file.modified_ns);
  for (const VideoKey& key : dataset.video_keys) {
    for (const VideoFile& file : key.files)
      add(file.path, file.stream.file_size_bytes, file.modified_ns);
  }
  origin.metadata_fingerprint = source.metadata_fingerprint;
  return origin;
}

std::string ContentId(const MergePlan& plan) {
  Fingerprint all;
  all.Add("robomerge content 1");
  for (const Origin& origin : plan.origins)
    all.Add(origin.num_episodes), all.Add(origin.num_frames), all.Add(FingerprintOf(origin));
  for (const std::string& task : plan.tasks) all.Add(task);
  for (const std::vector<uint32_t>& map : plan.task_maps) {
    for (const uint32_t task : map) all.Add(uint64_t{task});
  }
  for (const std::string& key : plan.video_keys) all.Add(key);
  for (const StatColumn& column : plan.stat_columns)
    all.Add(column.feature), all.Add(column.stat), all.Add(int64_t{column.list_depth});
  for (const std::string& column : plan.carried_columns) all.Add(column);
  AddSteps(plan, all);
  AddEpisodes(plan, all);
  all.Add(plan.rate.numerator), all.Add(plan.rate.denominator);
  all.Add(plan.num_frames), all.Add(plan.payload_bytes), all.Add(plan.alignment_bytes);
  all.Add(uint64_t{plan.schema_source}), all.Add(uint64_t{plan.schema_data_file});
  all.Add(plan.info_json);
  all.Add(plan.stats_json);
  return all.Hex();
}

std::string PlanId(const MergePlan& plan) {
  Fingerprint all;
  all.Add("robomerge plan 2");
  for (const Origin& origin : plan.origins) {
    all.Add(origin.root);
    for (const SourceFile& file : origin.files) all.Add(file.modified_ns);
  }
  all.Add(ContentId(plan));
  return all.Hex();
}

namespace plan_internal {

void MakeOrigins(const PlanSite& site, MergePlan& plan) {
  uint64_t first_episode = 0;
  for (const auto& source : plan.sources) {
    Origin origin = OriginOf(*source, site.working_directory);
    if (!site.roots.empty()) origin.root = site.roots[plan.origins.size()];
    origin.first_episode = first_episode;
    first_episode += origin.num_episodes;
    plan.origins.push_back(std::move(origin));
  }
}

void MakeRecord(const MergeOptions& options, MergePlan& plan) {
  Json record = Json::object();
  record["format"] = "robomerge record";
  record["version"] = Json::array({1, 0});
  record["made_by"] = StrCat("robomerge ", ROBOMERGE_VERSION);
  record["content_id"] = plan.content_id;
  Json& settings = record["options"] = Json::object();
  MergeOptions::VisitLayout(options, json::AddTo(settings));
  settings["layout_block_bytes"] = plan.alignment_bytes;
  Json& sources = record["sources"] = Json::array();
  // In order, and not by name: where sources lie must not show in the result (W-23).
  for (const Origin& origin : plan.origins) {
    Json entry = Json::object();
    entry["first_episode"] = origin.first_episode;
    entry["num_episodes"] = origin.num_episodes;
    entry["num_frames"] = origin.num_frames;
    entry["fingerprint"] = FingerprintOf(origin);
    sources.push_back(std::move(entry));
  }
  plan.record_json = json::Dump(record);
}

}  // namespace plan_internal
}  // namespace robomerge
