#include "reduce/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <new>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "testing/shuffling_executor.h"

namespace robomerge {
namespace {

using testing::ElementsAre;

std::unique_ptr<schedule::ThreadPool> Pool(int num_workers) {
  auto pool = schedule::ThreadPool::Make(num_workers);
  EXPECT_TRUE(pool.ok());
  return std::move(pool).value();
}

// The first problem, or one that no test expects if there is none.
Problem FirstOf(const Status& status) {
  return status.ok() ? Problem(Code::kAlreadyExists, "there was no problem")
                     : status.problems().front();
}

Status FailureAt(size_t leaf) {
  return Problem(Code::kCorrupt, "leaf is broken").Found(std::to_string(leaf));
}

// Spends a while that depends on the leaf, without a clock: leaves must not finish in the order
// they began.
void Dawdle(uint32_t seed, size_t leaf) {
  std::mt19937 random(seed + static_cast<uint32_t>(leaf) * 7919);
  for (auto turns = random() % 40; turns > 0; --turns) std::this_thread::yield();
}

Result<std::string> Concatenate(schedule::Executor& executor, size_t num_leaves, uint32_t seed,
                                const TreeOptions& options = {}) {
  return ReduceTree<std::string>(
      executor, num_leaves,
      [&](size_t leaf) -> Result<std::string> {
        Dawdle(seed, leaf);
        return std::to_string(leaf) + ";";
      },
      [](std::string&& left, std::string&& right) { return std::move(left) + right; }, options);
}

// Keeps events in the order in which they come. For executors of one worker.
struct EventList final : schedule::Observer {
  void Finished(const schedule::NodeEvent& event) override { events.push_back(event); }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const schedule::NodeEvent& event : events) all.push_back(event.name);
    return all;
  }
  std::vector<schedule::NodeEvent> events;
};

std::string LeftFold(size_t num_leaves) {
  std::string folded;
  for (size_t leaf = 0; leaf < num_leaves; ++leaf) folded += std::to_string(leaf) + ";";
  return folded;
}

TEST(Tree, EveryExecutorGivesTheLeftFold) {
  const auto one = Pool(1);
  const auto two = Pool(2);
  const auto sixteen = Pool(16);
  for (size_t num_leaves = 1; num_leaves <= 70; ++num_leaves) {
    schedule::SerialExecutor serial;
    schedule::ShufflingExecutor shuffling(static_cast<uint32_t>(num_leaves), 5);
    for (schedule::Executor* executor : std::vector<schedule::Executor*>{
             &serial, &shuffling, one.get(), two.get(), sixteen.get()}) {
      const auto result = Concatenate(*executor, num_leaves, static_cast<uint32_t>(num_leaves));
      ASSERT_TRUE(result.ok()) << result.status().ToString();
      EXPECT_EQ(*result, LeftFold(num_leaves));
    }
  }
}

TEST(Tree, BracketingIsTheSameForEveryOrderOfExecution) {
  // Not associative on purpose: the text shows the tree.
  const auto bracketed = [](schedule::Executor& executor, size_t num_leaves) {
    return ReduceTree<std::string>(
               executor, num_leaves,
               [](size_t leaf) -> Result<std::string> { return std::to_string(leaf); },
               [](std::string&& left, std::string&& right) {
                 return "(" + left + " " + right + ")";
               })
        .value();
  };
  schedule::SerialExecutor serial;
  EXPECT_EQ(bracketed(serial, 1), "0");
  EXPECT_EQ(bracketed(serial, 2), "(0 1)");
  EXPECT_EQ(bracketed(serial, 3), "((0 1) 2)");
  EXPECT_EQ(bracketed(serial, 7), "(((0 1) (2 3)) ((4 5) 6))");
  EXPECT_EQ(bracketed(serial, 9), "((((0 1) (2 3)) ((4 5) (6 7))) 8)");
  const auto pool = Pool(4);
  for (uint32_t seed = 0; seed < 200; ++seed) {
    const size_t num_leaves = 1 + seed % 37;
    schedule::ShufflingExecutor shuffling(seed, 4);
    const std::string expected = bracketed(serial, num_leaves);
    EXPECT_EQ(bracketed(shuffling, num_leaves), expected) << "seed " << seed;
    EXPECT_EQ(bracketed(*pool, num_leaves), expected);
  }
}

TEST(Tree, NoLeavesIsAnInvalidArgument) {
  schedule::SerialExecutor serial;
  EXPECT_EQ(FirstOf(Concatenate(serial, 0, 0).status()).code, Code::kInvalidArgument);
}

