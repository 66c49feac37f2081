#include <algorithm>

#include "io/dry_run_file_system.h"
#include "merge/on_file_system.h"
#include "merge/run.h"
#include "publish/preflight.h"
#include "publish/record.h"
#include "publish/space.h"
#include "publish/whole_files.h"
#include "publish/workplace.h"
#include "robomerge/verify.h"

namespace robomerge {
namespace {

// More than the rest of a dataset comes to beside its payload: a row of the episodes table with the
// statistics of some cameras; indexes and footers.
constexpr uint64_t kAmpleRowBytes = 64 * 1024;
constexpr uint64_t kAmpleBytes = 64 << 20;

class MergeRun {
 public:
  MergeRun(io::FileSystem& file_system, const std::vector<std::string>& sources,
           const MergeOptions& options, const ProgressCallback& progress,
           const std::atomic<bool>* stop)
      : file_system_(file_system),
        sources_(sources),
        options_(options),
        progress_(progress),
        stop_(stop),
        run_(file_system, options, progress, stop) {}

  // With `verification` what was written is verified, and published only if nothing differs.
  Result<MergeReport> Merge(const std::string& destination, VerifyReport* verification) {
    verification_ = verification;
    if (sources_.empty())
      return Problem(Code::kInvalidArgument, "no sources to merge").Kind("E-no-sources");
    ROBOMERGE_ASSIGN_OR_RETURN(destination_, CleanDestination(destination));
    ROBOMERGE_RETURN_NOT_OK(CheckDestination(file_system_, destination_, sources_, options_));
    ROBOMERGE_RETURN_NOT_OK(run_.Start());
    ROBOMERGE_ASSIGN_OR_RETURN(const Partial root, run_.ReadAndReduce(sources_));
    ROBOMERGE_ASSIGN_OR_RETURN(const MergePlan plan,
                               run_.MakePlan(root, destination_, RealPaths(sources_)));
    units_ = UnitsOf(plan);
    done_.resize(units_.size());
    ROBOMERGE_RETURN_NOT_OK(options_.dry_run ? WriteDry(plan, RootsOf(root))
                                             : WriteAndPublish(plan, RootsOf(root)));
    ROBOMERGE_RETURN_NOT_OK(run_.Finish());
    return Report(plan);
  }

 private:
  Status WriteDry(const MergePlan& plan, const std::vector<std::string>& roots) {
    run_.Enter("write");
    io::DryRunFileSystem dry(file_system_);
    io::FilePool pool(file_system_);
    ROBOMERGE_RETURN_NOT_OK(run_.WriteUnits(run_.ContextFor(plan, dry, pool, destination_), units_,
                                            Missing(), nullptr, done_));
    ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system_, destination_));
    // What may be there already needs no space; whether it is this merge, only writing it would
    // tell.
    if (exists && !options_.overwrite) return Status();
    return CheckSpace(file_system_, roots, destination_, options_.copy_mode, SpaceOf(done_));
  }

  // The payload is known without looking; to the byte what is missing is laid out only where that
  // leaves it open.
  Status CheckFits(const MergePlan& plan, const std::vector<std::string>& roots) {
    const uint64_t payload_bytes = MissingPayload(plan);
    ROBOMERGE_RETURN_NOT_OK(
        CheckSpace(file_system_, roots, destination_, options_.copy_mode, payload_bytes));
    const uint64_t ample_bytes = payload_bytes + payload_bytes / 4 + plan.stats_json.size() +
                                 plan.record_json.size() + plan.episodes.size() * kAmpleRowBytes +
                                 kAmpleBytes;
    if (CheckSpace(file_system_, roots, destination_, options_.copy_mode, ample_bytes).ok())
      return Status();
    run_.Enter("plan");
    io::DryRunFileSystem dry(file_system_);
    io::FilePool pool(file_system_);
    UnitsDone exact(units_.size());
    ROBOMERGE_RETURN_NOT_OK(run_.WriteUnits(run_.ContextFor(plan, dry, pool, destination_), units_,
                                            Missing(), nullptr, exact));
    return CheckSpace(file_system_, roots, destination_, options_.copy_mode, SpaceOf(exact));
  }

  static uint64_t SpaceOf(const UnitsDone& done) {
    uint64_t num_bytes = 0;
    for (const auto& file : done) num_bytes += file ? file->size_bytes : 0;
    return num_bytes;
  }

