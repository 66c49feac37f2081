#include "schedule/parallel_for.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "schedule/run_node.h"

namespace robomerge::schedule {

void Spawner::Spawn(std::vector<Item> parts, Body then) {
  ROBOMERGE_CHECK(!has_spawned_);
  has_spawned_ = true;
  parts_ = std::move(parts);
  then_ = std::move(then);
}

void Spawner::Then(Body then) {
  ROBOMERGE_CHECK(!then_);
  has_spawned_ = true;
  then_ = std::move(then);
}

// A body and what follows from it form a frame: the body is its phase 0; parts are frames below it;
// the continuation, run when they are finished, is its phase 1 and may spawn again. A frame with
// nothing left to do is closed, and counts down its parent.
class ParallelForRun {
 public:
  ParallelForRun(Executor& executor, const ParallelForOptions& options)
      : executor_(executor), options_(options) {}

  Status Run(std::vector<Item> items) {
    root_.last_id = options_.after;
    Start(&root_, std::move(items));
    executor_.RunUntilFinished(outstanding_);
    MutexLock lock(mutex_);
    if (was_stopped_) return Problem(Code::kCancelled, "stopped on request");
    return first_failure_.has_value() ? first_failure_->second : Status();
  }

 private:
  // Where a node stands in the order of items, of the parts within them, and of continuations after
  // those: item, then alternately a phase and a part of that phase. Compared lexicographically: [2]
  // < [2,0,5] < [2,0,5,1] < [2,0,6] < [2,1] < [3]. No node comes before one it waits for, so
  // cancelling what comes after a failure hides only later failures.
  using Order = std::vector<uint64_t>;

  struct Frame {
    Frame* parent = nullptr;
    Order order;  // without the phase
    uint64_t phase = 0;
    uint64_t priority = 0;  // of the item it belongs to
    uint64_t item = 0;
    int level = -1;
    std::string name;
    std::string category;
    uint64_t bytes = 0;  // of phase 0, its parts included
    Body body;           // of the phase that is queued, or that comes when the parts are finished
    size_t num_open_parts = 0;
    uint64_t last_id = 0;         // the node that ran last
    std::vector<uint64_t> after;  // of the phase that is queued
    std::vector<std::unique_ptr<Frame>> parts;
  };

  static constexpr uint64_t kFirst = uint64_t{1} << 63;

  static Order OrderOf(const Frame& frame) {
    Order order = frame.order;
    if (frame.phase > 0) order.push_back(frame.phase);
    return order;
  }

  // Makes a frame for every part, then queues them.
  void Start(Frame* parent, std::vector<Item> parts) {
    parent->num_open_parts = parts.size();
    for (size_t i = 0; i < parts.size(); ++i) {
      auto frame = std::make_unique<Frame>();
      const bool is_item = parent == &root_;
      frame->parent = parent;
      frame->order = parent->order;
      if (!is_item) frame->order.push_back(parent->phase);
      frame->order.push_back(i);
      // Only spare parts have priority 0, so they come after items of no bytes as well.
      frame->priority = is_item ? parts[i].bytes + 1 : parts[i].is_spare ? 0 : parent->priority;
      if (parts[i].is_first) frame->priority |= kFirst;
      frame->item = is_item ? i : parent->item;
      frame->level = parent->level + 1;
      frame->name = std::move(parts[i].name);
      frame->category = std::move(parts[i].category);
      frame->bytes = parts[i].bytes;
      frame->body = std::move(parts[i].body);
      if (parent->last_id != 0) frame->after = {parent->last_id};
      parent->parts.push_back(std::move(frame));
    }
    // The last part to finish frees the list, and perhaps `parent`, while this loop ends: only
    // pointers of our own are used.
    std::vector<Frame*> queued;
    for (const auto& part : parent->parts) queued.push_back(part.get());
    // In the order in which they are to run: the workers begin while this loop still queues, and
    // none of them may begin a small item that then waits, half done, for all larger ones.
    std::stable_sort(queued.begin(), queued.end(),
                     [](const Frame* a, const Frame* b) { return a->priority > b->priority; });
    outstanding_.Add(queued.size());
    for (Frame* part : queued) Submit(part);
  }

