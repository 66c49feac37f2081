// Where a destination grows before anybody sees it: names, and work on whole folders.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge {

/// What belongs to one destination and one plan: the hidden folder `.<name>.robomerge-<plan id>`
/// beside the destination, which becomes the destination by one rename, the folder of its journals,
/// and the lock of the destination. In another folder of the same file system (`staging_root`) the
/// name ends in 8 hex digits more, which tell destinations of one name apart.
struct StagingPaths {
  /// `real_destination` is the destination with links followed: however it is typed, it is one
  /// place. Needed with `staging_root` only.
  StagingPaths(const std::string& destination, const std::string& staging_root,
               const std::string& plan_id, const std::string& real_destination);

  std::string destination;
  std::string directory;  ///< grows into the destination
  std::string journals;   ///< "<directory>.journal"
  /// "<directory>.old": the former destination, where two folders cannot be exchanged.
  std::string replaced;
  std::string lock;  ///< of the destination, whatever the plan
};

/// Makes a folder and those above it. With `sync` the names of new folders reach the device.
Status MakeFolder(io::FileSystem& file_system, const std::string& path, bool sync);

/// Makes the folders of `relative_paths` inside `directory`.
Status MakeFoldersOf(io::FileSystem& file_system, const std::string& directory,
                     const std::vector<std::string>& relative_paths);

/// Removes temporary files that killed writers left in `directory`. kAlreadyExists
/// (E-staging-foreign), naming each, for any other file than `relative_paths`.
Status Sweep(io::FileSystem& file_system, const std::string& directory,
             const std::vector<std::string>& relative_paths);

/// Syncs a folder and all below, also those that a writer on another machine has made.
Status SyncFolders(io::FileSystem& file_system, const std::string& directory);

/// Removes what is beside a published destination. What cannot be removed is no reason to fail;
/// a replaced dataset that stays is worth a warning (W-old-dataset-left, one for each folder).
std::vector<Problem> RemoveLeftovers(io::FileSystem& file_system, const StagingPaths& paths);

/// Staging folders of other plans for the same destination.
std::vector<std::string> OtherStagingFolders(const io::FileSystem& file_system,
                                             const StagingPaths& paths);

}  // namespace robomerge
