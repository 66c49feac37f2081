#include <gmock/gmock.h>

#include "formats/parquet/chunk_stream_internal.h"
#include "formats/parquet/file_splice.h"
#include "testing/parquet_files_internal.h"

namespace robomerge::parquet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::WriteParquet;

TEST(MatchLevels, MapsWhatMayBeNull) {
  EXPECT_TRUE(MatchLevels("optional byte_array", "optional byte_array")->empty());
  EXPECT_THAT(*MatchLevels("required byte_array", "optional byte_array"), ElementsAre(1));
  EXPECT_THAT(*MatchLevels("optional byte_array", "required byte_array"), ElementsAre(-1, 0));
  // null list, empty list, null in it, value
  EXPECT_THAT(*MatchLevels("optional group(list) / repeated group / optional float",
                           "optional group(list) / repeated group / required float"),
              ElementsAre(0, 1, -1, 2));
  EXPECT_THAT(*MatchLevels("required group(list) / repeated group / required float",
                           "optional group(list) / repeated group / optional float"),
              ElementsAre(1, 3));
  EXPECT_FALSE(MatchLevels("optional float", "optional double").has_value());
  EXPECT_FALSE(MatchLevels("repeated float", "optional float").has_value());
  EXPECT_FALSE(MatchLevels("optional group `a` / optional float", "optional float").has_value());
}

// Two columns of large values, as pictures are stored, and lists of them; nulls at every level.
std::shared_ptr<arrow::Table> Pictures(int64_t num_rows, size_t bytes, bool all_alike) {
  const auto picture =
      arrow::struct_({arrow::field("bytes", arrow::binary()), arrow::field("path", arrow::utf8())});
  auto rows = arrow::MakeBuilder(picture).ValueOrDie();
  auto lists = arrow::MakeBuilder(arrow::list(arrow::binary())).ValueOrDie();
  auto& of_row = static_cast<arrow::StructBuilder&>(*rows);
  auto& pixels = static_cast<arrow::BinaryBuilder&>(*of_row.field_builder(0));
  auto& path = static_cast<arrow::StringBuilder&>(*of_row.field_builder(1));
  auto& list = static_cast<arrow::ListBuilder&>(*lists);
  auto& parts = static_cast<arrow::BinaryBuilder&>(*list.value_builder());
  for (int64_t row = 0; row < num_rows; ++row) {
    if (row % 11 == 3) {
      EXPECT_TRUE(rows->AppendNull().ok() && lists->AppendNull().ok());
      continue;
    }
    std::string value(bytes, static_cast<char>('a' + (all_alike ? 0 : row % 20)));
    if (!all_alike) value.replace(0, 8, std::to_string(10'000'000 + row));
    EXPECT_TRUE(of_row.Append().ok() && pixels.Append(value).ok() && path.AppendNull().ok());
    EXPECT_TRUE(list.Append().ok());
    for (int64_t part = 0; part < row % 4; ++part)
      EXPECT_TRUE((part == 2 ? parts.AppendNull() : parts.Append(value.substr(0, 2000))).ok());
  }
  return arrow::Table::Make(
      arrow::schema({arrow::field("picture", picture), arrow::field("parts", lists->type())}),
      {rows->Finish().ValueOrDie(), lists->Finish().ValueOrDie()});
}

struct Spliced {
  std::shared_ptr<arrow::Table> table;
  SpliceReport report;
  std::string bytes;
};

// Splices row ranges of one file.
Result<Spliced> Regroup(const std::string& bytes,
                        const std::vector<std::pair<uint64_t, uint64_t>>& ranges,
                        uint64_t alignment_bytes = 1, const std::string* schema_of = nullptr) {
  const MemoryFile file("source.parquet", bytes);
  ROBOMERGE_ASSIGN_OR_RETURN(const Footer footer, Footer::Read(file));
  const MemoryFile owner("owner.parquet", schema_of ? *schema_of : bytes);
  ROBOMERGE_ASSIGN_OR_RETURN(const Footer owner_footer, Footer::Read(owner));
  ROBOMERGE_ASSIGN_OR_RETURN(const auto schema, DestinationSchema::From(owner, owner_footer, {}));
  std::vector<RowGroupSource> row_groups;
  for (const auto& [first_row, num_rows] : ranges)
    row_groups.push_back({0, first_row, num_rows, {}});
  const SpliceSource source{&file, &footer};
  MemoryOutput output("out.parquet");
  Spliced spliced;
  SpliceOptions options;
  options.alignment_bytes = alignment_bytes;
  ROBOMERGE_ASSIGN_OR_RETURN(spliced.report,
                             WriteSplice({&source, 1}, row_groups, schema, options, output));
  spliced.bytes = output.bytes();
  EXPECT_EQ(spliced.bytes.size(), spliced.report.file_size_bytes);
  spliced.table = testing::ReadParquet(spliced.bytes);
  return spliced;
}

