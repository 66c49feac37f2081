// Where a destination grows before anybody sees it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge {

/// What belongs to one destination and one plan: the hidden folder `.<name>.robomerge-<plan id>`
/// beside the destination (or in another folder of the same file system), which becomes the
/// destination by one rename, the folder of its journals, and the lock of the destination.
struct StagingPaths {
  StagingPaths(const std::string& destination, const std::string& staging_root,
               const std::string& plan_id);

  std::string destination;
  std::string directory;  ///< grows into the destination
  std::string journals;   ///< "<directory>.journal"
  std::string replaced;  ///< "<directory>.old": the former destination, where two folders cannot be
                         ///< exchanged
  std::string lock;      ///< of the destination, whatever the plan
};

class Staging {
 public:
  /// Makes the folders above and locks the destination (kAlreadyExists, E-destination-busy):
  /// kExclusive for one that writes and publishes alone, kShared for one writer of many. With
  /// `sync` the names of folders that it makes have reached the device.
  static Result<Staging> Open(io::FileSystem& file_system, const StagingPaths& paths,
                              io::LockKind kind, bool sync);

  const StagingPaths& paths() const { return paths_; }

  /// Makes the folders of `relative_paths` inside the staging folder.
  Status MakeFolders(const std::vector<std::string>& relative_paths);
  /// Removes temporary files that killed writers left. kAlreadyExists (E-staging-foreign) for any
  /// other file than `relative_paths`, naming it. REQUIRES: the lock is exclusive.
  Status Sweep(const std::vector<std::string>& relative_paths);
  /// Syncs the folders (when `sync`), renames the whole into place, syncs its parent, and removes
  /// journals and lock. kAlreadyExists (E-destination-exists) if something has appeared there
  /// meanwhile. With `overwrite` what is there is replaced, and removed after that.
  Status Publish(bool sync, bool overwrite);
  /// Removes the lock's file and leaves the rest, to be continued.
  void Leave();
  /// Removes all that this plan has written. A former destination that two renames have put aside
  /// goes back to its place.
  void Discard();

 private:
  Staging(io::FileSystem& file_system, const StagingPaths& paths)
      : file_system_(&file_system), paths_(paths) {}

  Status SweepFolder(const std::string& folder, const std::string& relative,
                     const std::vector<std::string>& sorted_paths, std::vector<Problem>& foreign);
  Status SyncFolders(const std::string& folder);
  Status Replace();
  Status PutAsideAndRename();

  io::FileSystem* file_system_;
  StagingPaths paths_;
  std::unique_ptr<io::Lock> lock_;
};

/// Ends what a run that was stopped after its rename left undone: syncs the folder that holds the
/// destination (when `sync`), so that its name is safe before what it replaced goes, and removes
/// what lies beside it. Does nothing where nothing was left.
Status FinishPublishing(io::FileSystem& file_system, const StagingPaths& paths, bool sync);

/// Staging folders of other plans for the same destination.
std::vector<std::string> OtherStagingFolders(const io::FileSystem& file_system,
                                             const StagingPaths& paths);

/// The folder that holds `path`; "." for a bare name.
std::string ParentOf(const std::string& path);

}  // namespace robomerge
