// meta/tasks.parquet (format spec 1.6).
#include <map>
#include <string_view>

#include "base/text.h"
#include "formats/parquet/table.h"
#include "read/v30/read_v30.h"

namespace robomerge::v30 {
namespace {

// The column of the texts: the index that the pandas metadata name, else one with a usual name,
// else the only one beside task_index.
Result<std::string> TaskColumn(const parquet::Table& table, const std::string& path) {
  if (const std::optional<std::string> pandas = table.key_value("pandas")) {
    const Result<json::Json> metadata = json::Parse(*pandas, path + ": pandas metadata");
    if (metadata.ok() && metadata->is_object() && metadata->contains("index_columns") &&
        metadata->at("index_columns").is_array()) {
      for (const json::Json& column : metadata->at("index_columns")) {
        if (column.is_string() && table.has(column.get<std::string>()))
          return column.get<std::string>();
      }
    }
  }
  for (const char* usual : {"task", "__index_level_0__"}) {
    if (table.has(usual)) return std::string(usual);
  }
  std::vector<std::string> others;
  for (const std::string& column : table.column_names()) {
    if (column != "task_index") others.push_back(column);
  }
  if (others.size() == 1) return others.front();
  return Problem(Code::kCorrupt, "tasks table has no column of task texts")
      .Kind("E-tasks")
      .At(path)
      .Expected("a column `task` (or `__index_level_0__`) beside `task_index`")
      .Found(Join(table.column_names(), ", "));
}

}  // namespace

Status ReadTasks(const io::FileSystem& file_system, const SourceInfo& info, Dataset& dataset) {
  const std::string path = io::JoinPath(dataset.root, "meta/tasks.parquet");
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(path);
  if (!file.ok()) {
    if (file.status().code() != Code::kNotFound) return file.status();
    if (info.total_tasks == 0 && info.total_episodes == 0) return Status();
    return Problem(Code::kCorrupt, "tasks table is missing")
        .Kind("E-missing-file")
        .At(path)
        .Expected(StrCat(info.total_tasks, " tasks (from info.json: total_tasks)"));
  }
  dataset.metadata_files.push_back(MetadataFileOf(**file));
  ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Table table, parquet::Table::Read(**file));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string column, TaskColumn(table, path));
  ROBOMERGE_ASSIGN_OR_RETURN(dataset.tasks, table.Strings(column));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, table.Int64s("task_index"));
  for (size_t row = 0; row < numbers.size(); ++row) {
    // LeRobot writes task_index by value and reads it by position. If the two differ, it is unknown
    // which task was meant.
    if (numbers[row] != static_cast<int64_t>(row)) {
      return Problem(Code::kCorrupt,
                     "tasks table is not in order, so that LeRobot reads other tasks than it wrote")
          .Kind("E-tasks")
          .At(StrCat(path, ": task_index, row ", row))
          .Expected(std::to_string(row))
          .Found(std::to_string(numbers[row]))
          .Hint("sort the table by task_index and close its gaps");
    }
  }
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
  if (info.total_tasks != dataset.tasks.size()) {
    return Problem(Code::kCorrupt, "`total_tasks` of info.json contradicts the tasks table")
        .Kind("E-totals")
        .At(io::JoinPath(dataset.root, "meta/info.json: total_tasks"))
        .Expected(StrCat(dataset.tasks.size(), " tasks (counted)"))
        .Found(std::to_string(info.total_tasks))
        .Hint("correct info.json, or find the tasks that are missing");
  }
  return Status();
}

}  // namespace robomerge::v30
