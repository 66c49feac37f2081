// What nodes did. Progress, the report and the trace file use this one interface.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/mutex.h"

namespace robomerge::schedule {

/// One node that has begun or finished. A cancelled node makes no event.
struct NodeEvent {
  uint64_t id = 0;              ///< unique within the observer, > 0
  std::vector<uint64_t> after;  ///< ids of the nodes it had to wait for; all smaller than `id`
  std::string name;             ///< "describe pusht_17"
  std::string category;         ///< "describe", "combine", "plan", "write", ...
  int level = 0;       ///< 0 for leaves and items; of the tree, or of a part within an item
  uint64_t first = 0;  ///< first and last source (or item) it concerns
  uint64_t last = 0;
  uint64_t bytes =
      0;  ///< bytes it handles; an item that was split counts only what its parts do not
  int worker = 0;
  int64_t start_ns = 0;  ///< of std::chrono::steady_clock
  int64_t end_ns = 0;    ///< 0 while it runs
  bool ok = true;        ///< false if its body failed
};

/// Sees every node. All methods are called from workers, at any time and several at once: they must
/// be thread-safe and quick. They must not throw.
class Observer {
 public:
  virtual ~Observer() = default;
  /// A node begins; end_ns is not known yet.
  virtual void Started(const NodeEvent&) {}
  virtual void Finished(const NodeEvent& event) = 0;

  /// Takes `count` consecutive ids and returns the first.
  uint64_t ReserveIds(uint64_t count) {
    return next_id_.fetch_add(count, std::memory_order_relaxed);
  }

 private:
  std::atomic<uint64_t> next_id_{1};
};

/// How well the workers were used, and what bounded the time.
struct Utilisation {
  int num_workers = 0;
  size_t num_nodes = 0;
  int64_t span_ns = 0;             ///< from the first start to the last end
  int64_t busy_ns = 0;             ///< sum over all nodes
  double busy_fraction = 0;        ///< busy / (workers x span); 0 if the span is 0
  int64_t critical_path_ns = 0;    ///< the longest chain of nodes that waited for each other
  size_t critical_path_nodes = 0;  ///< nodes on that chain
};

/// How TraceObserver::ChromeTraceJson() begins.
inline constexpr std::string_view kTraceBegin =
    "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n";

/// Collects events and writes them as a timeline. Thread-safe.
class TraceObserver final : public Observer {
 public:
  void Finished(const NodeEvent& event) override ROBOMERGE_EXCLUDES(mutex_);

  /// The events so far, by id.
  std::vector<NodeEvent> events() const ROBOMERGE_EXCLUDES(mutex_);
  Utilisation Summary(int num_workers) const ROBOMERGE_EXCLUDES(mutex_);
  /// Chrome's trace-event format, JSON object form, one event per line; opens in Perfetto and
  /// chrome://tracing. Times are microseconds since the first event; a worker is a thread.
  std::string ChromeTraceJson() const ROBOMERGE_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::vector<NodeEvent> events_ ROBOMERGE_GUARDED_BY(mutex_);
};

/// Returns how many nodes of `category` (of any, if empty) lie on the chain of `after` that has
/// most of them.
size_t LongestChain(const std::vector<NodeEvent>& events, const std::string& category);

}  // namespace robomerge::schedule
