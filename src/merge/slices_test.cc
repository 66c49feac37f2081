#include "merge/slices.h"

#include <gtest/gtest.h>

#include <numeric>

namespace robomerge {
namespace {

constexpr uint64_t kMegabyte = uint64_t{1} << 20;

TEST(Slices, ByNumberCoverEverythingOnce) {
  for (const int64_t world_size : {1, 3, 7, 20}) {
    uint64_t next = 0;
    for (int64_t rank = 0; rank < world_size; ++rank) {
      const Slice slice = SliceByNumber(12, rank, world_size);
      EXPECT_EQ(slice.first, next);
      EXPECT_LE(slice.end - slice.first, 12u / static_cast<uint64_t>(world_size) + 1);
      next = slice.end;
    }
    EXPECT_EQ(next, 12u);
  }
}

TEST(Slices, ByCostCoverEverythingOnceAndAreBalanced) {
  std::vector<uint64_t> costs;
  for (uint64_t item = 0; item < 400; ++item) costs.push_back(item * 7919 % 200 * kMegabyte);
  const uint64_t total =
      std::accumulate(costs.begin(), costs.end(), uint64_t{0}) + costs.size() * kMegabyte;
  for (const int64_t world_size : {1, 3, 7, 100, 1000}) {
    uint64_t next = 0;
    for (int64_t rank = 0; rank < world_size; ++rank) {
      const Slice slice = SliceByCost(costs, rank, world_size);
      if (slice.first == slice.end) continue;
      EXPECT_EQ(slice.first, next);
      next = slice.end;
      uint64_t cost = 0;
      for (uint64_t item = slice.first; item < slice.end; ++item) cost += costs[item] + kMegabyte;
      // A contiguous cut is off by at most the items at its two ends, half of each.
      EXPECT_LE(cost, total / static_cast<uint64_t>(world_size) + 201 * kMegabyte);
    }
    EXPECT_EQ(next, costs.size());
  }
}

TEST(Slices, FilesWithoutBytesAreShared) {
  const std::vector<uint64_t> costs(10, 0);
  EXPECT_EQ(SliceByCost(costs, 0, 2).end, 5u);
  EXPECT_EQ(SliceByCost({}, 0, 2).end, 0u);
}

TEST(Slices, RanksOutOfRangeAreRefused) {
  EXPECT_TRUE(CheckRank(6, 7).ok());
  for (const auto& [rank, world_size] : {std::pair(7, 7), {-1, 7}, {0, 0}, {0, -3}}) {
    const Status status = CheckRank(rank, world_size);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.problems().front().kind, "E-rank");
  }
}

}  // namespace
}  // namespace robomerge
