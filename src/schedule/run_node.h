// The boundary around a node's body: exceptions become a Status, and the observer hears of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "robomerge/status.h"
#include "schedule/observer.h"

namespace robomerge::schedule {

/// REQUIRES: called while an exception is handled. kIo for exhausted memory, kInternal for anything
/// else.
Status StatusOfCurrentException(const std::string& node_name);

inline int64_t SteadyNanoseconds() {
  const auto since_epoch = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count();
}

/// Runs `body` and returns its Status or Result. `event` says which node it is; worker, times and
/// outcome are filled in here. The body may still change `event.bytes`. `observer` may be null.
template <typename Body>
std::invoke_result_t<Body> RunNode(Observer* observer, NodeEvent& event, int worker, Body&& body) {
  using Outcome = std::invoke_result_t<Body>;
  const auto guarded = [&]() -> Outcome {
    try {
      return std::forward<Body>(body)();
    } catch (...) {
      return StatusOfCurrentException(event.name);
    }
  };
  if (observer == nullptr) return guarded();
  event.worker = worker;
  event.start_ns = SteadyNanoseconds();
  observer->Started(event);
  Outcome outcome = guarded();
  event.end_ns = SteadyNanoseconds();
  event.ok = outcome.ok();
  observer->Finished(event);
  return outcome;
}

}  // namespace robomerge::schedule
