#include "run_watched.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "to_python.h"

namespace robomerge::python {
namespace {

namespace nb = nanobind;

// How long a signal may wait for its handler.
constexpr auto kPatience = std::chrono::milliseconds(50);

// Blocks all signals, so that the workers get none. Python installs its handlers without
// SA_RESTART: a signal would interrupt a worker's system calls.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// The work, its thread, and what that thread and the waiting one share.
class WatchedRun {
 public:
  explicit WatchedRun(const Work& work) {
    const SignalsBlocked blocked;  // a new thread inherits the mask
    thread_ = std::thread([this, &work] {
      std::exception_ptr failure;
      try {
        work([this](const MergeProgress& progress) { Tell(progress); }, stop_);
      } catch (...) {
        failure = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      failure_ = failure;
      is_done_ = true;
      something_new_.notify_one();
    });
  }
  WatchedRun(const WatchedRun&) = delete;
  WatchedRun& operator=(const WatchedRun&) = delete;
  ~WatchedRun() {
    if (!thread_.joinable()) return;
    stop_ = true;
    const nb::gil_scoped_release release;
    thread_.join();
  }

  // Waits for at most kPatience. Returns whether the work has ended. `news`: the latest counts, if
  // there are new ones.
  bool Wait(std::optional<MergeProgress>& news) {
    const nb::gil_scoped_release release;
    std::unique_lock lock(mutex_);
    something_new_.wait_for(lock, kPatience, [this] { return is_done_ || news_.has_value(); });
    news = std::exchange(news_, std::nullopt);
    return is_done_;
  }

  // REQUIRES: Wait() has returned true.
  void Join() {
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void Tell(const MergeProgress& progress) {
    const std::lock_guard lock(mutex_);
    news_ = progress;
    something_new_.notify_one();
  }

  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable something_new_;
  std::optional<MergeProgress> news_;
  std::exception_ptr failure_;
  bool is_done_ = false;
  std::thread thread_;
};

}  // namespace

void RunWatched(const Work& work, const nb::object& progress) {
  WatchedRun run(work);
  std::optional<MergeProgress> news;
  for (bool is_done = false; !is_done;) {
    is_done = run.Wait(news);
    // When the work has ended there is nothing to stop: the interpreter handles signals itself.
    if (!is_done && PyErr_CheckSignals() != 0) throw nb::python_error();
    if (news && !progress.is_none()) progress(ToPython(*news));
  }
  run.Join();
}

}  // namespace robomerge::python
