// What every target checks in the code under test. A check that fails aborts, which a fuzzer
// reports.
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

/// Returns whether it is ok. Aborts on an internal error, which is a bug whatever the input, and on
/// a problem without a sentence.
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
