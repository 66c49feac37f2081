// Reduces an ordered list as a tree: leaves make values, then neighbours are combined, level by
// level.
//
// There is no barrier between levels and no thread waits for another: the worker that finishes the
// second of two neighbours queues their combination. Higher levels run first, so that values are
// combined as early as possible: with one worker at most one value per level waits. The shape
// depends on the number of leaves alone (tree_shape.h), so neither executor nor timing affects the
// result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "reduce/tree_shape.h"
#include "robomerge/status.h"
#include "schedule/executor.h"
#include "schedule/observer.h"
#include "schedule/run_node.h"
#include "schedule/stop_token.h"

namespace robomerge {

struct TreeOptions {
  std::string leaf_category = "describe";
  std::string combine_category = "combine";
  /// Names a leaf's node. "<leaf_category> <number>" if empty. Called from workers, as is
  /// leaf_bytes; must not throw.
  std::function<std::string(size_t leaf)> leaf_name;
  /// Bytes a leaf handles, for the observer. 0 if empty.
  std::function<uint64_t(size_t leaf)> leaf_bytes;
  /// All leaves run, and the problems of all that fail are returned together, in leaf order.
  bool gather_leaf_errors = false;
  schedule::Observer* observer = nullptr;
  /// Set to the id of the node that made the result, so that nodes that wait for the tree can name
  /// it.
  uint64_t* root_id = nullptr;
  schedule::StopToken stop;
};

/// Decides which failure of a tree is reported, whichever happened first. Thread-safe.
///
/// Failures are ordered by the last leaf they needed, then by level: the order in which the serial
/// twin meets them. Whatever comes before the first failure so far still runs, since it may fail
/// too; whatever comes after is cancelled. No place comes before the places below it, so a
/// cancelled place can only hide failures that come later still.
class TreeFailures {
 public:
  TreeFailures(const TreeShape& shape, bool gather_leaf_errors, schedule::StopToken stop)
      : shape_(shape), gather_leaf_errors_(gather_leaf_errors), stop_(std::move(stop)) {}

  /// Whether the node at `place` may still run.
  bool MayRun(TreeShape::Place place) ROBOMERGE_EXCLUDES(mutex_);
  /// REQUIRES: !status.ok().
  void Record(TreeShape::Place place, Status status) ROBOMERGE_EXCLUDES(mutex_);
  /// The status of the whole tree, once no node is left.
  Status Verdict() const ROBOMERGE_EXCLUDES(mutex_);

 private:
  using Order = std::pair<size_t, int>;  // last leaf, level
  Order OrderOf(TreeShape::Place place) const { return {shape_.SpanOf(place).last, place.level}; }

  const TreeShape& shape_;
  const bool gather_leaf_errors_;
  const schedule::StopToken stop_;
  mutable schedule::Mutex mutex_;
  std::map<Order, Status> failures_ ROBOMERGE_GUARDED_BY(mutex_);
  bool leaf_failed_ ROBOMERGE_GUARDED_BY(mutex_) = false;
  bool was_stopped_ ROBOMERGE_GUARDED_BY(mutex_) = false;
};

namespace internal {

template <typename T, typename LeafFn, typename CombineFn>
class TreeRun {
 public:
  TreeRun(schedule::Executor& executor, size_t num_leaves, LeafFn& leaf, CombineFn& combine,
          const TreeOptions& options)
      : executor_(executor),
        leaf_(leaf),
        combine_(combine),
        options_(options),
        shape_(num_leaves),
        failures_(shape_, options.gather_leaf_errors, options.stop),
        first_id_(options.observer == nullptr ? 0
                                              : options.observer->ReserveIds(shape_.num_places())),
        arrivals_(shape_.num_places()) {}

  Result<T> Run() {
    outstanding_.Add(shape_.num_leaves());
    for (size_t leaf = 0; leaf < shape_.num_leaves(); ++leaf) {
      executor_.Submit(
          schedule::Node{0, leaf, [this, leaf](int worker) { RunLeaf(leaf, worker); }});
    }
    executor_.RunUntilFinished(outstanding_);
    ROBOMERGE_RETURN_NOT_OK(failures_.Verdict());
    schedule::MutexLock lock(mutex_);
    ROBOMERGE_CHECK(root_.has_value());
    return std::move(*root_);
  }

 private:
  using Place = TreeShape::Place;

  // What waits at a place for its neighbour: the value, and the place of the node that made it.
  struct Arrival {
    std::optional<T> value;
    Place maker;
  };

  void RunLeaf(size_t leaf, int worker) {
    const Place place{0, leaf};
    if (failures_.MayRun(place)) {
      schedule::NodeEvent event = EventAt(place, options_.leaf_category);
      event.name = options_.leaf_name ? options_.leaf_name(leaf)
                                      : options_.leaf_category + " " + std::to_string(leaf);
      if (options_.leaf_bytes) event.bytes = options_.leaf_bytes(leaf);
      Settle(place, schedule::RunNode(options_.observer, event, worker,
                                      [&]() -> Result<T> { return leaf_(leaf); }));
    }
    outstanding_.Done();
  }

