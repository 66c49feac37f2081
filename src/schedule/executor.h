// Runs nodes: a pool of threads over one central queue, or its twin, the calling thread with the
// same queue.
//
// Nothing here knows what nodes do or how they depend on each other. A node never waits for
// another; the last one to finish queues what comes after. So a pool of any size, one included,
// cannot deadlock.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "robomerge/status.h"
#include "schedule/mutex.h"
#include "schedule/ready_queue.h"

namespace robomerge::schedule {

/// Counts the queued and running nodes of one call, such as ParallelFor. Thread-safe. Starts
/// finished, at zero.
class Outstanding {
 public:
  void Add(size_t num_nodes = 1) ROBOMERGE_EXCLUDES(mutex_);
  /// Must be a node's last access to what its call owns: the waiter may destroy that as soon as the
  /// count is zero. Add the nodes that a node queues before.
  void Done() ROBOMERGE_EXCLUDES(mutex_);
  bool finished() const ROBOMERGE_EXCLUDES(mutex_);
  /// Blocks until finished(). Called through Executor::RunUntilFinished, which knows whether to
  /// block or to work.
  void Wait() ROBOMERGE_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  Condition finished_;
  size_t num_nodes_ ROBOMERGE_GUARDED_BY(mutex_) = 0;
};

/// Runs nodes, each exactly once.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual int num_workers() const = 0;
  /// Queues a node. May be called from a node's body.
  virtual void Submit(Node node) = 0;
  /// Returns when `work` is finished. All its nodes must have been submitted here, or be submitted
  /// by nodes that were. REQUIRES: not called from a node's body.
  virtual void RunUntilFinished(Outstanding& work) = 0;
};

/// `num_workers` threads over one queue. Thread-safe. Its threads live as long as it does.
class ThreadPool final : public Executor {
 public:
  static constexpr int kMostWorkers = 4096;

  /// kInvalidArgument unless 1 <= num_workers <= kMostWorkers; kIo if the system gives no thread.
  static Result<std::unique_ptr<ThreadPool>> Make(int num_workers);
  /// Runs what is still queued, then joins its threads.
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_workers() const override { return num_workers_; }
  void Submit(Node node) override ROBOMERGE_EXCLUDES(mutex_);
  void RunUntilFinished(Outstanding& work) override;

 private:
  explicit ThreadPool(int num_workers) : num_workers_(num_workers) {}
  void Work(int worker) ROBOMERGE_EXCLUDES(mutex_);

  const int num_workers_;
  Mutex mutex_;
  Condition changed_;
  ReadyQueue ready_ ROBOMERGE_GUARDED_BY(mutex_);
  bool closing_ ROBOMERGE_GUARDED_BY(mutex_) = false;
  std::vector<std::thread>
      threads_;  // changed by Make and the destructor only, before and after all work
};

/// One worker per core this process may use.
int UsableCores();

/// The pool's twin: runs the same queue, in the same order, on the thread that calls
/// RunUntilFinished. Used by one thread.
class SerialExecutor final : public Executor {
 public:
  int num_workers() const override { return 1; }
  void Submit(Node node) override { ready_.Push(std::move(node)); }
  void RunUntilFinished(Outstanding& work) override;

 private:
  ReadyQueue ready_;
  bool running_ = false;
};

/// An executor of `num_workers`, where 0 means UsableCores(): a SerialExecutor for one, otherwise a
/// ThreadPool. Fails as ThreadPool::Make does.
Result<std::unique_ptr<Executor>> MakeExecutor(int num_workers);

}  // namespace robomerge::schedule