TEST(Tree, ValuesNeedOnlyMove) {
  const auto pool = Pool(3);
  const auto sum = ReduceTree<std::unique_ptr<int>>(
      *pool, 21,
      [](size_t leaf) -> Result<std::unique_ptr<int>> {
        return std::make_unique<int>(static_cast<int>(leaf));
      },
      [](std::unique_ptr<int>&& left,
         std::unique_ptr<int>&& right) -> Result<std::unique_ptr<int>> {
        *left += *right;
        return std::move(left);
      });
  ASSERT_TRUE(sum.ok());
  EXPECT_EQ(**sum, 210);
}

TEST(Tree, LongestChainOfCombinationsIsCeilLog2) {
  for (size_t num_leaves = 1; num_leaves <= 70; ++num_leaves) {
    size_t ceil_log2 = 0;
    while ((size_t{1} << ceil_log2) < num_leaves) ++ceil_log2;
    schedule::TraceObserver trace;
    TreeOptions options;
    options.observer = &trace;
    uint64_t root_id = 0;
    options.root_id = &root_id;
    schedule::ShufflingExecutor shuffling(7, 3);
    ASSERT_TRUE(Concatenate(shuffling, num_leaves, 0, options).ok());
    const auto events = trace.events();
    const auto root =
        std::find_if(events.begin(), events.end(),
                     [&](const schedule::NodeEvent& event) { return event.id == root_id; });
    ASSERT_NE(root, events.end());
    EXPECT_EQ(root->last - root->first + 1, num_leaves);
    EXPECT_EQ(events.size(), 2 * num_leaves - 1);
    EXPECT_EQ(LongestChain(events, "combine"), ceil_log2) << num_leaves;
    EXPECT_EQ(LongestChain(events, ""), ceil_log2 + 1) << num_leaves;
  }
}

TEST(Tree, SerialTwinFoldsAsEarlyAsItCan) {
  EventList list;
  TreeOptions options;
  options.observer = &list;
  options.leaf_name = [](size_t leaf) { return "read " + std::to_string(leaf); };
  options.leaf_bytes = [](size_t leaf) { return uint64_t{100} * leaf; };
  schedule::SerialExecutor serial;
  ASSERT_TRUE(Concatenate(serial, 5, 0, options).ok());
  EXPECT_THAT(list.names(), ElementsAre("read 0", "read 1", "combine 0-1", "read 2", "read 3",
                                        "combine 2-3", "combine 0-3", "read 4", "combine 0-4"));
  EXPECT_EQ(list.events[4].bytes, 300u);
  EXPECT_EQ(list.events.back().level, 3);
  EXPECT_EQ(list.events.back().first, 0u);
  EXPECT_EQ(list.events.back().last, 4u);
}

TEST(Tree, SerialTwinAndPoolOfOneShowTheSameEventsInTheSameOrder) {
  // A pool begins with the first leaf while the others are still being queued, and only then may
  // the two differ. So a gate holds the worker until all are queued.
  const auto order_of_events = [](schedule::Executor& executor) {
    EventList list;
    TreeOptions options;
    options.observer = &list;
    EXPECT_TRUE(Concatenate(executor, 23, 0, options).ok());
    return list.names();
  };
  schedule::SerialExecutor serial;
  const auto pool = Pool(1);
  schedule::Outstanding gate;
  std::latch open(1);
  gate.Add();
  pool->Submit(schedule::Node{~uint64_t{0}, 0, [&](int) {
                                open.wait();
                                gate.Done();
                              }});
  struct OpensWhenAllAreQueued final : schedule::Executor {
    OpensWhenAllAreQueued(schedule::Executor& to, std::latch& latch)
        : inner(to), gate_latch(latch) {}
    int num_workers() const override { return inner.num_workers(); }
    void Submit(schedule::Node node) override { inner.Submit(std::move(node)); }
    void RunUntilFinished(schedule::Outstanding& work) override {
      gate_latch.count_down();
      inner.RunUntilFinished(work);
    }
    schedule::Executor& inner;
    std::latch& gate_latch;
  };
  OpensWhenAllAreQueued gated(*pool, open);
  EXPECT_EQ(order_of_events(gated), order_of_events(serial));
}

TEST(Tree, SerialTwinHoldsOneValuePerLevel) {
  static std::atomic<int> num_alive;  // counts values that were not moved from
  static std::atomic<int> most_alive;
  num_alive = most_alive = 0;
  struct Counted {
    Counted() { most_alive = std::max(most_alive.load(), ++num_alive); }
    Counted(Counted&& other) noexcept : owns(std::exchange(other.owns, false)) {}
    Counted& operator=(Counted&& other) noexcept {
      num_alive -= owns ? 1 : 0;
      owns = std::exchange(other.owns, false);
      return *this;
    }
    ~Counted() { num_alive -= owns ? 1 : 0; }
    bool owns = true;
  };
  schedule::SerialExecutor serial;
  {
    const auto result = ReduceTree<Counted>(
        serial, 64, [](size_t) -> Result<Counted> { return Counted(); },
        [](Counted&& left, Counted&& right) {
          const Counted used = std::move(right);
          return std::move(left);
        });
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(num_alive, 1);
  }
  EXPECT_EQ(num_alive, 0);
  EXPECT_LE(most_alive, 7);  // one per level 0..5, and the leaf that was just made
}

