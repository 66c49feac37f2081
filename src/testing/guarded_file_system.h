// A file system that aborts on paths outside its roots: for fuzz targets.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/forwarding_file_system.h"

namespace robomerge::io {

/// Decorates another file system. Aborts on a path that lies in none of `roots` after "." and ".."
/// are followed: so no template and no name of a dataset may lead out of its folder or the
/// destination's. kIo for a name that the kernel would find too long.
class GuardedFileSystem final : public ForwardingFileSystem {
 public:
  /// `beneath` must outlive this. Outputs may grow to `most_bytes` together; more is kIo, as on a
  /// full disk.
  GuardedFileSystem(FileSystem& beneath, std::vector<std::string> roots,
                    uint64_t most_bytes = uint64_t{64} << 20)
      : ForwardingFileSystem(beneath), roots_(std::move(roots)), bytes_left_(most_bytes) {}

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

 private:
  class CountedFile;

  // The path with "." and ".." followed.
  Result<std::string> Inside(const std::string& path) const;
  Status Take(uint64_t num_bytes, const std::string& path);

  const std::vector<std::string> roots_;
  mutable std::mutex mutex_;
  uint64_t bytes_left_;  // guarded by mutex_
};

}  // namespace robomerge::io
