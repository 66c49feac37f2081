// A file system that fails at a chosen operation: for tests.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "io/forwarding_file_system.h"

namespace robomerge::io {

enum class Operation {
  kOpen,
  kRead,
  kStat,
  kList,
  kFreeBytes,
  kRealPath,
  kCheckWritable,
  kWorkingDirectory,
  kCreate,
  kWrite,
  kSetSize,
  kCopy,
  kSyncFile,
  kClose,
  kMakeDirectory,
  kRenameNew,
  kReplace,
  kLink,
  kExchange,
  kRemove,
  kSyncDirectory,
  kLock
};
const char* OperationName(Operation operation);

enum class FaultKind {
  kNone,
  kError,        ///< one operation of any kind answers EIO, and does nothing
  kShortWrite,   ///< one write or copy stops in the middle, with EIO
  kNoSpace,      ///< from one operation on, nothing that needs space works: ENOSPC
  kSyncError,    ///< one sync of a file or folder answers EIO
  kSkippedSync,  ///< one sync of a file or folder says that it worked, and did nothing
  kCrash,  ///< after so many changes, everything fails: the process sees nothing but errors until
           ///< it ends
};

/// Which operation fails, and how. `at` counts, from 0, only the operations that the kind can
/// strike.
struct Fault {
  FaultKind kind = FaultKind::kNone;
  uint64_t at = 0;
};

/// Behaviour of other file systems.
struct FaultyBehaviour {
  bool cannot_exchange = false;  ///< as over NFS: kUnsupported
  bool cannot_link = false;      ///< as on exFAT: kUnsupported
};

/// Decorates another file system. Making a folder with its parents, or removing one with its
/// content, is one operation per folder and file.
class FaultyFileSystem final : public ForwardingFileSystem {
 public:
  struct Logged {
    Operation operation;
    std::string path;
  };

  /// `beneath` must outlive this.
  explicit FaultyFileSystem(FileSystem& beneath, Fault fault = {}, FaultyBehaviour behaviour = {})
      : ForwardingFileSystem(beneath), fault_(fault), behaviour_(behaviour) {}

  /// Whether the fault has struck.
  bool has_struck() const;
  /// Every operation that was asked for, in order.
  std::vector<Logged> log() const;

  Result<std::unique_ptr<RandomAccessFile>> OpenForReading(const std::string& path) const override;
  Result<std::unique_ptr<OutputFile>> Create(const std::string& path, Sharing sharing) override;
  Status Overwrite(const std::string& path, std::span<const std::byte> bytes) override;
  Result<FileStat> Stat(const std::string& path) const override;
  Result<FileStat> StatLink(const std::string& path) const override;
  Result<std::vector<std::string>> List(const std::string& path) const override;
  Status MakeDirectories(const std::string& path) override;
  Status RenameNew(const std::string& from, const std::string& to) override;
  Status Replace(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to, bool sync) override;
  Status Exchange(const std::string& left, const std::string& right) override;
  Status RemoveAll(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::unique_ptr<Lock>> TryLock(const std::string& path, LockKind kind) override;
  Result<uint64_t> FreeBytes(const std::string& path) const override;
  Result<std::string> RealPath(const std::string& path) const override;
  Status CheckWritable(const std::string& directory) const override;
  Result<std::string> WorkingDirectory() const override;

 private:
  class ReadFile;
  class WrittenFile;

  // Counts the operation and says whether it fails. A short write or a skipped sync succeeds here
  // and sets `is_struck`.
  Status Begin(Operation operation, const std::string& path, bool* is_struck = nullptr) const;

  const Fault fault_;
  const FaultyBehaviour behaviour_;
  mutable std::mutex mutex_;
  mutable uint64_t num_candidates_ = 0;  // guarded by mutex_
  mutable bool has_struck_ = false;      // guarded by mutex_
  mutable std::vector<Logged> log_;      // guarded by mutex_
};

}  // namespace robomerge::io
