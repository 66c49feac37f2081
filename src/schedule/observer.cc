#include "schedule/observer.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace robomerge::schedule {
namespace {

// Returns weight and number of nodes of the heaviest chain of `after`. Ids grow along a chain, so
// one pass is enough. REQUIRES: `events` are sorted by id.
template <typename Weight>
std::pair<int64_t, size_t> HeaviestChain(const std::vector<NodeEvent>& events, Weight weight) {
  std::unordered_map<uint64_t, std::pair<int64_t, size_t>> heaviest_to;
  std::pair<int64_t, size_t> heaviest{0, 0};
  for (const NodeEvent& event : events) {
    std::pair<int64_t, size_t> chain{0, 0};
    for (const uint64_t id : event.after) {
      const auto found = heaviest_to.find(id);
      if (found != heaviest_to.end()) chain = std::max(chain, found->second);
    }
    chain.first += weight(event);
    ++chain.second;
    heaviest_to[event.id] = chain;
    heaviest = std::max(heaviest, chain);
  }
  return heaviest;
}

void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(c));
      *out += escaped;
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

// Microseconds with three decimals, so no nanosecond is lost: a double would round in long runs.
std::string Microseconds(int64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%lld.%03lld", static_cast<long long>(nanoseconds / 1000),
                static_cast<long long>(nanoseconds % 1000));
  return text;
}

void AppendEvent(const NodeEvent& event, int64_t origin_ns, std::string* out) {
  *out += "{\"name\": ";
  AppendQuoted(event.name, out);
  *out += ", \"cat\": ";
  AppendQuoted(event.category, out);
  *out += ", \"ph\": \"X\", \"pid\": 1, \"tid\": " + std::to_string(event.worker);
  *out += ", \"ts\": " + Microseconds(event.start_ns - origin_ns);
  *out += ", \"dur\": " + Microseconds(event.end_ns - event.start_ns);
  *out += ", \"args\": {\"id\": " + std::to_string(event.id) + ", \"after\": [";
  for (size_t i = 0; i < event.after.size(); ++i) {
    if (i > 0) *out += ", ";
    *out += std::to_string(event.after[i]);
  }
  *out += "], \"level\": " + std::to_string(event.level) +
          ", \"first\": " + std::to_string(event.first);
  *out +=
      ", \"last\": " + std::to_string(event.last) + ", \"bytes\": " + std::to_string(event.bytes);
  *out += std::string(", \"ok\": ") + (event.ok ? "true" : "false") + "}}";
}

}  // namespace

void TraceObserver::Finished(const NodeEvent& event) {
  MutexLock lock(mutex_);
  events_.push_back(event);
}

std::vector<NodeEvent> TraceObserver::events() const {
  std::vector<NodeEvent> sorted;
  {
    MutexLock lock(mutex_);
    sorted = events_;
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const NodeEvent& a, const NodeEvent& b) { return a.id < b.id; });
  return sorted;
}

Utilisation TraceObserver::Summary(int num_workers) const {
  const std::vector<NodeEvent> sorted = events();
  Utilisation summary;
  summary.num_workers = num_workers;
  summary.num_nodes = sorted.size();
  if (sorted.empty()) return summary;
  int64_t first_start_ns = sorted.front().start_ns;
  int64_t last_end_ns = sorted.front().end_ns;
  for (const NodeEvent& event : sorted) {
    first_start_ns = std::min(first_start_ns, event.start_ns);
    last_end_ns = std::max(last_end_ns, event.end_ns);
    summary.busy_ns += event.end_ns - event.start_ns;
  }
  summary.span_ns = last_end_ns - first_start_ns;
  const double capacity_ns =
      static_cast<double>(num_workers) * static_cast<double>(summary.span_ns);
  if (capacity_ns > 0) summary.busy_fraction = static_cast<double>(summary.busy_ns) / capacity_ns;
  const auto duration_ns = [](const NodeEvent& event) { return event.end_ns - event.start_ns; };
  std::tie(summary.critical_path_ns, summary.critical_path_nodes) =
      HeaviestChain(sorted, duration_ns);
  return summary;
}

std::string TraceObserver::ChromeTraceJson() const {
  std::vector<NodeEvent> sorted = events();
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const NodeEvent& a, const NodeEvent& b) { return a.start_ns < b.start_ns; });
  std::set<int> workers;
  for (const NodeEvent& event : sorted) workers.insert(event.worker);
  std::string out(kTraceBegin);
  out +=
      "{\"name\": \"process_name\", \"ph\": \"M\", \"pid\": 1, \"args\": {\"name\": "
      "\"robomerge\"}}";
  for (const int worker : workers) {
    const std::string number = std::to_string(worker);
    out += ",\n{\"name\": \"thread_name\", \"ph\": \"M\", \"pid\": 1, \"tid\": " + number;
    out += ", \"args\": {\"name\": \"worker " + number + "\"}}";
  }
  for (const NodeEvent& event : sorted) {
    out += ",\n";
    AppendEvent(event, sorted.front().start_ns, &out);
  }
  out += "\n]}\n";
  return out;
}

size_t LongestChain(const std::vector<NodeEvent>& events, const std::string& category) {
  std::vector<NodeEvent> sorted = events;
  std::sort(sorted.begin(), sorted.end(),
            [](const NodeEvent& a, const NodeEvent& b) { return a.id < b.id; });
  const auto counts = [&](const NodeEvent& event) {
    return category.empty() || event.category == category ? 1 : 0;
  };
  return static_cast<size_t>(HeaviestChain(sorted, counts).first);
}

}  // namespace robomerge::schedule
