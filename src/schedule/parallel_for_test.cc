#include "schedule/parallel_for.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "testing/shuffling_executor.h"

namespace robomerge::schedule {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

std::unique_ptr<ThreadPool> Pool(int num_workers) {
  auto pool = ThreadPool::Make(num_workers);
  EXPECT_TRUE(pool.ok());
  return std::move(pool).value();
}

// The first problem, or one that no test expects if there is none.
Problem FirstOf(const Status& status) {
  return status.ok() ? Problem(Code::kAlreadyExists, "there was no problem")
                     : status.problems().front();
}

Item MakeItem(std::string name, uint64_t bytes, Body body) {
  return Item{std::move(name), "write", bytes, std::move(body)};
}

// An item that adds its name to `order` when it runs.
Item Noted(std::string name, uint64_t bytes, std::vector<std::string>* order) {
  return MakeItem(name, bytes, [name, order](Spawner&) {
    order->push_back(name);
    return Status();
  });
}

Status Failure(const std::string& name) { return Problem(Code::kIo, "cannot write").At(name); }

TEST(ParallelFor, LargerItemsRunFirstAndEqualOnesInOrder) {
  std::vector<std::string> order;
  SerialExecutor serial;
  std::vector<Item> items;
  for (const auto& [name, bytes] : std::vector<std::pair<std::string, uint64_t>>{
           {"a", 5}, {"b", 70}, {"c", 5}, {"d", 0}, {"e", 70}}) {
    items.push_back(Noted(name, bytes, &order));
  }
  EXPECT_TRUE(ParallelFor(serial, std::move(items)).ok());
  EXPECT_THAT(order, ElementsAre("b", "e", "a", "c", "d"));
}

TEST(ParallelFor, FirstItemsComeBeforeLargerOnes) {
  std::vector<std::string> order;
  SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(Noted("large", 90, &order));
  for (const uint64_t bytes : {1, 2}) {
    items.push_back(MakeItem("first", bytes, [bytes, &order](Spawner& spawner) {
      order.push_back("first of " + std::to_string(bytes));
      spawner.Spawn({Noted("its part", 1, &order)});
      return Status();
    }));
    items.back().is_first = true;
  }
  EXPECT_TRUE(ParallelFor(serial, std::move(items)).ok());
  EXPECT_THAT(order, ElementsAre("first of 2", "its part", "first of 1", "its part", "large"));
}

TEST(ParallelFor, NoItemsAreFine) {
  SerialExecutor serial;
  EXPECT_TRUE(ParallelFor(serial, {}).ok());
  EXPECT_TRUE(ParallelFor(*Pool(2), {}).ok());
}

TEST(ParallelFor, FirstFailureInItemOrderWinsOnEveryExecutor) {
  const auto pool = Pool(8);
  std::mt19937 random(1);
  for (uint32_t round = 0; round < 300; ++round) {
    const size_t num_items = 1 + random() % 30;
    std::vector<uint64_t> bytes;
    for (size_t i = 0; i < num_items; ++i) bytes.push_back(random() % 4);
    std::vector<bool> fails(num_items, false);
    size_t first = num_items;
    for (auto i = random() % 4; i > 0; --i) {
      const size_t item = random() % num_items;
      fails[item] = true;
      first = std::min(first, item);
    }
    SerialExecutor serial;
    ShufflingExecutor shuffling(round, 2);
    for (Executor* executor : std::vector<Executor*>{&serial, &shuffling, pool.get()}) {
      std::vector<Item> items;
      for (size_t i = 0; i < num_items; ++i) {
        items.push_back(MakeItem(std::to_string(i), bytes[i], [&fails, i](Spawner&) {
          return fails[i] ? Failure(std::to_string(i)) : Status();
        }));
      }
      const Status status = ParallelFor(*executor, std::move(items));
      ASSERT_EQ(status.ok(), first == num_items);
      if (!status.ok()) {
        EXPECT_EQ(FirstOf(status).where, std::to_string(first)) << "round " << round;
      }
    }
  }
}

TEST(ParallelFor, ItemsAfterAFailureAreCancelledAndEarlierOnesStillRun) {
  std::vector<std::string> order;
  SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(Noted("small but first", 1, &order));
  items.push_back(MakeItem("fails", 50, [](Spawner&) { return Failure("fails"); }));
  items.push_back(Noted("large", 90, &order));
  items.push_back(Noted("later", 10, &order));
  EXPECT_EQ(FirstOf(ParallelFor(serial, std::move(items))).where, "fails");
  EXPECT_THAT(order, ElementsAre("large", "small but first"));
}

// A file written in ranges: open, three ranges, close.
Item SplitItem(std::string name, uint64_t bytes, std::vector<std::string>* order) {
  return MakeItem(name, bytes, [name, bytes, order](Spawner& spawner) {
    order->push_back(name + " open");
    std::vector<Item> parts;
    for (int i = 0; i < 3; ++i)
      parts.push_back(Noted(name + " range " + std::to_string(i), bytes / 4, order));
    spawner.Spawn(std::move(parts), [name, order](Spawner&) {
      order->push_back(name + " close");
      return Status();
    });
    return Status();
  });
}

TEST(Spawner, SparePartsRunWhenNothingIsLeftToBegin) {
  std::vector<std::string> order;
  SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(Noted("tiny", 1, &order));
  items.push_back(MakeItem("big", 100, [&order](Spawner& spawner) {
    std::vector<Item> parts;
    for (const char* name : {"owner", "helper"}) parts.push_back(Noted(name, 0, &order));
    parts.back().is_spare = true;
    spawner.Spawn(std::move(parts), [&order](Spawner&) {
      order.push_back("close");
      return Status();
    });
    return Status();
  }));
  EXPECT_TRUE(ParallelFor(serial, std::move(items)).ok());
  EXPECT_THAT(order, ElementsAre("owner", "tiny", "helper", "close"));
}

TEST(Spawner, SparePartsComeAfterItemsOfNoBytes) {
  std::vector<std::string> order;
  SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(MakeItem("big", 100, [&order](Spawner& spawner) {
    std::vector<Item> parts;
    for (const char* name : {"owner", "helper"}) parts.push_back(Noted(name, 0, &order));
    parts.back().is_spare = true;
    spawner.Spawn(std::move(parts));
    return Status();
  }));
  items.push_back(Noted("empty", 0, &order));
  EXPECT_TRUE(ParallelFor(serial, std::move(items)).ok());
  EXPECT_THAT(order, ElementsAre("owner", "empty", "helper"));
}

// Notes what is submitted, and in which order.
class NotingExecutor final : public Executor {
 public:
  int num_workers() const override { return 1; }
  void Submit(Node node) override {
    submitted.emplace_back(node.priority, node.position);
    serial_.Submit(std::move(node));
  }
  void RunUntilFinished(Outstanding& work) override { serial_.RunUntilFinished(work); }

