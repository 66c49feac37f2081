#include <set>

#include "base/text.h"
#include "merge/on_file_system.h"
#include "merge/run.h"
#include "merge/slices.h"
#include "persist/partial_folder.h"
#include "persist/plan_folder.h"
#include "publish/preflight.h"
#include "publish/record.h"
#include "publish/space.h"
#include "publish/whole_files.h"
#include "publish/workplace.h"
#include "reduce/combine.h"

namespace robomerge {
namespace {

Result<std::vector<std::string>> AbsolutePaths(const io::FileSystem& file_system,
                                               const std::vector<std::string>& paths) {
  std::vector<std::string> absolute;
  for (const std::string& path : paths) {
    ROBOMERGE_ASSIGN_OR_RETURN(std::string one, WithoutParents(file_system, path));
    absolute.push_back(std::move(one));
  }
  return absolute;
}

// The options that a plan keeps are the plan's; those of the process are its own.
MergeOptions OptionsOf(const persist::StoredPlan& stored, const MergeOptions& own) {
  MergeOptions options = stored.options;
  options.num_workers = own.num_workers;
  options.trace_path = own.trace_path;
  options.overwrite = options.overwrite || own.overwrite;
  return options;
}

void FillTimes(const Run& run, StageReport& report) {
  report.stages = run.stages();
  report.num_workers = run.num_workers();
  report.utilisation = run.Usage().busy_fraction;
  report.seconds = run.seconds();
}

void FillFromPlan(const persist::StoredPlan& stored, StageReport& report) {
  report.plan_id = stored.plan.id;
  report.destination = stored.destination;
  report.num_sources = stored.plan.origins.size();
  report.num_episodes = stored.plan.episodes.size();
  report.num_frames = stored.plan.num_frames;
}

Result<StageReport> Describe(const std::vector<std::string>& sources,
                             const std::string& partial_directory, Rank rank, Run& run) {
  ROBOMERGE_RETURN_NOT_OK(CheckRank(rank.rank, rank.world_size));
  if (sources.empty())
    return Problem(Code::kInvalidArgument, "no sources to describe").Kind("E-no-sources");
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> all,
                             AbsolutePaths(run.file_system(), sources));
  const Span span = SliceByNumber(all.size(), rank.rank, rank.world_size);
  StageReport report;
  report.stage = "describe";
  report.directory = partial_directory;
  report.first_source = span.first;
  report.num_sources = span.end - span.first;
  ROBOMERGE_RETURN_NOT_OK(run.Start());
  if (report.num_sources == 0) {
    report.already_done = true;
  } else {
    const std::vector<std::string> mine(all.begin() + static_cast<int64_t>(span.first),
                                        all.begin() + static_cast<int64_t>(span.end));
    ROBOMERGE_ASSIGN_OR_RETURN(const Partial partial, run.ReadAndReduce(mine));
    report.num_episodes = partial.num_episodes;
    report.num_frames = partial.num_frames;
    report.payload_bytes = partial.payload_bytes;
    report.warnings = partial.warnings.Flatten();
    run.Enter("write");
    const persist::PartialPlace place{span.first, report.num_sources, all.size()};
    ROBOMERGE_ASSIGN_OR_RETURN(report.already_done,
                               persist::WritePartial(run.file_system(), partial_directory, place,
                                                     partial, run.options().sync));
  }
  ROBOMERGE_RETURN_NOT_OK(run.Finish());
  FillTimes(run, report);
  return report;
}

// Plans `root`, whose roots are absolute, and writes the plan directory.
Result<StageReport> PlanInto(const Partial& root, const std::string& destination,
                             const std::string& plan_directory, Run& run) {
  const MergeOptions& options = run.options();
  persist::StoredPlan stored;
  stored.destination = destination;
  if (!options.staging_root.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(stored.staging_root,
                               io::AbsolutePath(run.file_system(), options.staging_root));
  }
  stored.options = options;
  ROBOMERGE_ASSIGN_OR_RETURN(stored.plan, run.MakePlan(root, destination, {}));
  for (Unit& unit : UnitsOf(stored.plan)) {
    stored.units.push_back({std::move(unit.file.path), std::move(unit.file.kind),
                            unit.file.num_episodes, unit.cost_bytes});
  }
  std::vector<std::string> unit_paths;
  for (const persist::UnitRow& unit : stored.units) unit_paths.push_back(unit.path);
  ROBOMERGE_ASSIGN_OR_RETURN(const bool is_published,
                             IsPublished(run.file_system(), destination, stored.plan, unit_paths));
  ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(run.file_system(), destination));
  if (exists && !is_published && !options.overwrite) return DestinationExists(destination);
  const StagingPaths paths(destination, stored.staging_root, stored.plan.id);
  ROBOMERGE_ASSIGN_OR_RETURN(const bool is_begun, io::Exists(run.file_system(), paths.directory));
  if (!is_published && !is_begun)
    ROBOMERGE_RETURN_NOT_OK(CheckSpace(run.file_system(), RootsOf(root), destination,
                                       options.copy_mode, stored.plan.payload_bytes));
  run.Enter("write");
  StageReport report;
  report.stage = "plan";
  report.directory = plan_directory;
  ROBOMERGE_ASSIGN_OR_RETURN(
      report.already_done,
      persist::WritePlan(run.file_system(), plan_directory, stored, options.sync));
  FillFromPlan(stored, report);
  report.num_units = stored.units.size();
  report.payload_bytes = stored.plan.payload_bytes;
  report.warnings = stored.plan.warnings;
  ROBOMERGE_RETURN_NOT_OK(run.Finish());
  FillTimes(run, report);
  return report;
}

