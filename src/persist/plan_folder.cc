#include "persist/plan_folder.h"

#include <algorithm>

#include "base/overloaded.h"
#include "formats/json/fields.h"
#include "persist/plan_folder_internal.h"
#include "persist/skipped_table.h"

namespace robomerge::persist {
namespace {

using json::Json;

constexpr FolderKind kPlanKind = {"robomerge plan", "plan.json", "E-plan", 3, 0};

// Columns besides task_index whose numbers change with those of tasks, and of subtasks.
constexpr const char* kTaskColumns = "task_columns";
constexpr const char* kSubtaskColumns = "subtask_columns";
constexpr const char* kRecordHashes = "record_hashes";

Json Fields(const StoredPlan& stored) {
  const MergePlan& plan = stored.plan;
  Json fields = Json::object();
  fields["made_by"] = StrCat("robomerge ", ROBOMERGE_VERSION);
  fields["codebase_version"] = StrCat("v", NameOf(plan.version));
  fields["plan_id"] = plan.id;
  fields["destination"] = stored.destination;
  fields["staging_root"] = stored.staging_root;
  Json& settings = fields["options"] = Json::object();
  MergeOptions::VisitLayout(stored.options, json::AddTo(settings));
  MergeOptions::VisitWriting(stored.options, json::AddTo(fields));
  fields["num_sources"] = plan.origins.size();
  fields["num_episodes"] = plan.episodes.size();
  fields["num_frames"] = plan.num_frames;
  fields["num_units"] = plan.steps.size();
  fields["payload_bytes"] = plan.payload_bytes;
  fields["alignment_bytes"] = plan.alignment_bytes;
  fields["rate_numerator"] = plan.rate.numerator;
  fields["rate_denominator"] = plan.rate.denominator;
  fields["schema_source"] = plan.schema_source;
  fields["schema_data_file"] = plan.schema_data_file;
  fields["video_keys"] = plan.video_keys;
  fields["carried_columns"] = plan.carried_columns;
  // A plan without it folds, as those did that were made before there was a choice.
  if (plan.stats == StatsMode::kExact) fields["stats"] = NameOf(plan.stats);
  if (plan.record_hashes) fields[kRecordHashes] = true;
  for (const TextColumn& column : plan.text_columns)
    fields[column.is_of_subtasks ? kSubtaskColumns : kTaskColumns].push_back(column.name);
  if (!plan.nullable_columns.empty()) fields["nullable_columns"] = plan.nullable_columns;
  AddWish(plan.skip_broken, fields);
  return fields;
}

Status ReadOption(const TableFolder& folder, const char* name, bool& value) {
  ROBOMERGE_ASSIGN_OR_RETURN(value, folder.Flag(name));
  return Status();
}

Status ReadOption(const TableFolder& folder, const char* name, CopyMode& value) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string text, folder.Text(name));
  const std::optional<CopyMode> mode = FromName<CopyMode>(text);
  if (!mode)
    return folder.DamagedProblem("copy mode is not known",
                                 StrCat(folder.header_path(), ": ", name));
  value = *mode;
  return Status();
}

