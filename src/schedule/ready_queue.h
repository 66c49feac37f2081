// The nodes that may run now, in the order in which they should.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace robomerge::schedule {

/// What an executor runs. It must not block on another node: it queues the nodes that have to wait
/// for it (reduce/tree.h, parallel_for.h).
struct Node {
  uint64_t priority = 0;  ///< higher runs first
  uint64_t position = 0;  ///< among equals, lower runs first; then the one submitted first
  /// Gets the number of the worker that runs it. Must not throw.
  std::function<void(int worker)> body;
};

/// A heap of nodes. Not thread-safe: the pool guards it with its lock.
class ReadyQueue {
 public:
  void Push(Node node);
  /// REQUIRES: !empty().
  Node Pop();
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Node node;
    uint64_t sequence;
  };
  static bool RunsLater(const Entry& a, const Entry& b);

  std::vector<Entry> heap_;
  uint64_t next_sequence_ = 0;
};

}  // namespace robomerge::schedule
