// A destination under construction: what is done already, who may write, how it ends. The unit
// protocol of docs/architecture.md.
#pragma once

#include <string>
#include <vector>

#include "publish/journal.h"
#include "publish/staging.h"

namespace robomerge {

/// Units that the journals say are done and whose files are there with that size.
Result<UnitsDone> FindDone(const io::FileSystem& file_system, const StagingPaths& paths,
                           const std::string& plan_id, const std::vector<std::string>& unit_paths,
                           bool only_synced);

/// kCorrupt (E-incomplete) for units that are not done or whose files differ: the first ten by
/// name, then how many more.
Status CheckComplete(const io::FileSystem& file_system, const StagingPaths& paths,
                     const std::string& plan_id, const std::vector<std::string>& unit_paths,
                     bool only_synced);

/// Says in the first problem how to go on, and how to give up.
Status WithWayOn(const Status& status, const StagingPaths& paths, const std::string& way_on);

}  // namespace robomerge