  std::vector<std::pair<uint64_t, uint64_t>> submitted;

 private:
  SerialExecutor serial_;
};

// A pool's workers begin while items are still being queued.
TEST(ParallelFor, ItemsAreQueuedInTheOrderInWhichTheyRun) {
  std::vector<std::string> order;
  NotingExecutor executor;
  std::vector<Item> items;
  for (const uint64_t bytes : {5, 70, 5, 0, 70, 90})
    items.push_back(Noted(std::to_string(bytes), bytes, &order));
  EXPECT_TRUE(ParallelFor(executor, std::move(items)).ok());
  EXPECT_THAT(order, ElementsAre("90", "70", "70", "5", "5", "0"));
  std::vector<uint64_t> positions;
  for (const auto& [priority, position] : executor.submitted) positions.push_back(position);
  EXPECT_THAT(positions, ElementsAre(5, 1, 4, 0, 2, 3));
}

// Items that go on in steps, as a file does part by part.
TEST(ParallelFor, NoMoreItemsAreUnderWayThanThereAreWorkers) {
  for (const int num_workers : {1, 2, 6}) {
    const auto pool = Pool(num_workers);
    std::atomic<int> under_way = 0, most = 0;
    std::vector<Item> items;
    for (uint64_t at = 0; at < 200; ++at) {
      items.push_back(MakeItem(std::to_string(at), at / 2, [&, at](Spawner& spawner) {
        const int now = ++under_way;
        int before = most;
        while (before < now && !most.compare_exchange_weak(before, now)) continue;
        Body step = [&under_way](Spawner&) {
          --under_way;
          return Status();
        };
        for (uint64_t steps = at % 4; steps > 0; --steps) {
          step = [next = step](Spawner& own) {
            own.Spawn({}, next);
            return Status();
          };
        }
        spawner.Spawn({MakeItem("step", 0, step)});
        return Status();
      }));
    }
    EXPECT_TRUE(ParallelFor(*pool, std::move(items)).ok());
    EXPECT_EQ(under_way, 0);
    EXPECT_LE(most, num_workers);
  }
}

TEST(Spawner, ABodySaysWhatItHandledWhereTheItemCouldNotKnow) {
  TraceObserver trace;
  ParallelForOptions options;
  options.observer = &trace;
  SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(MakeItem("file", 100, [](Spawner& spawner) {
    spawner.SetHandled(0);
    std::vector<Item> parts;
    parts.push_back(MakeItem("part", 0, [](Spawner& own) {
      own.SetHandled(60);
      own.Spawn({}, [](Spawner& next) {
        next.SetHandled(40);
        return Status();
      });
      return Status();
    }));
    spawner.Spawn(std::move(parts));
    return Status();
  }));
  EXPECT_TRUE(ParallelFor(serial, std::move(items), options).ok());
  std::vector<uint64_t> bytes;
  for (const NodeEvent& event : trace.events()) bytes.push_back(event.bytes);
  EXPECT_THAT(bytes, ElementsAre(0, 60, 40));
}

TEST(Spawner, PartsRunAfterTheBodyAndTheContinuationAfterAllParts) {
  std::vector<std::string> order;
  SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(Noted("tiny", 1, &order));
  items.push_back(SplitItem("big", 100, &order));
  items.push_back(Noted("middle", 60, &order));
  EXPECT_TRUE(ParallelFor(serial, std::move(items)).ok());
  // Ranges of a large file run before a middle one that is larger than each of them.
  EXPECT_THAT(order, ElementsAre("big open", "big range 0", "big range 1", "big range 2",
                                 "big close", "middle", "tiny"));
}

TEST(Spawner, PartsOfOneItemRunAtOnce) {
  const auto pool = Pool(3);
  std::latch together(3);  // passes only if all three parts are inside their bodies
  std::atomic<int> num_parts = 0;
  bool closed = false;
  std::vector<Item> items;
  items.push_back(MakeItem("file", 9, [&](Spawner& spawner) {
    std::vector<Item> parts;
    for (int i = 0; i < 3; ++i) {
      parts.push_back(MakeItem("range", 3, [&](Spawner&) {
        together.arrive_and_wait();
        ++num_parts;
        return Status();
      }));
    }
    spawner.Spawn(std::move(parts), [&](Spawner&) {
      EXPECT_EQ(num_parts, 3);
      closed = true;
      return Status();
    });
    return Status();
  }));
  EXPECT_TRUE(ParallelFor(*pool, std::move(items)).ok());
  EXPECT_TRUE(closed);
}

TEST(Spawner, NoPartsMeanTheContinuationRunsAtOnce) {
  std::vector<std::string> order;
  SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(MakeItem("a", 5, [&](Spawner& spawner) {
    spawner.Spawn({}, [&](Spawner&) {
      order.push_back("a then");
      return Status();
    });
    return Status();
  }));
  items.push_back(MakeItem("b", 4, [&](Spawner& spawner) {
    spawner.Spawn({});  // neither parts nor a continuation
    order.push_back("b");
    return Status();
  }));
  EXPECT_TRUE(ParallelFor(serial, std::move(items)).ok());
  EXPECT_THAT(order, ElementsAre("a then", "b"));
}

TEST(Spawner, AContinuationMayComeBehindPartsOfWhatTheBodyCalls) {
  for (const bool has_parts : {true, false}) {
    std::vector<std::string> order;
    SerialExecutor serial;
    std::vector<Item> items;
    items.push_back(MakeItem("a", 5, [&](Spawner& spawner) {
      if (has_parts) spawner.Spawn({Noted("part", 1, &order)});
      spawner.Then([&](Spawner& next) {
        next.Spawn({Noted("after all", 1, &order)});
        return Status();
      });
      return Status();
    }));
    items.push_back(Noted("b", 4, &order));
    EXPECT_TRUE(ParallelFor(serial, std::move(items)).ok());
    if (has_parts) {
      EXPECT_THAT(order, ElementsAre("part", "after all", "b"));
    } else {
      EXPECT_THAT(order, ElementsAre("after all", "b"));
    }
  }
}

TEST(Spawner, ABodyThatFailsSpawnsNothing) {
  SerialExecutor serial;
  bool ran = false;
  std::vector<Item> items;
  items.push_back(MakeItem("a", 5, [&](Spawner& spawner) {
    const auto note = [&](Spawner&) {
      ran = true;
      return Status();
    };
    spawner.Spawn({MakeItem("part", 1, note)}, note);
    return Failure("a");
  }));
  EXPECT_EQ(FirstOf(ParallelFor(serial, std::move(items))).where, "a");
  EXPECT_FALSE(ran);
}

TEST(Spawner, AFailedPartKeepsTheContinuationFromRunningAndFreesIt) {
  const auto resource = std::make_shared<int>(7);
  SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(MakeItem("file", 5, [resource](Spawner& spawner) {
    spawner.Spawn({MakeItem("ok", 1, [resource](Spawner&) { return Status(); }),
                   MakeItem("bad", 1, [resource](Spawner&) { return Failure("bad"); }),
                   MakeItem("after", 1, [resource](Spawner&) { return Failure("after"); })},
                  [resource](Spawner&) {
                    ADD_FAILURE() << "ran";
                    return Status();
                  });
    return Status();
  }));
  EXPECT_EQ(FirstOf(ParallelFor(serial, std::move(items))).where, "bad");
  EXPECT_EQ(resource.use_count(), 1);
}

// Builds items that split at random, down to three levels, and fail at random; every node notes its
// name when it begins.
class RandomWork {
 public:
  explicit RandomWork(uint32_t seed) : random_(seed) {}

