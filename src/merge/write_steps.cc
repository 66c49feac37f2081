// Run: the steps of a plan are written, and their rows measured.
#include <algorithm>
#include <atomic>
#include <iterator>
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

// Those that are not late.
std::vector<size_t> StepsBefore(const MergePlan& plan, const std::vector<size_t>& steps) {
  std::vector<size_t> before;
  std::ranges::copy_if(steps, std::back_inserter(before),
                       [&](size_t step) { return !IsLate(plan, plan.steps[step]); });
  return before;
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

// A run alone measures again what an earlier one measured, so it relies on no summary.
bool Run::SyncsSummaries(const Transaction& transaction) const {
  return options_.sync && transaction.is_shared();
}

Status Run::WriteSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                       const std::vector<size_t>& measured_too, Transaction& transaction) {
  Measuring measuring(file_system_, plan, transaction, num_workers_, SyncsSummaries(transaction));
  Measures measures;
  if (plan.stats == StatsMode::kExact) measures = {&measuring, measured_too, {}, {}};
  return WriteSteps(plan, StepsBefore(plan, steps), transaction.files(), transaction.directory(),
                    NoteIn(file_system_, plan, transaction), measures);
}

Status Run::WriteLateSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                           Transaction& transaction, std::vector<Problem>& warnings) {
  std::vector<size_t> late;
  std::ranges::copy_if(steps, std::back_inserter(late),
                       [&](size_t step) { return IsLate(plan, plan.steps[step]); });
  return WriteAllSteps(plan, late, {}, transaction, warnings);
}

Status Run::WriteAllSteps(const MergePlan& plan, const std::vector<size_t>& steps,
                          const std::vector<size_t>& measured_too, Transaction& transaction,
                          std::vector<Problem>& warnings) {
  Measuring measuring(file_system_, plan, transaction, num_workers_, SyncsSummaries(transaction));
  Measures measures;
  for (const size_t step : steps) {
    if (!NeedsMeasures(plan, plan.steps[step])) continue;
    const bool is_stats = std::holds_alternative<StatsStep>(plan.steps[step]);
    (is_stats ? measures.stats : measures.episodes).push_back(step);
  }
  if (plan.stats == StatsMode::kExact) {
    measures.measuring = &measuring;
    measures.measured_too = measured_too;
  }
  ROBOMERGE_RETURN_NOT_OK(WriteSteps(plan, StepsBefore(plan, steps), transaction.files(),
                                     transaction.directory(),
                                     NoteIn(file_system_, plan, transaction), measures));
  if (measures.has_late_steps()) {
    for (Problem& warning : measuring.Warnings()) warnings.push_back(std::move(warning));
  }
  // The record comes last: it holds what all others hash to.
  std::vector<size_t> record;
  std::ranges::copy_if(steps, std::back_inserter(record), [&](size_t step) {
    return plan.record_hashes && std::holds_alternative<RecordStep>(plan.steps[step]);
  });
  if (record.empty()) return Status();
  std::vector<std::string> hashes;
  for (const auto& file : transaction.done()) hashes.push_back(file ? file->sha256 : "");
  Measures last;
  last.hashes = &hashes;
  return WriteSteps(plan, record, transaction.files(), transaction.directory(),
                    NoteIn(file_system_, plan, transaction), last);
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
  std::string stats_text;
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
  if (measures.has_late_steps()) {
    context.corrections = &measures.measuring->corrections();
    context.stats_text = &stats_text;
  }
  context.hashes = measures.hashes;
  for (const std::vector<size_t>* list : {&steps, &measures.episodes, &measures.stats}) {
    for (const size_t step : *list) planned_bytes_ += CostBytes(plan.steps[step]);
    num_planned_ += list->size();
  }
  observer_.SetPlan(planned_bytes_, num_planned_);
  std::vector<Status> noted(plan.steps.size());
  const auto enter = [&](size_t step, const WrittenFile& file) {
    noted[step] = note(step, file);
    // At once, while its bytes are in memory.
    const bool has_rows = DataEpisodesOf(plan.steps[step]).has_value();
    if (noted[step].ok() && has_rows && measures.measuring != nullptr)
      noted[step] = measures.measuring->Measure(step);
    observer_.FileWritten();
  };
  const auto item_of = [&](std::span<const size_t> group) {
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
    return item;
  };

  // When all rows are measured: the tables of episodes, and stats.json.
  const auto combine = [&](schedule::Spawner& spawner) -> Status {
    ROBOMERGE_RETURN_NOT_OK(measures.measuring->CheckComplete());
    ROBOMERGE_RETURN_NOT_OK(measures.measuring->Combine());
    std::vector<schedule::Item> items;
    for (const std::span<const size_t> group : GroupsOf(plan, measures.episodes, num_workers_))
      items.push_back(item_of(group));
    if (!measures.stats.empty()) {
      schedule::Item& stats = items.emplace_back(item_of(measures.stats));
      stats.body = [&, write = std::move(stats.body)](schedule::Spawner& writing) -> Status {
        ROBOMERGE_ASSIGN_OR_RETURN(stats_text, measures.measuring->StatsText());
        return write(writing);
      };
    }
    spawner.Spawn(std::move(items));
    return Status();
  };
  std::atomic<size_t> num_unmeasured = 0;
  const auto combine_item = [&] {
    schedule::Item item;
    item.name = "combine statistics";
    item.category = "measure";
    item.body = combine;
    return item;
  };
  // The last of the items with rows is followed by what needs the measures of all.
  const auto with_rows = [&](schedule::Item item, std::span<const size_t> group) {
    ++num_unmeasured;
    // Copying is quicker, and nothing waits for it.
    item.is_first = true;
    const auto count = [&, group](schedule::Spawner& spawner) -> Status {
      for (const size_t step : group) ROBOMERGE_RETURN_NOT_OK(noted[step]);
      if (--num_unmeasured == 0 && measures.has_late_steps()) spawner.Spawn({combine_item()});
      return Status();
    };
    item.body = [count, body = std::move(item.body)](schedule::Spawner& spawner) -> Status {
      ROBOMERGE_RETURN_NOT_OK(body(spawner));
      if (!spawner.has_spawned()) return count(spawner);
      spawner.Then(count);
      return Status();
    };
    return item;
  };

  std::vector<schedule::Item> items;
  for (const std::span<const size_t> group : GroupsOf(plan, steps, num_workers_)) {
    const bool is_measured =
        measures.measuring != nullptr && DataEpisodesOf(plan.steps[group.front()]);
    items.push_back(is_measured ? with_rows(item_of(group), group) : item_of(group));
  }
  for (const size_t& step : measures.measured_too) {
    schedule::Item item;
    item.name = "measure " + PathOf(plan, plan.steps[step]);
    item.category = "write";
    item.body = [&measures, step](schedule::Spawner&) { return measures.measuring->Measure(step); };
    items.push_back(with_rows(std::move(item), {&step, 1}));
  }
  if (num_unmeasured == 0 && measures.has_late_steps()) items.push_back(combine_item());
  schedule::ParallelForOptions options;
  options.observer = &observer_;
  options.after = last_node_;
  options.stop = stop_;
  ROBOMERGE_RETURN_NOT_OK(schedule::ParallelFor(*executor_, std::move(items), options));
  for (const Status& status : noted) ROBOMERGE_RETURN_NOT_OK(status);
  return Status();
}

}  // namespace robomerge