  void Submit(Frame* frame) {
    executor_.Submit(Node{frame->priority, frame->item, [this, frame](int worker) {
                            RunPhase(frame, worker);
                            outstanding_.Done();
                          }});
  }

  void RunPhase(Frame* frame, int worker) {
    const Order order = OrderOf(*frame);
    const Body body = std::move(frame->body);
    frame->body = nullptr;
    if (!MayRun(order)) {
      Close(frame);
      return;
    }
    Spawner spawner;
    NodeEvent event;
    if (options_.observer != nullptr) event.id = options_.observer->ReserveIds(1);
    event.after = std::move(frame->after);
    event.name = frame->name;
    event.category = frame->category;
    event.level = frame->level;
    event.first = event.last = frame->item;
    event.bytes = frame->phase == 0 ? frame->bytes : 0;
    frame->last_id = event.id;
    const Status status = RunNode(options_.observer, event, worker, [&]() -> Status {
      Status outcome = body(spawner);
      for (const Item& part : spawner.parts_) event.bytes -= std::min(event.bytes, part.bytes);
      if (spawner.handled_bytes_) event.bytes = *spawner.handled_bytes_;
      return outcome;
    });
    if (!status.ok()) {
      Record(order, status);
      Close(frame);
      return;
    }
    Continue(frame, std::move(spawner));
  }

  void Continue(Frame* frame, Spawner spawner) {
    if (!spawner.has_spawned_) {
      Close(frame);
      return;
    }
    frame->body = std::move(spawner.then_);
    if (spawner.parts_.empty()) {
      NextPhase(frame, {frame->last_id});
      return;
    }
    Start(frame, std::move(spawner.parts_));
  }

  // All parts of `frame` are finished: queues its continuation, if there is one. If a part failed,
  // the continuation lies after that failure in the order, and is cancelled when its turn comes.
  void NextPhase(Frame* frame, std::vector<uint64_t> after) {
    if (!frame->body) {
      Close(frame);
      return;
    }
    ++frame->phase;
    if (options_.observer != nullptr) frame->after = std::move(after);
    outstanding_.Add();
    Submit(frame);
  }

  // `frame` has nothing left to do: counts down its parent, which may then go on.
  void Close(Frame* frame) {
    Frame* const parent = frame->parent;
    if (parent == nullptr) return;
    {
      MutexLock lock(mutex_);
      if (--parent->num_open_parts > 0) return;
    }
    if (parent == &root_) return;
    std::vector<uint64_t> after;
    for (const auto& part : parent->parts) {
      if (part->last_id != 0) after.push_back(part->last_id);
    }
    parent->parts.clear();  // frees `frame`
    NextPhase(parent, std::move(after));
  }

  bool MayRun(const Order& order) {
    MutexLock lock(mutex_);
    if (options_.stop.StopRequested()) {
      was_stopped_ = true;
      return false;
    }
    return !first_failure_.has_value() || order < first_failure_->first;
  }

  void Record(const Order& order, const Status& status) {
    MutexLock lock(mutex_);
    if (!first_failure_.has_value() || order < first_failure_->first)
      first_failure_.emplace(order, status);
  }

  Executor& executor_;
  const ParallelForOptions& options_;
  Frame root_;
  Outstanding outstanding_;
  Mutex mutex_;
  std::optional<std::pair<Order, Status>> first_failure_ ROBOMERGE_GUARDED_BY(mutex_);
  bool was_stopped_ ROBOMERGE_GUARDED_BY(mutex_) = false;
};

Status ParallelFor(Executor& executor, std::vector<Item> items, const ParallelForOptions& options) {
  return ParallelForRun(executor, options).Run(std::move(items));
}

}  // namespace robomerge::schedule
