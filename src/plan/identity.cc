// The identity of a plan: the origins of its sources, its ids, and the record.
#include <algorithm>
#include <map>
#include <set>

#include "base/fingerprint.h"
#include "base/path.h"
#include "base/text.h"
#include "formats/json/fields.h"
#include "model/adaptation.h"
#include "model/statistics_text.h"
#include "plan/plan.h"
#include "plan/plan_internal.h"

namespace robomerge {
namespace {

// Without a path, as everything in the record (W-23): sentences hold none.
Json RecordOf(const Skipped& skipped) {
  Json entry = Json::object();
  entry["position"] = skipped.position;
  if (!skipped.name.empty()) entry["name"] = skipped.name;
  if (!skipped.is_whole()) entry["episodes"] = skipped.episodes;
  Json& reasons = entry["reasons"] = Json::array();
  for (const Problem& problem : skipped.reasons) {
    Json reason = Json::object();
    reason["kind"] = problem.kind;
    reason["what"] = problem.what;
    reasons.push_back(std::move(reason));
  }
  return entry;
}

// The entry of an earlier record, with the episodes that are of it now.
Json EntryOf(const RecordedSource& recorded) {
  Json entry = recorded.entry.is_null() ? Json::object() : recorded.entry;
  entry["first_episode"] = recorded.first_episode;
  entry["num_episodes"] = recorded.num_episodes;
  entry["num_frames"] = recorded.num_frames;
  return entry;
}

void AddId(FileId id, Fingerprint& all) {
  all.Add(id.chunk_index);
  all.Add(id.file_index);
}

void AddStep(const DataStep& step, Fingerprint& all) {
  AddId(step.id, all);
  all.Add(step.first_episode), all.Add(step.num_episodes), all.Add(step.payload_bytes);
  if (step.is_copy) all.Add("copy");
}

void AddStep(const VideoStep& step, Fingerprint& all) {
  AddId(step.id, all);
  all.Add(uint64_t{step.key}), all.Add(uint64_t{step.is_copy}), all.Add(step.num_episodes),
      all.Add(step.payload_bytes);
  all.Add(uint64_t{step.inputs.size()});
  for (const VideoStep::Input& input : step.inputs) {
    all.Add(uint64_t{input.source}), all.Add(uint64_t{input.source_key}),
        all.Add(uint64_t{input.video_file});
  }
}

void AddStep(const EpisodeDataStep& step, Fingerprint& all) {
  all.Add(step.kKind);
  all.Add(step.chunk_index), all.Add(step.episode), all.Add(step.payload_bytes);
  if (step.is_copy) all.Add("copy");
}

void AddStep(const EpisodeVideoStep& step, Fingerprint& all) {
  all.Add(step.kKind);
  all.Add(step.chunk_index), all.Add(step.episode), all.Add(uint64_t{step.key}),
      all.Add(uint64_t{step.is_copy}), all.Add(step.payload_bytes);
  all.Add(uint64_t{step.input.source}), all.Add(uint64_t{step.input.source_key}),
      all.Add(uint64_t{step.input.video_file});
}

void AddStep(const EpisodesStep& step, Fingerprint& all) {
  AddId(step.id, all);
  all.Add(step.first_episode), all.Add(step.num_episodes);
}

void AddStep(const CarriedFileStep& step, Fingerprint& all) {
  all.Add(step.kKind);
  all.Add(uint64_t{step.source}), all.Add(step.source_path), all.Add(step.size_bytes),
      all.Add(step.path);
}

// ContentId adds tasks and texts itself. The record cannot be added: it holds the content id.
void AddStep(const EpisodesLinesStep&, Fingerprint&) {}
void AddStep(const EpisodesStatsStep&, Fingerprint&) {}
void AddStep(const TasksStep&, Fingerprint&) {}
void AddStep(const TasksLinesStep&, Fingerprint&) {}
void AddStep(const InfoStep&, Fingerprint&) {}
void AddStep(const StatsStep&, Fingerprint&) {}
void AddStep(const RecordStep&, Fingerprint&) {}

void AddStep(const SubtasksStep& step, Fingerprint& all) { all.Add(step.kKind); }
void AddStep(const ModalityStep& step, Fingerprint& all) {
  all.Add(step.kKind), all.Add(step.text);
}

// The number of the first step of that kind, or 0. Ids count the steps of a kind from that one.
template <typename One>
uint64_t FirstStep(const MergePlan& plan) {
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    if (std::holds_alternative<One>(plan.steps[step])) return step;
  }
  return 0;
}

template <typename One>
std::string_view FullText(const MergePlan& plan) {
  const One* step = FindStep<One>(plan);
  return step != nullptr ? std::string_view(step->text) : std::string_view();
}

void AddEpisodes(const MergePlan& plan, Fingerprint& all) {
  const uint64_t first_video = FirstStep<VideoStep>(plan),
                 first_episodes = FirstStep<EpisodesStep>(plan);
  for (const PlannedEpisode& episode : plan.episodes) {
    all.Add(uint64_t{episode.source}), all.Add(uint64_t{episode.source_episode});
    all.Add(uint64_t{episode.data_step}), all.Add(episode.episodes_step - first_episodes),
        all.Add(episode.first_frame);
  }
  for (const std::vector<PlannedFrames>& frames : plan.frames) {
    for (const PlannedFrames& place : frames) {
      all.Add(place.video_step - first_video), all.Add(place.from_timestamp),
          all.Add(place.to_timestamp);
    }
  }
}

}  // namespace

