// Files that appear only when they are whole: each is written under a temporary name in its folder
// and renamed when it is closed.
#pragma once

#include "io/forwarding_file_system.h"

namespace robomerge {

/// Decorates another file system. A file does not appear under its own name before
/// OutputFile::Close, which syncs it (if asked to) and renames it, replacing what is there. Two
/// writers of one file do no harm, since both write the same bytes. A file that is dropped unclosed
/// is removed.
class WholeFileSystem final : public io::ForwardingFileSystem {
 public:
  /// `beneath` must outlive this. With `sync_folders`, a Close that syncs also syncs the folder
  /// after the rename.
  WholeFileSystem(io::FileSystem& beneath, bool sync_folders)
      : ForwardingFileSystem(beneath), sync_folders_(sync_folders) {}

  Result<std::unique_ptr<io::OutputFile>> Create(const std::string& path,
                                                 io::Sharing sharing) override;

 private:
  const bool sync_folders_;
};

}  // namespace robomerge
