#include "io/dry_run_file_system.h"

#include <algorithm>

#include "base/checked.h"
#include "base/text.h"

namespace robomerge::io {

// Keeps only where the furthest write ends. One file may be written by several threads.
class DryRunFileSystem::CountingFile final : public OutputFile {
 public:
  CountingFile(DryRunFileSystem& owner, std::string path) : owner_(owner), path_(std::move(path)) {}

  const std::string& path() const override { return path_; }

  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    Extend(offset + bytes.size());
    return Status();
  }

  Status SetSize(uint64_t size_bytes) override {
    Extend(size_bytes);
    return Status();
  }

  Result<MovedBytes> CopyRange(const RandomAccessFile& source, uint64_t source_offset,
                               uint64_t length, uint64_t offset) override {
    if (!RangeFits(source_offset, length, source.size_bytes())) {
      return Problem(Code::kCorrupt, "file ends before the range that is to be copied")
          .At(StrCat(source.path(), ", byte ", WithSeparators(source_offset)));
    }
    Extend(offset + length);
    return MovedBytes{.copied_bytes = length, .shared_bytes = 0};
  }

  Status Sync() override { return Status(); }

  Status Close(bool) override {
    const std::lock_guard lock(owner_.mutex_);
    owner_.written_[path_] = size_bytes_;
    return Status();
  }

 private:
  void Extend(uint64_t end) {
    const std::lock_guard lock(mutex_);
    size_bytes_ = std::max(size_bytes_, end);
  }

  DryRunFileSystem& owner_;
  std::string path_;
  std::mutex mutex_;
  uint64_t size_bytes_ = 0;  // guarded by mutex_
};

std::map<std::string, uint64_t> DryRunFileSystem::written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

Result<std::unique_ptr<OutputFile>> DryRunFileSystem::Create(const std::string& path, Sharing) {
  return std::unique_ptr<OutputFile>(std::make_unique<CountingFile>(*this, path));
}

Status DryRunFileSystem::Overwrite(const std::string& path, std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  written_[path] = bytes.size();
  return Status();
}

}  // namespace robomerge::io
