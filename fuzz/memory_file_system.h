// Folders that exist only in memory, and that know who looks outside them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"

namespace robomerge::fuzz {

/// Aborts when a path is asked for that does not lie in one of `roots`, once "." and ".." are
/// followed: so no template and no name of a dataset leads out of its folder or the destination's.
/// Made for one thread.
class MemoryFileSystem final : public io::FileSystem {
 public:
  /// Outputs may grow to `most_bytes` together; one that wants more gets kIo, as on a full disk.
  explicit MemoryFileSystem(std::vector<std::string> roots,
                            uint64_t most_bytes = uint64_t{64} << 20)
      : roots_(std::move(roots)), bytes_left_(most_bytes) {}

  void Add(const std::string& path, std::string bytes);
  /// Null if there is no such file.
  const std::string* Find(const std::string& path) const;
  const std::map<std::string, std::shared_ptr<std::string>>& files() const { return files_; }

  Result<std::unique_ptr<io::RandomAccessFile>> OpenForReading(
      const std::string& path) const override;
  Result<std::unique_ptr<io::OutputFile>> Create(const std::string& path,
                                                 io::Sharing sharing) override;
  Result<io::FileStat> Stat(const std::string& path) const override;
  Result<std::vector<std::string>> List(const std::string& path) const override;
  Status MakeDirectories(const std::string& path) override;
  Status RenameNew(const std::string& from, const std::string& to) override;
  Status Replace(const std::string& from, const std::string& to) override;
  Status Exchange(const std::string& left, const std::string& right) override;
  Status RemoveAll(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::unique_ptr<io::Lock>> TryLock(const std::string& path, io::LockKind kind) override;
  bool CanShareExtents(const std::string& source, const std::string& directory) const override;
  Result<uint64_t> FreeBytes(const std::string& path) const override;

 private:
  class Reader;
  class Writer;

  void CheckInside(const std::string& path) const;

  const std::vector<std::string> roots_;
  std::map<std::string, std::shared_ptr<std::string>> files_;
  uint64_t bytes_left_;
};

/// A file of its own, outside any file system.
std::unique_ptr<io::RandomAccessFile> MemoryFileOf(std::string path, std::string bytes);

}  // namespace robomerge::fuzz
