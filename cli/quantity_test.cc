#include "cli/quantity.h"

#include <gtest/gtest.h>

#include <limits>

namespace robomerge::cli {
namespace {

TEST(Quantity, SeparatesThousands) {
  EXPECT_EQ(Separated(0), "0");
  EXPECT_EQ(Separated(999), "999");
  EXPECT_EQ(Separated(1000), "1,000");
  EXPECT_EQ(Separated(std::numeric_limits<uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(Quantity, CountsOneInTheSingular) {
  EXPECT_EQ(Counted(1, "dataset"), "1 dataset");
  EXPECT_EQ(Counted(0, "dataset"), "0 datasets");
  EXPECT_EQ(Counted(1200, "frame"), "1,200 frames");
}

TEST(Quantity, BytesGoToTheNextUnitBeforeTheyRoundToAThousand) {
  EXPECT_EQ(BytesText(999), "999 B");
  EXPECT_EQ(BytesText(1000), "1.00 kB");
  EXPECT_EQ(BytesText(9996), "10.0 kB");
  EXPECT_EQ(BytesText(999'949), "999.9 kB");
  EXPECT_EQ(BytesText(999'950), "1.00 MB");
  EXPECT_EQ(BytesText(std::numeric_limits<uint64_t>::max()), "18.4 EB");
}

TEST(Quantity, SecondsNeverShowSixtyOfAUnit) {
  EXPECT_EQ(SecondsText(0.118), "0.12 s");
  EXPECT_EQ(SecondsText(9.999), "10.0 s");
  EXPECT_EQ(SecondsText(59.96), "1 min 00 s");
  EXPECT_EQ(SecondsText(3599.6), "1 h 00 min");
  EXPECT_EQ(SecondsText(7385), "2 h 03 min");
}

TEST(Quantity, SecondsThatAreNoneDoNotOverflow) {
  EXPECT_EQ(SecondsText(-1), "0.00 s");
  EXPECT_EQ(SecondsText(std::numeric_limits<double>::quiet_NaN()), "0.00 s");
  EXPECT_EQ(SecondsText(std::numeric_limits<double>::infinity()), "277,777,777,777 h 46 min");
}

TEST(Quantity, PercentIsAHundredOnlyWhenAllIsDone) {
  EXPECT_EQ(PercentText(0, 10), "0 %");
  EXPECT_EQ(PercentText(9'999'999, 10'000'000), "99 %");
  EXPECT_EQ(PercentText(10, 10), "100 %");
  EXPECT_EQ(PercentText(0, 0), "100 %");
}

}  // namespace
}  // namespace robomerge::cli
