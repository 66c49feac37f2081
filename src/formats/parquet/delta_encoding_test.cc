#include "formats/parquet/delta_encoding.h"

#include <gmock/gmock.h>

#include <limits>
#include <random>

#include "formats/parquet/file_splice.h"
#include "testing/parquet_files_internal.h"

namespace robomerge::parquet {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

// The values of a run, with sums that wrap where a product would not fit.
std::vector<int64_t> Expand(const Int64Run& run, size_t size) {
  std::vector<int64_t> values;
  auto value = static_cast<uint64_t>(run.first);
  for (size_t i = 0; i < size; ++i, value += static_cast<uint64_t>(run.step))
    values.push_back(static_cast<int64_t>(value));
  return values;
}

// Replaces a column of zeros by the values and lets Arrow read the file.
std::vector<int64_t> DecodedByArrow(const Int64Values& values, size_t num_rows, bool optional,
                                    bool page_index) {
  const auto schema = arrow::schema({arrow::field("n", arrow::int64(), optional)});
  ::parquet::WriterProperties::Builder properties;
  if (page_index) properties.enable_write_page_index();
  const auto zeros =
      arrow::Table::Make(schema, {testing::Int64s(std::vector<int64_t>(num_rows, 0))});
  const MemoryFile file("zeros.parquet", testing::WriteParquet({zeros}, properties.build()));
  const Footer footer = Footer::Read(file).value();
  const DestinationSchema destination = DestinationSchema::From(file, footer, {}).value();
  RowGroupSource row_group;
  row_group.num_rows = num_rows;
  row_group.replaced = {{"n", values}};
  const SpliceSource source{&file, &footer};
  MemoryOutput output("out.parquet");
  const auto report = WriteSplice({&source, 1}, {&row_group, 1}, destination, {}, output);
  EXPECT_TRUE(report.ok()) << report.status().ToString();
  const auto table = testing::ReadParquet(output.bytes());
  if (!table) return {};
  EXPECT_TRUE(table->ValidateFull().ok());
  std::vector<int64_t> decoded;
  for (const auto& chunk : table->column(0)->chunks()) {
    EXPECT_EQ(chunk->null_count(), 0);
    const auto& numbers = static_cast<const arrow::Int64Array&>(*chunk);
    decoded.insert(decoded.end(), numbers.raw_values(), numbers.raw_values() + numbers.length());
  }
  // The statistics that we wrote are those of the values.
  const MemoryFile made("out.parquet", output.bytes());
  const Footer made_footer = Footer::Read(made).value();
  const ColumnChunk& chunk = made_footer.row_groups()[0].columns[0];
  EXPECT_EQ(chunk.min_value, *std::min_element(decoded.begin(), decoded.end()));
  EXPECT_EQ(chunk.max_value, *std::max_element(decoded.begin(), decoded.end()));
  EXPECT_EQ(chunk.null_count, 0);
  return decoded;
}

TEST(EncodeInt64Chunk, ArrowDecodesRandomVectorsOfEveryWidth) {
  std::mt19937_64 random(20240607);
  for (int trial = 0; trial < 150; ++trial) {
    const size_t size = 1 + random() % 700;
    const int width = static_cast<int>(random() % 65);
    std::vector<int64_t> values(size);
    for (int64_t& value : values) {
      value = static_cast<int64_t>(width == 0 ? 42 : random() >> (64 - width));
      if (random() % 50 == 0) value = random() % 2 ? kLeast : kMost;
    }
    ASSERT_EQ(DecodedByArrow(values, size, trial % 2 == 0, trial % 3 == 0), values)
        << "trial " << trial;
  }
}

TEST(EncodeInt64Chunk, ArrowDecodesExtremesAndBlockEdges) {
  const std::vector<std::vector<int64_t>> cases = {
      {kLeast}, {kMost}, {kLeast, kMost}, {kMost, kLeast, kMost, 0, -1, 1, kLeast}, {5, 5, 5}};
  for (const auto& values : cases)
    ASSERT_EQ(DecodedByArrow(values, values.size(), true, true), values);
  for (const size_t size : {1, 2, 32, 33, 34, 128, 129, 130, 256, 257, 258, 1000}) {
    std::vector<int64_t> values(size);
    for (size_t i = 0; i < size; ++i) values[i] = static_cast<int64_t>(i % 7) * (i % 2 ? 1 : -1);
    ASSERT_EQ(DecodedByArrow(values, size, false, false), values);
  }
}

TEST(EncodeInt64Chunk, ArrowDecodesRunsAsTheVectorTheyStandFor) {
  struct Case {
    Int64Run run;
    size_t size;
  };
  const Case cases[] = {
      {{0, 1}, 1},          {{7, 0}, 300},        {{100, 1}, 1000},         {{5, -3}, 129},
      {{kMost - 9, 1}, 10}, {{kLeast, kMost}, 3}, {{kLeast + 128, -1}, 129}};
  for (const Case& one : cases) {
    const std::vector<int64_t> expected = Expand(one.run, one.size);
    ASSERT_EQ(DecodedByArrow(one.run, one.size, true, true), expected);
    std::string as_run, as_vector;
    internal::AppendDeltaBinaryPacked(one.run, one.size, as_run);
    internal::AppendDeltaBinaryPacked(expected, one.size, as_vector);
    EXPECT_EQ(as_run, as_vector);
  }
}

TEST(EncodeInt64Chunk, ARunOfAThousandRowsIsSmall) {
  const auto chunk = EncodeInt64Chunk(Int64Run{123456, 1}, 1000, true);
  ASSERT_OK(chunk.status());
  EXPECT_LT(chunk->pages.size(), 100u);
}

TEST(EncodeInt64Chunk, RefusesRunsThatLeaveInt64AndWrongCounts) {
  const Status leaves = EncodeInt64Chunk(Int64Run{kMost - 9, 1}, 11, true).status();
  EXPECT_EQ(leaves.code(), Code::kInvalidArgument);
  EXPECT_THAT(leaves.ToString(), HasSubstr("leaves int64"));
  EXPECT_EQ(EncodeInt64Chunk(Int64Run{1, kMost}, 3, true).status().code(), Code::kInvalidArgument);
  const Status counts = EncodeInt64Chunk(std::vector<int64_t>{1, 2}, 3, true).status();
  EXPECT_THAT(counts.ToString(), HasSubstr("expected 3 values, found 2 values"));
  EXPECT_EQ(EncodeInt64Chunk(Int64Run{}, uint64_t{1} << 31, true).status().code(),
            Code::kUnsupported);
}

}  // namespace
}  // namespace robomerge::parquet
