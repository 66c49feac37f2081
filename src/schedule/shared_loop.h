// A loop inside a node, whose turns idle workers take part in.
#pragma once

#include "base/for_each.h"
#include "schedule/executor.h"

namespace robomerge::schedule {

/// A loop that a node of `executor` may run. The node takes turns itself until none is left, so it
/// needs no other worker; those who have nothing better to do take turns too. It then waits only
/// for turns that are running. An exception of a turn is thrown again where the loop was called.
ForEach SharedLoop(Executor& executor);

}  // namespace robomerge::schedule
