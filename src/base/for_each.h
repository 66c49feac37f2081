// A loop whose turns do not depend on each other, for rooms that know no threads.
#pragma once

#include <cstddef>
#include <functional>

namespace robomerge {

/// Calls `turn` with 0 to `count` - 1, each once; perhaps several at once, and in any order.
using ForEach = std::function<void(size_t count, const std::function<void(size_t)>& turn)>;

inline void OneByOne(size_t count, const std::function<void(size_t)>& turn) {
  for (size_t at = 0; at < count; ++at) turn(at);
}

}  // namespace robomerge
