// A file system that reads what is there and writes nothing: the writers run as they are, and the
// sizes they would have written are kept.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "io/file_system.h"

namespace robomerge::io {

/// Decorates another file system. Reads, Stat and List pass through and do not see what was
/// "written".
class DryRunFileSystem final : public FileSystem {
 public:
  /// `beneath` must outlive this.
  explicit DryRunFileSystem(FileSystem& beneath) : beneath_(beneath) {}

  /// Path and size of every file that would have been written and closed, by path.
  std::map<std::string, uint64_t> written() const;

  Result<std::unique_ptr<RandomAccessFile>> OpenForReading(const std::string& path) const override;
  Result<std::unique_ptr<OutputFile>> Create(const std::string& path, Sharing sharing) override;
  Result<FileStat> Stat(const std::string& path) const override;
  Result<std::vector<std::string>> List(const std::string& path) const override;
  Status MakeDirectories(const std::string& path) override;
  Status RenameNew(const std::string& from, const std::string& to) override;
  Status Replace(const std::string& from, const std::string& to) override;
  Status Exchange(const std::string& left, const std::string& right) override;
  Status RemoveAll(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::unique_ptr<Lock>> TryLock(const std::string& path, LockKind kind) override;
  bool CanShareExtents(const std::string& source, const std::string& directory) const override;
  Result<uint64_t> FreeBytes(const std::string& path) const override;

 private:
  class CountingFile;

  FileSystem& beneath_;
  mutable std::mutex mutex_;
  std::map<std::string, uint64_t> written_;  // guarded by mutex_
};

}  // namespace robomerge::io
