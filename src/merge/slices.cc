#include "merge/slices.h"

#include "base/text.h"

namespace robomerge {
namespace {

// Making, syncing and renaming a file, in bytes that could be copied in that time.
constexpr uint64_t kFileCostBytes = uint64_t{1} << 20;

constexpr int64_t kMostRanks = 1'000'000;

// number * rank / world_size, rounded down. No product overflows, since world sizes are far below
// 2^32.
uint64_t Share(uint64_t number, int64_t rank, int64_t world_size) {
  const auto numerator = static_cast<uint64_t>(rank),
             denominator = static_cast<uint64_t>(world_size);
  return number / denominator * numerator + number % denominator * numerator / denominator;
}

}  // namespace

Status CheckRank(int64_t rank, int64_t world_size) {
  const bool is_world = world_size >= 1 && world_size <= kMostRanks;
  if (is_world && rank >= 0 && rank < world_size) return Status();
  return Problem(Code::kInvalidArgument, "rank is out of range")
      .Kind("E-rank")
      .Expected(is_world ? StrCat("0 to ", world_size - 1, " for a world size of ", world_size)
                         : StrCat("a world size of 1 to ", kMostRanks))
      .Found(is_world ? StrCat("rank ", rank) : StrCat("world size ", world_size));
}

Slice SliceByNumber(uint64_t num_items, int64_t rank, int64_t world_size) {
  return {Share(num_items, rank, world_size), Share(num_items, rank + 1, world_size)};
}

Slice SliceByCost(const std::vector<uint64_t>& cost_bytes, int64_t rank, int64_t world_size) {
  uint64_t total = 0;
  for (const uint64_t cost : cost_bytes) total += cost + kFileCostBytes;
  const uint64_t begin = Share(total, rank, world_size), end = Share(total, rank + 1, world_size);
  Slice slice{cost_bytes.size(), cost_bytes.size()};
  uint64_t before = 0;
  for (uint64_t item = 0; item < cost_bytes.size(); ++item) {
    const uint64_t cost = cost_bytes[item] + kFileCostBytes;
    const uint64_t middle = before + cost / 2;
    before += cost;
    if (middle < begin) continue;
    if (slice.first == cost_bytes.size()) slice.first = item;
    if (middle >= end) {
      slice.end = item;
      break;
    }
  }
  return slice;
}

}  // namespace robomerge