  std::vector<Item> Items(const std::string& prefix, int depth) {
    std::vector<Item> items;
    for (auto i = 1 + random_() % 4; i > 0; --i) {
      const std::string name = prefix + std::to_string(items.size());
      items.push_back(Item{name, "write", random_() % 3, MakeBody(name, depth)});
    }
    return items;
  }

  std::atomic<size_t> num_nodes = 0;

 private:
  // All choices are made here, while building, and not in the bodies, which run in any order.
  Body MakeBody(const std::string& name, int depth) {
    const bool fails = random_() % 16 == 0;
    const bool splits = depth < 3 && random_() % 2 == 0;
    auto parts = std::make_shared<std::vector<Item>>(splits ? Items(name + ".", depth + 1)
                                                            : std::vector<Item>());
    Body then = splits && random_() % 3 != 0 ? MakeBody(name + "'", depth + 1) : Body();
    return [this, name, fails, splits, parts, then](Spawner& spawner) {
      ++num_nodes;
      if (splits) spawner.Spawn(*parts, then);
      return fails ? Failure(name) : Status();
    };
  }

  std::mt19937 random_;
};

TEST(Spawner, RandomSplittingWorkEndsTheSameOnEveryExecutor) {
  const auto two = Pool(2);
  const auto sixteen = Pool(16);
  size_t num_ok = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    SerialExecutor serial;
    ShufflingExecutor shuffling(seed, 4);
    std::string expected;
    size_t expected_nodes = 0;
    for (Executor* executor :
         std::vector<Executor*>{&serial, &shuffling, two.get(), sixteen.get()}) {
      RandomWork work(seed);
      const Status status = ParallelFor(*executor, work.Items("", 0));
      if (executor == &serial) {
        expected = status.ToString();
        expected_nodes = work.num_nodes;
        num_ok += status.ok() ? 1 : 0;
      }
      EXPECT_EQ(status.ToString(), expected) << "seed " << seed;
      if (status.ok()) {
        EXPECT_EQ(work.num_nodes, expected_nodes) << "seed " << seed;
      }
    }
  }
  EXPECT_GT(num_ok, 40u);
  EXPECT_LT(num_ok, 360u);
}

