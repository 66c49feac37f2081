// The parts of Describe, each in a file of its own. They add to `source`, `warnings` and
// `problems`.
#pragma once

#include <vector>

#include "model/partial.h"

namespace robomerge::describe_internal {

/// Finds every episode's rows in the file that the episodes table names (I-4, I-5, W-19).
void PlaceRows(const Dataset& dataset, DescribedSource& source, std::vector<Problem>& problems);

/// Finds every episode's frames in the videos, and corrects timestamps that are off (I-5, I-7).
void PlaceFrames(const Dataset& dataset, DescribedSource& source, std::vector<Problem>& warnings,
                 std::vector<Problem>& problems);

/// Checks that task numbers and texts belong to the task table (I-6).
void CheckTasks(const Dataset& dataset, std::vector<Problem>& problems);

}  // namespace robomerge::describe_internal
