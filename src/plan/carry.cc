// What goes along with the rows: columns of numbers that mean texts, and small files
// (docs/carried-files.md).
#include <algorithm>

#include "base/text.h"
#include "model/carried_files.h"
#include "model/text_columns.h"
#include "plan/plan_internal.h"

namespace robomerge::plan_internal {
namespace {

constexpr size_t kMostNamed = 8;

std::vector<const Dataset*> DatasetsOf(const MergePlan& plan) {
  std::vector<const Dataset*> datasets;
  for (const auto& source : plan.sources) datasets.push_back(source->dataset.get());
  return datasets;
}

// Sources in which a task has another number than in the result.
std::vector<const Dataset*> WithOtherTasks(const MergePlan& plan) {
  std::vector<const Dataset*> others;
  for (size_t source = 0; source < plan.sources.size(); ++source) {
    const Dataset& dataset = *plan.sources[source]->dataset;
    const std::vector<uint32_t>& map = plan.task_maps[source];
    for (size_t task = 0; task < map.size(); ++task) {
      if (!dataset.IsTaskUsed(task) || map[task] == task) continue;
      others.push_back(&dataset);
      break;
    }
  }
  return others;
}

// Columns that look like those of GR00T, and may number tasks or not.
void WarnOfUnfollowed(MergePlan& plan) {
  const std::vector<Unfollowed> unfollowed = UnfollowedAnnotations(DatasetsOf(plan));
  if (unfollowed.empty()) return;
  const std::vector<const Dataset*> others = WithOtherTasks(plan);
  if (others.empty()) return;
  std::vector<std::string> names;
  for (const Unfollowed& one : unfollowed) names.push_back("`" + one.column + "`");
  const bool is_one = names.size() == 1;
  const Unfollowed& first = unfollowed.front();
  const Dataset& lacking = *plan.sources[first.source]->dataset;
  plan.warnings.push_back(
      Problem(
          Code::kUnsupported,
          StrCat(Join(names, ", "), " may hold numbers of tasks, as GR00T has them, and ",
                 is_one ? "is kept as it is" : "are kept as they are", "; tasks of ", others.size(),
                 others.size() == 1 ? " source" : " sources", " have other numbers in the result"))
          .Kind("W-task-numbers")
          .Source(lacking.root)
          .At(StrCat(lacking.root, "/meta/info.json: features[\"", first.column, "\"]"))
          .Expected("meta/modality.json names the column as an annotation, and each number is one "
                    "of a task, in every source")
          .Found(first.reason)
          .Hint(StrCat("say so in meta/modality.json of every source, or leave the column out: "
                       "--drop ",
                       first.column)));
}

// A task that the rows of an episode name by this column, and the episode's list does not have.
const std::string* UnlistedTask(const DescribedSource& source, const std::string& column) {
  const Dataset& dataset = *source.dataset;
  for (size_t episode = 0; episode < dataset.episodes.size(); ++episode) {
    const std::vector<std::string>& listed = dataset.episodes[episode].tasks;
    const NumberFrames* numbers = TextFramesOf(dataset, *source.data_places[episode].rows, column);
    if (numbers == nullptr) continue;
    for (const auto& [number, frames] : *numbers) {
      const std::string& task = dataset.tasks[static_cast<size_t>(number)];
      if (std::find(listed.begin(), listed.end(), task) == listed.end()) return &task;
    }
  }
  return nullptr;
}

// Columns that follow the tasks by the word of modality.json alone.
void WarnOfUnlisted(MergePlan& plan) {
  for (const TextColumn& column : plan.text_columns) {
    if (column.is_of_subtasks) continue;
    for (const auto& source : plan.sources) {
      const std::string* task = UnlistedTask(*source, column.name);
      if (task == nullptr) continue;
      const std::string& root = source->dataset->root;
      plan.warnings.push_back(
          Problem(Code::kUnsupported,
                  StrCat("`", column.name,
                         "` is taken for numbers of tasks, since modality.json names it as an "
                         "annotation; its numbers follow the tasks"))
              .Kind("W-task-numbers")
              .Source(root)
              .At(StrCat(root, "/meta/modality.json: annotation"))
              .Expected("tasks that the episodes list")
              .Found(StrCat("`", task->substr(0, 100),
                            "`, which rows name in this way and their "
                            "episode does not list"))
              .Hint("if it is a flag, name it in another place of modality.json"));
      break;
    }
  }
}

// Numbers without a table mean nothing that could be followed.
void WarnOfNoTable(MergePlan& plan) {
  const Schema& schema = plan.sources.front()->dataset->schema;
  if (schema.has_subtasks || schema.Find(kSubtaskIndex) == nullptr || plan.sources.size() < 2)
    return;
  const std::string& root = plan.sources.front()->dataset->root;
  plan.warnings.push_back(
      Problem(Code::kIncompatible,
              "`subtask_index` is kept as it is: no source has a table of subtasks, so that the "
              "same number may mean another thing in each")
          .Kind("W-subtasks")
          .Source(root)
          .At(StrCat(root, "/", kSubtasksPath))
          .Expected("a table of subtasks")
          .Found("none"));
}

void WarnOfLeftOut(const CarriedFiles& carried, MergePlan& plan) {
  if (carried.left_out.empty()) return;
  std::vector<std::string> names;
  for (const auto& [path, reason] : carried.left_out) {
    if (names.size() < kMostNamed) names.push_back(StrCat(path, " (", reason, ")"));
  }
  std::string text = Join(names, ", ");
  if (carried.left_out.size() > names.size())
    text += StrCat(" and ", carried.left_out.size() - names.size(), " more");
  const std::string& root = plan.sources.front()->dataset->root;
  plan.warnings.push_back(
      Problem(Code::kIncompatible, StrCat("files beside the data are left out: ", text))
          .Kind("W-files-left-out")
          .Source(root)
          .At(StrCat(root, "/", carried.left_out.front().first)));
}

}  // namespace

Status MapTexts(const TaskTable& subtasks, MergePlan& plan) {
  if (plan.sources.front()->dataset->schema.has_subtasks) {
    plan.subtasks = subtasks.tasks;
    for (const auto& source : plan.sources) {
      std::vector<uint32_t> map;
      for (const std::string& subtask : source->dataset->subtasks) {
        const auto entry = subtasks.index.find(subtask);
        map.push_back(entry == subtasks.index.end() ? 0 : entry->second);
      }
      plan.subtask_maps.push_back(std::move(map));
    }
  }
  const TextMaps maps = {&plan.task_maps, &plan.subtask_maps};
  if (!plan.subtask_maps.empty()) {
    const std::optional<Unfollowed> unfollowed = UnfollowedSubtasks(DatasetsOf(plan), maps);
    if (unfollowed) {
      const std::string& root = plan.sources[unfollowed->source]->dataset->root;
      return Problem(Code::kUnsupported,
                     "subtasks get other numbers, which this column cannot take over")
          .Kind("E-subtasks")
          .Source(root)
          .At(StrCat(root, "/meta/info.json: features[\"", kSubtaskIndex, "\"]"))
          .Expected("dtype int64 and shape [1]")
          .Found(unfollowed->reason)
          .Hint("write the column as int64, or leave it out: --drop subtask_index");
    }
  }
  plan.text_columns = ChangedTextColumns(DatasetsOf(plan), maps);
  WarnOfUnfollowed(plan);
  WarnOfUnlisted(plan);
  WarnOfNoTable(plan);
  return Status();
}

void CarryFiles(MergePlan& plan) {
  if (plan.sources.front()->dataset->schema.has_subtasks) plan.steps.emplace_back(SubtasksStep());
  std::vector<const Dataset*> datasets = DatasetsOf(plan);
  // A dataset that grows keeps its own.
  if (plan.keeps_first) datasets.resize(1);
  const bool is_whole = datasets.size() == 1 && plan.origins.front().adaptation.empty();
  const CarriedFiles carried = FilesToCarry(datasets, is_whole);
  if (carried.modality && carried.modality->is_changed)
    plan.steps.emplace_back(ModalityStep{carried.modality->text});
  if (carried.modality && !carried.modality->is_changed) {
    const std::string path(ModalityStep::kPath);
    plan.steps.emplace_back(CarriedFileStep{0, path, carried.modality->text.size(), path});
  }
  for (const OtherFile& file : carried.files)
    plan.steps.emplace_back(CarriedFileStep{0, file.path, file.size_bytes, file.path});
  WarnOfLeftOut(carried, plan);
}

}  // namespace robomerge::plan_internal
