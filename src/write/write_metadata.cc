#include "formats/parquet/table.h"
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

}  // namespace

Result<WrittenFile> WriteTasks(const WriteContext& context, const TasksStep& step) {
  const std::vector<std::string>& tasks = context.plan->tasks;
  std::vector<int64_t> numbers;
  for (size_t task = 0; task < tasks.size(); ++task) numbers.push_back(static_cast<int64_t>(task));
  parquet::TableWriter table;
  table.AddInt64("task_index", std::move(numbers));
  table.AddString("task", tasks);
  table.SetPandasIndex("task");
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::OutputFile> output,
                             Create(context, step.kPath));
  WrittenFile written;
  ROBOMERGE_ASSIGN_OR_RETURN(written.size_bytes, table.Write(*output));
  written.encoded_bytes = written.size_bytes;
  ROBOMERGE_RETURN_NOT_OK(output->Close(context.sync));
  return written;
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
  return WriteText(context, step.kPath, step.text);
}

}  // namespace robomerge::write_internal
