#include "testing/faulty_file_system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace robomerge::io {
namespace {

bool Needs(Operation operation, std::initializer_list<Operation> operations) {
  return std::find(operations.begin(), operations.end(), operation) != operations.end();
}

// Whether a fault of this kind can strike this operation.
bool IsCandidate(FaultKind kind, Operation operation) {
  switch (kind) {
    case FaultKind::kNone:
      return false;
    case FaultKind::kError:
      return true;
    case FaultKind::kShortWrite:
      return Needs(operation, {Operation::kWrite, Operation::kCopy});
    case FaultKind::kNoSpace:
      return Needs(operation,
                   {Operation::kCreate, Operation::kWrite, Operation::kSetSize, Operation::kCopy,
                    Operation::kMakeDirectory, Operation::kLink, Operation::kLock});
    case FaultKind::kSyncError:
    case FaultKind::kSkippedSync:
      return Needs(operation, {Operation::kSyncFile, Operation::kSyncDirectory});
    // Operations that only read leave nothing that a crash could lose.
    case FaultKind::kCrash:
      return operation >= Operation::kCreate;
  }
  return false;
}

Problem Failure(Operation operation, const std::string& path, int error) {
  return Problem(Code::kIo, StrCat("cannot ", OperationName(operation)))
      .At(path)
      .Found(std::strerror(error));
}

}  // namespace

const char* OperationName(Operation operation) {
  static constexpr std::array kNames = {"open for reading",
                                        "read",
                                        "stat",
                                        "list",
                                        "read the free space of",
                                        "follow the links of",
                                        "write into",
                                        "find the working directory",
                                        "create",
                                        "write",
                                        "set the size of",
                                        "copy",
                                        "sync",
                                        "close",
                                        "make directory",
                                        "rename to",
                                        "replace",
                                        "link to",
                                        "exchange with",
                                        "remove",
                                        "sync the folder",
                                        "lock"};
  return kNames[static_cast<size_t>(operation)];
}

class FaultyFileSystem::ReadFile final : public RandomAccessFile {
 public:
  ReadFile(const FaultyFileSystem& owner, std::unique_ptr<RandomAccessFile> beneath)
      : owner_(owner), beneath_(std::move(beneath)) {}
  const std::string& path() const override { return beneath_->path(); }
  uint64_t size_bytes() const override { return beneath_->size_bytes(); }
  FileStat stat() const override { return beneath_->stat(); }
  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    ROBOMERGE_RETURN_NOT_OK(owner_.Begin(Operation::kRead, path()));
    return beneath_->ReadAt(offset, out);
  }

 private:
  const FaultyFileSystem& owner_;
  const std::unique_ptr<RandomAccessFile> beneath_;
};

class FaultyFileSystem::WrittenFile final : public ForwardingOutputFile {
 public:
  WrittenFile(FaultyFileSystem& owner, std::unique_ptr<OutputFile> beneath)
      : ForwardingOutputFile(std::move(beneath)), owner_(owner) {}

  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    bool is_short = false;
    ROBOMERGE_RETURN_NOT_OK(owner_.Begin(Operation::kWrite, path(), &is_short));
    if (!is_short) return beneath().WriteAt(offset, bytes);
    ROBOMERGE_RETURN_NOT_OK(beneath().WriteAt(offset, bytes.first(bytes.size() / 2)));
    return Failure(Operation::kWrite, path(), EIO);
  }

  Status SetSize(uint64_t size_bytes) override {
    ROBOMERGE_RETURN_NOT_OK(owner_.Begin(Operation::kSetSize, path()));
    return beneath().SetSize(size_bytes);
  }

  Result<MovedBytes> CopyRange(const RandomAccessFile& source, uint64_t source_offset,
                               uint64_t length, uint64_t offset) override {
    bool is_short = false;
    ROBOMERGE_RETURN_NOT_OK(owner_.Begin(Operation::kCopy, path(), &is_short));
    const Result<MovedBytes> moved =
        beneath().CopyRange(source, source_offset, is_short ? length / 2 : length, offset);
    if (!moved.ok() || !is_short) return moved;
    return Failure(Operation::kCopy, path(), EIO);
  }

  Status Sync() override {
    bool is_skipped = false;
    ROBOMERGE_RETURN_NOT_OK(owner_.Begin(Operation::kSyncFile, path(), &is_skipped));
    return is_skipped ? Status() : beneath().Sync();
  }

  Status Close(bool sync) override {
    if (sync) ROBOMERGE_RETURN_NOT_OK(Sync());
    ROBOMERGE_RETURN_NOT_OK(owner_.Begin(Operation::kClose, path()));
    return beneath().Close(false);
  }

 private:
  FaultyFileSystem& owner_;
};

Status FaultyFileSystem::Begin(Operation operation, const std::string& path,
                               bool* is_struck) const {
  const std::lock_guard lock(mutex_);
  log_.push_back({operation, path});
  if (has_struck_ && fault_.kind == FaultKind::kCrash) return Failure(operation, path, EIO);
  if (!IsCandidate(fault_.kind, operation)) return Status();
  const bool lasts = fault_.kind == FaultKind::kNoSpace || fault_.kind == FaultKind::kCrash;
  const uint64_t number = num_candidates_++;
  if (number != fault_.at && !(lasts && number > fault_.at)) return Status();
  has_struck_ = true;
  if (fault_.kind == FaultKind::kShortWrite || fault_.kind == FaultKind::kSkippedSync) {
    *is_struck = true;
    return Status();
  }
  return Failure(operation, path, fault_.kind == FaultKind::kNoSpace ? ENOSPC : EIO);
}

