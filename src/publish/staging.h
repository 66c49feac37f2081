// The staging folder, where a destination grows before anybody sees it: names, and operations on
// whole folders.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "publish/ownership.h"
#include "robomerge/status.h"

namespace robomerge {

/// Stands in the names of all staging folders and what lies beside them.
inline constexpr const char* kStagingMark = ".robomerge-";

/// The paths for one destination and one plan. The staging folder is the hidden folder
/// `.<name>.robomerge-<plan id>` beside the destination, and becomes the destination by one rename.
/// In another folder of the same file system (`staging_root`) its name ends in "-" and 8 hex digits
/// of the destination's path, which tell destinations of one name apart.
struct StagingPaths {
  /// `real_destination` is the destination with links followed, so that every spelling of the path
  /// gives one name. It is needed only with `staging_root`.
  StagingPaths(const std::string& destination, const std::string& staging_root,
               const std::string& plan_id, const std::string& real_destination);

  std::string destination;
  std::string directory;  ///< the staging folder
  std::string journals;   ///< "<directory>.journal"
  /// "<directory>.old": holds the former destination where two folders cannot be exchanged.
  std::string replaced;
  std::string lock;  ///< beside the destination; one for all plans
};

/// Makes a folder and those above it. With `sync`, the names of new folders reach the device.
Status MakeFolder(io::FileSystem& file_system, const std::string& path, bool sync);

/// Makes `directory`, and in it the folders of the files `relative_paths`. kAlreadyExists
/// (E-staging-foreign) for a folder of another user, or a link.
Status MakeFoldersOf(io::FileSystem& file_system, Ownership& ownership,
                     const std::string& directory, const std::vector<std::string>& relative_paths);

/// What becomes of the temporary files of writers in a staging folder.
enum class Temporaries {
  kStay,  ///< some may still be written
  kGo,    ///< their writers were killed
};

/// Looks at everything in the staging folder `directory`. kAlreadyExists (E-staging-foreign),
/// naming each, for files that are not among `relative_paths`, for links, and for what another user
/// has made.
Status Sweep(io::FileSystem& file_system, Ownership& ownership, const std::string& directory,
             const std::vector<std::string>& relative_paths, Temporaries temporaries);

/// Syncs a folder and all folders below, including those that other writers have made.
Status SyncFolders(io::FileSystem& file_system, const std::string& directory);

/// Whether `path` may be removed: a real folder of this user that holds nothing but (what is left
/// of) a dataset. kAlreadyExists (E-staging-foreign) if not; nothing there is fine.
Status CheckOldDataset(const io::FileSystem& file_system, Ownership& ownership,
                       const std::string& path);

/// Removes journals, staging folder, replaced dataset and lock of a published destination. What
/// cannot be removed, or is not of this merge, is no failure; for a folder that stays there is a
/// warning (W-old-dataset-left). `replaced`: the folder into which this run has put the dataset
/// that it replaced, and which needs no look; empty if there is none.
std::vector<Problem> RemoveLeftovers(io::FileSystem& file_system, Ownership& ownership,
                                     const StagingPaths& paths, const std::string& replaced);

/// `status` with a hint how to go on (`way_on`) or to give the run up (`paths` to remove), if the
/// system or the user has stopped it. Other problems say themselves how to mend them.
Status WithWayOn(const Status& status, const std::string& way_on,
                 const std::vector<std::string>& paths);

/// W-old-dataset-left: what was replaced lies at `path` and could not be removed.
Problem OldDatasetLeft(const std::string& path, const Status& status);

/// W-staging-left for each staging folder of another plan for the same destination.
std::vector<Problem> OtherStagingWarnings(const io::FileSystem& file_system,
                                          const StagingPaths& paths);

}  // namespace robomerge
