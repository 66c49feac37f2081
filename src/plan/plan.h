// Partial -> MergePlan: which bytes go where. Pure and serial; no I/O.
#pragma once

#include "model/partial.h"
#include "model/plan.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge {

/// Plans the merge of all sources of `root`. kIncompatible with every disagreement between sources at once; kInvalidArgument for options out of range.
Result<MergePlan> Plan(const Partial& root, const MergeOptions& options);

}  // namespace robomerge
