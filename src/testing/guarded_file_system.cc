#include "testing/guarded_file_system.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/checked.h"
#include "base/path.h"

namespace robomerge::io {
namespace {

// The kernel's own limits: no file has a longer path.
constexpr size_t kMostPathBytes = 4096;
constexpr size_t kMostNameBytes = 255;

bool IsTooLong(const std::string& path) {
  if (path.size() >= kMostPathBytes) return true;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end - begin > kMostNameBytes) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

// Counts how far the file grows.
class GuardedFileSystem::CountedFile final : public ForwardingOutputFile {
 public:
  CountedFile(GuardedFileSystem& owner, std::unique_ptr<OutputFile> beneath)
      : ForwardingOutputFile(std::move(beneath)), owner_(owner) {}

  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    ROBOMERGE_RETURN_NOT_OK(GrowTo(offset, bytes.size()));
    return beneath().WriteAt(offset, bytes);
  }
  Status SetSize(uint64_t size_bytes) override {
    ROBOMERGE_RETURN_NOT_OK(GrowTo(size_bytes, 0));
    return beneath().SetSize(size_bytes);
  }
  Result<MovedBytes> CopyRange(const RandomAccessFile& source, uint64_t source_offset,
                               uint64_t length, uint64_t offset) override {
    // A range that is not there takes no space.
    if (!RangeFits(source_offset, length, source.size_bytes()))
      return Problem(Code::kCorrupt, "file ends early").At(source.path());
    ROBOMERGE_RETURN_NOT_OK(GrowTo(offset, length));
    return beneath().CopyRange(source, source_offset, length, offset);
  }

 private:
  Status GrowTo(uint64_t offset, uint64_t length) {
    const std::lock_guard lock(mutex_);
    const std::optional<uint64_t> end = CheckedAdd(offset, length);
    if (end && *end <= size_bytes_) return Status();
    ROBOMERGE_RETURN_NOT_OK(owner_.Take(end ? *end - size_bytes_ : UINT64_MAX, path()));
    size_bytes_ = *end;
    return Status();
  }

  GuardedFileSystem& owner_;
  std::mutex mutex_;
  uint64_t size_bytes_ = 0;  // guarded by mutex_
};

Result<std::string> GuardedFileSystem::Inside(const std::string& path) const {
  std::string resolved = ResolvedAsText(path);
  const bool is_inside = std::any_of(roots_.begin(), roots_.end(), [&](const std::string& root) {
    return resolved == root || (resolved.starts_with(root) && resolved[root.size()] == '/');
  });
  if (!path.starts_with('/') || path.find('\0') != std::string::npos || !is_inside) {
    std::fprintf(stderr, "guarded file system: this path leads outside: %s\n", path.c_str());
    std::abort();
  }
  if (IsTooLong(path)) return Problem(Code::kIo, "name is too long").At(path);
  return resolved;
}

Status GuardedFileSystem::Take(uint64_t num_bytes, const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (num_bytes > bytes_left_) return Problem(Code::kIo, "no space left").At(path);
  bytes_left_ -= num_bytes;
  return Status();
}

Result<std::unique_ptr<RandomAccessFile>> GuardedFileSystem::OpenForReading(
    const std::string& path) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  return beneath().OpenForReading(inside);
}

Result<std::unique_ptr<OutputFile>> GuardedFileSystem::Create(const std::string& path,
                                                              Sharing sharing) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  ROBOMERGE_ASSIGN_OR_RETURN(std::unique_ptr<OutputFile> file, beneath().Create(inside, sharing));
  return std::unique_ptr<OutputFile>(std::make_unique<CountedFile>(*this, std::move(file)));
}

Status GuardedFileSystem::Overwrite(const std::string& path, std::span<const std::byte> bytes) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  ROBOMERGE_RETURN_NOT_OK(Take(bytes.size(), path));
  return beneath().Overwrite(inside, bytes);
}

Result<FileStat> GuardedFileSystem::Stat(const std::string& path) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  return beneath().Stat(inside);
}

Result<FileStat> GuardedFileSystem::StatLink(const std::string& path) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  return beneath().StatLink(inside);
}

Result<std::vector<std::string>> GuardedFileSystem::List(const std::string& path) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  return beneath().List(inside);
}

Status GuardedFileSystem::MakeDirectories(const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  return beneath().MakeDirectories(inside);
}

Status GuardedFileSystem::RenameNew(const std::string& from, const std::string& to) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside_from, Inside(from));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside_to, Inside(to));
  return beneath().RenameNew(inside_from, inside_to);
}

Status GuardedFileSystem::Replace(const std::string& from, const std::string& to) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside_from, Inside(from));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside_to, Inside(to));
  return beneath().Replace(inside_from, inside_to);
}

Status GuardedFileSystem::Link(const std::string& from, const std::string& to, bool sync) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside_from, Inside(from));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside_to, Inside(to));
  return beneath().Link(inside_from, inside_to, sync);
}

Status GuardedFileSystem::Exchange(const std::string& left, const std::string& right) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside_left, Inside(left));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside_right, Inside(right));
  return beneath().Exchange(inside_left, inside_right);
}

Status GuardedFileSystem::RemoveAll(const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  return beneath().RemoveAll(inside);
}

Status GuardedFileSystem::SyncDirectory(const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  return beneath().SyncDirectory(inside);
}

Result<std::unique_ptr<Lock>> GuardedFileSystem::TryLock(const std::string& path, LockKind kind) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  return beneath().TryLock(inside, kind);
}

Result<uint64_t> GuardedFileSystem::FreeBytes(const std::string& path) const {
  ROBOMERGE_RETURN_NOT_OK(Inside(path).status());
  const std::lock_guard lock(mutex_);
  return bytes_left_;
}

Result<std::string> GuardedFileSystem::RealPath(const std::string& path) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(path));
  return beneath().RealPath(inside);
}

Status GuardedFileSystem::CheckWritable(const std::string& directory) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string inside, Inside(directory));
  return beneath().CheckWritable(inside);
}

}  // namespace robomerge::io
