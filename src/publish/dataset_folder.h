// A folder of several datasets, which appears by one rename.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "publish/ownership.h"
#include "publish/staging.h"
#include "robomerge/status.h"

namespace robomerge {

/// The datasets are published into directory(), each by a transaction of its own. After a kill the
/// same id finds there what is done.
class DatasetFolder {
 public:
  /// Takes the lock of `destination` and makes its staging folder. `id`: 16 hex digits that name
  /// everything that decides what the datasets hold.
  static Result<DatasetFolder> Begin(io::FileSystem& file_system, const std::string& destination,
                                     const std::string& id, bool sync);

  /// Removes the lock that a run left which was killed when `destination` was there.
  static void RemoveLeftLock(io::FileSystem& file_system, const std::string& destination);

  const std::string& directory() const { return paths_.directory; }

  /// W-staging-left for each folder of an unfinished run with another id for this destination.
  std::vector<Problem> OtherStagingWarnings() const;

  /// Puts the folder at its destination. REQUIRES: it holds a dataset of each of `names`.
  /// kAlreadyExists (E-staging-foreign) if it holds anything else.
  Status Publish(const std::vector<std::string>& names);
  /// Ends a run that failed: what would only fail again goes, and a folder that holds nothing.
  /// Returns `status`, with `way_on` where something is there to go on with (WithWayOn).
  Status Settle(const Status& status, const std::string& way_on);

 private:
  DatasetFolder(io::FileSystem& file_system, StagingPaths paths, bool sync);
  void Leave();

  io::FileSystem* file_system_;
  StagingPaths paths_;
  bool sync_;
  Ownership ownership_;
  std::unique_ptr<io::Lock> lock_;
};

}  // namespace robomerge