std::string FingerprintOf(const Origin& origin) {
  Fingerprint all;
  for (const SourceFile& file : origin.files) all.Add(file.path), all.Add(file.size_bytes);
  all.Add(origin.metadata_fingerprint);
  return all.Hex();
}

Origin OriginOf(const DescribedSource& source) {
  const Dataset& dataset = *source.dataset;
  Origin origin;
  origin.root = AbsolutePath(dataset.root, "");
  origin.name = source.name;
  origin.adaptation = source.adaptation;
  origin.num_episodes = dataset.episodes.size();
  origin.num_frames = dataset.num_frames();
  const auto as_stored = [&](const auto& file, uint64_t size_bytes) {
    return SourceFile{RelativeTo(dataset.root, file.path), size_bytes, file.modified_ns,
                      file.changed_ns};
  };
  for (const EpisodesFile& file : dataset.episodes_files)
    origin.files.push_back(as_stored(file, file.size_bytes));
  for (const DataFile& file : dataset.data_files)
    origin.files.push_back(as_stored(file, file.size_bytes));
  for (const VideoKey& key : dataset.video_keys) {
    for (const VideoFile& file : key.files) {
      SourceFile stored = as_stored(file, file.size_bytes);
      // Episodes that share a video name it each.
      if (source.is_split && origin.files.back() == stored) continue;
      origin.files.push_back(std::move(stored));
    }
  }
  origin.metadata_fingerprint = source.metadata_fingerprint;
  for (const MetadataFile& file : dataset.metadata_files)
    origin.metadata_files.push_back(as_stored(file, file.size_bytes));
  return origin;
}

