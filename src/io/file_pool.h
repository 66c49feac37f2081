// Thousands of source files behind a bounded number of descriptors.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "io/file_system.h"

namespace robomerge::io {

/// Opens files when they are needed and keeps the most recently used ones open. Thread-safe.
class FilePool {
 public:
  /// `file_system` must outlive the pool. At most `capacity` files stay open beyond those that are
  /// pinned.
  explicit FilePool(const FileSystem& file_system, size_t capacity = 256)
      : file_system_(file_system), capacity_(capacity) {}

  /// The file as it was when it was read: kCorrupt (E-source-changed) if its size is no longer
  /// `size_bytes`.
  Result<std::shared_ptr<const RandomAccessFile>> Get(const std::string& path, uint64_t size_bytes);

 private:
  struct Open {
    std::string path;
    std::shared_ptr<const RandomAccessFile> file;
  };

  const FileSystem& file_system_;
  const size_t capacity_;
  std::mutex mutex_;
  std::list<Open> recent_;  // most recent first; guarded by mutex_
  std::unordered_map<std::string, std::list<Open>::iterator> position_;  // guarded by mutex_
};

/// A file of the pool that looks always open. `pool` must outlive it.
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
