#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "merge/dry_run.h"
#include "merge/edit_settings.h"
#include "merge/growth.h"
#include "merge/hashing.h"
#include "merge/lost_files.h"
#include "merge/on_file_system.h"
#include "merge/run.h"
#include "merge/skipping.h"
#include "publish/preflight.h"
#include "publish/space.h"
#include "publish/transaction.h"
#include "read/added_features.h"
#include "read/needed_files.h"
#include "robomerge/verify.h"

namespace robomerge {
namespace {

// More than what a dataset holds besides payload: per episode, a row of the episodes table with the
// statistics of some cameras; in all, indexes and footers.
constexpr uint64_t kAmpleRowBytes = 64 * 1024;
constexpr uint64_t kAmpleBytes = 64 << 20;

class MergeRun {
 public:
  MergeRun(io::FileSystem& file_system, const std::vector<SourceSpec>& sources,
           const MergeOptions& options, const ProgressCallback& progress,
           const std::atomic<bool>* stop, std::string way_on = kRunAgain)
      : file_system_(file_system),
        sources_(sources),
        options_(options),
        progress_(progress),
        stop_(stop),
        way_on_(std::move(way_on)),
        run_(file_system, options, progress, stop) {}

  // Edits the one source instead of merging it with others; with `in_place`, whose tree is empty,
  // in the place of what is at the destination. `asks_for_hashes`: they are not only kept.
  Result<MergeReport> Edit(const std::string& destination, const EditOptions& edit,
                           std::optional<InPlace> in_place, bool asks_for_hashes, StaleHashes stale,
                           VerifyReport* verification) {
    in_place_ = std::move(in_place);
    asks_for_hashes_ = asks_for_hashes;
    stale_ = stale;
    if (in_place_) ROBOMERGE_RETURN_NOT_OK(WarnOfLostRecord(file_system_, destination, left_));
    edit_plan_.keep_file_numbers = edit.keep_file_numbers;
    return Merge(destination, verification);
  }

  // Makes the first source anew in its place.
  Result<MergeReport> Grow(const std::string& destination, const Growth& growth,
                           VerifyReport* verification) {
    growth_ = growth;
    in_place_.emplace();
    in_place_->backup = growth.backup;
    in_place_->request = growth.request;
    edit_plan_.keeps_first = true;
    return Merge(destination, verification);
  }

  // The dataset at the destination as it is: nothing is left to do.
  Result<MergeReport> ReportWhatIsThere(const std::string& destination) {
    ROBOMERGE_RETURN_NOT_OK(run_.Start());
    ROBOMERGE_ASSIGN_OR_RETURN(const Partial root, run_.ReadAndReduce({destination}));
    return Untouched(destination, root);
  }

