#include <set>

#include "base/text.h"
#include "merge/hashing.h"
#include "merge/measuring.h"
#include "merge/on_file_system.h"
#include "merge/run.h"
#include "merge/skipping.h"
#include "merge/slices.h"
#include "model/adaptation.h"
#include "persist/partial_folder.h"
#include "persist/plan_folder.h"
#include "publish/destination.h"
#include "publish/preflight.h"
#include "publish/space.h"
#include "publish/transaction.h"
#include "reduce/combine.h"

namespace robomerge {
namespace {

Result<std::vector<SourceSpec>> WithAbsoluteLocations(const io::FileSystem& file_system,
                                                      std::vector<SourceSpec> sources) {
  for (SourceSpec& source : sources) {
    ROBOMERGE_ASSIGN_OR_RETURN(source.location, WithoutParents(file_system, source.location));
  }
  return sources;
}

// Partials and plans hold paths in tables and in JSON, which must be UTF-8.
Status CheckUtf8(const std::vector<std::string>& paths) {
  std::vector<Problem> problems;
  for (const std::string& path : paths) {
    if (IsUtf8(path)) continue;
    problems.push_back(
        Problem(Code::kInvalidArgument, "path is not UTF-8, and a plan or partial cannot hold it")
            .Kind("E-path")
            .At(path)
            .Hint("rename the folder, or use `robomerge merge`, which takes any name"));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

// The options that a plan keeps, and those that each process chooses for itself. Either may ask to
// overwrite.
MergeOptions OptionsOf(const persist::StoredPlan& stored, const MergeOptions& own) {
  MergeOptions options = stored.options;
  options.num_workers = own.num_workers;
  options.trace_path = own.trace_path;
  options.skipped_path = own.skipped_path;
  options.overwrite = options.overwrite || own.overwrite;
  return options;
}

void FillFromPlan(const persist::StoredPlan& stored, StageReport& report) {
  report.plan_id = stored.plan.id;
  report.destination = stored.destination;
  report.num_sources = stored.plan.origins.size();
  report.num_episodes = stored.plan.episodes.size();
  report.num_frames = stored.plan.num_frames;
}

Result<StageReport> Describe(const std::vector<SourceSpec>& sources,
                             const std::string& partial_directory, Rank rank, Run& run) {
  ROBOMERGE_RETURN_NOT_OK(CheckRank(rank.rank, rank.world_size));
  if (sources.empty())
    return Problem(Code::kInvalidArgument, "no sources to describe").Kind("E-no-sources");
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceSpec> all,
                             WithAbsoluteLocations(run.file_system(), sources));
  const std::vector<std::string> locations =
      PlacesOf(run.file_system(), LocationsOf(all), run.options().skip_broken);
  ROBOMERGE_RETURN_NOT_OK(CheckUtf8(LocationsOf(all)));
  ROBOMERGE_RETURN_NOT_OK(CheckOutputs(
      run.file_system(), OutputsOf(run.options(), {{"folder of partials", partial_directory}}),
      locations, ""));
  const Slice slice = SliceByNumber(all.size(), rank.rank, rank.world_size);
  StageReport report;
  report.stage = "describe";
  report.directory = partial_directory;
  report.first_source = slice.first;
  report.num_sources = slice.end - slice.first;
  ROBOMERGE_RETURN_NOT_OK(run.Start());
  if (report.num_sources == 0) {
    report.already_done = true;
  } else {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceSpec> resolved, run.Resolve(all));
    const std::vector<SourceSpec> mine(resolved.begin() + static_cast<int64_t>(slice.first),
                                       resolved.begin() + static_cast<int64_t>(slice.end));
    ROBOMERGE_ASSIGN_OR_RETURN(const Partial partial, run.ReadAndReduce(mine));
    report.num_episodes = partial.num_episodes;
    report.num_frames = partial.num_frames;
    report.payload_bytes = partial.payload_bytes;
    report.warnings = partial.warnings.Flatten();
    report.skipped = partial.skipped;
    for (Skipped& one : report.skipped) one.position += slice.first;
    run.Enter("write");
    const persist::PartialPlace place{slice.first, report.num_sources, all.size(),
                                      run.options().stats};
    // Ranks with other rules describe other datasets.
    std::vector<std::string> list;
    for (const SourceSpec& source : resolved) {
      list.push_back(source.location);
      if (!source.name.empty()) list.back() += ", called " + source.name;
      if (!source.adaptation.empty()) list.back() += ", with " + AdaptationText(source.adaptation);
      if (run.options().skip_broken != SkipBroken::kNothing)
        list.back() += StrCat(", without broken ", NameOf(run.options().skip_broken));
    }
    ROBOMERGE_ASSIGN_OR_RETURN(report.already_done,
                               persist::WritePartial(run.file_system(), partial_directory, place,
                                                     list, partial, run.options().sync));
  }
  ROBOMERGE_RETURN_NOT_OK(run.Finish());
  FillBytesAndTimes({}, run, report);
  return report;
}

// Checks every path that planning or the later stages write to.
Status CheckPlaces(const Run& run, const std::string& destination,
                   const std::string& plan_directory, const std::vector<std::string>& sources) {
  const io::FileSystem& file_system = run.file_system();
  ROBOMERGE_RETURN_NOT_OK(CheckDestination(file_system, destination, sources, run.options()));
  return CheckOutputs(file_system, OutputsOf(run.options(), {{"plan directory", plan_directory}}),
                      sources, destination);
}

// Plans `root`, whose sources have absolute roots, and writes the plan directory.
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
  ROBOMERGE_RETURN_NOT_OK(CheckUtf8({destination, stored.staging_root}));
  ROBOMERGE_ASSIGN_OR_RETURN(stored.plan, run.MakePlan(root, destination, {}));
  MergeOptions publishing = options;
  publishing.staging_root = stored.staging_root;
  ROBOMERGE_ASSIGN_OR_RETURN(const Transaction transaction,
                             run.Open(stored.plan, destination, publishing));
  ROBOMERGE_ASSIGN_OR_RETURN(const bool is_begun, transaction.IsBegun());
  if (!transaction.is_published() && !is_begun) {
    ROBOMERGE_RETURN_NOT_OK(CheckSpace(run.file_system(), RootsOf(root), destination,
                                       options.copy_mode, stored.plan.payload_bytes));
  }
  run.Enter("write");
  StageReport report;
  report.stage = "plan";
  report.directory = plan_directory;
  ROBOMERGE_ASSIGN_OR_RETURN(
      report.already_done,
      persist::WritePlan(run.file_system(), plan_directory, stored, options.sync));
  FillFromPlan(stored, report);
  report.num_units = stored.plan.steps.size();
  report.payload_bytes = stored.plan.payload_bytes;
  report.warnings = stored.plan.warnings;
  report.skipped = stored.plan.skipped;
  ROBOMERGE_RETURN_NOT_OK(run.Finish());
  FillBytesAndTimes({}, run, report);
  return report;
}

// Also in a source that is left out nothing may be written.
std::vector<std::string> WithSkipped(const io::FileSystem& file_system,
                                     std::vector<std::string> roots,
                                     const std::vector<Skipped>& skipped) {
  std::vector<std::string> gone;
  for (const Skipped& one : skipped) {
    if (one.is_whole()) gone.push_back(one.source);
  }
  gone = PlacesOf(file_system, gone, SkipBroken::kSources);
  roots.insert(roots.end(), gone.begin(), gone.end());
  return roots;
}

Result<StageReport> PlanFromPartials(const std::string& partial_directory,
                                     const std::string& destination,
                                     const std::string& plan_directory, MergeOptions& options,
                                     Run& run) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string absolute,
                             io::AbsolutePath(run.file_system(), destination));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string clean, CleanDestination(absolute));
  ROBOMERGE_RETURN_NOT_OK(run.Start());
  run.Enter("read");
  ROBOMERGE_ASSIGN_OR_RETURN(std::vector<persist::StoredPartial> partials,
                             persist::ReadPartials(run.file_system(), partial_directory));
  const StatsMode stats = partials.front().place.stats;
  if (options.stats == StatsMode::kFold && stats != StatsMode::kFold) {
    return Problem(Code::kInvalidArgument, "sources are not described for folded statistics")
        .Kind("E-options")
        .At(partials.front().path)
        .Expected("--stats fold")
        .Found(StrCat("--stats ", NameOf(stats)))
        .Hint("give `describe --stats fold`, into an empty folder");
  }
  options.stats = stats;
  Partial root;
  for (persist::StoredPartial& partial : partials) root = Combine(std::move(root), partial.partial);
  ROBOMERGE_RETURN_NOT_OK(CheckPlaces(run, clean, plan_directory,
                                      WithSkipped(run.file_system(), RootsOf(root), root.skipped)));
  ROBOMERGE_ASSIGN_OR_RETURN(const Partial kept, run.LeaveOutOthers(std::move(root)));
  return PlanInto(kept, clean, plan_directory, run);
}

