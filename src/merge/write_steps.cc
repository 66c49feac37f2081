// Run: the steps of a plan are written, and their rows measured.
#include <algorithm>
#include <span>

#include "base/text.h"
#include "hash/sha256.h"
#include "merge/measuring.h"
#include "merge/run.h"
#include "schedule/parallel_for.h"

namespace robomerge {
namespace {

// Steps that one worker does in one go: many small files of episodes, whose sources' indexes are
// then read once, and not for each.
std::vector<std::span<const size_t>> GroupsOf(const MergePlan& plan, std::span<const size_t> steps,
                                              int num_workers) {
  constexpr uint64_t kMostBytes = uint64_t{32} << 20;
  constexpr size_t kMostFiles = 256;
  // So that no worker is left with the last group while the others have none.
  const size_t most_files =
      std::clamp<size_t>(steps.size() / (static_cast<size_t>(num_workers) * 8), 1, kMostFiles);
  std::vector<std::span<const size_t>> groups;
  for (size_t begin = 0; begin < steps.size();) {
    size_t end = begin;
    uint64_t num_bytes = 0;
    do {
      num_bytes += CostBytes(plan.steps[steps[end]]);
    } while (++end < steps.size() && IsSmallEpisodeFile(plan.steps[steps[end]]) &&
             plan.steps[steps[end]].index() == plan.steps[steps[begin]].index() &&
             num_bytes < kMostBytes && end - begin < most_files &&
             IsSmallEpisodeFile(plan.steps[steps[begin]]));
    groups.push_back(steps.subspan(begin, end - begin));
    begin = end;
  }
  return groups;
}

// Where hashes are recorded, the worker that has written a file hashes it at once, while its bytes
// are in memory: a file is not noted without.
Run::NoteCallback NoteIn(const io::FileSystem& file_system, const MergePlan& plan,
                         Transaction& transaction) {
  return [&](size_t step, WrittenFile written) -> Status {
    if (plan.record_hashes) {
      const std::string path =
          io::JoinPath(transaction.directory(), PathOf(plan, plan.steps[step]));
      ROBOMERGE_ASSIGN_OR_RETURN(written.sha256, Sha256OfFile(file_system, path));
    }
    transaction.done()[step] = written;  // one slot per step: needs no lock
    return transaction.Note(step, written);
  };
}

}  // namespace

std::vector<Problem> Run::NotLinkedWarnings() const {
  if (not_linked_.num_files == 0) return {};
  return {Problem(Code::kUnsupported,
                  StrCat(not_linked_.num_files, not_linked_.num_files == 1 ? " file" : " files",
                         " (", FormatBytes(not_linked_.num_bytes),
                         ") cannot be linked and are copied; the first one is named"))
              .Kind("W-not-linked")
              .At(not_linked_.first_path)
              .Found(not_linked_.reason)};
}

Status Run::WriteSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                       const std::vector<size_t>& measured_too, Transaction& transaction) {
  Measures measures;
  // A run alone measures again what an earlier one measured, so it relies on no summary.
  const Measuring measuring(file_system_, plan, transaction, num_workers_,
                            options_.sync && transaction.is_shared());
  if (plan.stats == StatsMode::kExact) {
    measures.measure = [&](size_t step) { return measuring.Measure(step); };
    measures.measured_too = measured_too;
  }
  std::vector<size_t> first;
  for (const size_t step : steps) {
    if (!IsLate(plan, plan.steps[step])) first.push_back(step);
  }
  return WriteSteps(plan, first, transaction.files(), transaction.directory(),
                    NoteIn(file_system_, plan, transaction), measures);
}

Status Run::WriteLateSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                           Transaction& transaction, std::vector<Problem>& warnings) {
  ROBOMERGE_RETURN_NOT_OK(WriteMeasuredSteps(plan, steps, transaction, warnings));
  // The record comes last: it holds what all others hash to.
  std::vector<size_t> record;
  for (const size_t step : steps) {
    if (plan.record_hashes && std::holds_alternative<RecordStep>(plan.steps[step]))
      record.push_back(step);
  }
  if (record.empty()) return Status();
  std::vector<std::string> hashes;
  for (const auto& file : transaction.done()) hashes.push_back(file ? file->sha256 : "");
  Measures measures;
  measures.hashes = &hashes;
  return WriteSteps(plan, record, transaction.files(), transaction.directory(),
                    NoteIn(file_system_, plan, transaction), measures);
}

