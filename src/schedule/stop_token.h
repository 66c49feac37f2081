// A request to stop, passed from a signal handler or another thread to the nodes: a flag that is
// never lowered.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace robomerge::schedule {

/// Sees whether its source asked to stop. Thread-safe. One without a source never stops.
class StopToken {
 public:
  StopToken() = default;
  /// Watches a flag that somebody else owns and raises. It must outlive the token and all its
  /// copies.
  static StopToken Watching(const std::atomic<bool>& flag) {
    return StopToken(
        std::shared_ptr<const std::atomic<bool>>(std::shared_ptr<const void>(), &flag));
  }
  bool StopRequested() const { return flag_ != nullptr && flag_->load(std::memory_order_acquire); }

 private:
  friend class StopSource;
  explicit StopToken(std::shared_ptr<const std::atomic<bool>> flag) : flag_(std::move(flag)) {}
  std::shared_ptr<const std::atomic<bool>> flag_;
};

/// Asks its tokens to stop. Thread-safe; tokens may outlive it.
class StopSource {
 public:
  StopSource() : flag_(std::make_shared<std::atomic<bool>>(false)) {}

  /// Async-signal-safe: one lock-free store, no allocation. It cannot be undone.
  void RequestStop() noexcept { flag_->store(true, std::memory_order_release); }
  bool StopRequested() const noexcept { return flag_->load(std::memory_order_acquire); }
  StopToken token() const { return StopToken(flag_); }

 private:
  static_assert(std::atomic<bool>::is_always_lock_free,
                "a signal handler may only touch lock-free atomics");
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace robomerge::schedule