  void RunCombine(Place place, Arrival left, Arrival right, int worker) {
    if (failures_.MayRun(place)) {
      schedule::NodeEvent event = EventAt(place, options_.combine_category);
      event.after = {IdOf(left.maker), IdOf(right.maker)};
      event.name = options_.combine_category + " " + std::to_string(event.first) + "-" +
                   std::to_string(event.last);
      Settle(place, schedule::RunNode(options_.observer, event, worker, [&]() -> Result<T> {
               return combine_(std::move(*left.value), std::move(*right.value));
             }));
    }
    // Freed before Done(), after which the tree may be gone.
    left.value.reset();
    right.value.reset();
    outstanding_.Done();
  }

  uint64_t IdOf(Place place) const { return first_id_ + shape_.IndexOf(place); }

  schedule::NodeEvent EventAt(Place place, const std::string& category) const {
    schedule::NodeEvent event;
    event.id = IdOf(place);
    event.category = category;
    event.level = place.level;
    event.first = shape_.SpanOf(place).first;
    event.last = shape_.SpanOf(place).last;
    return event;
  }

  void Settle(Place maker, Result<T> outcome) {
    if (!outcome.ok()) {
      failures_.Record(maker, outcome.status());
      return;
    }
    const Place place = shape_.Climbed(maker);
    Arrival left;
    Arrival right;
    {
      schedule::MutexLock lock(mutex_);
      if (shape_.IsRoot(place)) {
        root_ = std::move(outcome).value();
        if (options_.root_id != nullptr) *options_.root_id = IdOf(maker);
        return;
      }
      arrivals_[shape_.IndexOf(place)] = Arrival{std::move(outcome).value(), maker};
      const Place neighbour{place.level, place.position ^ 1};
      if (!arrivals_[shape_.IndexOf(neighbour)].value.has_value()) return;
      const Place left_place{place.level, place.position & ~size_t{1}};
      left = std::exchange(arrivals_[shape_.IndexOf(left_place)], Arrival());
      right = std::exchange(arrivals_[shape_.IndexOf(left_place) + 1], Arrival());
    }
    Queue(TreeShape::Parent(place), std::move(left), std::move(right));
  }

  void Queue(Place place, Arrival left, Arrival right) {
    outstanding_.Add();
    // std::function must be able to copy what it holds; a T may be move-only.
    auto pair = std::make_shared<std::pair<Arrival, Arrival>>(std::move(left), std::move(right));
    executor_.Submit(schedule::Node{static_cast<uint64_t>(place.level), place.position,
                                    [this, place, pair](int worker) {
                                      RunCombine(place, std::exchange(pair->first, Arrival()),
                                                 std::exchange(pair->second, Arrival()), worker);
                                    }});
  }

  schedule::Executor& executor_;
  LeafFn& leaf_;
  CombineFn& combine_;
  const TreeOptions& options_;
  const TreeShape shape_;
  TreeFailures failures_;
  const uint64_t first_id_;
  schedule::Outstanding outstanding_;
  schedule::Mutex mutex_;
  std::vector<Arrival> arrivals_ ROBOMERGE_GUARDED_BY(mutex_);  // by TreeShape::IndexOf
  std::optional<T> root_ ROBOMERGE_GUARDED_BY(mutex_);
};

}  // namespace internal

/// Returns combine(...combine(leaf(0), leaf(1))..., ...leaf(num_leaves - 1)) in the bracketing of
/// TreeShape. Blocks until no node is left. kInvalidArgument for no leaves.
///
/// `leaf`: size_t -> Result<T>; `combine`: (T&& left, T&& right) -> Result<T> or T. Both are called
/// from several workers at once. T needs only to be movable. An exception in either becomes a
/// Status.
///
/// If leaves or combinations fail, the failure that is first in leaf order is returned, on every
/// executor the same (see TreeFailures). With `gather_leaf_errors`, the problems of all leaves
/// instead; a failed combination is then returned only if no leaf failed. kCancelled if a stop kept
/// a node from running.
template <typename T, typename LeafFn, typename CombineFn>
Result<T> ReduceTree(schedule::Executor& executor, size_t num_leaves, LeafFn&& leaf,
                     CombineFn&& combine, const TreeOptions& options = {}) {
  if (num_leaves == 0) {
    return Problem(Code::kInvalidArgument, "there is nothing to reduce")
        .Expected("at least one leaf");
  }
  return internal::TreeRun<T, LeafFn, CombineFn>(executor, num_leaves, leaf, combine, options)
      .Run();
}

}  // namespace robomerge
