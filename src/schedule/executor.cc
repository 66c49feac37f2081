#include "schedule/executor.h"

#include <sched.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace robomerge::schedule {

void Outstanding::Add(size_t num_nodes) {
  MutexLock lock(mutex_);
  num_nodes_ += num_nodes;
}

void Outstanding::Done() {
  MutexLock lock(mutex_);
  ROBOMERGE_CHECK(num_nodes_ > 0);
  // Woken under the lock: the waiter cannot return, and destroy this, before the wake-up is over.
  if (--num_nodes_ == 0) finished_.WakeAll();
}

bool Outstanding::finished() const {
  MutexLock lock(mutex_);
  return num_nodes_ == 0;
}

void Outstanding::Wait() {
  MutexLock lock(mutex_);
  while (num_nodes_ != 0) finished_.Wait(mutex_);
}

Result<std::unique_ptr<ThreadPool>> ThreadPool::Make(int num_workers) {
  if (num_workers < 1 || num_workers > kMostWorkers) {
    return Problem(Code::kInvalidArgument, "number of workers is out of range")
        .Expected(StrCat("1 to ", kMostWorkers))
        .Found(std::to_string(num_workers));
  }
  std::unique_ptr<ThreadPool> pool(new ThreadPool(num_workers));
  pool->threads_.reserve(static_cast<size_t>(num_workers));
  for (int worker = 0; worker < num_workers; ++worker) {
    try {
      pool->threads_.emplace_back([raw = pool.get(), worker] { raw->Work(worker); });
    } catch (const std::system_error& error) {
      return Problem(Code::kIo, "cannot start a worker thread")
          .Expected(StrCat(num_workers, " threads"))
          .Found(StrCat(worker, " threads, then: ", error.what()))
          .Hint("ask for fewer workers, or raise the limit on processes (ulimit -u)");
    }
  }
  return pool;
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.WakeAll();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::Submit(Node node) {
  {
    MutexLock lock(mutex_);
    ready_.Push(std::move(node));
  }
  changed_.WakeOne();
}

void ThreadPool::Work(int worker) {
  while (true) {
    Node node;
    {
      MutexLock lock(mutex_);
      while (ready_.empty() && !closing_) changed_.Wait(mutex_);
      if (ready_.empty()) return;
      node = ready_.Pop();
    }
    node.body(worker);
  }
}

void ThreadPool::RunUntilFinished(Outstanding& work) {
  for (const std::thread& thread : threads_)
    ROBOMERGE_CHECK(thread.get_id() != std::this_thread::get_id());
  work.Wait();
}

void SerialExecutor::RunUntilFinished(Outstanding& work) {
  ROBOMERGE_CHECK(!running_);  // a node that waits for a node
  running_ = true;
  while (!work.finished()) ready_.Pop().body(0);
  running_ = false;
}

int UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return 1;
  return std::max(1, CPU_COUNT(&cores));
}

Result<std::unique_ptr<Executor>> MakeExecutor(int num_workers) {
  if (num_workers == 0) num_workers = UsableCores();
  if (num_workers == 1) return std::unique_ptr<Executor>(std::make_unique<SerialExecutor>());
  ROBOMERGE_ASSIGN_OR_RETURN(std::unique_ptr<ThreadPool> pool, ThreadPool::Make(num_workers));
  return std::unique_ptr<Executor>(std::move(pool));
}

}  // namespace robomerge::schedule
