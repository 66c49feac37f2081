// The hashes of files that are there: of a staging folder, and in the record of a dataset.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "merge/run.h"

namespace robomerge {

/// E-staged-changed, for each staged file that is not as the writers have noted it.
Status CheckStagedHashes(const MergePlan& plan, const Transaction& transaction, Run& run);

/// Lets what an earlier run has written be written anew where it is not as that run has noted it,
/// with a warning (W-staged-changed) for each.
Status RewriteChanged(const MergePlan& plan, Transaction& transaction, Run& run,
                      std::vector<Problem>& warnings);

/// W-hashes-dropped, if the record of the dataset at `root`, whose place a result without hashes
/// takes, has some.
Status WarnOfDroppedHashes(const io::FileSystem& file_system, const std::string& root,
                           std::vector<Problem>& warnings);

/// Puts the hash of the file `path` of a dataset, which was replaced, into the record, if that
/// holds hashes.
Status RefreshHash(io::FileSystem& file_system, const std::string& root, const std::string& path);

}  // namespace robomerge
