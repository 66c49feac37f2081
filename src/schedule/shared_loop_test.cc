#include "schedule/shared_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <stdexcept>

#include "schedule/parallel_for.h"

namespace robomerge::schedule {
namespace {

// Runs a loop inside an item.
Status RunLoop(Executor& executor, size_t count, const std::function<void(size_t)>& turn) {
  Item item;
  item.name = "loop";
  item.body = [&](Spawner&) {
    SharedLoop(executor)(count, turn);
    return Status();
  };
  return ParallelFor(executor, {item});
}

TEST(SharedLoop, EveryTurnIsTakenOnce) {
  for (const int num_workers : {1, 2, 5}) {
    const auto executor = MakeExecutor(num_workers).value();
    for (const size_t count : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> taken(count);
      ASSERT_TRUE(RunLoop(*executor, count, [&](size_t at) { ++taken[at]; }).ok());
      for (const std::atomic<int>& times : taken) EXPECT_EQ(times, 1);
    }
  }
}

TEST(SharedLoop, IdleWorkersTakeTurns) {
  const auto executor = MakeExecutor(3).value();
  std::latch all_at_once(3);
  EXPECT_TRUE(RunLoop(*executor, 3, [&](size_t) { all_at_once.arrive_and_wait(); }).ok());
}

TEST(SharedLoop, NeedsNoOtherWorker) {
  const auto executor = MakeExecutor(2).value();
  std::latch both_run(2);
  std::atomic<int> num_turns = 0;
  std::vector<Item> items(2);
  for (Item& item : items) {
    item.body = [&](Spawner&) {
      both_run.arrive_and_wait();
      SharedLoop (*executor)(10, [&](size_t) { ++num_turns; });
      return Status();
    };
  }
  EXPECT_TRUE(ParallelFor(*executor, items).ok());
  EXPECT_EQ(num_turns, 20);
}

TEST(SharedLoop, AnExceptionReachesTheLoop) {
  const auto executor = MakeExecutor(2).value();
  const Status status = RunLoop(*executor, 100, [](size_t at) {
    if (at == 50) throw std::runtime_error("turn 50");
  });
  EXPECT_FALSE(status.ok());
}

}  // namespace
}  // namespace robomerge::schedule