TEST(ParallelFor, ItemsWaitForTheNodeBeforeThem) {
  std::vector<std::string> order;
  TraceObserver trace;
  ParallelForOptions options;
  options.observer = &trace;
  options.after = trace.ReserveIds(1);
  SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(Noted("one", 2, &order));
  items.push_back(Noted("two", 1, &order));
  EXPECT_TRUE(ParallelFor(serial, std::move(items), options).ok());
  ASSERT_EQ(trace.events().size(), 2u);
  for (const NodeEvent& event : trace.events())
    EXPECT_THAT(event.after, ElementsAre(options.after));
}

TEST(ParallelFor, EventsTellWhoWaitedForWhomAndCountBytesOnce) {
  std::vector<std::string> order;
  TraceObserver trace;
  ParallelForOptions options;
  options.observer = &trace;
  SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(SplitItem("big", 100, &order));
  items.push_back(Noted("small", 7, &order));
  EXPECT_TRUE(ParallelFor(serial, std::move(items), options).ok());
  const auto events = trace.events();
  ASSERT_EQ(events.size(), 6u);
  uint64_t bytes = 0;
  for (const NodeEvent& event : events) bytes += event.bytes;
  EXPECT_EQ(bytes, 107u);
  EXPECT_EQ(events[0].name, "big");
  EXPECT_EQ(events[0].bytes, 25u);  // what its ranges of 25 leave
  EXPECT_TRUE(events[0].after.empty());
  EXPECT_EQ(events[1].level, 1);
  EXPECT_THAT(events[1].after, ElementsAre(events[0].id));
  EXPECT_EQ(events[4].bytes, 0u);  // the continuation
  EXPECT_THAT(events[4].after, UnorderedElementsAre(events[1].id, events[2].id, events[3].id));
  EXPECT_EQ(events[5].first, 1u);
  EXPECT_EQ(LongestChain(events, ""), 3u);
}