  // With `verification`, what was written is verified, and published only if nothing differs.
  Result<MergeReport> Merge(const std::string& destination, VerifyReport* verification) {
    verification_ = verification;
    if (sources_.empty()) {
      return Problem(Code::kInvalidArgument, "no sources to merge").Kind("E-no-sources");
    }
    if (options_.dry_run && !options_.report_path.empty()) {
      return Problem(Code::kInvalidArgument, "a merge that writes nothing has no report")
          .Kind("E-options")
          .Found(options_.report_path);
    }
    ROBOMERGE_ASSIGN_OR_RETURN(destination_, CleanDestination(destination));
    const std::vector<std::string> places =
        PlacesOf(file_system_, LocationsOf(sources_), options_.skip_broken);
    // In place the first source may be the destination.
    std::vector<std::string> others = LocationsOf(sources_);
    if (in_place_) others.erase(others.begin());
    ROBOMERGE_RETURN_NOT_OK(CheckDestination(
        file_system_, destination_, PlacesOf(file_system_, others, options_.skip_broken), options_,
        in_place_ ? ReplacedBy::kItself : ReplacedBy::kOther));
    if (in_place_ && in_place_->backup) {
      ROBOMERGE_RETURN_NOT_OK(CheckBackupIsNoSource(file_system_, destination_, others));
      ROBOMERGE_RETURN_NOT_OK(CheckBackup(file_system_, destination_));
    }
    ROBOMERGE_RETURN_NOT_OK(CheckOutputs(file_system_, OutputsOf(options_), places, destination_));
    ROBOMERGE_RETURN_NOT_OK(run_.Start());
    if (in_place_) {
      Result<std::vector<SourceFile>> tree = ListTree(file_system_, destination_);
      // Where there is no dataset, whoever reads it says so.
      if (!tree.ok() && tree.status().code() != Code::kNotFound) return tree.status();
      if (tree.ok()) in_place_->tree = std::move(tree).value();
    }
    ROBOMERGE_ASSIGN_OR_RETURN(sources_, run_.Resolve(std::move(sources_)));
    ROBOMERGE_ASSIGN_OR_RETURN(Partial read, run_.ReadAndReduce(sources_));
    if (growth_) {
      const size_t num_sources = sources_.size();
      ROBOMERGE_RETURN_NOT_OK(TakeRecord(read));
      if (sources_.size() < num_sources) {
        ROBOMERGE_ASSIGN_OR_RETURN(read, run_.ReadAndReduce(sources_));
        if (sources_.size() == 1) return Untouched(destination_, read);
      }
    }
    if (growth_)
      ROBOMERGE_RETURN_NOT_OK(CheckHoldsItsPictures(*read.sources.Flatten().front()->dataset));
    if (in_place_ && !in_place_->backup) {
      ROBOMERGE_RETURN_NOT_OK(
          CheckNothingIsLost(in_place_->tree, *read.sources.Flatten().front(), destination_));
    }
    ROBOMERGE_ASSIGN_OR_RETURN(const Partial root, run_.LeaveOutOthers(std::move(read)));
    sources_ = KeptSources(sources_, root);
    ROBOMERGE_ASSIGN_OR_RETURN(std::vector<std::string> roots,
                               RealPaths(file_system_, LocationsOf(sources_)));
    ROBOMERGE_ASSIGN_OR_RETURN(const MergePlan plan,
                               run_.MakePlan(root, destination_, std::move(roots), edit_plan_));
    roots_ = RootsOf(root);
    ROBOMERGE_RETURN_NOT_OK(options_.dry_run ? WriteDry(plan) : WriteAndPublish(plan));
    ROBOMERGE_RETURN_NOT_OK(run_.Finish());
    MergeReport report = Report(plan);
    ROBOMERGE_RETURN_NOT_OK(WritePage(report));
    return report;
  }

 private:
  // Not of a result that did not appear since something differs.
  Status WritePage(const MergeReport& report) {
    const bool is_there = verification_ == nullptr || verification_->ok();
    if (options_.report_path.empty() || !is_there) return Status();
    const Status written = run_.WritePage(report, LocationsOf(sources_), progress_, stop_);
    if (written.ok()) return Status();
    const Problem& first = written.problems().front();
    return Problem(first.code, "cannot write the report; the merge itself is complete")
        .Kind(first.kind)
        .At(options_.report_path)
        .Found(first.what + (first.found.empty() ? "" : ": " + first.found))
        .Hint("`robomerge report` makes one of the result");
  }

  Result<MergeReport> Untouched(const std::string& destination, const Partial& root) {
    ROBOMERGE_RETURN_NOT_OK(run_.Finish());
    MergeReport report;
    report.destination = destination;
    report.already_done = true;
    report.num_sources = 1;
    report.num_episodes = root.num_episodes;
    report.num_frames = root.num_frames;
    report.num_tasks = root.tasks.tasks.size();
    report.warnings = left_;
    FillBytesAndTimes(totals_, run_, report);
    ROBOMERGE_RETURN_NOT_OK(WritePage(report));
    return report;
  }