Result<StageReport> PlanFromSources(const std::vector<SourceSpec>& sources,
                                    const std::string& destination,
                                    const std::string& plan_directory, Run& run) {
  if (sources.empty())
    return Problem(Code::kInvalidArgument, "no sources to merge").Kind("E-no-sources");
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string absolute,
                             io::AbsolutePath(run.file_system(), destination));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string clean, CleanDestination(absolute));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceSpec> all,
                             WithAbsoluteLocations(run.file_system(), sources));
  ROBOMERGE_RETURN_NOT_OK(
      CheckPlaces(run, clean, plan_directory,
                  PlacesOf(run.file_system(), LocationsOf(all), run.options().skip_broken)));
  ROBOMERGE_RETURN_NOT_OK(run.Start());
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceSpec> resolved, run.Resolve(all));
  ROBOMERGE_ASSIGN_OR_RETURN(Partial root, run.ReadAndReduce(resolved));
  ROBOMERGE_ASSIGN_OR_RETURN(const Partial kept, run.LeaveOutOthers(std::move(root)));
  return PlanInto(kept, clean, plan_directory, run);
}

// Opens the transaction of a stored plan.
Result<Transaction> OpenStored(const persist::StoredPlan& stored, Run& run) {
  // The checks of `plan` again: folders and links change, and plans can be edited.
  std::vector<std::string> roots;
  for (const Origin& origin : stored.plan.origins) roots.push_back(origin.root);
  roots = WithSkipped(run.file_system(), std::move(roots), stored.plan.skipped);
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string destination, CleanDestination(stored.destination));
  ROBOMERGE_RETURN_NOT_OK(CheckDestination(run.file_system(), destination, roots, run.options()));
  ROBOMERGE_RETURN_NOT_OK(
      CheckOutputs(run.file_system(), OutputsOf(run.options()), roots, destination));
  return run.Open(stored.plan, destination, run.options());
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
    std::vector<uint64_t> cost_bytes;
    for (const Step& step : stored_.plan.steps) cost_bytes.push_back(CostBytes(step));
    const Slice slice = SliceByCost(cost_bytes, rank.rank, rank.world_size);
    FillFromPlan(stored_, report_);
    report_.first_unit = slice.first;
    report_.num_units = slice.end - slice.first;
    ROBOMERGE_ASSIGN_OR_RETURN(Transaction transaction, OpenStored(stored_, run_));
    if (!transaction.is_published()) {
      ROBOMERGE_RETURN_NOT_OK(transaction.Settle(
          WriteSlice(slice, transaction), "run the same `robomerge write` again to continue"));
    }
    report_.num_files_skipped = report_.num_units - report_.num_files_written - num_late_;
    report_.already_done = report_.num_files_written == 0;
    ROBOMERGE_RETURN_NOT_OK(run_.Finish());
    FillBytesAndTimes(totals_, run_, report_);
    report_.size_bytes = totals_.size_bytes;
    return std::move(report_);
  }

 private:
  Status WriteSlice(Slice slice, Transaction& transaction) {
    ROBOMERGE_RETURN_NOT_OK(transaction.Stage(Role::kWriter));
    if (transaction.is_published()) return Status();
    const MergePlan& plan = stored_.plan;
    std::vector<size_t> missing = transaction.Missing(slice.first, slice.end);
    // What all ranks measure, and hash, must be known to write these: `publish` does.
    num_late_ = std::erase_if(missing, [&](size_t step) { return IsLate(plan, plan.steps[step]); });
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<size_t> unmeasured,
                               UnmeasuredOf(slice, missing, transaction));
    std::vector<size_t> concerned = missing;
    concerned.insert(concerned.end(), unmeasured.begin(), unmeasured.end());
    if (concerned.empty()) return Status();
    std::set<uint32_t> sources;
    for (const size_t step : concerned) {
      for (const uint32_t source : SourcesOf(plan, plan.steps[step])) sources.insert(source);
    }
    ROBOMERGE_RETURN_NOT_OK(run_.LoadSources({sources.begin(), sources.end()}, stored_.plan));
    for (const size_t step : concerned) {
      ROBOMERGE_RETURN_NOT_OK(persist::CheckReferences(plan, plan.steps[step], report_.directory));
    }
    run_.Enter("write");
    ROBOMERGE_RETURN_NOT_OK(
        CheckRewrittenFiles(plan, missing, StaleHashes::kRefused, run_, report_.warnings));
    ROBOMERGE_RETURN_NOT_OK(transaction.MakeFolders(missing));
    ROBOMERGE_RETURN_NOT_OK(run_.WriteSteps(plan, missing, unmeasured, transaction));
    ROBOMERGE_RETURN_NOT_OK(CheckSourcesRead({sources.begin(), sources.end()}, transaction));
    const Status kept = CheckKeptFiles(run_.file_system(), plan, transaction.done(),
                                       StaleHashes::kRefused, report_.warnings);
    if (!kept.ok()) {
      ROBOMERGE_RETURN_NOT_OK(transaction.Retract());
      return kept;
    }
    for (const size_t step : missing) {
      const WrittenFile& written = *transaction.done()[step];
      totals_.Add(written);
      report_.payload_bytes += CostBytes(plan.steps[step]);
      report_.files.push_back(ReportedFileOf(plan, plan.steps[step], written));
    }
    report_.num_files_written = missing.size();
    return Status();
  }

  // Data files of this slice that are written, and of which no summary is there.
  Result<std::vector<size_t>> UnmeasuredOf(Slice slice, const std::vector<size_t>& missing,
                                           Transaction& transaction) const {
    std::vector<size_t> done;
    if (stored_.plan.stats == StatsMode::kFold) return done;
    for (size_t step = slice.first; step < slice.end; ++step) {
      if (!std::binary_search(missing.begin(), missing.end(), step)) done.push_back(step);
    }
    return Measuring(run_.file_system(), stored_.plan, transaction, 1, false).Unmeasured(done);
  }

  // The sources again, now that their bytes are moved.
  Status CheckSourcesRead(const std::vector<uint32_t>& sources, Transaction& transaction) const {
    std::vector<Origin> origins;
    for (const uint32_t source : sources) origins.push_back(stored_.plan.origins[source]);
    // A further name changes what the system notes as the last change of a file.
    for (Origin& origin : origins) {
      if (run_.options().copy_mode != CopyMode::kLink) break;
      for (SourceFile& file : origin.files) file.changed_ns = 0;
    }
    Status unchanged = CheckSourceFiles(run_.file_system(), origins, false);
    if (unchanged.ok() || unchanged.code() == Code::kIo) return unchanged;
    // What was moved may be of both states.
    ROBOMERGE_RETURN_NOT_OK(transaction.Retract());
    return unchanged;
  }

  persist::StoredPlan& stored_;
  Run& run_;
  StageReport report_;
  WrittenTotals totals_;
  uint64_t num_late_ = 0;  // files that `publish` writes
};

