#include "write/write_internal.h"

namespace robomerge::write_internal {

namespace {

bool IsLinked(const WriteContext& context, uint32_t source) {
  switch (context.links) {
    case WriteContext::Links::kNone:
      return false;
    case WriteContext::Links::kKept:
      return context.plan->keeps_first && source == 0;
    case WriteContext::Links::kAll:
      return true;
  }
  return false;
}

// Whether `path` is now a further name of `file`.
Result<bool> Link(const WriteContext& context, const io::RandomAccessFile& file,
                  const std::string& path) {
  // Shared extents are as cheap, and whoever writes into one of the two leaves the other alone.
  if (context.file_system->CanShareExtents(file.path(), context.directory)) return false;
  Status linked = context.file_system->Link(file.path(), path, context.sync);
  if (!linked.ok() && linked.code() == Code::kAlreadyExists) {
    // A run that was killed made it, and did not note it.
    ROBOMERGE_RETURN_NOT_OK(context.file_system->RemoveAll(path));
    linked = context.file_system->Link(file.path(), path, context.sync);
  }
  if (linked.ok() || linked.code() != Code::kUnsupported) {
    ROBOMERGE_RETURN_NOT_OK(linked);
    return true;
  }
  if (context.not_linked == nullptr) return false;
  NotLinked& not_linked = *context.not_linked;
  const std::lock_guard lock(not_linked.mutex);
  if (not_linked.num_files++ == 0) {
    not_linked.first_path = file.path();
    not_linked.reason = linked.problems().front().found;
  }
  not_linked.num_bytes += file.size_bytes();
  return false;
}

}  // namespace

Status LinkOrCopy(const WriteContext& context, const std::string& name, uint32_t number,
                  std::shared_ptr<io::RandomAccessFile> source, schedule::Spawner& spawner,
                  WrittenCallback written) {
  if (IsLinked(context, number)) {
    ROBOMERGE_ASSIGN_OR_RETURN(const bool is_linked,
                               Link(context, *source, io::JoinPath(context.directory, name)));
    WrittenFile file;
    file.mode = ReportedFile::Mode::kLink;
    file.size_bytes = file.moved.shared_bytes = source->size_bytes();
    if (is_linked) written(file);
    if (is_linked) return Status();
  }
  return CopyWhole(context, name, std::move(source), spawner, std::move(written));
}

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