  // Where the episodes of the first source come from stays in the record; what is among it is left
  // out of the others.
  Status TakeRecord(const Partial& read) {
    const std::vector<std::shared_ptr<const DescribedSource>> described = read.sources.Flatten();
    if (!growth_->origins) {
      ROBOMERGE_ASSIGN_OR_RETURN(growth_->origins,
                                 OriginsOfEpisodes(file_system_, *described.front()->dataset));
      if (!growth_->again) LeaveOutKnown(*growth_->origins, described, sources_, left_);
    } else {
      ROBOMERGE_RETURN_NOT_OK(CheckStillFits(*growth_->origins, read, destination_));
    }
    if (!growth_->origins->is_recorded) {
      ROBOMERGE_ASSIGN_OR_RETURN(
          const bool has_record,
          io::Exists(file_system_, StrCat(destination_, "/", RecordStep::kPath)));
      if (has_record) left_.push_back(UnfitRecord(destination_));
      return Status();
    }
    edit_plan_.recorded = growth_->origins->sources;
    edit_plan_.recorded_skipped = growth_->origins->skipped;
    return Status();
  }

  Status WriteDry(const MergePlan& plan) {
    // So that a dry run is refused wherever the merge would be.
    ROBOMERGE_ASSIGN_OR_RETURN(const Transaction transaction,
                               run_.Open(plan, destination_, options_, in_place_));
    run_.Enter("write");
    done_.resize(plan.steps.size());
    std::vector<size_t> all(done_.size());
    std::iota(all.begin(), all.end(), size_t{0});
    ROBOMERGE_RETURN_NOT_OK(LayOut(run_, plan, all, done_));
    for (const auto& file : done_) totals_.Add(*file);
    if (transaction.is_published()) return Status();
    WrittenTotals missing;
    for (const size_t step : transaction.Missing()) {
      if (!IsLinked(plan, plan.steps[step])) missing.Add(*done_[step]);
    }
    return CheckSpaceFor(missing.size_bytes);
  }

  Status WriteAndPublish(const MergePlan& plan) {
    ROBOMERGE_ASSIGN_OR_RETURN(Transaction transaction,
                               run_.Open(plan, destination_, options_, in_place_));
    if (transaction.is_published()) return TakeWhatIsThere(plan, transaction);
    ROBOMERGE_RETURN_NOT_OK(CheckFits(plan, transaction));
    for (Problem& warning : transaction.OtherStagingWarnings()) left_.push_back(std::move(warning));
    run_.Enter("write");
    return transaction.Settle(FillAndPublish(plan, transaction), way_on_);
  }

  Status FillAndPublish(const MergePlan& plan, Transaction& transaction) {
    ROBOMERGE_RETURN_NOT_OK(transaction.Stage(Role::kAlone));
    if (transaction.is_published()) return TakeWhatIsThere(plan, transaction);
    ROBOMERGE_RETURN_NOT_OK(RewriteChanged(plan, transaction, run_, left_));
    std::vector<Problem> stale;
    const std::vector<size_t> missing = transaction.Missing();
    ROBOMERGE_RETURN_NOT_OK(CheckRewrittenFiles(plan, missing, stale_, run_, stale));
    if (in_place_) ROBOMERGE_RETURN_NOT_OK(CheckMetadata(plan, stale_, run_, stale));
    ROBOMERGE_RETURN_NOT_OK(transaction.MakeFolders(missing));
    num_skipped_ = plan.steps.size() - missing.size();
    num_written_ = missing.size();
    ROBOMERGE_RETURN_NOT_OK(
        run_.WriteAllSteps(plan, missing, DoneData(plan, missing), transaction, left_));
    for (Problem& warning : run_.NotLinkedWarnings()) left_.push_back(std::move(warning));
    done_ = transaction.done();
    for (const size_t step : missing) totals_.Add(*done_[step]);
    ROBOMERGE_RETURN_NOT_OK(CheckKeptFiles(file_system_, plan, done_, stale_, stale));
    ROBOMERGE_RETURN_NOT_OK(VerifyAt(transaction.directory()));
    // The folder stays, so that the user can look at what differs.
    if (verification_ != nullptr && !verification_->ok()) return transaction.Distrust();
    run_.Enter("publish");
    if (in_place_ && !growth_) {
      // Else the backup would be this very dataset, and the one that an earlier edit has kept gone.
      ROBOMERGE_ASSIGN_OR_RETURN(is_done_already_, transaction.ChangesNothing());
      if (is_done_already_ && asks_for_hashes_) {
        ROBOMERGE_ASSIGN_OR_RETURN(
            is_done_already_, HaveSameHashes(file_system_, transaction.directory(), destination_));
      }
      if (is_done_already_) {
        transaction.Discard();
        return Status();
      }
    }
    left_.insert(left_.end(), stale.begin(), stale.end());
    ROBOMERGE_RETURN_NOT_OK(transaction.Publish());
    left_.insert(left_.end(), transaction.warnings().begin(), transaction.warnings().end());
    // What was verified is at the destination now.
    if (verification_ != nullptr) verification_->destination = destination_;
    return Status();
  }

