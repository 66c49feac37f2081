// What a merge and the single stages share: workers, progress, times, and the inner parts of the
// stages.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/file_pool.h"
#include "merge/progress.h"
#include "model/measured.h"
#include "model/partial.h"
#include "model/plan.h"
#include "plan/edit_plan.h"
#include "publish/preflight.h"
#include "publish/transaction.h"
#include "robomerge/merge.h"
#include "robomerge/options.h"
#include "robomerge/report.h"
#include "schedule/executor.h"
#include "schedule/observer.h"
#include "write/write.h"

namespace robomerge {

/// SourceSpec::location of each.
std::vector<std::string> LocationsOf(const std::vector<SourceSpec>& sources);

/// Sums of what was written.
struct WrittenTotals {
  uint64_t size_bytes = 0, copied_bytes = 0, shared_bytes = 0, encoded_bytes = 0;
  void Add(const WrittenFile& file);
};

/// The file of a step as reports have it.
ReportedFile ReportedFileOf(const MergePlan& plan, const Step& step, const WrittenFile& written);

/// The files of a run beside its results, as outputs that CheckOutputs() looks at: `first`, the
/// page, the trace, and the list of what is left out.
std::vector<Output> OutputsOf(const MergeOptions& options, std::vector<Output> first = {});

/// A staged file that is not as it was written.
struct ChangedFile {
  size_t step = 0;
  std::string path;
  std::string expected, found;  ///< SHA-256
};

/// What becomes of the hash of a file that is not there.
enum class HashMissing { kFails, kIsEmpty };

/// The kind for problems of this code that have none of their own.
const char* DefaultKind(Code code);

class Measuring;
class Run;
/// Fills in the fields of a run's work that MergeReport and StageReport share.
template <typename Report>
void FillBytesAndTimes(const WrittenTotals& totals, const Run& run, Report& report);

class Run {
 public:
  /// `file_system`, `options` and `stop` must outlive it.
  Run(io::FileSystem& file_system, const MergeOptions& options, const ProgressCallback& progress,
      const std::atomic<bool>* stop);

  /// Starts the workers.
  Status Start();
  /// Begins a stage, for progress and times.
  void Enter(const std::string& stage);
  /// Ends the last stage, and writes the trace if the options ask for one.
  Status Finish();
  /// Writes the page of the result, with what `report` says of the merge that is done.
  /// `locations`: of the sources that it kept.
  Status WritePage(const MergeReport& report, const std::vector<std::string>& locations,
                   const ProgressCallback& progress, const std::atomic<bool>* stop);
  /// W-not-linked, if files that should have been linked were copied; else nothing.
  std::vector<Problem> NotLinkedWarnings() const;
  /// Writes the list of what is left out, if the options ask for one.
  Status WriteSkipped(const std::vector<Skipped>& skipped);

  io::FileSystem& file_system() const { return file_system_; }
  const MergeOptions& options() const { return options_; }
  int num_workers() const { return num_workers_; }
  bool StopRequested() const { return stop_.StopRequested(); }
  const std::vector<StageTime>& stages() const { return stages_; }
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  schedule::Utilisation Usage() const { return observer_.trace().Summary(num_workers_); }

