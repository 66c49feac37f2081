// Where a destination grows before anybody sees it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge {

/// A hidden folder `.<name>.robomerge-<plan id>` beside the destination (or in another folder of the same file system). It becomes the destination by one
/// rename, or it is removed: by Discard, or by the next run of the same plan.
class Staging {
 public:
  /// Locks it against other runs (kAlreadyExists, E-destination-busy), removes what a killed run left, and makes the folders of `relative_paths`.
  static Result<Staging> Make(io::FileSystem& file_system, const std::string& destination, const std::string& staging_root,
                              const std::string& plan_id, const std::vector<std::string>& relative_paths);

  const std::string& directory() const { return directory_; }

  /// Syncs the folders (when `sync`), renames the whole into place, syncs its parent. kAlreadyExists (E-destination-exists) if something has
  /// appeared there meanwhile.
  Status Publish(bool sync);
  /// Removes everything this run has written.
  void Discard();

 private:
  Staging() = default;

  io::FileSystem* file_system_ = nullptr;
  std::string destination_;
  std::string directory_;
  std::string lock_path_;
  std::unique_ptr<io::Lock> lock_;
  std::vector<std::string> folders_;  // deepest first, the staging folder itself last
};

/// The folder that holds `path`; "." for a bare name.
std::string ParentOf(const std::string& path);

}  // namespace robomerge