  // Data files of an earlier run, whose rows are still to be measured for files that are missing.
  static std::vector<size_t> DoneData(const MergePlan& plan, const std::vector<size_t>& missing) {
    std::vector<size_t> done;
    const bool is_needed = std::any_of(missing.begin(), missing.end(), [&](size_t step) {
      return NeedsMeasures(plan, plan.steps[step]);
    });
    for (size_t step = 0; is_needed && step < plan.steps.size(); ++step) {
      if (DataEpisodesOf(plan.steps[step]) &&
          !std::binary_search(missing.begin(), missing.end(), step))
        done.push_back(step);
    }
    return done;
  }

  Status TakeWhatIsThere(const MergePlan& plan, Transaction& transaction) {
    ROBOMERGE_RETURN_NOT_OK(transaction.FinishPublished());
    left_ = transaction.warnings();
    ROBOMERGE_RETURN_NOT_OK(VerifyAt(destination_));
    is_done_already_ = true;
    const std::vector<std::string> paths = PathsOf(plan);
    num_skipped_ = paths.size();
    done_.resize(paths.size());
    for (size_t step = 0; step < paths.size(); ++step) {
      ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat,
                                 file_system_.Stat(io::JoinPath(destination_, paths[step])));
      done_[step].emplace().size_bytes = stat.size_bytes;
    }
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
    // As they are now.
    std::vector<SourceSpec> sources = sources_;
    for (SourceSpec& source : sources) source.read.reset();
    ROBOMERGE_ASSIGN_OR_RETURN(
        *verification_, VerifyOn(file_system_, directory, sources, options, as_one_stage, stop_));
    return Status();
  }

  // Whether the missing files fit. Their payload is known from the plan. Only where it leaves the
  // question open, they are laid out to the byte.
  Status CheckFits(const MergePlan& plan, const Transaction& transaction) {
    const std::vector<size_t> steps = transaction.Missing();
    uint64_t payload_bytes = 0;
    for (const size_t step : steps)
      payload_bytes += IsLinked(plan, plan.steps[step]) ? 0 : PayloadBytes(plan.steps[step]);
    // A source file may go into several steps, which count it each.
    payload_bytes = std::min(payload_bytes, plan.payload_bytes);
    ROBOMERGE_RETURN_NOT_OK(CheckSpaceFor(payload_bytes));
    uint64_t ample_bytes =
        payload_bytes + payload_bytes / 4 + plan.episodes.size() * kAmpleRowBytes + kAmpleBytes;
    for (const Step& step : plan.steps) {
      if (const std::string* text = TextOf(step)) ample_bytes += text->size();
    }
    if (CheckSpaceFor(ample_bytes).ok()) return Status();
    run_.Enter("plan");
    UnitsDone exact(plan.steps.size());
    ROBOMERGE_RETURN_NOT_OK(LayOut(run_, plan, steps, exact));
    WrittenTotals missing;
    for (const size_t step : steps) {
      if (!IsLinked(plan, plan.steps[step])) missing.Add(*exact[step]);
    }
    return CheckSpaceFor(missing.size_bytes);
  }