std::string ContentId(const MergePlan& plan, int64_t writer_revision) {
  Fingerprint all;
  all.Add(StrCat("robomerge content ", writer_revision));
  for (const Origin& origin : plan.origins) {
    all.Add(origin.num_episodes), all.Add(origin.num_frames), all.Add(FingerprintOf(origin));
    if (!origin.name.empty()) all.Add("name"), all.Add(origin.name);
    if (!origin.adaptation.empty())
      all.Add("adaptation"), all.Add(AdaptationText(origin.adaptation));
  }
  for (const RecordedSource& one : plan.recorded)
    all.Add("recorded"), all.Add(json::DumpLine(EntryOf(one)));
  if (!plan.recorded_skipped.is_null()) all.Add(json::DumpLine(plan.recorded_skipped));
  if (plan.skip_broken != SkipBroken::kNothing) {
    all.Add("skip_broken"), all.Add(NameOf(plan.skip_broken));
    for (const Skipped& one : plan.skipped) all.Add(json::DumpLine(RecordOf(one)));
  }
  for (const std::string& task : plan.tasks) all.Add(task);
  for (const std::vector<uint32_t>& map : plan.task_maps) {
    for (const uint32_t task : map) all.Add(uint64_t{task});
  }
  for (const TextColumn& column : plan.text_columns)
    all.Add("texts"), all.Add(column.name), all.Add(uint64_t{column.is_of_subtasks});
  for (const std::string& subtask : plan.subtasks) all.Add("subtask"), all.Add(subtask);
  for (const std::vector<uint32_t>& map : plan.subtask_maps) {
    for (const uint32_t subtask : map) all.Add(uint64_t{subtask});
  }
  for (const std::string& key : plan.video_keys) all.Add(key);
  for (const StatColumn& column : plan.stat_columns)
    all.Add(column.feature), all.Add(column.stat), all.Add(int64_t{column.list_depth});
  for (const std::string& column : plan.carried_columns) all.Add(column);
  for (const Step& step : plan.steps) std::visit([&](const auto& one) { AddStep(one, all); }, step);
  AddEpisodes(plan, all);
  // The rule, not what it will find.
  if (plan.stats == StatsMode::kExact) all.Add("statistics measured");
  if (plan.record_hashes) all.Add("hashes recorded");
  all.Add(plan.rate.numerator), all.Add(plan.rate.denominator);
  all.Add(plan.num_frames), all.Add(plan.payload_bytes), all.Add(plan.alignment_bytes);
  all.Add(uint64_t{plan.schema_source}), all.Add(uint64_t{plan.schema_data_file});
  for (const std::string& column : plan.nullable_columns) all.Add("nullable"), all.Add(column);
  all.Add(FullText<InfoStep>(plan));
  all.Add(FullText<StatsStep>(plan));
  return all.Hex();
}

std::string PlanId(const MergePlan& plan, int64_t writer_revision) {
  Fingerprint all;
  all.Add("robomerge plan 2");
  for (const Origin& origin : plan.origins) {
    all.Add(origin.root);
    for (const SourceFile& file : origin.files) all.Add(file.modified_ns);
  }
  all.Add(ContentId(plan, writer_revision));
  return all.Hex();
}

