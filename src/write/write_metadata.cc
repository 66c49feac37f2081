#include "formats/parquet/table.h"
#include "write/write.h"

namespace robomerge {

Result<WrittenFile> WriteTasks(const WriteContext& context) {
  const std::vector<std::string>& tasks = context.plan->tasks;
  std::vector<int64_t> numbers;
  for (size_t task = 0; task < tasks.size(); ++task) numbers.push_back(static_cast<int64_t>(task));
  parquet::TableWriter table;
  table.AddInt64("task_index", std::move(numbers));
  table.AddString("task", tasks);
  table.SetPandasIndex("task");
  const std::string path = io::JoinPath(context.directory, "meta/tasks.parquet");
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::OutputFile> output,
                             context.file_system->Create(path, context.sharing));
  WrittenFile written;
  ROBOMERGE_ASSIGN_OR_RETURN(written.size_bytes, table.Write(*output));
  written.encoded_bytes = written.size_bytes;
  ROBOMERGE_RETURN_NOT_OK(output->Close(context.sync));
  return written;
}

Result<WrittenFile> WriteText(const WriteContext& context, const std::string& relative_path,
                              const std::string& text) {
  const std::string path = io::JoinPath(context.directory, relative_path);
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::OutputFile> output,
                             context.file_system->Create(path, context.sharing));
  ROBOMERGE_RETURN_NOT_OK(output->WriteAt(0, std::as_bytes(std::span(text))));
  ROBOMERGE_RETURN_NOT_OK(output->Close(context.sync));
  WrittenFile written;
  written.size_bytes = text.size();
  written.encoded_bytes = text.size();
  return written;
}

}  // namespace robomerge
