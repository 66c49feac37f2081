// What a merge would write, laid out to the byte without writing it.
#pragma once

#include <vector>

#include "merge/run.h"

namespace robomerge {

/// Runs the writers of `steps` on a file system that only counts, and enters what they would write
/// into `done`. Reads the indexes of the sources again.
Status LayOut(Run& run, const MergePlan& plan, const std::vector<size_t>& steps, UnitsDone& done);

}  // namespace robomerge
