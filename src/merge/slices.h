// Which part of a list one of several processes takes: from the list alone, so that they need not
// talk.
#pragma once

#include <cstdint>
#include <vector>

#include "robomerge/status.h"

namespace robomerge {

/// [first, end) of a list.
struct Slice {
  uint64_t first = 0;
  uint64_t end = 0;
};

/// kInvalidArgument (E-rank) unless 0 <= rank < world_size.
Status CheckRank(int64_t rank, int64_t world_size);

/// The rank's share of `num_items`, by number. REQUIRES: CheckRank.
Slice SliceByNumber(uint64_t num_items, int64_t rank, int64_t world_size);

/// The rank's share by cost: an item belongs to the rank in whose share of the total its middle
/// lies. A file counts a constant beside its bytes, for making and syncing it. REQUIRES: CheckRank.
Slice SliceByCost(const std::vector<uint64_t>& cost_bytes, int64_t rank, int64_t world_size);

}  // namespace robomerge