Result<StageReport> PlanFromPartials(const std::string& partial_directory,
                                     const std::string& destination,
                                     const std::string& plan_directory, Run& run) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string absolute,
                             io::AbsolutePath(run.file_system(), destination));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string clean, CleanDestination(absolute));
  ROBOMERGE_RETURN_NOT_OK(run.Start());
  run.Enter("read");
  ROBOMERGE_ASSIGN_OR_RETURN(std::vector<persist::StoredPartial> partials,
                             persist::ReadPartials(run.file_system(), partial_directory));
  Partial root;
  for (persist::StoredPartial& partial : partials) root = Combine(std::move(root), partial.partial);
  ROBOMERGE_RETURN_NOT_OK(CheckDestination(run.file_system(), clean, RootsOf(root), run.options()));
  return PlanInto(root, clean, plan_directory, run);
}

Result<StageReport> PlanFromSources(const std::vector<std::string>& sources,
                                    const std::string& destination,
                                    const std::string& plan_directory, Run& run) {
  if (sources.empty())
    return Problem(Code::kInvalidArgument, "no sources to merge").Kind("E-no-sources");
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string absolute,
                             io::AbsolutePath(run.file_system(), destination));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string clean, CleanDestination(absolute));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> all,
                             AbsolutePaths(run.file_system(), sources));
  ROBOMERGE_RETURN_NOT_OK(CheckDestination(run.file_system(), clean, all, run.options()));
  ROBOMERGE_RETURN_NOT_OK(run.Start());
  ROBOMERGE_ASSIGN_OR_RETURN(const Partial root, run.ReadAndReduce(all));
  return PlanInto(root, clean, plan_directory, run);
}

// The units of a loaded plan are made from its steps; the table must name the same files.
Result<std::vector<Unit>> LoadedUnits(const persist::StoredPlan& stored,
                                      const std::string& plan_directory) {
  std::vector<Unit> units = UnitsOf(stored.plan);
  for (size_t unit = 0; unit < std::max(units.size(), stored.units.size()); ++unit) {
    if (unit < units.size() && unit < stored.units.size() &&
        units[unit].file.path == stored.units[unit].path)
      continue;
    return Problem(Code::kCorrupt, "table of units does not fit the plan")
        .Kind("E-plan-damaged")
        .At(StrCat(plan_directory, "/units.parquet: path, row ", unit))
        .Expected(unit < units.size() ? units[unit].file.path : "no such row")
        .Found(unit < stored.units.size() ? stored.units[unit].path : "no such row")
        .Hint("remove this folder and make it again");
  }
  return units;
}

