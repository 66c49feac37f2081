// The combination that the reduction tree is made of.
#pragma once

#include "model/partial.h"

namespace robomerge {

/// Returns the partial for the sources of `left` followed by those of `right`.
///
/// Pure; exactly associative, to the bit; not commutative: left is before right. So any bracketing,
/// any number of workers and any machine give the same root. It never fails: sources that disagree
/// are kept as distinct schemas, and the plan reports all of them at once. Cost: O(tasks + schemas
/// of `right` + what it leaves out); lists are joined by reference.
Partial Combine(Partial left, const Partial& right);

}  // namespace robomerge
