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

template <typename Key>
void CheckRun(size_t count) {
  std::vector<Key> keys = RandomKeys<Key>(count, 5), scratch, sorted = keys;
  for (size_t at = 0; at < count / 3; ++at) keys.push_back(keys[at]), sorted.push_back(keys[at]);
  std::sort(sorted.begin(), sorted.end());
  SortKeys(keys, scratch);
  ASSERT_EQ(keys, sorted);
  std::string bytes;
  const uint64_t directory_bytes = AppendRun(keys, bytes);
  const std::vector<Bucket> buckets =
      ReadDirectory(bytes.substr(0, directory_bytes), bytes.size() - directory_bytes, "").value();
  std::vector<Key> read;
  for (const Bucket& bucket : buckets) {
    const std::string entries = bytes.substr(directory_bytes + bucket.offset, bucket.num_bytes);
    for (const Entry& entry : ReadBucket(bucket, entries, sizeof(Key) * 8, "").value())
      read.insert(read.end(), entry.times, static_cast<Key>(entry.key));
    EXPECT_FALSE(
        ReadBucket(bucket, entries.substr(0, entries.size() - 1), sizeof(Key) * 8, "").ok());
  }
  EXPECT_EQ(read, sorted);
  EXPECT_FALSE(ReadDirectory(bytes.substr(0, directory_bytes), bytes.size(), "").ok());
}

TEST(Runs, HoldTheirValues) {
  for (const size_t count : {size_t{1}, size_t{100}, size_t{5000}}) {
    CheckRun<uint32_t>(count);
    CheckRun<uint64_t>(count);
  }
}

}  // namespace
}  // namespace robomerge::measure
