// The destination files of a plan, in its order: what each is called, what it costs, what writes
// it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/plan.h"
#include "robomerge/report.h"
#include "schedule/parallel_for.h"
#include "write/write.h"

namespace robomerge {

struct Unit {
  ReportedFile file;  ///< what is known before it is written
  uint64_t cost_bytes = 0;
  std::function<Status(const WriteContext&, schedule::Spawner&, WrittenCallback)> write;
};

/// `plan` must outlive them. Source files are named as far as the plan holds the sources.
std::vector<Unit> UnitsOf(const MergePlan& plan);

std::vector<std::string> PathsOf(const std::vector<Unit>& units);

/// The sources whose bytes or metadata `units[unit]` takes, ascending.
std::vector<uint32_t> SourcesOf(const MergePlan& plan, size_t unit);

}  // namespace robomerge