  Status WriteAndPublish(const MergePlan& plan, const std::vector<std::string>& roots) {
    const StagingPaths paths(destination_, options_.staging_root, plan.id);
    const std::vector<std::string> unit_paths = PathsOf(units_);
    ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system_, destination_));
    ROBOMERGE_ASSIGN_OR_RETURN(bool is_done,
                               IsPublished(file_system_, destination_, plan, unit_paths));
    if (is_done) {
      ROBOMERGE_ASSIGN_OR_RETURN(is_done, IsYoungerThanSources(file_system_, destination_, plan));
    }
    if (is_done) {
      ROBOMERGE_RETURN_NOT_OK(FinishPublishing(file_system_, paths, options_.sync));
      ROBOMERGE_RETURN_NOT_OK(VerifyAt(destination_));
      return TakeSizes(unit_paths);
    }
    if (exists && !options_.overwrite) return DestinationExists(destination_);
    ROBOMERGE_ASSIGN_OR_RETURN(done_,
                               FindDone(file_system_, paths, plan.id, unit_paths, options_.sync));
    ROBOMERGE_RETURN_NOT_OK(CheckFits(plan, roots));
    for (const std::string& other : OtherStagingFolders(file_system_, paths))
      left_.push_back(LeftWarning(other));

    run_.Enter("write");
    ROBOMERGE_ASSIGN_OR_RETURN(
        Staging staging,
        Staging::Open(file_system_, paths, io::LockKind::kExclusive, options_.sync));
    const Status status = FillAndPublish(plan, staging, unit_paths);
    if (status.ok()) return status;
    // What lies among our files and is not ours is nobody's to remove but the user's.
    if (status.problems().front().kind == "E-staging-foreign") {
      staging.Leave();
      return status;
    }
    // What the system or the user has stopped can go on where it stopped. Anything else would only
    // fail again.
    if (status.code() != Code::kIo && status.code() != Code::kCancelled) {
      staging.Discard();
      return status;
    }
    staging.Leave();
    return WithWayOn(status, paths, "run the same command again to continue");
  }

  Status FillAndPublish(const MergePlan& plan, Staging& staging,
                        const std::vector<std::string>& unit_paths) {
    const StagingPaths& paths = staging.paths();
    ROBOMERGE_RETURN_NOT_OK(staging.Sweep(unit_paths));
    ROBOMERGE_RETURN_NOT_OK(staging.MakeFolders(unit_paths));
    // Again, now that nobody else can write.
    ROBOMERGE_ASSIGN_OR_RETURN(done_,
                               FindDone(file_system_, paths, plan.id, unit_paths, options_.sync));
    const std::vector<size_t> missing = Missing();
    num_skipped_ = units_.size() - missing.size();
    num_written_ = missing.size();
    // Folders are synced before the rename, all at once, and not after every file. The journal is
    // not: what it has lost is written again.
    WholeFileSystem whole_files(file_system_, false);
    JournalWriter journal(file_system_, paths.journals, plan.id, false, options_.sync);
    io::FilePool pool(file_system_);
    ROBOMERGE_RETURN_NOT_OK(
        run_.WriteUnits(run_.ContextFor(plan, whole_files, pool, paths.directory), units_, missing,
                        &journal, done_));
    for (const size_t unit : missing) totals_.Add(*done_[unit]);
    ROBOMERGE_RETURN_NOT_OK(VerifyAt(paths.directory));
    if (verification_ != nullptr && !verification_->ok()) {
      // Without journals the same command writes all of it anew; the folder stays, so that one can
      // look at what differs.
      ROBOMERGE_RETURN_NOT_OK(file_system_.RemoveAll(paths.journals));
      staging.Leave();
      return Status();
    }
    run_.Enter("publish");
    ROBOMERGE_RETURN_NOT_OK(staging.Publish(options_.sync, options_.overwrite));
    // What was verified lies there now.
    if (verification_ != nullptr) verification_->destination = destination_;
    return Status();
  }

  Status VerifyAt(const std::string& directory) {
    if (verification_ == nullptr) return Status();
    run_.Enter("verify");
    VerifyOptions options;
    options.num_workers = options_.num_workers;
    const ProgressCallback as_one_stage = [this](MergeProgress counts) {
      counts.stage = "verify";
      if (progress_) progress_(counts);
    };
    ROBOMERGE_ASSIGN_OR_RETURN(*verification_,
                               Verify(directory, sources_, options, as_one_stage, stop_));
    return Status();
  }

  // Sizes of what is there already.
  Status TakeSizes(const std::vector<std::string>& unit_paths) {
    is_done_already_ = true;
    for (size_t unit = 0; unit < units_.size(); ++unit) {
      ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat,
                                 file_system_.Stat(io::JoinPath(destination_, unit_paths[unit])));
      done_[unit].emplace().size_bytes = stat.size_bytes;
    }
    num_skipped_ = units_.size();
    return Status();
  }

  std::vector<size_t> Missing() const {
    std::vector<size_t> missing;
    for (size_t unit = 0; unit < units_.size(); ++unit) {
      if (!done_[unit]) missing.push_back(unit);
    }
    return missing;
  }

  uint64_t MissingPayload(const MergePlan& plan) const {
    uint64_t done_bytes = 0;
    for (size_t unit = 0; unit < plan.data_steps.size() + plan.video_steps.size(); ++unit) {
      if (done_[unit]) done_bytes += units_[unit].cost_bytes;
    }
    return plan.payload_bytes - std::min(plan.payload_bytes, done_bytes);
  }

  static Problem LeftWarning(const std::string& folder) {
    return Problem(Code::kAlreadyExists,
                   "an unfinished merge of other sources or options into this destination is left "
                   "alone")
        .Kind("W-staging-left")
        .At(folder)
        .Hint("remove it and its .journal if nobody is going to finish it");
  }

  MergeReport Report(const MergePlan& plan) {
    MergeReport report;
    report.destination = destination_;
    report.plan_id = plan.id;
    report.dry_run = options_.dry_run;
    report.already_done = is_done_already_;
    report.num_sources = plan.sources.size();
    report.num_episodes = plan.episodes.size();
    report.num_frames = plan.num_frames;
    report.num_tasks = plan.tasks.size();
    report.num_files_written = num_written_;
    report.num_files_skipped = num_skipped_;
    report.warnings = plan.warnings;
    report.warnings.insert(report.warnings.end(), left_.begin(), left_.end());
    for (size_t unit = 0; unit < units_.size(); ++unit) {
      ReportedFile& file = report.files.emplace_back(std::move(units_[unit].file));
      file.mode = done_[unit]->mode;
      file.size_bytes = done_[unit]->size_bytes;
      report.size_bytes += file.size_bytes;
      if (options_.dry_run) totals_.Add(*done_[unit]);
    }
    report.copied_bytes = totals_.copied_bytes;
    report.shared_bytes = totals_.shared_bytes;
    report.encoded_bytes = totals_.encoded_bytes;
    report.stages = run_.stages();
    report.num_workers = run_.num_workers();
    const schedule::Utilisation usage = run_.Usage();
    report.utilisation = usage.busy_fraction;
    report.critical_path_seconds = static_cast<double>(usage.critical_path_ns) * 1e-9;
    report.seconds = run_.seconds();
    return report;
  }

  io::FileSystem& file_system_;
  const std::vector<std::string>& sources_;
  const MergeOptions& options_;
  const ProgressCallback& progress_;
  const std::atomic<bool>* stop_;
  Run run_;
  VerifyReport* verification_ = nullptr;
  std::string destination_;
  std::vector<Unit> units_;
  UnitsDone done_;
  WrittenTotals totals_;  // of this run
  uint64_t num_written_ = 0, num_skipped_ = 0;
  bool is_done_already_ = false;
  std::vector<Problem> left_;
};

}  // namespace