namespace plan_internal {

void MakeOrigins(const PlanSite& site, MergePlan& plan) {
  uint64_t first_episode = 0;
  for (const auto& source : plan.sources) {
    Origin origin = OriginOf(*source);
    if (!site.roots.empty()) origin.root = site.roots[plan.origins.size()];
    origin.first_episode = first_episode;
    first_episode += origin.num_episodes;
    plan.origins.push_back(std::move(origin));
  }
}

// Pictures, whose statistics cannot be measured without decoding them.
static Json FoldedFeatures(const MergePlan& plan) {
  Json names = Json::array();
  for (const Feature& feature : SchemaOf(plan).features) {
    if (feature.is_camera()) names.push_back(feature.name);
  }
  return names;
}

std::string MakeRecord(const MergeOptions& options, const MergePlan& plan) {
  Json record = Json::object();
  record["format"] = "robomerge record";
  record["version"] = Json::array({1, plan.record_hashes ? 1 : 0});
  record["made_by"] = StrCat("robomerge ", ROBOMERGE_VERSION);
  record["content_id"] = plan.content_id;
  Json& settings = record["options"] = Json::object();
  MergeOptions::VisitLayout(options, json::AddTo(settings));
  if (plan.version != CodebaseVersion::kV30) settings["codebase_version"] = NameOf(plan.version);
  settings["layout_block_bytes"] = plan.alignment_bytes;
  // Where nothing is said they are folded, as in records before there was a choice.
  if (plan.stats == StatsMode::kExact) {
    settings["stats"] = NameOf(plan.stats);
    record["folded"] = FoldedFeatures(plan);
  }
  if (plan.skip_broken != SkipBroken::kNothing) settings["skip_broken"] = NameOf(plan.skip_broken);
  Json& sources = record["sources"] = Json::array();
  // By order, and by name if the user gave one: the result must not show where sources lie (W-23).
  for (const RecordedSource& one : plan.recorded) sources.push_back(EntryOf(one));
  for (const Origin& origin : plan.origins) {
    if (&origin == plan.origins.data() && !plan.recorded.empty()) continue;
    Json entry = Json::object();
    if (!origin.name.empty()) entry["name"] = origin.name;
    if (!origin.adaptation.empty()) entry["adaptation"] = AdaptationJson(origin.adaptation);
    entry["first_episode"] = origin.first_episode;
    entry["num_episodes"] = origin.num_episodes;
    entry["num_frames"] = origin.num_frames;
    entry["fingerprint"] = FingerprintOf(origin);
    sources.push_back(std::move(entry));
  }
  if (!plan.recorded_skipped.is_null()) record["skipped"] = plan.recorded_skipped;
  if (plan.skip_broken != SkipBroken::kNothing) {
    Json& skipped = record["skipped"] = Json::array();
    for (const Skipped& one : plan.skipped) skipped.push_back(RecordOf(one));
  }
  return json::Dump(record);
}

// A user who gives the same path twice means it. Equal sources under different paths (another
// spelling, a link, a copy) are more often a mistake.
void WarnOfCopies(MergePlan& plan) {
  constexpr size_t kMostNamed = 3;
  std::map<std::string, std::vector<size_t>> groups;
  for (size_t source = 0; source < plan.origins.size(); ++source) {
    if (plan.origins[source].num_episodes == 0) continue;
    groups[FingerprintOf(plan.origins[source])].push_back(source);
  }
  std::map<size_t, Problem> warnings;  // by the second source of a group
  for (const auto& [fingerprint, sources] : groups) {
    std::vector<std::string> roots;
    size_t second = 0;
    for (const size_t source : sources) {
      const std::string& root = plan.sources[source]->dataset->root;
      if (std::find(roots.begin(), roots.end(), root) != roots.end()) continue;
      if (roots.size() == 1) second = source;
      roots.push_back(root);
    }
    if (roots.size() < 2) continue;
    const size_t num_more = roots.size() - std::min(roots.size(), kMostNamed);
    const std::string other = roots[1];
    roots.resize(roots.size() - num_more);
    std::string names = Join(roots, ", ");
    if (num_more > 0) names += StrCat(" and ", num_more, " more");
    warnings.emplace(second, Problem(Code::kInvalidArgument,
                                     "sources hold the same; its episodes come once for each")
                                 .Kind("W-source-twice")
                                 .Source(other)
                                 .At(other)
                                 .Found("the same files, sizes, tasks and statistics in " + names));
  }
  for (auto& [source, warning] : warnings) plan.warnings.push_back(std::move(warning));
}

// A pattern such as kitchen_* finds the backup of an edit too, and with it what the edit took out.
void WarnOfBackups(MergePlan& plan) {
  const auto clean = [](std::string root) {
    while (root.size() > 1 && root.ends_with('/')) root.pop_back();
    return root;
  };
  std::set<std::string> roots, told;
  for (const auto& source : plan.sources) roots.insert(clean(source->dataset->root));
  for (const auto& source : plan.sources) {
    const std::string backup = clean(source->dataset->root);
    if (!backup.ends_with(kBackupEnd)) continue;
    const std::string edited = backup.substr(0, backup.size() - kBackupEnd.size());
    if (!roots.contains(edited) || !told.insert(backup).second) continue;
    plan.warnings.push_back(
        Problem(Code::kInvalidArgument,
                "a source lies where an edit in place keeps what another source was before")
            .Kind("W-source-old")
            .Source(backup)
            .At(backup)
            .Found("what was " + edited)
            .Hint("leave it out, unless its episodes are to be there too"));
  }
}

}  // namespace plan_internal
}  // namespace robomerge
