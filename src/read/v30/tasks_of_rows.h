// The tasks of episodes, which the episodes table lists and the rows have (format spec 1.7).
#pragma once

#include <vector>

#include "model/dataset.h"
#include "read/read.h"

namespace robomerge::v30 {

/// Gives every episode the tasks of its rows if the table lists not all of these, with one warning
/// (W-episode-tasks) for what has no list and one for what has another. The table may list more
/// (tasks of annotations); a text that is no task stays, and is refused later. `lacks_tasks`: per
/// episode, whether there is no such column.
void TakeTasksOfRows(const std::vector<bool>& lacks_tasks, const ReadOptions& options,
                     Dataset& dataset);

}  // namespace robomerge::v30
