#include "verify/moments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace robomerge::verify_internal {
namespace {

TEST(Moments, OfPartsAreThoseOfTheWhole) {
  const std::vector<double> values = {3, -1, 4, 1, -5, 9, 2, 6};
  const Moments whole = Moments::Of(values, 0, 1, 8);
  Moments parts = Moments::Of(values, 0, 1, 3);
  parts.Add(Moments::Of(values, 3, 1, 5));
  parts.Add(Moments{});
  EXPECT_EQ(parts.count, 8);
  EXPECT_EQ(parts.min, -5);
  EXPECT_EQ(parts.max, 9);
  EXPECT_DOUBLE_EQ(parts.mean, whole.mean);
  EXPECT_DOUBLE_EQ(parts.squares, whole.squares);
  EXPECT_DOUBLE_EQ(whole.mean, 19.0 / 8);
  EXPECT_DOUBLE_EQ(Value("std", whole), std::sqrt(173.0 / 8 - 19.0 * 19 / 64));
}

TEST(Moments, OfAMatrixAreReducedToItsLastDimension) {
  // Two rows of 2 x 3.
  const std::vector<double> values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  ElementMoments elements;
  for (uint64_t at = 0; at < 6; ++at) elements.push_back(Moments::Of(values, at, 6, 2));
  const ElementMoments reduced = Reduced(elements, 3);
  ASSERT_EQ(reduced.size(), 3U);
  EXPECT_EQ(reduced[0].count, 4);
  EXPECT_DOUBLE_EQ(reduced[0].mean, (1 + 4 + 7 + 10) / 4.0);
  EXPECT_EQ(reduced[2].max, 12);
  EXPECT_TRUE(Reduced(elements, 4).empty());
  EXPECT_TRUE(Reduced(elements, 0).empty());
}

TEST(Moments, ANaNMakesEverythingNaN) {
  Moments moments = Moments::Of({1, std::nan(""), 2}, 0, 1, 3);
  EXPECT_TRUE(std::isnan(moments.min) && std::isnan(moments.max) && std::isnan(moments.mean));
  EXPECT_TRUE(Matches("min", std::nan(""), moments));
  EXPECT_FALSE(Matches("min", 1, moments));
  Moments healthy = Moments::Of({1, 2}, 0, 1, 2);
  healthy.Add(moments);
  EXPECT_TRUE(std::isnan(healthy.max));
}

TEST(Moments, OfTheLargestNumbersAreFinite) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  Moments moments = Moments::Of({kLargest, kLargest, kLargest, -kLargest}, 0, 1, 4);
  EXPECT_TRUE(Matches("mean", kLargest / 2, moments));
  EXPECT_TRUE(Matches("std", kLargest * std::sqrt(0.75), moments));
  moments.Add(Moments::Of({-kLargest, -kLargest, -kLargest, kLargest}, 0, 1, 4));
  EXPECT_TRUE(Matches("mean", 0, moments));
  EXPECT_FALSE(Matches("mean", kLargest / 2, moments));
}

TEST(Moments, AllowForFloat32AndNothingMore) {
  const Moments moments = Moments::Of({0.1, 0.2, 0.4}, 0, 1, 3);
  EXPECT_TRUE(Matches("max", static_cast<float>(0.4), moments));
  EXPECT_FALSE(Matches("max", 0.4001, moments));
  EXPECT_TRUE(Matches("mean", moments.mean + 1e-6, moments));
  EXPECT_FALSE(Matches("mean", moments.mean + 1e-4, moments));
  EXPECT_FALSE(Matches("std", Value("std", moments) + 1e-3, moments));
  // In float32 the two numbers are equal.
  EXPECT_TRUE(Matches("std", 0, Moments::Of({1000, 1000.0001}, 0, 1, 2)));
}

}  // namespace
}  // namespace robomerge::verify_internal
