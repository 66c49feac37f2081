#include "schedule/shared_loop.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <limits>
#include <utility>

namespace robomerge::schedule {
namespace {

// Outlives the loop: helpers may come to run when it is over, and find no turn left.
class Turns {
 public:
  Turns(size_t count, const std::function<void(size_t)>& turn) : count_(count), turn_(turn) {}

  // Takes turns until none is left.
  void Take() {
    for (size_t at = next_++; at < count_; at = next_++) {
      std::exception_ptr thrown;
      try {
        turn_(at);
      } catch (...) {
        thrown = std::current_exception();
      }
      MutexLock lock(mutex_);
      if (thrown && !thrown_) thrown_ = std::move(thrown);
      if (++num_done_ == count_) done_.WakeAll();
    }
  }

  void Finish() {
    MutexLock lock(mutex_);
    while (num_done_ != count_) done_.Wait(mutex_);
    // Taken out, so that the exception ends with the loop and not with a helper, on another thread.
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

 private:
  const size_t count_;
  const std::function<void(size_t)>& turn_;  // only used while the loop waits for a turn
  std::atomic<size_t> next_ = 0;
  Mutex mutex_;
  Condition done_;
  size_t num_done_ ROBOMERGE_GUARDED_BY(mutex_) = 0;
  std::exception_ptr thrown_ ROBOMERGE_GUARDED_BY(mutex_);
};

}  // namespace

ForEach SharedLoop(Executor& executor) {
  return [&executor](size_t count, const std::function<void(size_t)>& turn) {
    if (count < 2 || executor.num_workers() < 2) return OneByOne(count, turn);
    const auto turns = std::make_shared<Turns>(count, turn);
    const size_t num_helpers = std::min(count, static_cast<size_t>(executor.num_workers())) - 1;
    for (size_t helper = 0; helper < num_helpers; ++helper) {
      executor.Submit({0, std::numeric_limits<uint64_t>::max(), [turns](int) { turns->Take(); }});
    }
    turns->Take();
    turns->Finish();
  };
}

}  // namespace robomerge::schedule