  /// Puts the rules of all sources into their normal form, and makes of those that need to know
  /// the other sources rules of each alone (adapt/resolve.h). kInvalidArgument (E-rule) names
  /// every rule that cannot be, or that matches nothing.
  Result<std::vector<SourceSpec>> Resolve(std::vector<SourceSpec> sources);
  /// What becomes of every episode. REQUIRES: the sources are resolved.
  Result<std::vector<ListedEpisode>> ListEpisodes(const std::vector<SourceSpec>& sources);
  /// MissingFiles() of robomerge/merge.h. REQUIRES: the sources are resolved.
  Result<std::vector<std::vector<std::string>>> ListMissingFiles(
      const std::vector<SourceSpec>& sources);
  /// Reads and describes every source and reduces the descriptions as a tree. Reports everything
  /// that is wrong with any source, and how sources disagree; with options().skip_broken, only what
  /// cannot be left out. REQUIRES: the sources are resolved.
  Result<Partial> ReadAndReduce(const std::vector<SourceSpec>& sources);
  /// Also leaves out what has another form than most (plan/plan.h), if that is wished for, and
  /// writes the list of all that is left out.
  Result<Partial> LeaveOutOthers(Partial root);
  /// Plans the merge into `destination`. `roots`: PlanSite::roots (plan/plan.h).
  Result<MergePlan> MakePlan(const Partial& root, const std::string& destination,
                             std::vector<std::string> roots, const EditPlan& edit = {});
  /// Reads the plan's sources of these numbers again and puts them into the plan. kCorrupt
  /// (E-source-changed, naming the file) if one is no longer what was planned.
  Status LoadSources(const std::vector<uint32_t>& numbers, MergePlan& plan);
  /// Opens the transaction of `plan`. A result counts as whole only if it can be read and
  /// described; where it would be overwritten otherwise, also only if its files are as its hashes
  /// say, if it has some.
  Result<Transaction> Open(const MergePlan& plan, const std::string& destination,
                           const MergeOptions& options,
                           std::optional<InPlace> in_place = std::nullopt);
  /// SHA-256 of each file. REQUIRES: Start().
  Result<std::vector<std::string>> HashFiles(const std::vector<std::string>& paths,
                                             HashMissing missing = HashMissing::kFails);
  /// Hashes the staged files that earlier runs or other ranks have written, and returns those that
  /// are not as they have noted. REQUIRES: MergePlan::record_hashes; Start().
  Result<std::vector<ChangedFile>> FindChanged(const MergePlan& plan,
                                               const Transaction& transaction);
  /// Takes what a step wrote. Called from workers.
  using NoteCallback = std::function<Status(size_t step, const WrittenFile& written)>;
  /// Writes the files of `steps` below `directory` of `file_system`; calls `note` for each when it
  /// is whole.
  Status WriteSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                    io::FileSystem& file_system, const std::string& directory,
                    const NoteCallback& note);
  /// The same into the staging folder of `transaction`; notes each file there as done. Where rows
  /// are measured, measures those of the data files among `steps`, and of `measured_too`, which are
  /// written already. Late steps (IsLate) are left out.
  Status WriteSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                    const std::vector<size_t>& measured_too, Transaction& transaction);
  /// Writes the late ones of `steps`. Appends what the measures of all rows showed to `warnings`.
  /// REQUIRES: all other files are written, and all data files measured; the plan has the sources
  /// of the steps.
  Status WriteLateSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                        Transaction& transaction, std::vector<Problem>& warnings);
  /// Both. What needs the measures is written as soon as the last data file is measured, beside
  /// what is still copied.
  Status WriteAllSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                       const std::vector<size_t>& measured_too, Transaction& transaction,
                       std::vector<Problem>& warnings);

 private:
  /// Does `body` for each source on the workers, as "`what` LOCATION" of
  /// `category` (schedule/observer.h). Fails with the
  /// first failure in the order of the sources.
  Status ForEachSource(const std::vector<std::string>& locations, const std::string& category,
                       const std::string& what, const std::function<Status(size_t)>& body);
  bool SyncsSummaries(const Transaction& transaction) const;
  /// What WriteSteps also does where rows are measured or hashes recorded.
  struct Measures {
    Measuring* measuring = nullptr;       // measures each data file that is written,
    std::vector<size_t> measured_too;     // and these, which are written already;
    std::vector<size_t> episodes, stats;  // when all are measured, these are written
    bool has_late_steps() const { return !episodes.empty() || !stats.empty(); }
    const std::vector<std::string>* hashes = nullptr;  // for the record
  };
  Status WriteSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                    io::FileSystem& file_system, const std::string& directory,
                    const NoteCallback& note, const Measures& measures);
  io::FileSystem& file_system_;
  const MergeOptions& options_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  MergeObserver observer_;
  schedule::StopToken stop_;
  int num_workers_ = 0;
  std::unique_ptr<schedule::Executor> executor_;
  std::vector<StageTime> stages_;
  std::chrono::steady_clock::time_point stage_start_;
  // The node that everything later had to wait for: the root of the tree, then the plan.
  uint64_t last_node_ = 0;
  uint64_t planned_bytes_ = 0, num_planned_ = 0;  // of all steps so far
  NotLinked not_linked_;
};

template <typename Report>
void FillBytesAndTimes(const WrittenTotals& totals, const Run& run, Report& report) {
  report.copied_bytes = totals.copied_bytes;
  report.shared_bytes = totals.shared_bytes;
  report.encoded_bytes = totals.encoded_bytes;
  report.stages = run.stages();
  report.num_workers = run.num_workers();
  report.utilisation = run.Usage().busy_fraction;
  report.seconds = run.seconds();
}

}  // namespace robomerge
