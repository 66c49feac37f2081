// std::mutex and std::condition_variable with the annotations that libstdc++'s own do not carry.
#pragma once

#include <condition_variable>
#include <mutex>

#include "schedule/thread_annotations.h"

namespace robomerge::schedule {

class ROBOMERGE_CAPABILITY("mutex") Mutex {
 public:
  void Lock() ROBOMERGE_ACQUIRE() { mutex_.lock(); }
  void Unlock() ROBOMERGE_RELEASE() { mutex_.unlock(); }

 private:
  friend class Condition;
  std::mutex mutex_;
};

/// Holds a mutex for a block.
class ROBOMERGE_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ROBOMERGE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() ROBOMERGE_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// A condition variable. It may wake without a reason: wait in a loop around the condition, with
/// the mutex held.
class Condition {
 public:
  void Wait(Mutex& mutex) ROBOMERGE_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  void WakeOne() { condition_.notify_one(); }
  void WakeAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace robomerge::schedule
