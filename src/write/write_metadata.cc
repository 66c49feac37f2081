#include "formats/json/json.h"
#include "formats/parquet/table.h"
#include "model/recorded_hashes.h"
#include "model/statistics_text.h"
#include "write/write_internal.h"

namespace robomerge::write_internal {
namespace {

Result<std::unique_ptr<io::OutputFile>> Create(const WriteContext& context, std::string_view path) {
  return context.file_system->Create(io::JoinPath(context.directory, std::string(path)),
                                     context.sharing);
}

Result<WrittenFile> WriteText(const WriteContext& context, std::string_view path,
                              const std::string& text) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::OutputFile> output, Create(context, path));
  ROBOMERGE_RETURN_NOT_OK(output->WriteAt(0, std::as_bytes(std::span(text))));
  ROBOMERGE_RETURN_NOT_OK(output->Close(context.sync));
  WrittenFile written;
  written.size_bytes = text.size();
  written.encoded_bytes = text.size();
  return written;
}

// A table of texts as LeRobot writes it: the texts are the index of pandas.
Result<WrittenFile> WriteTexts(const WriteContext& context, std::string_view path,
                               const std::string& name, const std::vector<std::string>& texts) {
  std::vector<int64_t> numbers;
  for (size_t text = 0; text < texts.size(); ++text) numbers.push_back(static_cast<int64_t>(text));
  parquet::TableWriter table;
  table.AddInt64(name + "_index", std::move(numbers));
  table.AddString(name, texts);
  table.SetPandasIndex(name);
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::OutputFile> output, Create(context, path));
  WrittenFile written;
  ROBOMERGE_ASSIGN_OR_RETURN(written.size_bytes, table.Write(*output));
  written.encoded_bytes = written.size_bytes;
  ROBOMERGE_RETURN_NOT_OK(output->Close(context.sync));
  return written;
}

}  // namespace

Result<WrittenFile> WriteTasks(const WriteContext& context, const TasksStep& step) {
  return WriteTexts(context, step.kPath, "task", context.plan->tasks);
}

Result<WrittenFile> WriteSubtasks(const WriteContext& context, const SubtasksStep& step) {
  return WriteTexts(context, step.kPath, "subtask", context.plan->subtasks);
}

Result<WrittenFile> WriteModality(const WriteContext& context, const ModalityStep& step) {
  return WriteText(context, step.kPath, step.text);
}

Result<WrittenFile> WriteInfo(const WriteContext& context, const InfoStep& step) {
  return WriteText(context, step.kPath, step.text);
}

Result<WrittenFile> WriteStats(const WriteContext& context, const StatsStep& step) {
  if (context.plan->stats == StatsMode::kFold) return WriteText(context, step.kPath, step.text);
  return WriteText(
      context, step.kPath,
      context.stats_text != nullptr ? *context.stats_text : EstimatedStatisticsText(*context.plan));
}

Result<WrittenFile> WriteRecord(const WriteContext& context, const RecordStep& step) {
  const MergePlan& plan = *context.plan;
  if (!plan.record_hashes) return WriteText(context, step.kPath, step.text);
  ROBOMERGE_ASSIGN_OR_RETURN(json::Json record, json::Parse(step.text, std::string(step.kPath)));
  json::Json& lines = record[kHashesField] = json::Json::array();
  const std::string zeros(64, '0');
  for (size_t number = 0; number < plan.steps.size(); ++number) {
    const std::string path = PathOf(plan, plan.steps[number]);
    if (!HasRecordedHash(path)) continue;
    lines.push_back(HashLine(context.hashes != nullptr ? context.hashes->at(number) : zeros, path));
  }
  return WriteText(context, step.kPath, json::Dump(record));
}

}  // namespace robomerge::write_internal