// Writes the files that need what all ranks have measured and hashed.
Status WriteLate(persist::StoredPlan& stored, const std::string& plan_directory, Run& run,
                 Transaction& transaction, StageReport& report) {
  const std::vector<size_t> missing = transaction.Missing();
  if (missing.empty()) return Status();
  MergePlan& plan = stored.plan;
  const bool has_measures = std::any_of(missing.begin(), missing.end(), [&](size_t step) {
    return NeedsMeasures(plan, plan.steps[step]);
  });
  if (has_measures) {
    ROBOMERGE_RETURN_NOT_OK(
        Measuring(run.file_system(), plan, transaction, 1, false).CheckComplete());
  }
  std::set<uint32_t> sources;
  for (const size_t step : missing) {
    for (const uint32_t source : SourcesOf(plan, plan.steps[step])) sources.insert(source);
  }
  ROBOMERGE_RETURN_NOT_OK(run.Start());
  ROBOMERGE_RETURN_NOT_OK(run.LoadSources({sources.begin(), sources.end()}, plan));
  for (const size_t step : missing) {
    ROBOMERGE_RETURN_NOT_OK(persist::CheckReferences(plan, plan.steps[step], plan_directory));
  }
  run.Enter("write");
  ROBOMERGE_RETURN_NOT_OK(transaction.MakeFolders(missing));
  ROBOMERGE_RETURN_NOT_OK(run.WriteLateSteps(plan, missing, transaction, report.warnings));
  report.num_files_written = missing.size();
  run.Enter("publish");
  return Status();
}