class WriteRun {
 public:
  WriteRun(persist::StoredPlan& stored, const std::string& plan_directory, Run& run)
      : stored_(stored), run_(run) {
    report_.stage = "write";
    report_.directory = plan_directory;
  }

  Result<StageReport> Write(Rank rank) {
    ROBOMERGE_RETURN_NOT_OK(run_.Start());
    ROBOMERGE_ASSIGN_OR_RETURN(units_, LoadedUnits(stored_, report_.directory));
    unit_paths_ = PathsOf(units_);
    std::vector<uint64_t> cost_bytes;
    for (const Unit& unit : units_) cost_bytes.push_back(unit.cost_bytes);
    const Span span = SliceByCost(cost_bytes, rank.rank, rank.world_size);
    FillFromPlan(stored_, report_);
    report_.first_unit = span.first;
    report_.num_units = span.end - span.first;
    ROBOMERGE_RETURN_NOT_OK(WriteSlice(span));
    ROBOMERGE_RETURN_NOT_OK(run_.Finish());
    FillTimes(run_, report_);
    return std::move(report_);
  }

 private:
  Status WriteSlice(Span span) {
    io::FileSystem& file_system = run_.file_system();
    const StagingPaths paths(stored_.destination, stored_.staging_root, stored_.plan.id);
    ROBOMERGE_ASSIGN_OR_RETURN(const bool was_published, FinishIfPublished());
    if (was_published) return Status();
    ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system, stored_.destination));
    if (exists && !run_.options().overwrite) return DestinationExists(stored_.destination);
    ROBOMERGE_ASSIGN_OR_RETURN(
        Staging staging,
        Staging::Open(file_system, paths, io::LockKind::kShared, run_.options().sync));
    // Published while we opened: then the lock's file is ours alone.
    ROBOMERGE_ASSIGN_OR_RETURN(const bool is_published, FinishIfPublished());
    if (is_published) {
      staging.Leave();
      return Status();
    }
    ROBOMERGE_ASSIGN_OR_RETURN(UnitsDone done, FindDone(file_system, paths, stored_.plan.id,
                                                        unit_paths_, run_.options().sync));
    std::vector<size_t> missing;
    std::vector<std::string> missing_paths;
    std::set<uint32_t> sources;
    for (size_t unit = span.first; unit < span.end; ++unit) {
      if (done[unit]) continue;
      missing.push_back(unit);
      missing_paths.push_back(unit_paths_[unit]);
      for (const uint32_t source : SourcesOf(stored_.plan, unit)) sources.insert(source);
    }
    report_.num_files_skipped = report_.num_units - missing.size();
    report_.already_done = missing.empty();
    if (missing.empty()) return Status();
    ROBOMERGE_RETURN_NOT_OK(run_.LoadSources({sources.begin(), sources.end()}, stored_.plan));
    ROBOMERGE_RETURN_NOT_OK(CheckReferences(missing));
    return WriteMissing(staging, missing, missing_paths, done);
  }

  Status WriteMissing(Staging& staging, const std::vector<size_t>& missing,
                      const std::vector<std::string>& missing_paths, UnitsDone& done) {
    io::FileSystem& file_system = run_.file_system();
    run_.Enter("write");
    ROBOMERGE_RETURN_NOT_OK(staging.MakeFolders(missing_paths));
    const bool sync = run_.options().sync;
    WholeFileSystem whole_files(file_system, true);
    JournalWriter journal(file_system, staging.paths().journals, stored_.plan.id, sync, sync);
    io::FilePool pool(file_system);
    const std::vector<Unit> units =
        UnitsOf(stored_.plan);  // now that sources are known, with their files
    const Status status =
        run_.WriteUnits(run_.ContextFor(stored_.plan, whole_files, pool, staging.paths().directory),
                        units, missing, &journal, done);
    if (!status.ok())
      return WithWayOn(status, staging.paths(), "run the same `robomerge write` again to continue");
    WrittenTotals totals;
    for (const size_t unit : missing) {
      totals.Add(*done[unit]);
      report_.payload_bytes += units[unit].cost_bytes;
      ReportedFile& file = report_.files.emplace_back(units[unit].file);
      file.mode = done[unit]->mode;
      file.size_bytes = done[unit]->size_bytes;
    }
    report_.num_files_written = missing.size();
    report_.size_bytes = totals.size_bytes;
    report_.copied_bytes = totals.copied_bytes;
    report_.shared_bytes = totals.shared_bytes;
    report_.encoded_bytes = totals.encoded_bytes;
    return Status();
  }

  Result<bool> FinishIfPublished() {
    ROBOMERGE_ASSIGN_OR_RETURN(
        const bool is_published,
        IsPublished(run_.file_system(), stored_.destination, stored_.plan, unit_paths_));
    if (!is_published) return false;
    report_.already_done = true;
    report_.num_files_skipped = report_.num_units;
    return true;
  }

  // Numbers of the plan that point into sources, which are known only now.
  Status CheckReferences(const std::vector<size_t>& missing) const {
    const MergePlan& plan = stored_.plan;
    const auto refuse = [&](const std::string& table) -> Status {
      return Problem(Code::kCorrupt, "plan points to a file that its source does not have")
          .Kind("E-plan-damaged")
          .At(StrCat(report_.directory, "/", table, ".parquet"))
          .Hint("remove this folder and make it again");
    };
    for (const size_t unit : missing) {
      if (unit < plan.data_steps.size()) {
        if (plan.schema_data_file >= plan.sources[plan.schema_source]->dataset->data_files.size())
          return refuse("sources");
      } else if (unit - plan.data_steps.size() < plan.video_steps.size()) {
        const VideoStep& step = plan.video_steps[unit - plan.data_steps.size()];
        if (step.inputs.empty()) return refuse("extents");
        for (const VideoStep::Input& input : step.inputs) {
          const std::vector<VideoKey>& keys = plan.sources[input.source]->dataset->video_keys;
          if (input.source_key >= keys.size() ||
              input.video_file >= keys[input.source_key].files.size())
            return refuse("extents");
        }
      }
    }
    for (size_t source = 0; source < plan.sources.size(); ++source) {
      if (plan.sources[source] != nullptr &&
          plan.task_maps[source].size() != plan.sources[source]->dataset->tasks.size())
        return refuse("sources");
    }
    return Status();
  }

  persist::StoredPlan& stored_;
  Run& run_;
  StageReport report_;
  std::vector<Unit> units_;
  std::vector<std::string> unit_paths_;
};