Result<MergeReport> MergeOn(io::FileSystem& file_system, const std::vector<std::string>& sources,
                            const std::string& destination, const MergeOptions& options,
                            const ProgressCallback& progress, const std::atomic<bool>* stop) {
  Result<MergeReport> report =
      MergeRun(file_system, sources, options, progress, stop).Merge(destination, nullptr);
  if (report.ok()) return report;
  return report.status().OfKind(DefaultKind(report.status().code()));
}

Result<MergeReport> Merge(const std::vector<std::string>& sources, const std::string& destination,
                          const MergeOptions& options, const ProgressCallback& progress,
                          const std::atomic<bool>* stop) {
  return MergeOn(io::Posix(), sources, destination, options, progress, stop);
}

Result<VerifiedMerge> MergeVerified(const std::vector<std::string>& sources,
                                    const std::string& destination, const MergeOptions& options,
                                    const ProgressCallback& progress,
                                    const std::atomic<bool>* stop) {
  VerifiedMerge verified;
  Result<MergeReport> report = MergeRun(io::Posix(), sources, options, progress, stop)
                                   .Merge(destination, &verified.verification);
  if (!report.ok()) return report.status().OfKind(DefaultKind(report.status().code()));
  verified.merge = std::move(report).value();
  verified.is_published =
      !options.dry_run && (verified.merge.already_done || verified.verification.ok());
  return verified;
}

}  // namespace robomerge