// --- failures ---

struct Failures {
  std::set<size_t> leaves;
  std::set<std::pair<size_t, size_t>> spans;  // combinations, by first and last leaf
};

using Range = std::pair<size_t, size_t>;

Status Reduce(schedule::Executor& executor, size_t num_leaves, const Failures& failures,
              TreeOptions options = {}) {
  return ReduceTree<Range>(
             executor, num_leaves,
             [&](size_t leaf) -> Result<Range> {
               Dawdle(11, leaf);
               if (failures.leaves.count(leaf) > 0) return FailureAt(leaf);
               return Range(leaf, leaf);
             },
             [&](Range&& left, Range&& right) -> Result<Range> {
               EXPECT_EQ(left.second + 1, right.first);
               const Range both(left.first, right.second);
               if (failures.spans.count(both) > 0) {
                 return Problem(Code::kIncompatible, "do not fit")
                     .Found(std::to_string(both.first) + "-" + std::to_string(both.second));
               }
               return both;
             },
             options)
      .status();
}

TEST(Tree, FirstFailureInLeafOrderWinsOnEveryExecutor) {
  const auto two = Pool(2);
  const auto sixteen = Pool(16);
  std::mt19937 random(5);
  for (uint32_t round = 0; round < 300; ++round) {
    const size_t num_leaves = 1 + random() % 40;
    Failures failures;
    for (auto i = 1 + random() % 4; i > 0; --i) failures.leaves.insert(random() % num_leaves);
    const std::string first = std::to_string(*failures.leaves.begin());
    schedule::SerialExecutor serial;
    schedule::ShufflingExecutor shuffling(round, 3);
    for (schedule::Executor* executor :
         std::vector<schedule::Executor*>{&serial, &shuffling, two.get(), sixteen.get()}) {
      const Status status = Reduce(*executor, num_leaves, failures);
      ASSERT_FALSE(status.ok());
      EXPECT_EQ(status.problems().size(), 1u);
      EXPECT_EQ(FirstOf(status).found, first) << "round " << round;
    }
  }
}

TEST(Tree, FailedCombinationsAndLeavesHaveOneOrderOnEveryExecutor) {
  const auto four = Pool(4);
  std::mt19937 random(6);
  size_t num_combinations_reported = 0;
  for (uint32_t round = 0; round < 500; ++round) {
    const size_t num_leaves = 2 + random() % 40;
    const TreeShape shape(num_leaves);
    Failures failures;
    for (auto i = random() % 3; i > 0; --i) failures.leaves.insert(random() % num_leaves);
    for (auto i = 1 + random() % 4; i > 0; --i) {
      const int level = 1 + static_cast<int>(random() % static_cast<uint32_t>(shape.root_level()));
      const auto span = shape.SpanOf({level, random() % shape.width(level)});
      failures.spans.insert({span.first, span.last});
    }
    schedule::SerialExecutor serial;
    const Status expected = Reduce(serial, num_leaves, failures);
    schedule::ShufflingExecutor shuffling(round, 3);
    EXPECT_EQ(Reduce(shuffling, num_leaves, failures).ToString(), expected.ToString())
        << "round " << round;
    EXPECT_EQ(Reduce(*four, num_leaves, failures).ToString(), expected.ToString())
        << "round " << round;
    if (!expected.ok() && expected.code() == Code::kIncompatible) ++num_combinations_reported;
  }
  EXPECT_GT(num_combinations_reported, 100u);
}

TEST(Tree, AnEarlierLeafStillRunsAfterALaterOneFailed) {
  const auto pool = Pool(2);
  std::latch later_failed(1);
  std::atomic<bool> earlier_ran = false;
  // Two workers: leaf 0 waits until leaf 1 has failed, and then fails itself.
  const auto result = ReduceTree<int>(
      *pool, 2,
      [&](size_t leaf) -> Result<int> {
        if (leaf == 1) {
          later_failed.count_down();
          return FailureAt(1);
        }
        later_failed.wait();
        earlier_ran = true;
        return FailureAt(0);
      },
      [](int&& left, int&&) { return left; });
  EXPECT_TRUE(earlier_ran);
  EXPECT_EQ(FirstOf(result.status()).found, "0");
}

TEST(Tree, LeavesAfterAFailureAreCancelled) {
  schedule::SerialExecutor serial;
  std::vector<size_t> ran;
  const auto result = ReduceTree<int>(
      serial, 10,
      [&](size_t leaf) -> Result<int> {
        ran.push_back(leaf);
        if (leaf == 3) return FailureAt(3);
        return 0;
      },
      [](int&& left, int&&) { return left; });
  EXPECT_EQ(FirstOf(result.status()).found, "3");
  EXPECT_THAT(ran, ElementsAre(0, 1, 2, 3));
}