void ExpectRows(const arrow::Table& found, const std::shared_ptr<arrow::Table>& source,
                const std::vector<std::pair<uint64_t, uint64_t>>& ranges) {
  std::vector<std::shared_ptr<arrow::Table>> parts;
  for (const auto& [first_row, num_rows] : ranges)
    parts.push_back(source->Slice(static_cast<int64_t>(first_row), static_cast<int64_t>(num_rows)));
  ASSERT_TRUE(found.ValidateFull().ok());
  EXPECT_TRUE(found.CombineChunks().ValueOrDie()->Equals(
      *arrow::ConcatenateTables(parts).ValueOrDie()->CombineChunks().ValueOrDie()));
}

class LargeColumns : public ::testing::TestWithParam<std::tuple<bool, bool, uint64_t>> {};
INSTANTIATE_TEST_SUITE_P(AlikeIndexAlignment, LargeColumns,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool(),
                                            ::testing::Values(1, 4096)));

TEST_P(LargeColumns, AreRegroupedValueByValue) {
  const auto [all_alike, page_index, alignment_bytes] = GetParam();
  ::parquet::WriterProperties::Builder properties;
  properties.compression(::parquet::Compression::ZSTD);
  page_index ? properties.enable_write_page_index() : properties.disable_write_page_index();
  const auto first = Pictures(2500, 30'000, all_alike), second = Pictures(700, 60'000, all_alike);
  const std::string bytes = WriteParquet({first, second}, properties.build());
  const auto whole = arrow::ConcatenateTables({first, second}).ValueOrDie();
  // Within, across and exactly a row group; the last one goes back.
  const std::vector<std::pair<uint64_t, uint64_t>> ranges = {
      {0, 1200}, {1200, 1100}, {2300, 900}, {2500, 700}, {7, 2000}};
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, Regroup(bytes, ranges, alignment_bytes));
  ExpectRows(*spliced.table, whole, ranges);
  EXPECT_EQ(spliced.report.num_chunks_decoded, 4u * 3u);  // three leaves
  const Footer footer = Footer::Read(MemoryFile("out", spliced.bytes)).value();
  ASSERT_EQ(footer.row_groups().size(), ranges.size());
  EXPECT_EQ(footer.row_groups()[1].num_rows, 1100);
  EXPECT_EQ(footer.representation().place(0, 0).offset_index_bytes > 0, page_index);
  // A picture that repeats is still stored once.
  if (all_alike) {
    EXPECT_LT(footer.row_groups()[0].uncompressed_bytes(), 2'000'000u);
  }
  ASSERT_OK_AND_ASSIGN(const Spliced again, Regroup(bytes, ranges, alignment_bytes));
  EXPECT_EQ(again.bytes, spliced.bytes);
}

TEST(LargeColumns, BecomeNullableOrAreRefusedForTheirNulls) {
  const auto make = [](bool nullable, bool has_null) {
    arrow::BinaryBuilder builder;
    for (int row = 0; row < 1500; ++row) {
      EXPECT_TRUE((has_null && row == 1200 ? builder.AppendNull()
                                           : builder.Append(std::string(50'000, 'x')))
                      .ok());
    }
    return arrow::Table::Make(arrow::schema({arrow::field("b", arrow::binary(), nullable)}),
                              {builder.Finish().ValueOrDie()});
  };
  const std::string nullable = WriteParquet({make(true, false)}),
                    with_null = WriteParquet({make(true, true)}),
                    required = WriteParquet({make(false, false)});
  ASSERT_OK_AND_ASSIGN(const Spliced widened, Regroup(required, {{0, 1500}}, 1, &nullable));
  EXPECT_TRUE(widened.table->Equals(*make(true, false)));
  ASSERT_OK_AND_ASSIGN(const Spliced narrowed, Regroup(nullable, {{0, 1000}}, 1, &required));
  EXPECT_EQ(narrowed.table->num_rows(), 1000);
  const Status refused = Regroup(with_null, {{0, 1500}}, 1, &required).status();
  EXPECT_EQ(refused.code(), Code::kIncompatible);
  EXPECT_THAT(refused.ToString(), HasSubstr("has nulls where the destination allows none"));
}

}  // namespace
}  // namespace robomerge::parquet
