// Thousands of source files behind a bounded number of descriptors.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "io/descriptor_limit.h"
#include "io/file_system.h"

namespace robomerge::io {

/// Opens files when they are needed and keeps the most recently used ones open. Room is made before
/// the next file is opened; pinned files stay open. Thread-safe.
class FilePool {
 public:
  /// `file_system` must outlive the pool. At most `capacity` files are open, or as many as are
  /// pinned and being opened, if those are more. The default is what the process's limit allows.
  explicit FilePool(const FileSystem& file_system,
                    size_t capacity = PooledSourcesFor(FreeDescriptors()))
      : file_system_(file_system), capacity_(capacity) {}

  /// The file, opened if necessary. kCorrupt (E-source-changed) if its size is no longer
  /// `size_bytes`.
  Result<std::shared_ptr<const RandomAccessFile>> Get(const std::string& path, uint64_t size_bytes);

 private:
  struct Open {
    std::string path;
    std::shared_ptr<const RandomAccessFile> file;
  };

  using Files = std::list<Open>;

  // Takes files that are not pinned out of the pool, the least recent first, until there is room
  // for one more. REQUIRES: mutex_ is held. The caller closes them without the lock.
  Files MakeRoom();

  const FileSystem& file_system_;
  const size_t capacity_;
  std::mutex mutex_;
  size_t num_opening_ = 0;  // guarded by mutex_
  Files recent_;            // most recent first; guarded by mutex_
  std::unordered_map<std::string, Files::iterator> position_;  // guarded by mutex_
};

/// A file of the pool that behaves as if it were always open. `pool` must outlive it.
class PooledFile final : public RandomAccessFile {
 public:
  PooledFile(FilePool& pool, std::string path, uint64_t size_bytes)
      : pool_(pool), path_(std::move(path)), size_bytes_(size_bytes) {}

  const std::string& path() const override { return path_; }
  uint64_t size_bytes() const override { return size_bytes_; }
  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override;
  Result<std::shared_ptr<const RandomAccessFile>> Pin() const override {
    return pool_.Get(path_, size_bytes_);
  }

 private:
  FilePool& pool_;
  std::string path_;
  uint64_t size_bytes_;
};

}  // namespace robomerge::io