Result<StageReport> Publish(persist::StoredPlan& stored, const std::string& plan_directory,
                            Run& run) {
  StageReport report;
  report.stage = "publish";
  report.directory = plan_directory;
  FillFromPlan(stored, report);
  report.num_units = stored.plan.steps.size();
  report.payload_bytes = stored.plan.payload_bytes;
  report.skipped = stored.plan.skipped;
  run.Enter("publish");
  ROBOMERGE_ASSIGN_OR_RETURN(Transaction transaction, OpenStored(stored, run));
  ROBOMERGE_RETURN_NOT_OK(run.WriteSkipped(report.skipped));
  if (!transaction.is_published()) {
    Status status = transaction.Stage(Role::kPublisher);
    if (status.ok() && !transaction.is_published())
      status = CheckStagedHashes(stored.plan, transaction, run);
    if (status.ok() && !transaction.is_published())
      status = WriteLate(stored, plan_directory, run, transaction, report);
    if (status.ok() && !transaction.is_published()) status = transaction.Publish();
    ROBOMERGE_RETURN_NOT_OK(transaction.Settle(status, ""));
  }
  report.already_done = transaction.is_published();
  if (report.already_done) ROBOMERGE_RETURN_NOT_OK(transaction.FinishPublished());
  report.warnings.insert(report.warnings.end(), transaction.warnings().begin(),
                         transaction.warnings().end());
  for (const std::string& path : PathsOf(stored.plan)) {
    ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat,
                               run.file_system().Stat(io::JoinPath(stored.destination, path)));
    report.size_bytes += stat.size_bytes;
  }
  ROBOMERGE_RETURN_NOT_OK(run.Finish());
  FillBytesAndTimes({}, run, report);
  return report;
}

Result<StageReport> WithKind(Result<StageReport> report) {
  if (report.ok()) return report;
  return report.status().OfKind(DefaultKind(report.status().code()));
}

}  // namespace

Result<StageReport> DescribeSourcesOn(io::FileSystem& file_system,
                                      const std::vector<SourceSpec>& sources,
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
  MergeOptions all_options = options;
  Run run(file_system, all_options, progress, stop);
  return WithKind(
      PlanFromPartials(partial_directory, destination, plan_directory, all_options, run));
}

Result<StageReport> PlanSourcesOn(io::FileSystem& file_system,
                                  const std::vector<SourceSpec>& sources,
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
  Result<persist::StoredPlan> stored = persist::ReadPlan(file_system, plan_directory);
  if (!stored.ok()) return WithKind(stored.status());
  const MergeOptions all_options = OptionsOf(*stored, options);
  Run run(file_system, all_options, {}, nullptr);
  return WithKind(Publish(*stored, plan_directory, run));
}

}  // namespace robomerge
