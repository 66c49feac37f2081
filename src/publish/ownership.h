// Whether what lies in a staging folder was made by whoever runs this.
#pragma once

#include <optional>
#include <string>

#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge {

/// The name of a staging folder can be computed, so whoever may write beside the destination can
/// put something there first. Only real folders and files (no link is followed) of the user who
/// runs are believed, written to, and removed.
class Ownership {
 public:
  /// `folder`: where staging folders are made. `file_system` must outlive this.
  Ownership(io::FileSystem& file_system, std::string folder)
      : file_system_(&file_system), folder_(std::move(folder)) {}

  /// kAlreadyExists (E-staging-foreign) if what is at `path` is not of this kind or not of this
  /// user; nothing there is fine.
  Status Check(const std::string& path, io::FileKind kind);
  /// The same for what StatLink() says of `path`.
  Status Check(const std::string& path, const io::FileStat& stat, io::FileKind kind);

 private:
  Result<uint64_t> OwnerOfNewFiles();

  io::FileSystem* file_system_;
  std::string folder_;
  std::optional<uint64_t> owner_of_new_files_;
};

}  // namespace robomerge
