// Which part of a list each of several processes takes. It follows from the list alone, so the
// processes need not talk to each other.
#pragma once

#include <cstdint>
#include <vector>

#include "robomerge/status.h"

namespace robomerge {

/// The half-open range [first, end) of a list.
struct Slice {
  uint64_t first = 0;
  uint64_t end = 0;
};

/// kInvalidArgument (E-rank) unless 0 <= rank < world_size.
Status CheckRank(int64_t rank, int64_t world_size);

/// The rank's share of `num_items`, by number. REQUIRES: CheckRank.
Slice SliceByNumber(uint64_t num_items, int64_t rank, int64_t world_size);

/// The rank's share by cost: an item belongs to the rank in whose share of the total cost its
/// middle lies. Each file costs a constant besides its bytes, for making and syncing it.
/// REQUIRES: CheckRank.
Slice SliceByCost(const std::vector<uint64_t>& cost_bytes, int64_t rank, int64_t world_size);

}  // namespace robomerge
