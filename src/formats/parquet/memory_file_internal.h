// Files that exist only in memory, for tests and fuzz targets.
#pragma once

#include <cstring>
#include <string>
#include <utility>

#include "base/checked.h"
#include "base/text.h"
#include "io/file_system.h"

namespace robomerge::parquet {

class MemoryFile : public io::RandomAccessFile {
 public:
  MemoryFile(std::string path, std::string bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {}

  const std::string& path() const override { return path_; }
  uint64_t size_bytes() const override { return bytes_.size(); }
  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    if (!RangeFits(offset, out.size(), bytes_.size())) {
      return Problem(Code::kCorrupt, "file ends early")
          .At(path_)
          .Expected(StrCat(out.size(), " bytes from ", offset))
          .Found(FormatBytes(bytes_.size()));
    }
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return Status();
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string path_;
  std::string bytes_;
};

class MemoryOutput : public io::OutputFile {
 public:
  explicit MemoryOutput(std::string path) : path_(std::move(path)) {}

  const std::string& path() const override { return path_; }
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    if (offset + bytes.size() > bytes_.size()) bytes_.resize(offset + bytes.size());
    if (!bytes.empty()) std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
    return Status();
  }
  Status SetSize(uint64_t size_bytes) override {
    bytes_.resize(size_bytes);
    return Status();
  }
  Result<io::MovedBytes> CopyRange(const io::RandomAccessFile& source, uint64_t source_offset,
                                   uint64_t length, uint64_t offset) override {
    std::string bytes(length, '\0');
    ROBOMERGE_RETURN_NOT_OK(
        source.ReadAt(source_offset, std::as_writable_bytes(std::span<char>(bytes))));
    ROBOMERGE_RETURN_NOT_OK(WriteAt(offset, std::as_bytes(std::span<const char>(bytes))));
    ++num_copies;
    return io::MovedBytes{length, 0};
  }
  Status Sync() override { return Status(); }
  Status Close(bool) override { return Status(); }
  const std::string& bytes() const { return bytes_; }

  size_t num_copies = 0;

 private:
  std::string path_;
  std::string bytes_;
};

}  // namespace robomerge::parquet