Status Run::WriteMeasuredSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                               Transaction& transaction, std::vector<Problem>& warnings) {
  std::vector<size_t> episodes, stats;
  for (const size_t step : steps) {
    if (!NeedsMeasures(plan, plan.steps[step])) continue;
    (std::holds_alternative<StatsStep>(plan.steps[step]) ? stats : episodes).push_back(step);
  }
  if (episodes.empty() && stats.empty()) return Status();
  if (StopRequested()) return Problem(Code::kCancelled, "stopped before statistics were combined");
  Measuring measuring(file_system_, plan, transaction, num_workers_, options_.sync);
  ROBOMERGE_RETURN_NOT_OK(measuring.CheckComplete());
  ROBOMERGE_RETURN_NOT_OK(measuring.Combine());
  Measures measures;
  measures.corrections = &measuring.corrections();
  ROBOMERGE_RETURN_NOT_OK(WriteSteps(plan, episodes, transaction.files(), transaction.directory(),
                                     NoteIn(file_system_, plan, transaction), measures));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string text, measuring.StatsText());
  measures.stats_text = &text;
  ROBOMERGE_RETURN_NOT_OK(WriteSteps(plan, stats, transaction.files(), transaction.directory(),
                                     NoteIn(file_system_, plan, transaction), measures));
  for (Problem& warning : measuring.Warnings()) warnings.push_back(std::move(warning));
  return Status();
}

Status Run::WriteSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                       io::FileSystem& file_system, const std::string& directory,
                       const NoteCallback& note) {
  return WriteSteps(plan, steps, file_system, directory, note, {});
}

Status Run::WriteSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                       io::FileSystem& file_system, const std::string& directory,
                       const NoteCallback& note, const Measures& measures) {
  io::FilePool pool(file_system_);
  WriteContext context;
  context.plan = &plan;
  context.file_system = &file_system;
  context.sources = &pool;
  context.directory = directory;
  context.sharing =
      options_.copy_mode == CopyMode::kCopy ? io::Sharing::kForbidden : io::Sharing::kAllowed;
  context.links = options_.copy_mode == CopyMode::kLink   ? WriteContext::Links::kAll
                  : options_.copy_mode == CopyMode::kCopy ? WriteContext::Links::kNone
                                                          : WriteContext::Links::kKept;
  context.not_linked = &not_linked_;
  context.sync = options_.sync;
  context.alignment_bytes = plan.alignment_bytes;
  context.corrections = measures.corrections;
  context.stats_text = measures.stats_text;
  context.hashes = measures.hashes;
  for (const size_t step : steps) planned_bytes_ += CostBytes(plan.steps[step]);
  num_planned_ += steps.size();
  observer_.SetPlan(planned_bytes_, num_planned_);
  std::vector<Status> noted(plan.steps.size());
  const auto enter = [this, &plan, &noted, &note, &measures](size_t step, const WrittenFile& file) {
    noted[step] = note(step, file);
    // At once, while its bytes are in memory.
    const bool has_rows = DataEpisodesOf(plan.steps[step]).has_value();
    if (noted[step].ok() && has_rows && measures.measure) noted[step] = measures.measure(step);
    observer_.FileWritten();
  };
  std::vector<schedule::Item> items;
  for (const std::span<const size_t> group : GroupsOf(plan, steps, num_workers_)) {
    schedule::Item item;
    item.name = "write " + PathOf(plan, plan.steps[group.front()]);
    if (group.size() > 1) item.name += StrCat(" and ", group.size() - 1, " more");
    item.category = "write";
    for (const size_t step : group) item.bytes += CostBytes(plan.steps[step]);
    item.body = [this, &context, group, &enter](schedule::Spawner& spawner) {
      if (group.size() > 1) return WriteEpisodeFiles(context, group, stop_, enter);
      return WriteStep(
          context, group.front(), spawner,
          [&enter, step = group.front()](const WrittenFile& file) { enter(step, file); });
    };
    items.push_back(std::move(item));
  }
  for (const size_t step : measures.measured_too) {
    schedule::Item item;
    item.name = "measure " + PathOf(plan, plan.steps[step]);
    item.category = "write";
    item.body = [&measures, step](schedule::Spawner&) { return measures.measure(step); };
    items.push_back(std::move(item));
  }
  schedule::ParallelForOptions options;
  options.observer = &observer_;
  options.after = last_node_;
  options.stop = stop_;
  ROBOMERGE_RETURN_NOT_OK(schedule::ParallelFor(*executor_, std::move(items), options));
  for (const Status& status : noted) ROBOMERGE_RETURN_NOT_OK(status);
  return Status();
}

}  // namespace robomerge