  // Whether the file needs no space, if the system can link it.
  bool IsLinked(const MergePlan& plan, const Step& step) const {
    const std::optional<uint32_t> source = CopiedSourceOf(plan, step);
    return source && (options_.copy_mode == CopyMode::kLink ||
                      (options_.copy_mode != CopyMode::kCopy && plan.keeps_first && *source == 0));
  }

  Status CheckSpaceFor(uint64_t num_bytes) const {
    return CheckSpace(file_system_, roots_, destination_, options_.copy_mode, num_bytes);
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
    report.skipped = plan.skipped;
    report.warnings.insert(report.warnings.end(), left_.begin(), left_.end());
    for (size_t step = 0; step < plan.steps.size(); ++step) {
      report.files.push_back(ReportedFileOf(plan, plan.steps[step], *done_[step]));
      report.size_bytes += done_[step]->size_bytes;
      report.files.back().is_estimate = options_.dry_run && NeedsMeasures(plan, plan.steps[step]);
    }
    FillBytesAndTimes(totals_, run_, report);
    report.critical_path_seconds = static_cast<double>(run_.Usage().critical_path_ns) * 1e-9;
    return report;
  }

  io::FileSystem& file_system_;
  std::vector<SourceSpec> sources_;
  const MergeOptions& options_;
  const ProgressCallback& progress_;
  const std::atomic<bool>* stop_;
  const std::string way_on_;
  Run run_;
  std::optional<Growth> growth_;
  EditPlan edit_plan_;
  std::optional<InPlace> in_place_;
  bool asks_for_hashes_ = false;
  StaleHashes stale_ = StaleHashes::kRefused;
  VerifyReport* verification_ = nullptr;
  std::string destination_;
  std::vector<std::string> roots_;
  UnitsDone done_;
  WrittenTotals totals_;  // of this run
  uint64_t num_written_ = 0, num_skipped_ = 0;
  bool is_done_already_ = false;
  std::vector<Problem> left_;
};

}  // namespace

Result<MergeReport> MergeOn(io::FileSystem& file_system, const std::vector<SourceSpec>& sources,
                            const std::string& destination, const MergeOptions& options,
                            const ProgressCallback& progress, const std::atomic<bool>* stop) {
  Result<MergeReport> report =
      MergeRun(file_system, sources, options, progress, stop).Merge(destination, nullptr);
  if (report.ok()) return report;
  return report.status().OfKind(DefaultKind(report.status().code()));
}

Result<VerifiedMerge> EditOn(io::FileSystem& file_system, const SourceSpec& source_in,
                             const std::string& destination, const EditOptions& edit,
                             const MergeOptions& options, bool verify,
                             const ProgressCallback& progress, const std::atomic<bool>* stop,
                             const std::string& way_on) {
  VerifiedMerge edited;
  std::vector<Problem> left;  // by a killed run
  const bool is_verified = verify && !options.dry_run;
  const auto run = [&]() -> Result<MergeReport> {
    if (edit.in_place && !options.staging_root.empty()) {
      return Problem(Code::kInvalidArgument, "an edit in place grows beside the dataset")
          .Kind("E-staging-root")
          .Hint("leave out the folder for the work");
    }
    if (edit.in_place) ROBOMERGE_RETURN_NOT_OK(CheckIsNoSnapshot(file_system, destination));
    SourceSpec source = source_in;
    ROBOMERGE_RETURN_NOT_OK(TakeFeatures(file_system, edit.add, source));
    std::optional<InPlace> in_place;
    bool is_done = false;
    if (edit.in_place) {
      ROBOMERGE_ASSIGN_OR_RETURN(const std::string place, CleanDestination(destination));
      in_place = InPlaceOf(source, edit, options);
      // What a killed run has left comes first: the dataset may be on its way.
      std::optional<std::string> finished;
      if (!options.dry_run) {
        ROBOMERGE_ASSIGN_OR_RETURN(finished,
                                   FinishEarlierExchange(file_system, place, options.sync, left));
      }
      bool lacks_hashes = false;
      if (edit.converts && options.record_hashes) {
        ROBOMERGE_ASSIGN_OR_RETURN(const bool had,
                                   HasHashes(file_system, place, StaleHashes::kRefused));
        lacks_hashes = !had;
      }
      is_done = finished == in_place->request ||
                (edit.converts && !lacks_hashes &&
                 IsOfVersion(file_system, place, options.codebase_version));
    }
    MergeOptions layout =
        edit.converts ? options : WithLimits(file_system, source.location, options);
    if (edit.in_place) layout.overwrite = true;
    const StaleHashes stale = StaleHashesOf(source, edit, options);
    if (edit.in_place && !is_done) {
      ROBOMERGE_ASSIGN_OR_RETURN(const bool had, HasHashes(file_system, destination, stale));
      layout.record_hashes = layout.record_hashes || had;
    }
    MergeRun merge(file_system, {source}, layout, progress, stop, way_on);
    if (is_done) return merge.ReportWhatIsThere(destination);
    return merge.Edit(destination, edit, std::move(in_place), options.record_hashes, stale,
                      is_verified ? &edited.verification : nullptr);
  };
  Result<MergeReport> report = run();
  if (!report.ok()) return report.status().OfKind(DefaultKind(report.status().code()));
  edited.merge = std::move(report).value();
  edited.merge.warnings.insert(edited.merge.warnings.end(), left.begin(), left.end());
  edited.is_published =
      !options.dry_run && (!is_verified || edited.merge.already_done || edited.verification.ok());
  return edited;
}

