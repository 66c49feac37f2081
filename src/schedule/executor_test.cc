#include "schedule/executor.h"

#include <gtest/gtest.h>

#include <csignal>
#include <latch>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "schedule/stop_token.h"
#include "testing/shuffling_executor.h"

namespace robomerge::schedule {
namespace {

// Queues nodes that write down their letter. The first node holds the only worker until all are
// queued.
std::string RunOrder(Executor& executor,
                     const std::vector<std::pair<char, std::pair<uint64_t, uint64_t>>>& nodes) {
  std::string order;
  Outstanding work;
  std::latch all_queued(1);
  const bool has_threads = dynamic_cast<ThreadPool*>(&executor) != nullptr;
  std::latch first_runs(1);
  work.Add(nodes.size() + 1);
  executor.Submit(Node{~uint64_t{0}, 0, [&](int) {
                         first_runs.count_down();
                         if (has_threads) all_queued.wait();
                         work.Done();
                       }});
  if (has_threads) first_runs.wait();
  for (const auto& [letter, rank] : nodes) {
    executor.Submit(Node{rank.first, rank.second, [&work, &order, name = letter](int) {
                           order += name;
                           work.Done();
                         }});
  }
  all_queued.count_down();
  executor.RunUntilFinished(work);
  return order;
}

TEST(Executor, PoolAndSerialTwinRunTheSameOrder) {
  const std::vector<std::pair<char, std::pair<uint64_t, uint64_t>>> nodes = {
      {'f', {0, 1}}, {'e', {0, 0}}, {'c', {1, 7}}, {'d', {1, 7}},
      {'a', {2, 3}}, {'b', {1, 2}}, {'g', {0, 1}}};
  SerialExecutor serial;
  EXPECT_EQ(RunOrder(serial, nodes), "abcdefg");
  auto pool = ThreadPool::Make(1);
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(RunOrder(**pool, nodes), "abcdefg");
}

TEST(Executor, NodesQueuedByNodesRunInTurn) {
  SerialExecutor serial;
  std::string order;
  Outstanding work;
  work.Add(2);
  serial.Submit(Node{0, 0, [&](int) {
                       order += "a";
                       work.Add(2);
                       serial.Submit(Node{0, 5, [&](int) {
                                            order += "d";
                                            work.Done();
                                          }});
                       serial.Submit(Node{1, 9, [&](int) {
                                            order += "b";
                                            work.Done();
                                          }});
                       work.Done();
                     }});
  serial.Submit(Node{0, 1, [&](int) {
                       order += "c";
                       work.Done();
                     }});
  serial.RunUntilFinished(work);
  EXPECT_EQ(order, "abcd");
}

TEST(ThreadPool, AllWorkersRunAtOnce) {
  constexpr int kWorkers = 16;
  auto pool = ThreadPool::Make(kWorkers);
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ((*pool)->num_workers(), kWorkers);
  // Passes only if sixteen nodes are inside their bodies together.
  std::latch together(kWorkers);
  std::mutex mutex;
  std::set<int> workers;
  Outstanding work;
  work.Add(kWorkers);
  for (int i = 0; i < kWorkers; ++i) {
    (*pool)->Submit(Node{0, 0, [&](int worker) {
                           together.arrive_and_wait();
                           {
                             const std::lock_guard lock(mutex);
                             workers.insert(worker);
                           }
                           work.Done();
                         }});
  }
  (*pool)->RunUntilFinished(work);
  EXPECT_EQ(workers.size(), static_cast<size_t>(kWorkers));
  EXPECT_EQ(*workers.begin(), 0);
  EXPECT_EQ(*workers.rbegin(), kWorkers - 1);
}

TEST(ThreadPool, WorkIsFinishedBeforeItsOwnerGoesOn) {
  auto pool = ThreadPool::Make(4);
  ASSERT_TRUE(pool.ok());
  // The count lives on the stack of the waiting thread: a late touch by a worker is seen by the
  // sanitizers.
  for (int round = 0; round < 2000; ++round) {
    Outstanding work;
    int sum[3] = {0, 0, 0};
    work.Add(3);
    for (int i = 0; i < 3; ++i)
      (*pool)->Submit(Node{0, 0, [&, i](int) {
                             sum[i] = 1;
                             work.Done();
                           }});
    (*pool)->RunUntilFinished(work);
    ASSERT_EQ(sum[0] + sum[1] + sum[2], 3);
  }
}

TEST(ThreadPool, DestructorRunsWhatIsQueued) {
  std::atomic<int> num_run{0};
  Outstanding work;
  work.Add(100);
  {
    auto pool = ThreadPool::Make(2);
    ASSERT_TRUE(pool.ok());
    for (int i = 0; i < 100; ++i)
      (*pool)->Submit(Node{0, 0, [&](int) {
                             ++num_run;
                             work.Done();
                           }});
  }
  EXPECT_EQ(num_run, 100);
  EXPECT_TRUE(work.finished());
}

TEST(ThreadPool, RefusesImpossibleNumbersOfWorkers) {
  for (const int num_workers : {0, -1, ThreadPool::kMostWorkers + 1}) {
    const auto pool = ThreadPool::Make(num_workers);
    ASSERT_FALSE(pool.ok());
    EXPECT_EQ(pool.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(pool.status().problems().front().found, std::to_string(num_workers));
  }
}

TEST(SerialExecutorDeathTest, ANodeThatWaitsIsABug) {
  const auto wait_inside = [] {
    SerialExecutor serial;
    Outstanding work;
    work.Add(2);
    serial.Submit(Node{0, 0, [&](int) { serial.RunUntilFinished(work); }});
    serial.RunUntilFinished(work);
  };
  EXPECT_DEATH(wait_inside(), "internal error");
}

TEST(ShufflingExecutor, SeedDecidesTheOrder) {
  std::set<std::string> orders;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::string first;
    std::string again;
    for (std::string* order : {&first, &again}) {
      ShufflingExecutor shuffling(seed, 3);
      Outstanding work;
      work.Add(4);
      for (const char name : {'a', 'b', 'c', 'd'}) {
        shuffling.Submit(Node{0, 0, [&work, order, name](int) {
                                *order += name;
                                work.Done();
                              }});
      }
      shuffling.RunUntilFinished(work);
    }
    EXPECT_EQ(first, again);
    orders.insert(first);
  }
  EXPECT_GT(orders.size(), 12u);  // of 24
}

TEST(StopToken, SeesItsSourceAndOutlivesIt) {
  StopToken token;
  EXPECT_FALSE(token.StopRequested());
  {
    StopSource source;
    token = source.token();
    EXPECT_FALSE(token.StopRequested());
    source.RequestStop();
    EXPECT_TRUE(source.StopRequested());
  }
  EXPECT_TRUE(token.StopRequested());
  EXPECT_FALSE(StopSource().token().StopRequested());
}

StopSource* signalled = nullptr;

TEST(StopToken, MayBeRaisedInASignalHandler) {
  StopSource source;
  signalled = &source;
  const auto previous = std::signal(SIGUSR2, [](int) { signalled->RequestStop(); });
  std::raise(SIGUSR2);
  std::signal(SIGUSR2, previous);
  EXPECT_TRUE(source.token().StopRequested());
}

TEST(MakeExecutor, MakesWhatTheNumberOfWorkersAsksFor) {
  const Result<std::unique_ptr<Executor>> one = MakeExecutor(1);
  ASSERT_TRUE(one.ok());
  EXPECT_NE(dynamic_cast<SerialExecutor*>(one->get()), nullptr);
  EXPECT_EQ((*MakeExecutor(3))->num_workers(), 3);
  EXPECT_EQ((*MakeExecutor(0))->num_workers(), UsableCores());
  EXPECT_GE(UsableCores(), 1);
  EXPECT_EQ(MakeExecutor(-1).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace robomerge::schedule
