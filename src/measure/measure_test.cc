#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "measure/exact_sums.h"
#include "measure/runs.h"

namespace robomerge::measure {
namespace {

TEST(ExactSums, LoseNothingWhateverTheOrder) {
  const std::vector<double> values = {1e300, 1.5, -1e300, 5e-324, 1e-200, -1.5, 3.0};
  ExactSums all;
  for (const double value : values) all.Add(value, 1);
  EXPECT_EQ(all.Mean(7), 3.0 / 7);
  ExactSums first, second;
  for (size_t at = values.size(); at-- > 3;) second.Add(values[at], 1);
  for (size_t at = 3; at-- > 0;) first.Add(values[at], 1);
  second.Add(first);
  EXPECT_EQ(second.Mean(7), all.Mean(7));
  EXPECT_EQ(second.Deviation(7), all.Deviation(7));
  // Its squares are too large for a float64.
  EXPECT_NEAR(all.Deviation(7) / 1e300, std::sqrt(2.0 / 7), 1e-15);
}

TEST(ExactSums, OfEqualValuesHaveNoDeviation) {
  for (const double value : {152.3, -1e-310, 1e308, 0.1}) {
    ExactSums sums;
    sums.Add(value, 10'000'019);
    EXPECT_EQ(sums.Mean(10'000'019), value);
    EXPECT_EQ(sums.Deviation(10'000'019), 0.0);
  }
  EXPECT_EQ(ExactSums().Mean(0), 0.0);
}

TEST(ExactSums, AreReadAsTheyWereWritten) {
  ExactSums sums;
  for (const double value : {-7.25, 1e-9, 1e200}) sums.Add(value, 3);
  std::string bytes;
  ByteWriter out(bytes);
  sums.AppendTo(out);
  ByteReader in(bytes);
  const ExactSums read = ExactSums::From(in);
  EXPECT_TRUE(in.ok() && in.at_end());
  EXPECT_EQ(read.Mean(9), sums.Mean(9));
  EXPECT_EQ(read.Deviation(9), sums.Deviation(9));
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader cut(std::string_view(bytes).substr(0, size));
    ExactSums::From(cut);
    EXPECT_FALSE(cut.ok());
  }
}

// The sums of a bucket at once are those of its values one by one.
TEST(ExactSums, OfFloatsAreThoseOfTheirValues) {
  std::mt19937 random(3);
  for (const bool is_negative : {false, true}) {
    for (const uint32_t exponent : {1U, 100U, 127U, 254U}) {
      ExactSums at_once, one_by_one;
      uint64_t sum = 0;
      UnsignedWide squares = 0;
      for (int number = 0; number < 1000; ++number) {
        const uint32_t mantissa = random() & 0x7fffff;
        sum += mantissa | 1U << 23;
        squares += static_cast<UnsignedWide>(mantissa | 1U << 23) * (mantissa | 1U << 23);
        const uint32_t bits = (is_negative ? 1U << 31 : 0U) | exponent << 23 | mantissa;
        one_by_one.Add(static_cast<double>(std::bit_cast<float>(bits)), 1);
      }
      at_once.AddFloats(is_negative, exponent, sum, squares);
      EXPECT_EQ(at_once.Mean(1000), one_by_one.Mean(1000)) << exponent;
      EXPECT_EQ(at_once.Deviation(1000), one_by_one.Deviation(1000)) << exponent;
    }
  }
}

TEST(Keys, AreInTheOrderOfTheValues) {
  const std::vector<double> values = {-1e300, -1.0, -5e-324, 0.0, 5e-324, 1.0, 1e300};
  for (size_t at = 1; at < values.size(); ++at) EXPECT_LT(KeyOf(values[at - 1]), KeyOf(values[at]));
  for (const double value : values) EXPECT_EQ(ValueOf(KeyOf(value)), value);
  EXPECT_EQ(KeyOf(-0.0), KeyOf(0.0));
  EXPECT_EQ(KeyOf(-0.0F), KeyOf(0.0F));
  EXPECT_EQ(ValueOf(KeyOf(-1.5F)), -1.5);
}

template <typename Key>
std::vector<Key> RandomKeys(size_t count, uint32_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Key> keys;
  for (size_t at = 0; at < count; ++at) keys.push_back(static_cast<Key>(random() >> (at % 7 * 8)));
  return keys;
}

// Appends the run of keys in any order, and returns the bytes of its directory.
uint64_t AppendRunOf(std::vector<uint32_t> keys, std::string& out) {
  Bucketing bucketing;
  return AppendRun(bucketing.Of(keys), out);
}
uint64_t AppendRunOf(std::vector<uint64_t> keys, std::string& out) {
  std::vector<uint64_t> scratch;
  SortKeys(keys, scratch);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  return AppendRun(keys, out);
}

template <typename Key>
void CheckRun(const std::vector<Key>& keys) {
  std::string bytes;
  const uint64_t directory_bytes = AppendRunOf(keys, bytes);
  const std::vector<Bucket> buckets =
      ReadDirectory(bytes.substr(0, directory_bytes), bytes.size() - directory_bytes, "").value();
  std::vector<Key> read;
  for (const Bucket& bucket : buckets) {
    const std::string entries = bytes.substr(directory_bytes + bucket.offset, bucket.num_bytes);
    const size_t first = read.size();
    for (const Entry& entry : ReadBucket(bucket, entries, sizeof(Key) * 8, "").value())
      read.insert(read.end(), entry.times, static_cast<Key>(entry.key));
    EXPECT_EQ(read.size() - first, bucket.num_values);
    EXPECT_FALSE(
        ReadBucket(bucket, entries.substr(0, entries.size() - 1), sizeof(Key) * 8, "").ok());
  }
  std::vector<Key> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  std::sort(read.begin(), read.end());
  EXPECT_EQ(read, sorted);
  EXPECT_FALSE(ReadDirectory(bytes.substr(0, directory_bytes), bytes.size(), "").ok());
}

template <typename Key>
void CheckRuns(size_t count) {
  std::vector<Key> keys = RandomKeys<Key>(count, 5);
  for (size_t at = 0; at < count / 3; ++at) keys.push_back(keys[at]);
  CheckRun(keys);
  CheckRun(std::vector<Key>(count, keys.back()));
}

TEST(Runs, HoldTheirValues) {
  for (const size_t count : {size_t{1}, size_t{100}, size_t{5000}}) {
    CheckRuns<uint32_t>(count);
    CheckRuns<uint64_t>(count);
  }
}

}  // namespace
}  // namespace robomerge::measure