Status ReadFields(const TableFolder& folder, StoredPlan& stored) {
  MergePlan& plan = stored.plan;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string version, folder.Text("codebase_version"));
  const std::optional<CodebaseVersion> known =
      FromName<CodebaseVersion>(version.starts_with('v') ? version.substr(1) : version);
  if (!known) {
    return folder.DamagedProblem("version is not known",
                                 folder.header_path() + ": codebase_version");
  }
  plan.version = stored.options.codebase_version = *known;
  ROBOMERGE_ASSIGN_OR_RETURN(plan.id, folder.Text("plan_id"));
  ROBOMERGE_ASSIGN_OR_RETURN(stored.destination, folder.Text("destination"));
  ROBOMERGE_ASSIGN_OR_RETURN(stored.staging_root, folder.Text("staging_root"));
  Status read;
  MergeOptions::VisitWriting(stored.options, [&](const char* name, auto& value) {
    if (read.ok()) read = ReadOption(folder, name, value);
  });
  ROBOMERGE_RETURN_NOT_OK(read);
  stored.options.staging_root = stored.staging_root;
  ROBOMERGE_ASSIGN_OR_RETURN(plan.num_frames, folder.Count("num_frames"));
  ROBOMERGE_ASSIGN_OR_RETURN(plan.payload_bytes, folder.Count("payload_bytes"));
  ROBOMERGE_ASSIGN_OR_RETURN(plan.alignment_bytes, folder.Count("alignment_bytes"));
  ROBOMERGE_ASSIGN_OR_RETURN(plan.rate.numerator, folder.Count("rate_numerator"));
  ROBOMERGE_ASSIGN_OR_RETURN(plan.rate.denominator, folder.Count("rate_denominator"));
  ROBOMERGE_ASSIGN_OR_RETURN(plan.video_keys, folder.TextList("video_keys"));
  ROBOMERGE_ASSIGN_OR_RETURN(plan.carried_columns, folder.TextList("carried_columns"));
  // In the order in which a plan has them.
  for (const char* field : {kSubtaskColumns, kTaskColumns}) {
    if (!folder.Has(field)) continue;
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, folder.TextList(field));
    for (const std::string& name : names)
      plan.text_columns.push_back({name, field == kSubtaskColumns});
  }
  if (folder.Has("nullable_columns")) {
    ROBOMERGE_ASSIGN_OR_RETURN(plan.nullable_columns, folder.TextList("nullable_columns"));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(plan.stats, ReadStatsMode(folder));
  stored.options.stats = plan.stats;
  if (folder.Has(kRecordHashes)) {
    ROBOMERGE_ASSIGN_OR_RETURN(plan.record_hashes, folder.Flag(kRecordHashes));
  }
  stored.options.record_hashes = plan.record_hashes;
  ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t schema_source, folder.Count("schema_source"));
  ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t schema_data_file, folder.Count("schema_data_file"));
  plan.schema_source = static_cast<uint32_t>(schema_source);
  plan.schema_data_file = static_cast<uint32_t>(schema_data_file);
  const auto refuse = [&](const char* what, const char* field) -> Status {
    return folder.DamagedProblem(what, folder.header_path() + ": " + field);
  };
  if (plan.rate.numerator == 0 || plan.rate.denominator == 0)
    return refuse("frame rate is zero", "rate_numerator");
  // A block size as file systems have it. A larger one could make a file a thousand times larger
  // than its content.
  if (plan.alignment_bytes == 0 || plan.alignment_bytes > (1u << 20))
    return refuse("alignment is no block size", "alignment_bytes");
  if (!std::all_of(plan.video_keys.begin(), plan.video_keys.end(), IsUsableVideoKey))
    return refuse("name of a camera cannot be that of a folder", "video_keys");
  if (!stored.destination.starts_with('/'))
    return refuse("destination is no absolute path", "destination");
  if (!stored.staging_root.empty() && !stored.staging_root.starts_with('/'))
    return refuse("folder is no absolute path", "staging_root");
  if (plan.id.size() != 16 || plan.id.find_first_not_of("0123456789abcdef") != std::string::npos)
    return refuse("id is not 16 hex digits", "plan_id");
  return Status();
}

}  // namespace

Result<bool> WritePlan(io::FileSystem& file_system, const std::string& directory,
                       const StoredPlan& stored, bool sync) {
  plan_internal::PlanTables tables = plan_internal::ToTables(stored.plan);
  TableFolderWriter writer(kPlanKind, Fields(stored));
  writer.Add("sources", tables.sources);
  writer.Add("source_files", tables.source_files);
  writer.Add("tasks", tables.tasks);
  writer.Add("units", tables.units);
  writer.Add("extents", tables.extents);
  if (!tables.carried_files.unit.empty()) writer.Add("carried_files", tables.carried_files);
  if (!tables.subtask_maps.subtask_map.empty()) {
    writer.Add("subtasks", tables.subtasks);
    writer.Add("subtask_maps", tables.subtask_maps);
  }
  writer.Add("episodes", tables.episodes);
  writer.Add("frames", tables.frames);
  writer.Add("stat_columns", tables.stat_columns);
  writer.Add("texts", tables.texts);
  writer.Add("warnings", tables.warnings);
  SkippedTables skips = persist::ToTables(stored.plan.skipped);
  AddTables(stored.plan.skip_broken, skips, writer);
  ROBOMERGE_ASSIGN_OR_RETURN(const TableFolderWriter::Outcome outcome,
                             writer.Write(file_system, directory, sync));
  if (outcome != TableFolderWriter::Outcome::kDiffers)
    return outcome == TableFolderWriter::Outcome::kAlreadyThere;
  Problem problem = Problem(Code::kAlreadyExists, "another plan is in this folder")
                        .Kind("E-plan-differs")
                        .At(io::JoinPath(directory, kPlanKind.header_name))
                        .Expected(StrCat("plan ", stored.plan.id, " for ", stored.destination))
                        .Hint(
                            "plans are never changed: choose another folder, or remove this one if "
                            "nothing is written by it any more");
  ROBOMERGE_ASSIGN_OR_RETURN(const TableFolder there,
                             TableFolder::Open(file_system, directory, kPlanKind));
  const Result<std::string> id = there.Text("plan_id"), destination = there.Text("destination");
  if (id.ok() && destination.ok())
    problem.found = StrCat(
        "plan ", *id, " for ", *destination,
        *id == stored.plan.id && *destination == stored.destination ? ", with other options" : "");
  return problem;
}

