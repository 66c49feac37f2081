// Writes a dataset in another version of LeRobot's format. Into a new folder that is Merge() of one
// source; this is for its own place.
#pragma once

#include <atomic>
#include <string>

#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/status.h"

namespace robomerge {

/// Puts the dataset at `root` in options.codebase_version into its place, and keeps the old one as
/// `<root>_old`, as LeRobot's scripts do. What was at `<root>_old` before is removed when all else
/// is done. A dataset of that version already stays as it is.
///
/// The new dataset is made whole beside the old one, and then the two change places. The same call
/// again, after any failure or kill, goes on from there. Errors are those of Merge().
Result<MergeReport> ConvertInPlace(const std::string& root, const MergeOptions& options,
                                   const ProgressCallback& progress = {},
                                   const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
