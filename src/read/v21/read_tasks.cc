// meta/tasks.jsonl (format spec 6.1).
#include <map>

#include "base/text.h"
#include "read/v21/json_lines.h"
#include "read/v21/read_v21.h"
#include "read/v30/read_v30.h"

namespace robomerge::v21 {
namespace {

// Nothing that LeRobot records has so many. Numbers with larger gaps are no numbers of tasks.
constexpr int64_t kMostTasks = 1 << 20;

Problem TasksProblem(std::string what, std::string where) {
  return Problem(Code::kCorrupt, std::move(what)).Kind("E-tasks").At(std::move(where));
}

}  // namespace

Status ReadTasks(const io::FileSystem& file_system, const SourceInfo& info, Dataset& dataset) {
  const std::string path = io::JoinPath(dataset.root, "meta/tasks.jsonl");
  const Result<JsonLines> read = JsonLines::Read(file_system, path, dataset.warnings);
  if (!read.ok() && read.status().code() == Code::kNotFound) {
    if (info.total_episodes == 0) return Status();
    return Problem(Code::kCorrupt, "tasks.jsonl is missing")
        .Kind("E-missing-file")
        .At(path)
        .Expected("the texts of the tasks, which task_index of the rows numbers")
        .Hint(std::string(v30::kCopyTheRest));
  }
  ROBOMERGE_RETURN_NOT_OK(read.status());
  const JsonLines& lines = *read;
  dataset.metadata_files.push_back(lines.file());
  std::map<int64_t, std::pair<std::string, size_t>> texts;  // number -> text and line
  std::vector<Problem> problems;
  size_t num_repeated = 0, first_repeated = 0;
  for (size_t at = 0; at < lines.size(); ++at) {
    const Result<std::pair<json::Json, int64_t>> line = lines.Parse(at, "task_index");
    if (!line.ok()) {
      problems.push_back(line.status().problems().front());
      continue;
    }
    const auto& [object, number] = *line;
    const auto task = object.find("task");
    if (task == object.end() || !task->is_string() || number >= kMostTasks) {
      problems.push_back(TasksProblem("a line says no task", lines.Where(at))
                             .Expected("{\"task_index\": 0, \"task\": \"...\"}")
                             .Found(json::DumpLine(object).substr(0, 100)));
      continue;
    }
    const auto [known, is_new] = texts.try_emplace(number, task->get<std::string>(), at);
    if (is_new) continue;
    if (known->second.first == *task) {
      if (num_repeated++ == 0) first_repeated = at;
      continue;
    }
    problems.push_back(
        TasksProblem(StrCat("task_index ", number, " has two texts"), lines.Where(at))
            .Expected(StrCat("`", known->second.first.substr(0, 100), "`, as in ",
                             lines.Where(known->second.second)))
            .Found(StrCat("`", task->get<std::string>().substr(0, 100), "`"))
            .Hint("give one of them another number, in the rows too; or remove the wrong line"));
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  if (num_repeated > 0) {
    dataset.warnings.push_back(
        Problem(Code::kCorrupt,
                StrCat("lines repeat the `task_index` of another one ", num_repeated,
                       num_repeated == 1 ? " time" : " times", "; the last of them counts"))
            .Kind("W-jsonl-twice")
            .At(lines.Where(first_repeated)));
  }
  // Rows name tasks by number. A number that no line has is the task of no row.
  const auto num_tasks = texts.empty() ? size_t{0} : static_cast<size_t>(texts.rbegin()->first) + 1;
  dataset.tasks.resize(num_tasks);
  std::map<std::string_view, int64_t> first_numbers;
  for (const auto& [number, text] : texts) {
    dataset.tasks[static_cast<size_t>(number)] = text.first;
    const auto [first, is_new] = first_numbers.try_emplace(text.first, number);
    if (is_new) continue;
    dataset.warnings.push_back(
        Problem(Code::kCorrupt,
                "a task stands twice in the tasks table; in the result it has one number")
            .Kind("W-task-twice")
            .At(lines.Where(text.second))
            .Found(StrCat("`", text.first.substr(0, 100), "`, as task_index ", first->second)));
  }
  if (texts.size() < num_tasks) {
    dataset.is_task_used.resize(num_tasks, false);
    int64_t first_gap = 0;
    for (const auto& [number, text] : texts) {
      dataset.is_task_used[static_cast<size_t>(number)] = true;
      if (number == first_gap) ++first_gap;
    }
    dataset.warnings.push_back(
        Problem(Code::kCorrupt,
                StrCat("numbers of tasks have gaps: ", num_tasks - texts.size(),
                       " below the highest are not there; rows keep their tasks, by number"))
            .Kind("W-task-gap")
            .At(path)
            .Expected(StrCat("0 to ", num_tasks - 1))
            .Found(StrCat("no task_index ", first_gap)));
  }
  if (info.total_tasks && *info.total_tasks != texts.size()) {
    dataset.warnings.push_back(
        Problem(Code::kCorrupt, "a total of info.json is not the number of lines, which is taken")
            .Kind("W-totals")
            .At(io::JoinPath(dataset.root, "meta/info.json: total_tasks"))
            .Expected(StrCat(texts.size(), " (counted)"))
            .Found(std::to_string(*info.total_tasks)));
  }
  return Status();
}

}  // namespace robomerge::v21