TEST(Tree, GatheredLeafErrorsComeInLeafOrder) {
  const auto four = Pool(4);
  TreeOptions options;
  options.gather_leaf_errors = true;
  Failures failures;
  failures.leaves = {2, 3, 17, 30};
  failures.spans = {{0, 1}, {8, 15}};  // not reported beside leaves
  schedule::SerialExecutor serial;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    schedule::ShufflingExecutor shuffling(seed, 3);
    for (schedule::Executor* executor :
         std::vector<schedule::Executor*>{&serial, &shuffling, four.get()}) {
      const Status status = Reduce(*executor, 31, failures, options);
      std::vector<std::string> found;
      for (const Problem& problem : status.problems()) found.push_back(problem.found);
      EXPECT_THAT(found, ElementsAre("2", "3", "17", "30"));
    }
  }
}

TEST(Tree, GatheringReturnsTheFirstFailedCombinationIfNoLeafFailed) {
  TreeOptions options;
  options.gather_leaf_errors = true;
  Failures failures;
  failures.spans = {{4, 5}, {8, 15}, {2, 3}};
  for (uint32_t seed = 0; seed < 50; ++seed) {
    schedule::ShufflingExecutor shuffling(seed, 3);
    const Status status = Reduce(shuffling, 31, failures, options);
    ASSERT_EQ(status.problems().size(), 1u);
    EXPECT_EQ(FirstOf(status).found, "2-3");
  }
}

TEST(Tree, ExceptionsBecomeStatus) {
  const auto pool = Pool(2);
  const auto thrown = [&](auto throwing) {
    return ReduceTree<int>(
               *pool, 3, [](size_t leaf) -> Result<int> { return static_cast<int>(leaf); },
               [&](int&&, int&&) -> int {
                 throwing();
                 return 0;
               })
        .status();
  };
  const Status memory = thrown([] { throw std::bad_alloc(); });
  EXPECT_EQ(FirstOf(memory).code, Code::kIo);
  EXPECT_EQ(FirstOf(memory).what, "out of memory");
  EXPECT_THAT(FirstOf(memory).context, ElementsAre("running `combine 0-1`"));
  const Status other = thrown([] { throw std::runtime_error("surprise"); });
  EXPECT_EQ(FirstOf(other).code, Code::kInternal);
  EXPECT_EQ(FirstOf(other).found, "surprise");
  EXPECT_EQ(FirstOf(thrown([] { throw 7; })).code, Code::kInternal);
}

TEST(Tree, StopKeepsNodesFromRunning) {
  schedule::StopSource source;
  TreeOptions options;
  options.stop = source.token();
  schedule::SerialExecutor serial;
  size_t num_ran = 0;
  const auto stop_at = [&](size_t stopping_leaf) {
    num_ran = 0;
    return ReduceTree<int>(
               serial, 8,
               [&](size_t leaf) -> Result<int> {
                 ++num_ran;
                 if (leaf == stopping_leaf) source.RequestStop();
                 return 0;
               },
               [](int&& left, int&&) { return left; }, options)
        .status();
  };
  EXPECT_EQ(FirstOf(stop_at(3)).code, Code::kCancelled);
  EXPECT_EQ(num_ran, 4u);
  EXPECT_EQ(FirstOf(stop_at(3)).code, Code::kCancelled);  // already stopped
  EXPECT_EQ(num_ran, 0u);
}

TEST(Tree, StopAfterTheLastNodeChangesNothing) {
  schedule::StopSource source;
  TreeOptions options;
  options.stop = source.token();
  schedule::SerialExecutor serial;
  const auto result = ReduceTree<int>(
      serial, 2, [](size_t) -> Result<int> { return 1; },
      [&](int&& left, int&& right) {
        source.RequestStop();
        return left + right;
      },
      options);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, 2);
}

TEST(Tree, StopFromAnotherWorkerEndsAPoolToo) {
  const auto pool = Pool(4);
  for (size_t round = 0; round < 200; ++round) {
    schedule::StopSource source;
    TreeOptions options;
    options.stop = source.token();
    const auto result = ReduceTree<int>(
        *pool, 60,
        [&](size_t leaf) -> Result<int> {
          Dawdle(3, leaf);
          if (leaf == round % 50) source.RequestStop();
          return 1;
        },
        [](int&& left, int&& right) { return left + right; }, options);
    // The root is queued after every leaf has run, so a stop raised in a leaf always comes before
    // it.
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), Code::kCancelled);
  }
}

}  // namespace
}  // namespace robomerge
