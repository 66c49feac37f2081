// What every target holds against the code under test; what does not hold aborts, which is what a
// fuzzer looks for.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "robomerge/status.h"

#define FUZZ_CHECK(condition, words)                                                           \
  do {                                                                                         \
    if (!(condition)) {                                                                        \
      std::fprintf(stderr, "fuzz: %s is false at %s:%d: %s\n", #condition, __FILE__, __LINE__, \
                   std::string(words).c_str());                                                \
      std::abort();                                                                            \
    }                                                                                          \
  } while (false)

namespace robomerge::fuzz {

/// Returns whether it is ok. An internal error is a bug whatever the input, and a problem without
/// words helps nobody.
inline bool Fine(const Status& status) {
  for (const Problem& problem : status.problems()) {
    FUZZ_CHECK(problem.code != Code::kInternal, status.ToString());
    FUZZ_CHECK(!problem.what.empty(), status.ToString());
  }
  return status.ok();
}

template <typename Value>
bool Fine(const Result<Value>& result) {
  return Fine(result.status());
}

inline std::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace robomerge::fuzz
