#include "schedule/ready_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace robomerge::schedule {

bool ReadyQueue::RunsLater(const Entry& a, const Entry& b) {
  if (a.node.priority != b.node.priority) return a.node.priority < b.node.priority;
  if (a.node.position != b.node.position) return a.node.position > b.node.position;
  return a.sequence > b.sequence;
}

void ReadyQueue::Push(Node node) {
  heap_.push_back(Entry{std::move(node), next_sequence_++});
  std::push_heap(heap_.begin(), heap_.end(), RunsLater);
}

Node ReadyQueue::Pop() {
  ROBOMERGE_CHECK(!heap_.empty());
  std::pop_heap(heap_.begin(), heap_.end(), RunsLater);
  Node node = std::move(heap_.back().node);
  heap_.pop_back();
  return node;
}

}  // namespace robomerge::schedule
