#include "write/write_internal.h"

namespace robomerge::write_internal {

Status CopyWhole(const WriteContext& context, const std::string& name,
                 std::shared_ptr<io::RandomAccessFile> source, schedule::Spawner& spawner,
                 WrittenCallback written) {
  UnfilledFile copy;
  copy.name = name;
  copy.sync = context.sync;
  copy.one_worker = context.one_worker;
  copy.written.mode = ReportedFile::Mode::kCopy;
  copy.written.size_bytes = source->size_bytes();
  copy.ranges.push_back({source.get(), 0, source->size_bytes(), 0});
  copy.sources.push_back(std::move(source));
  ROBOMERGE_ASSIGN_OR_RETURN(
      copy.output,
      context.file_system->Create(io::JoinPath(context.directory, name), context.sharing));
  ROBOMERGE_RETURN_NOT_OK(copy.output->SetSize(copy.written.size_bytes));
  return FillAndClose(std::move(copy), spawner, std::move(written));
}

Status WriteCarriedFile(const WriteContext& context, const CarriedFileStep& step,
                        schedule::Spawner& spawner, WrittenCallback written) {
  const std::string& root = context.plan->sources[step.source]->dataset->root;
  auto source = std::make_shared<io::PooledFile>(
      *context.sources, io::JoinPath(root, step.source_path), step.size_bytes);
  return CopyWhole(context, step.path, std::move(source), spawner, std::move(written));
}

}  // namespace robomerge::write_internal