Result<StageReport> Publish(const persist::StoredPlan& stored, const std::string& plan_directory,
                            Run& run) {
  io::FileSystem& file_system = run.file_system();
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<Unit> units, LoadedUnits(stored, plan_directory));
  const std::vector<std::string> unit_paths = PathsOf(units);
  const StagingPaths paths(stored.destination, stored.staging_root, stored.plan.id);
  StageReport report;
  report.stage = "publish";
  report.directory = plan_directory;
  FillFromPlan(stored, report);
  report.num_units = units.size();
  report.payload_bytes = stored.plan.payload_bytes;
  run.Enter("publish");
  ROBOMERGE_ASSIGN_OR_RETURN(const bool is_published,
                             IsPublished(file_system, stored.destination, stored.plan, unit_paths));
  if (is_published) {
    report.already_done = true;
    ROBOMERGE_RETURN_NOT_OK(FinishPublishing(file_system, paths, run.options().sync));
  } else {
    ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system, stored.destination));
    if (exists && !run.options().overwrite) return DestinationExists(stored.destination);
    ROBOMERGE_RETURN_NOT_OK(
        CheckComplete(file_system, paths, stored.plan.id, unit_paths, run.options().sync));
    ROBOMERGE_ASSIGN_OR_RETURN(
        Staging staging,
        Staging::Open(file_system, paths, io::LockKind::kExclusive, run.options().sync));
    // Again, now that nobody can write.
    Status status =
        CheckComplete(file_system, paths, stored.plan.id, unit_paths, run.options().sync);
    if (status.ok()) status = staging.Sweep(unit_paths);
    if (status.ok()) status = staging.Publish(run.options().sync, run.options().overwrite);
    if (!status.ok()) {
      staging.Leave();
      return status;
    }
  }
  for (const std::string& path : unit_paths) {
    ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat,
                               file_system.Stat(io::JoinPath(stored.destination, path)));
    report.size_bytes += stat.size_bytes;
  }
  ROBOMERGE_RETURN_NOT_OK(run.Finish());
  FillTimes(run, report);
  return report;
}

