// A file system that reads what is there and writes nothing: the writers run as they are, and the
// sizes they would have written are kept.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "io/forwarding_file_system.h"

namespace robomerge::io {

/// Decorates another file system. Reads pass through and do not see what was "written".
class DryRunFileSystem final : public ForwardingFileSystem {
 public:
  /// `beneath` must outlive this.
  explicit DryRunFileSystem(FileSystem& beneath) : ForwardingFileSystem(beneath) {}

  /// Path and size of every file that would have been written and closed, by path.
  std::map<std::string, uint64_t> written() const;

  Result<std::unique_ptr<OutputFile>> Create(const std::string& path, Sharing sharing) override;
  Status Overwrite(const std::string& path, std::span<const std::byte> bytes) override;
  Status MakeDirectories(const std::string&) override { return Status(); }
  Status RenameNew(const std::string&, const std::string&) override { return Status(); }
  Status Replace(const std::string&, const std::string&) override { return Status(); }
  Status Link(const std::string&, const std::string&, bool) override { return Status(); }
  Status Exchange(const std::string&, const std::string&) override { return Status(); }
  Status RemoveAll(const std::string&) override { return Status(); }
  Status SyncDirectory(const std::string&) override { return Status(); }
  Result<std::unique_ptr<Lock>> TryLock(const std::string&, LockKind) override {
    return std::make_unique<Lock>();
  }

 private:
  class CountingFile;

  mutable std::mutex mutex_;
  std::map<std::string, uint64_t> written_;  // guarded by mutex_
};

}  // namespace robomerge::io
