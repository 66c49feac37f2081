// Fewer rounds under the sanitizers: they look for something else than the tests that go through
// all of many cases, and make them ten times as slow.
#pragma once

#include <cstdint>

namespace robomerge {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

/// From one fault of a sweep over all operations to the next.
inline constexpr uint64_t kSweepStep = kIsSanitized ? 29 : 1;

}  // namespace robomerge
