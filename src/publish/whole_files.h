// Gives writers whole files only: each is written under a temporary name in its folder and renamed
// when it is closed.
#pragma once

#include "io/file_system.h"

namespace robomerge {

/// Decorates another file system. What a writer creates stays invisible until OutputFile::Close,
/// which syncs it (when asked to) and renames it, replacing what is there: so two writers of one
/// file do no harm, since both write the same bytes. A file that is dropped unclosed is removed.
class WholeFileSystem final : public io::FileSystem {
 public:
  /// `beneath` must outlive this. With `sync_folders` the folder is synced after each rename as
  /// well.
  WholeFileSystem(io::FileSystem& beneath, bool sync_folders)
      : beneath_(beneath), sync_folders_(sync_folders) {}

  Result<std::unique_ptr<io::OutputFile>> Create(const std::string& path,
                                                 io::Sharing sharing) override;

  Result<std::unique_ptr<io::RandomAccessFile>> OpenForReading(
      const std::string& path) const override {
    return beneath_.OpenForReading(path);
  }
  Result<io::FileStat> Stat(const std::string& path) const override { return beneath_.Stat(path); }
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
  Status Exchange(const std::string& left, const std::string& right) override {
    return beneath_.Exchange(left, right);
  }
  Status RemoveAll(const std::string& path) override { return beneath_.RemoveAll(path); }
  Status SyncDirectory(const std::string& path) override { return beneath_.SyncDirectory(path); }
  Result<std::unique_ptr<io::Lock>> TryLock(const std::string& path, io::LockKind kind) override {
    return beneath_.TryLock(path, kind);
  }
  bool CanShareExtents(const std::string& source, const std::string& directory) const override {
    return beneath_.CanShareExtents(source, directory);
  }
  Result<uint64_t> FreeBytes(const std::string& path) const override {
    return beneath_.FreeBytes(path);
  }

 private:
  io::FileSystem& beneath_;
  const bool sync_folders_;
};

}  // namespace robomerge
