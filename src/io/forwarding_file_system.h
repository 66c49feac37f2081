// The base of decorators of a file system: everything passes through to the one beneath. A
// decorator overrides only what it changes.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/file_system.h"

namespace robomerge::io {

class ForwardingFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<RandomAccessFile>> OpenForReading(const std::string& path) const override {
    return beneath_.OpenForReading(path);
  }
  Result<std::unique_ptr<OutputFile>> Create(const std::string& path, Sharing sharing) override {
    return beneath_.Create(path, sharing);
  }
  Status Overwrite(const std::string& path, std::span<const std::byte> bytes) override {
    return beneath_.Overwrite(path, bytes);
  }
  Result<FileStat> Stat(const std::string& path) const override { return beneath_.Stat(path); }
  Result<FileStat> StatLink(const std::string& path) const override {
    return beneath_.StatLink(path);
  }
  Result<std::vector<std::string>> List(const std::string& path) const override {
    return beneath_.List(path);
  }
  Status MakeDirectories(const std::string& path) override {
    return beneath_.MakeDirectories(path);
  }
  Status RenameNew(const std::string& from, const std::string& to) override {
    return beneath_.RenameNew(from, to);
  }
  Status Replace(const std::string& from, const std::string& to) override {
    return beneath_.Replace(from, to);
  }
  Status Link(const std::string& from, const std::string& to, bool sync) override {
    return beneath_.Link(from, to, sync);
  }
  Status Exchange(const std::string& left, const std::string& right) override {
    return beneath_.Exchange(left, right);
  }
  Status RemoveAll(const std::string& path) override { return beneath_.RemoveAll(path); }
  Status SyncDirectory(const std::string& path) override { return beneath_.SyncDirectory(path); }
  Result<std::unique_ptr<Lock>> TryLock(const std::string& path, LockKind kind) override {
    return beneath_.TryLock(path, kind);
  }
  bool CanShareExtents(const std::string& source, const std::string& directory) const override {
    return beneath_.CanShareExtents(source, directory);
  }
  Result<uint64_t> FreeBytes(const std::string& path) const override {
    return beneath_.FreeBytes(path);
  }
  Result<std::string> RealPath(const std::string& path) const override {
    return beneath_.RealPath(path);
  }
  std::string TemporaryFolder() const override { return beneath_.TemporaryFolder(); }
  Result<std::string> RunProgram(const std::vector<std::string>& words, std::string_view input,
                                 const ProgramLimits& limits) const override {
    return beneath_.RunProgram(words, input, limits);
  }
  Status CheckWritable(const std::string& path) const override {
    return beneath_.CheckWritable(path);
  }
  uint64_t CurrentUser() const override { return beneath_.CurrentUser(); }
  Result<std::string> WorkingDirectory() const override { return beneath_.WorkingDirectory(); }

 protected:
  /// `beneath` must outlive this.
  explicit ForwardingFileSystem(FileSystem& beneath) : beneath_(beneath) {}
  FileSystem& beneath() const { return beneath_; }

 private:
  FileSystem& beneath_;
};

/// The same for an output file, which it owns.
class ForwardingOutputFile : public OutputFile {
 public:
  const std::string& path() const override { return beneath_->path(); }
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    return beneath_->WriteAt(offset, bytes);
  }
  Status SetSize(uint64_t size_bytes) override { return beneath_->SetSize(size_bytes); }
  void Reserve(uint64_t size_bytes) override { beneath_->Reserve(size_bytes); }
  Result<MovedBytes> CopyRange(const RandomAccessFile& source, uint64_t source_offset,
                               uint64_t length, uint64_t offset) override {
    return beneath_->CopyRange(source, source_offset, length, offset);
  }
  void BeginSync(uint64_t offset, uint64_t length) override { beneath_->BeginSync(offset, length); }
  Status Sync() override { return beneath_->Sync(); }
  Status Close(bool sync) override { return beneath_->Close(sync); }

 protected:
  explicit ForwardingOutputFile(std::unique_ptr<OutputFile> beneath)
      : beneath_(std::move(beneath)) {}
  OutputFile& beneath() const { return *beneath_; }

 private:
  const std::unique_ptr<OutputFile> beneath_;
};

}  // namespace robomerge::io
