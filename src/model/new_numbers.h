// The numbers of tasks and subtasks that rows get in a merge.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/plan.h"

namespace robomerge {

/// How many frames of an episode have each number in the result, in task_index or in one of the
/// plan's text columns. REQUIRES: the plan holds the episode's source.
NumberFrames NewNumbersOf(const MergePlan& plan, uint64_t episode, std::string_view column);

}  // namespace robomerge
