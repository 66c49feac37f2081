// meta/tasks.parquet (format spec 1.6).
#include <map>
#include <string_view>

#include "base/foreign_file.h"
#include "base/text.h"
#include "formats/parquet/table.h"
#include "read/v30/read_v30.h"

namespace robomerge::v30 {
namespace {

struct TextsColumn {
  std::string name;
  bool is_index = false;  // of pandas, where LeRobot looks for the texts
};

// The column of the texts: the index that the pandas metadata name, else one with a usual name,
// else the only one that holds texts. `what`: "task" or "subtask".
Result<TextsColumn> FindTexts(const parquet::Table& table, const std::string& path,
                              const std::string& what) {
  const std::string number = what + "_index";
  if (const std::optional<std::string> pandas = table.key_value("pandas")) {
    const Result<json::Json> metadata = json::Parse(*pandas, path + ": pandas metadata");
    if (metadata.ok() && metadata->is_object() && metadata->contains("index_columns") &&
        metadata->at("index_columns").is_array()) {
      for (const json::Json& column : metadata->at("index_columns")) {
        // The index may also be the numbers, or a range that is no column.
        if (column.is_string() && column != number && table.has(column.get<std::string>()))
          return TextsColumn{column.get<std::string>(), true};
      }
    }
  }
  for (const std::string& usual : {what, std::string("__index_level_0__")}) {
    if (table.has(usual)) return TextsColumn{usual};
  }
  std::vector<std::string> texts, others;
  for (const std::string& column : table.column_names()) {
    if (column == number) continue;
    others.push_back(column);
    if (table.HoldsStrings(column)) texts.push_back(column);
  }
  if (texts.size() == 1) return TextsColumn{texts.front()};
  if (others.size() == 1) return TextsColumn{others.front()};
  return Problem(Code::kCorrupt, StrCat(what, "s table has no column of ", what, " texts"))
      .Kind(StrCat("E-", what, "s"))
      .At(path)
      .Expected(StrCat("a column `", what, "` (or `__index_level_0__`) beside `", number, "`"))
      .Found(Join(table.column_names(), ", "))
      .Hint(StrCat("call the column of the texts `", what, "`"));
}

// LeRobot writes the numbers by value and reads them by position. If the two differ, it is unknown
// which text was meant.
Status CheckOrder(const std::vector<int64_t>& numbers, const std::string& path,
                  const std::string& what) {
  for (size_t row = 0; row < numbers.size(); ++row) {
    if (numbers[row] == static_cast<int64_t>(row)) continue;
    return Problem(Code::kCorrupt, StrCat(what,
                                          "s table is not in order, so that LeRobot reads "
                                          "other ",
                                          what, "s than it wrote"))
        .Kind(StrCat("E-", what, "s"))
        .At(StrCat(path, ": ", what, "_index, row ", row))
        .Expected(std::to_string(row))
        .Found(std::to_string(numbers[row]))
        .Hint(StrCat("sort the table by ", what, "_index and close its gaps"));
  }
  return Status();
}

// Says what is wrong with a dataset that has no tasks table.
Status NoTasks(const io::FileSystem& file_system, const std::string& root, const std::string& path,
               uint64_t total_tasks) {
  Problem problem = Problem(Code::kCorrupt, "tasks table is missing")
                        .Kind("E-missing-file")
                        .At(path)
                        .Expected(StrCat("the texts of the tasks, ", total_tasks,
                                         " (from info.json: total_tasks)"))
                        .Hint(std::string(kCopyTheRest));
  const std::string old_path = io::JoinPath(root, "meta/tasks.jsonl");
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_old_table, io::Exists(file_system, old_path));
  if (has_old_table) {
    problem.found = "meta/tasks.jsonl, as in version 2.1";
    problem.hint =
        "the dataset was converted in part: convert it anew from version 2.1, with "
        "LeRobot's convert_dataset_v21_to_v30";
  }
  return problem;
}

}  // namespace