Result<StageReport> WithKind(Result<StageReport> report) {
  if (report.ok()) return report;
  return report.status().OfKind(DefaultKind(report.status().code()));
}

}  // namespace

Result<StageReport> DescribeSourcesOn(io::FileSystem& file_system,
                                      const std::vector<std::string>& sources,
                                      const std::string& partial_directory, Rank rank,
                                      const MergeOptions& options, const ProgressCallback& progress,
                                      const std::atomic<bool>* stop) {
  Run run(file_system, options, progress, stop);
  return WithKind(Describe(sources, partial_directory, rank, run));
}

Result<StageReport> PlanPartialsOn(io::FileSystem& file_system,
                                   const std::string& partial_directory,
                                   const std::string& destination,
                                   const std::string& plan_directory, const MergeOptions& options,
                                   const ProgressCallback& progress,
                                   const std::atomic<bool>* stop) {
  Run run(file_system, options, progress, stop);
  return WithKind(PlanFromPartials(partial_directory, destination, plan_directory, run));
}

Result<StageReport> PlanSourcesOn(io::FileSystem& file_system,
                                  const std::vector<std::string>& sources,
                                  const std::string& destination, const std::string& plan_directory,
                                  const MergeOptions& options, const ProgressCallback& progress,
                                  const std::atomic<bool>* stop) {
  Run run(file_system, options, progress, stop);
  return WithKind(PlanFromSources(sources, destination, plan_directory, run));
}

Result<StageReport> WritePlannedOn(io::FileSystem& file_system, const std::string& plan_directory,
                                   Rank rank, const MergeOptions& options,
                                   const ProgressCallback& progress,
                                   const std::atomic<bool>* stop) {
  if (const Status status = CheckRank(rank.rank, rank.world_size); !status.ok()) return status;
  Result<persist::StoredPlan> stored = persist::ReadPlan(file_system, plan_directory);
  if (!stored.ok()) return WithKind(stored.status());
  const MergeOptions all_options = OptionsOf(*stored, options);
  Run run(file_system, all_options, progress, stop);
  return WithKind(WriteRun(*stored, plan_directory, run).Write(rank));
}

Result<StageReport> PublishPlannedOn(io::FileSystem& file_system, const std::string& plan_directory,
                                     const MergeOptions& options) {
  const Result<persist::StoredPlan> stored = persist::ReadPlan(file_system, plan_directory);
  if (!stored.ok()) return WithKind(stored.status());
  const MergeOptions all_options = OptionsOf(*stored, options);
  Run run(file_system, all_options, {}, nullptr);
  return WithKind(Publish(*stored, plan_directory, run));
}

}  // namespace robomerge
