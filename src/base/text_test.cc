#include "base/text.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/checked.h"

namespace robomerge {
namespace {

TEST(Text, Separators) {
  EXPECT_EQ(WithSeparators(0), "0");
  EXPECT_EQ(WithSeparators(999), "999");
  EXPECT_EQ(WithSeparators(1000), "1,000");
  EXPECT_EQ(WithSeparators(1234567), "1,234,567");
}

TEST(Text, Bytes) {
  EXPECT_EQ(FormatBytes(812), "812 B");
  EXPECT_EQ(FormatBytes(4500), "4.50 kB");
  EXPECT_EQ(FormatBytes(272300000), "272.3 MB");
  EXPECT_EQ(FormatBytes(999999), "1.00 MB");
}

TEST(Text, DoublesAsPythonWritesThem) {
  EXPECT_EQ(FormatDouble(0), "0.0");
  EXPECT_EQ(FormatDouble(5.5), "5.5");
  EXPECT_EQ(FormatDouble(0.1), "0.1");
  EXPECT_EQ(FormatDouble(1e-4), "0.0001");
  EXPECT_EQ(FormatDouble(1e-5), "1e-05");
  EXPECT_EQ(FormatDouble(1e16), "1e+16");
  EXPECT_EQ(FormatDouble(123456789012.0), "123456789012.0");
  EXPECT_EQ(FormatDouble(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(Checked, OverflowIsNothing) {
  EXPECT_EQ(CheckedAdd<uint32_t>(1, 2), 3u);
  EXPECT_FALSE(CheckedAdd<uint32_t>(0xffffffffu, 1).has_value());
  EXPECT_FALSE(CheckedMultiply<int64_t>(int64_t{1} << 62, 4).has_value());
  EXPECT_EQ(CheckedLcm(6, 4), 12u);
  EXPECT_TRUE(RangeFits(3, 2, 5));
  EXPECT_FALSE(RangeFits(4, 2, 5));
  EXPECT_FALSE(RangeFits(~uint64_t{0}, 2, 5));
}

TEST(Text, Utf8IsToldFromOtherBytes) {
  for (const char* text : {"", "plain", "caf\xC3\xA9", "\xF0\x9F\xA4\x96"})
    EXPECT_TRUE(IsUtf8(text));
  for (const char* text : {"\xFF", "caf\xE9", "\xC0\x80", "\xED\xA0\x80", "\xF0\x9F\xA4"})
    EXPECT_FALSE(IsUtf8(text)) << text;
}

}  // namespace
}  // namespace robomerge