Result<StoredPlan> ReadPlan(const io::FileSystem& file_system, const std::string& directory) {
  ROBOMERGE_ASSIGN_OR_RETURN(const TableFolder folder,
                             TableFolder::Open(file_system, directory, kPlanKind));
  StoredPlan stored;
  ROBOMERGE_RETURN_NOT_OK(ReadFields(folder, stored));
  plan_internal::PlanTables tables;
  ROBOMERGE_ASSIGN_OR_RETURN(tables.sources, folder.Read<OriginsTable>("sources"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.source_files, folder.Read<SourceFilesTable>("source_files"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.tasks, folder.Read<TasksTable>("tasks"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.units, folder.Read<UnitsTable>("units"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.extents, folder.Read<InputsTable>("extents"));
  if (std::ranges::count(tables.units.kind, CarriedFileStep::kKind) > 0) {
    ROBOMERGE_ASSIGN_OR_RETURN(tables.carried_files,
                               folder.Read<CarriedFilesTable>("carried_files"));
  }
  if (std::ranges::count(tables.units.kind, SubtasksStep::kKind) > 0) {
    ROBOMERGE_ASSIGN_OR_RETURN(tables.subtasks, folder.Read<PlannedSubtasksTable>("subtasks"));
    ROBOMERGE_ASSIGN_OR_RETURN(tables.subtask_maps, folder.Read<SubtaskMapsTable>("subtask_maps"));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(tables.episodes, folder.Read<PlannedEpisodesTable>("episodes"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.frames, folder.Read<PlannedFramesTable>("frames"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.stat_columns, folder.Read<StatColumnsTable>("stat_columns"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.texts, folder.Read<TextsTable>("texts"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.warnings, folder.Read<ProblemsTable>("warnings"));
  ROBOMERGE_RETURN_NOT_OK(plan_internal::FromTables(folder, std::move(tables), stored.plan));
  ROBOMERGE_ASSIGN_OR_RETURN(StoredSkips skips, ReadSkips(folder));
  stored.plan.skip_broken = stored.options.skip_broken = skips.wish;
  stored.plan.skipped = std::move(skips.skipped);
  stored.plan.content_id = ContentId(stored.plan);
  const std::string id = PlanId(stored.plan);
  if (id != stored.plan.id) {
    Problem problem = folder.DamagedProblem("plan is not the one that its id names",
                                            folder.header_path() + ": plan_id");
    problem.expected = id + "   from its tables";
    problem.found = stored.plan.id;
    return problem;
  }
  return stored;
}

Status CheckReferences(const MergePlan& plan, const Step& step, const std::string& directory) {
  const auto refuse = [&](const std::string& table) -> Status {
    return Problem(Code::kCorrupt, "plan points to a file that its source does not have")
        .Kind("E-plan-damaged")
        .At(StrCat(directory, "/", table, ".parquet"))
        .Hint("remove this folder and make it again");
  };
  for (const uint32_t source : SourcesOf(plan, step)) {
    const Dataset& dataset = *plan.sources[source]->dataset;
    if (plan.task_maps[source].size() != dataset.tasks.size()) return refuse("sources");
    if (!plan.subtask_maps.empty() && plan.subtask_maps[source].size() != dataset.subtasks.size())
      return refuse("subtask_maps");
  }
  const auto check_schema = [&] {
    const Dataset& dataset = *plan.sources[plan.schema_source]->dataset;
    return plan.schema_data_file < dataset.data_files.size() ? Status() : refuse("sources");
  };
  const auto inputs_are_there = [&] {
    const std::vector<VideoStep::Input> inputs = VideoInputsOf(step);
    return std::all_of(inputs.begin(), inputs.end(), [&](const VideoStep::Input& input) {
      const std::vector<VideoKey>& keys = plan.sources[input.source]->dataset->video_keys;
      return input.source_key < keys.size() &&
             input.video_file < keys[input.source_key].files.size();
    });
  };
  return std::visit(Overloaded{[&](const DataStep&) { return check_schema(); },
                               [&](const EpisodeDataStep&) { return check_schema(); },
                               [&](const VideoStep& video) {
                                 if (video.inputs.empty()) return refuse("extents");
                                 return inputs_are_there() ? Status() : refuse("extents");
                               },
                               [&](const EpisodeVideoStep& video) {
                                 const bool is_of_episode =
                                     plan.episodes[video.episode].source == video.input.source;
                                 if (!is_of_episode || !inputs_are_there())
                                   return refuse("extents");
                                 return video.is_copy == !VideoFileOf(plan, video.input).is_cut
                                            ? Status()
                                            : refuse("units");
                               },
                               [](const auto&) { return Status(); }},
                    step);
}

}  // namespace robomerge::persist