Result<VerifiedMerge> GrowOn(io::FileSystem& file_system, const std::vector<SourceSpec>& sources,
                             const std::string& destination, const Growth& growth,
                             const MergeOptions& options, bool verify,
                             const ProgressCallback& progress, const std::atomic<bool>* stop) {
  if (!options.staging_root.empty() || options.skip_broken != SkipBroken::kNothing) {
    return Problem(Code::kInvalidArgument,
                   "a dataset grows beside the old one, and of what it gets nothing is left out")
        .Kind("E-options")
        .Expected("no staging_root and no skip_broken");
  }
  MergeOptions of_dataset = options;
  of_dataset.codebase_version = CodebaseVersion::kV30;
  MergeOptions layout = WithLimits(file_system, destination, std::move(of_dataset));
  layout.overwrite = true;
  if (!growth.is_done) {
    ROBOMERGE_ASSIGN_OR_RETURN(const bool had,
                               HasHashes(file_system, destination, StaleHashes::kRefused));
    layout.record_hashes = layout.record_hashes || had;
  }
  layout.concatenate_data = options.concatenate_data;
  layout.concatenate_videos = options.concatenate_videos;
  VerifiedMerge grown;
  const bool is_verified = verify && !options.dry_run;
  MergeRun merge(file_system, sources, layout, progress, stop);
  ROBOMERGE_ASSIGN_OR_RETURN(
      grown.merge, growth.is_done ? merge.ReportWhatIsThere(destination)
                                  : merge.Grow(destination, growth,
                                               is_verified ? &grown.verification : nullptr));
  grown.merge.warnings.insert(grown.merge.warnings.end(), growth.left.begin(), growth.left.end());
  grown.is_published =
      !options.dry_run && (!is_verified || grown.merge.already_done || grown.verification.ok());
  return grown;
}

Result<VerifiedMerge> MergeVerifiedOn(io::FileSystem& file_system,
                                      const std::vector<SourceSpec>& sources,
                                      const std::string& destination, const MergeOptions& options,
                                      const ProgressCallback& progress,
                                      const std::atomic<bool>* stop) {
  VerifiedMerge verified;
  Result<MergeReport> report = MergeRun(file_system, sources, options, progress, stop)
                                   .Merge(destination, &verified.verification);
  if (!report.ok()) return report.status().OfKind(DefaultKind(report.status().code()));
  verified.merge = std::move(report).value();
  verified.is_published =
      !options.dry_run && (verified.merge.already_done || verified.verification.ok());
  return verified;
}

}  // namespace robomerge
