// Which payload files of the first source stay as they are (MergePlan::keeps_first).
#pragma once

#include "model/plan.h"

namespace robomerge::plan_internal {

/// Whether `source` is the one whose files stay.
inline bool IsKept(const MergePlan& plan, uint32_t source) {
  return plan.keeps_first && source == 0;
}

/// Whether each data file of the source can be a step of its own, under its number: episodes follow
/// each other in the files.
bool FollowsDataFiles(const DescribedSource& source);

/// Finds the data steps of the first source that would change nothing of a file, and warns of the
/// others unless rules leave episodes out. REQUIRES: the data steps are packed, tasks mapped.
void MarkUnchangedData(MergePlan& plan);

}  // namespace robomerge::plan_internal