TEST(ParallelFor, ExceptionsBecomeStatus) {
  const auto pool = Pool(2);
  std::vector<Item> items;
  items.push_back(
      MakeItem("a", 1, [](Spawner&) -> Status { throw std::runtime_error("surprise"); }));
  const Status status = ParallelFor(*pool, std::move(items));
  EXPECT_EQ(FirstOf(status).code, Code::kInternal);
  EXPECT_THAT(FirstOf(status).context, ElementsAre("running `a`"));
}

TEST(ParallelFor, StopKeepsItemsAndContinuationsFromRunning) {
  StopSource source;
  ParallelForOptions options;
  options.stop = source.token();
  SerialExecutor serial;
  std::vector<std::string> order;
  std::vector<Item> items;
  items.push_back(MakeItem("stops", 9, [&](Spawner& spawner) {
    spawner.Spawn({MakeItem("part", 1,
                            [&](Spawner&) {
                              source.RequestStop();
                              return Status();
                            })},
                  [&](Spawner&) {
                    order.push_back("then");
                    return Status();
                  });
    return Status();
  }));
  items.push_back(Noted("later", 1, &order));
  EXPECT_EQ(FirstOf(ParallelFor(serial, std::move(items), options)).code, Code::kCancelled);
  EXPECT_TRUE(order.empty());
}

TEST(SpawnerDeathTest, SpawningTwiceIsABug) {
  Spawner spawner;
  spawner.Spawn({});
  EXPECT_DEATH(spawner.Spawn({}), "internal error");
}

}  // namespace
}  // namespace robomerge::schedule