Status ReadTasks(const io::FileSystem& file_system, const SourceInfo& info, Dataset& dataset) {
  const std::string path = io::JoinPath(dataset.root, "meta/tasks.parquet");
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(path);
  if (!file.ok()) {
    if (file.status().code() != Code::kNotFound) return file.status();
    if (info.total_tasks == 0 && info.total_episodes == 0) return Status();
    return NoTasks(file_system, dataset.root, path, info.total_tasks);
  }
  dataset.metadata_files.push_back(MetadataFileOf(**file));
  ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Table table, parquet::Table::Read(**file));
  ROBOMERGE_ASSIGN_OR_RETURN(const TextsColumn column, FindTexts(table, path, "task"));
  ROBOMERGE_ASSIGN_OR_RETURN(dataset.tasks, table.Strings(column.name));
  if (!column.is_index && !dataset.tasks.empty()) {
    dataset.warnings.push_back(
        Problem(
            Code::kCorrupt,
            "the texts of the tasks are in a column, where LeRobot looks for them in the index; "
            "the result has them there")
            .Kind("W-task-column")
            .At(StrCat(path, ": column `", column.name, "`"))
            .Hint(StrCat("LeRobot reads numbers instead of tasks from the source. To mend it: "
                         "python3 -c 'import pandas, sys; f = sys.argv[1]; "
                         "pandas.read_parquet(f).set_index(sys.argv[2]).to_parquet(f)' ",
                         ShellWord(path), " ", ShellWord(column.name))));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, table.Int64s("task_index"));
  ROBOMERGE_RETURN_NOT_OK(CheckOrder(numbers, path, "task"));
  std::map<std::string_view, size_t> first_rows;
  for (size_t row = 0; row < dataset.tasks.size(); ++row) {
    const auto [first, is_new] = first_rows.try_emplace(dataset.tasks[row], row);
    if (is_new) continue;
    // LeRobot's reader fails on this. Frames of both rows have the same text, so nothing is lost.
    dataset.warnings.push_back(
        Problem(Code::kCorrupt,
                "a task stands twice in the tasks table; in the result it has one number")
            .Kind("W-task-twice")
            .Source(dataset.root)
            .At(StrCat(path, ": row ", row))
            .Found(StrCat("`", dataset.tasks[row], "`, as in row ", first->second)));
  }
  // That no row names a task beyond the table is checked with the rows.
  if (info.total_tasks != dataset.tasks.size()) {
    dataset.warnings.push_back(
        Problem(Code::kCorrupt, "a total of info.json is not the number of rows, which is taken")
            .Kind("W-totals")
            .At(io::JoinPath(dataset.root, "meta/info.json: total_tasks"))
            .Expected(StrCat(dataset.tasks.size(), " (counted)"))
            .Found(std::to_string(info.total_tasks)));
  }
  return Status();
}

Status ReadSubtasks(const io::FileSystem& file_system, Dataset& dataset) {
  if (dataset.schema.Find(kSubtaskIndex) == nullptr) return Status();
  const std::string path = io::JoinPath(dataset.root, std::string(kSubtasksPath));
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(path);
  if (!file.ok() && file.status().code() == Code::kNotFound) return Status();
  ROBOMERGE_RETURN_NOT_OK(file.status());
  dataset.metadata_files.push_back(MetadataFileOf(**file));
  ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Table table, parquet::Table::Read(**file));
  ROBOMERGE_ASSIGN_OR_RETURN(const TextsColumn column, FindTexts(table, path, "subtask"));
  ROBOMERGE_ASSIGN_OR_RETURN(dataset.subtasks, table.Strings(column.name));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers,
                             table.Int64s(std::string(kSubtaskIndex)));
  ROBOMERGE_RETURN_NOT_OK(CheckOrder(numbers, path, "subtask"));
  dataset.schema.has_subtasks = true;
  std::vector<std::string> others;
  for (const std::string& name : table.column_names()) {
    if (name != column.name && name != kSubtaskIndex) others.push_back(name);
  }
  if (!others.empty()) {
    dataset.warnings.push_back(
        Problem(Code::kUnsupported, StrCat("columns of the table of subtasks are left out: ",
                                           Join(others, ", ").substr(0, 200)))
            .Kind("W-subtasks")
            .At(path));
  }
  return Status();
}

}  // namespace robomerge::v30
