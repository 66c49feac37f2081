#include "reduce/tree.h"

#include <iterator>

namespace robomerge {

bool TreeFailures::MayRun(TreeShape::Place place) {
  schedule::MutexLock lock(mutex_);
  if (stop_.StopRequested()) {
    was_stopped_ = true;
    return false;
  }
  const bool is_leaf = place.level == 0;
  if (gather_leaf_errors_) {
    if (is_leaf) return true;
    if (leaf_failed_) return false;
  }
  return failures_.empty() || OrderOf(place) < failures_.begin()->first;
}

void TreeFailures::Record(TreeShape::Place place, Status status) {
  schedule::MutexLock lock(mutex_);
  if (place.level == 0) leaf_failed_ = true;
  failures_.emplace(OrderOf(place), std::move(status));
}

Status TreeFailures::Verdict() const {
  schedule::MutexLock lock(mutex_);
  if (was_stopped_) return Problem(Code::kCancelled, "stopped on request");
  if (failures_.empty()) return Status();
  if (!gather_leaf_errors_ || !leaf_failed_) return failures_.begin()->second;
  std::vector<Problem> problems;
  for (const auto& [order, status] : failures_) {
    if (order.second != 0) continue;
    problems.insert(problems.end(), status.problems().begin(), status.problems().end());
  }
  return Status::Many(std::move(problems));
}

}  // namespace robomerge
