#include "schedule/observer.h"

#include <gtest/gtest.h>

#include "schedule/run_node.h"

namespace robomerge::schedule {
namespace {

NodeEvent Event(uint64_t id, std::vector<uint64_t> after, int worker, int64_t start_ns,
                int64_t end_ns) {
  NodeEvent event;
  event.id = id;
  event.after = std::move(after);
  event.name = "node " + std::to_string(id);
  event.category = "write";
  event.worker = worker;
  event.start_ns = start_ns;
  event.end_ns = end_ns;
  return event;
}

TEST(Trace, UtilisationAndCriticalPath) {
  TraceObserver trace;
  // 1 and 2 side by side, 3 after both, 4 on its own.
  trace.Finished(Event(3, {1, 2}, 0, 1400, 1500));
  trace.Finished(Event(1, {}, 0, 1000, 1400));
  trace.Finished(Event(4, {}, 1, 1300, 1450));
  trace.Finished(Event(2, {}, 1, 1000, 1300));
  const Utilisation summary = trace.Summary(2);
  EXPECT_EQ(summary.num_nodes, 4u);
  EXPECT_EQ(summary.span_ns, 500);
  EXPECT_EQ(summary.busy_ns, 950);
  EXPECT_DOUBLE_EQ(summary.busy_fraction, 0.95);
  EXPECT_EQ(summary.critical_path_ns, 500);  // 1, then 3
  EXPECT_EQ(summary.critical_path_nodes, 2u);
}

TEST(Trace, NothingSeenIsNothingUsed) {
  const Utilisation summary = TraceObserver().Summary(4);
  EXPECT_EQ(summary.num_workers, 4);
  EXPECT_EQ(summary.num_nodes, 0u);
  EXPECT_EQ(summary.busy_fraction, 0);
  EXPECT_EQ(summary.critical_path_ns, 0);
}

TEST(Trace, ChromeTraceShowsEveryFieldInMicroseconds) {
  TraceObserver trace;
  NodeEvent event = Event(2, {1}, 1, 5'000'001'500, 5'000'004'000);
  event.name = "write \"a\\b\"\n";
  event.level = 3;
  event.first = 4;
  event.last = 7;
  event.bytes = 99;
  event.ok = false;
  trace.Finished(event);
  trace.Finished(Event(1, {}, 0, 5'000'000'000, 5'000'001'000));
  EXPECT_EQ(trace.ChromeTraceJson(), R"({"displayTimeUnit": "ms", "traceEvents": [
{"name": "process_name", "ph": "M", "pid": 1, "args": {"name": "robomerge"}},
{"name": "thread_name", "ph": "M", "pid": 1, "tid": 0, "args": {"name": "worker 0"}},
{"name": "thread_name", "ph": "M", "pid": 1, "tid": 1, "args": {"name": "worker 1"}},
{"name": "node 1", "cat": "write", "ph": "X", "pid": 1, "tid": 0, "ts": 0.000, "dur": 1.000, "args": {"id": 1, "after": [], "level": 0, "first": 0, "last": 0, "bytes": 0, "ok": true}},
{"name": "write \"a\\b\"\u000a", "cat": "write", "ph": "X", "pid": 1, "tid": 1, "ts": 1.500, "dur": 2.500, "args": {"id": 2, "after": [1], "level": 3, "first": 4, "last": 7, "bytes": 99, "ok": false}}
]}
)");
}

TEST(Trace, AnEmptyTraceIsStillADocument) {
  EXPECT_EQ(TraceObserver().ChromeTraceJson(),
            "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n"
            "{\"name\": \"process_name\", \"ph\": \"M\", \"pid\": 1, \"args\": {\"name\": "
            "\"robomerge\"}}\n]}\n");
}

TEST(Observer, HearsOfStartAndEndOnce) {
  struct Counter final : Observer {
    void Started(const NodeEvent& event) override {
      ++num_started;
      EXPECT_EQ(event.end_ns, 0);
      EXPECT_EQ(event.worker, 5);
    }
    void Finished(const NodeEvent& event) override {
      ++num_finished;
      EXPECT_GE(event.end_ns, event.start_ns);
      EXPECT_FALSE(event.ok);
      EXPECT_EQ(event.bytes, 12u);
    }
    int num_started = 0;
    int num_finished = 0;
  } counter;
  NodeEvent event;
  const Status status = RunNode(&counter, event, 5, [&]() -> Status {
    event.bytes = 12;
    return Problem(Code::kIo, "disk is full");
  });
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_EQ(counter.num_started, 1);
  EXPECT_EQ(counter.num_finished, 1);
}

TEST(Observer, ReservedIdsFollowEachOtherAndAreNeverZero) {
  TraceObserver trace;
  EXPECT_EQ(trace.ReserveIds(3), 1u);
  EXPECT_EQ(trace.ReserveIds(1), 4u);
}

}  // namespace
}  // namespace robomerge::schedule
