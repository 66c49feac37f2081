// A dataset and its converted form change places, and the old one is kept beside it.
#pragma once

#include <string>

#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge {

/// The paths of a conversion in place of the dataset at `root`.
struct InPlacePaths {
  explicit InPlacePaths(const std::string& root);

  std::string root;   ///< without a slash at its end
  std::string fresh;  ///< where the new dataset is made whole, beside the root
  std::string old;    ///< `<root>_old`: where the dataset is kept, as LeRobot's scripts do
  std::string older;  ///< what was at `old` before, until it is removed
  std::string lock;
};

/// Refuses what a conversion would lose: kAlreadyExists or kInvalidArgument (E-destination) if the
/// root is a link, or what is at `old` is no dataset.
Status CheckInPlace(const io::FileSystem& file_system, const InPlacePaths& paths);

/// Puts the dataset at `fresh` in the place of the root, and the root's at `old`. The root is there
/// at any time, or where the file system cannot exchange two folders, after a kill, once this runs
/// again. What was at `old` is removed last. May be called again after any failure or kill: it goes
/// on from there, and does nothing if all is done. REQUIRES: the lock is held.
Status PutInPlace(io::FileSystem& file_system, const InPlacePaths& paths, bool sync);

/// The same when the new dataset is at the root already: what a killed run has left to do.
Status FinishInPlace(io::FileSystem& file_system, const InPlacePaths& paths, bool sync);

}  // namespace robomerge