bool FaultyFileSystem::has_struck() const {
  const std::lock_guard lock(mutex_);
  return has_struck_;
}

std::vector<FaultyFileSystem::Logged> FaultyFileSystem::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

Result<std::unique_ptr<RandomAccessFile>> FaultyFileSystem::OpenForReading(
    const std::string& path) const {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kOpen, path));
  ROBOMERGE_ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> file,
                             beneath().OpenForReading(path));
  return std::unique_ptr<RandomAccessFile>(std::make_unique<ReadFile>(*this, std::move(file)));
}

Result<std::unique_ptr<OutputFile>> FaultyFileSystem::Create(const std::string& path,
                                                             Sharing sharing) {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kCreate, path));
  ROBOMERGE_ASSIGN_OR_RETURN(std::unique_ptr<OutputFile> file, beneath().Create(path, sharing));
  return std::unique_ptr<OutputFile>(std::make_unique<WrittenFile>(*this, std::move(file)));
}

Status FaultyFileSystem::Overwrite(const std::string& path, std::span<const std::byte> bytes) {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kCreate, path));
  bool is_short = false;
  const Status writes = Begin(Operation::kWrite, path, &is_short);
  // The file is emptied before it is written.
  if (!writes.ok()) bytes = {};
  if (is_short) bytes = bytes.first(bytes.size() / 2);
  ROBOMERGE_RETURN_NOT_OK(beneath().Overwrite(path, bytes));
  return is_short ? Status(Failure(Operation::kWrite, path, EIO)) : writes;
}

Result<FileStat> FaultyFileSystem::StatLink(const std::string& path) const {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kStat, path));
  return beneath().StatLink(path);
}

Result<FileStat> FaultyFileSystem::Stat(const std::string& path) const {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kStat, path));
  return beneath().Stat(path);
}

Result<std::vector<std::string>> FaultyFileSystem::List(const std::string& path) const {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kList, path));
  return beneath().List(path);
}

Status FaultyFileSystem::MakeDirectories(const std::string& path) {
  for (size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (!beneath().Stat(part).ok()) {
      ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kMakeDirectory, part));
      ROBOMERGE_RETURN_NOT_OK(beneath().MakeDirectories(part));
    }
    if (at == std::string::npos) return beneath().MakeDirectories(path);
  }
}

Status FaultyFileSystem::RenameNew(const std::string& from, const std::string& to) {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kRenameNew, to));
  return beneath().RenameNew(from, to);
}

Status FaultyFileSystem::Replace(const std::string& from, const std::string& to) {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kReplace, to));
  return beneath().Replace(from, to);
}

// A name, and with `sync` the content: two operations.
Status FaultyFileSystem::Link(const std::string& from, const std::string& to, bool sync) {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kLink, to));
  if (behaviour_.cannot_link)
    return Problem(Code::kUnsupported, "cannot link").At(from).Found("Operation not permitted");
  if (!sync) return beneath().Link(from, to, false);
  bool is_skipped = false;
  const Status syncs = Begin(Operation::kSyncFile, to, &is_skipped);
  ROBOMERGE_RETURN_NOT_OK(beneath().Link(from, to, syncs.ok() && !is_skipped));
  return syncs;
}

Status FaultyFileSystem::Exchange(const std::string& left, const std::string& right) {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kExchange, right));
  if (behaviour_.cannot_exchange)
    return Problem(Code::kUnsupported, "this file system cannot exchange two folders at once")
        .At(right);
  return beneath().Exchange(left, right);
}

Status FaultyFileSystem::RemoveAll(const std::string& path) {
  const Result<FileStat> stat = beneath().Stat(path);
  if (!stat.ok()) return beneath().RemoveAll(path);
  if (stat->is_directory()) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, List(path));
    for (const std::string& name : names) ROBOMERGE_RETURN_NOT_OK(RemoveAll(JoinPath(path, name)));
  }
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kRemove, path));
  return beneath().RemoveAll(path);
}

Status FaultyFileSystem::SyncDirectory(const std::string& path) {
  bool is_skipped = false;
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kSyncDirectory, path, &is_skipped));
  return is_skipped ? Status() : beneath().SyncDirectory(path);
}

Result<std::unique_ptr<Lock>> FaultyFileSystem::TryLock(const std::string& path, LockKind kind) {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kLock, path));
  return beneath().TryLock(path, kind);
}

Result<uint64_t> FaultyFileSystem::FreeBytes(const std::string& path) const {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kFreeBytes, path));
  return beneath().FreeBytes(path);
}

Result<std::string> FaultyFileSystem::RealPath(const std::string& path) const {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kRealPath, path));
  return beneath().RealPath(path);
}

Status FaultyFileSystem::CheckWritable(const std::string& directory) const {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kCheckWritable, directory));
  return beneath().CheckWritable(directory);
}

Result<std::string> FaultyFileSystem::WorkingDirectory() const {
  ROBOMERGE_RETURN_NOT_OK(Begin(Operation::kWorkingDirectory, "."));
  return beneath().WorkingDirectory();
}

}  // namespace robomerge::io
