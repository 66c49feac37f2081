#include "formats/parquet/compare_rows.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "testing/parquet_files_internal.h"

namespace robomerge::parquet {
namespace {

using testing::Column;
using testing::Int64s;
using testing::WriteParquet;

std::shared_ptr<arrow::Array> Floats(const std::vector<float>& values) {
  arrow::FloatBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

// Two numbers per row.
std::shared_ptr<arrow::Array> Pairs(const std::vector<float>& values) {
  return arrow::FixedSizeListArray::FromArrays(Floats(values), 2).ValueOrDie();
}

std::shared_ptr<arrow::Table> TableOf(std::vector<std::string> names,
                                      const std::vector<std::shared_ptr<arrow::Array>>& arrays) {
  arrow::FieldVector fields;
  for (size_t at = 0; at < names.size(); ++at)
    fields.push_back(arrow::field(names[at], arrays[at]->type()));
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

struct Opened {
  explicit Opened(
      const std::vector<std::shared_ptr<arrow::Table>>& row_groups,
      const std::shared_ptr<::parquet::WriterProperties>& properties = testing::PlainProperties())
      : file("rows.parquet", WriteParquet(row_groups, properties)),
        footer(Footer::Read(file).value()) {}
  MemoryFile file;
  Footer footer;
};

ComparedRows Compare(const Opened& found, const Opened& expected, uint64_t first_row,
                     uint64_t expected_first_row, uint64_t num_rows,
                     std::vector<std::string> columns) {
  RowComparer comparer(found.file, found.footer, expected.file, expected.footer,
                       std::move(columns));
  Result<ComparedRows> compared = comparer.Compare(first_row, expected_first_row, num_rows);
  EXPECT_TRUE(compared.ok()) << compared.status().ToString();
  return compared.ok() ? std::move(compared).value() : ComparedRows{};
}

TEST(RowComparer, EqualRowsAreEqualHoweverTheyAreWritten) {
  const auto table =
      TableOf({"a", "pairs"}, {Int64s({1, 2, 3, 4}), Pairs({1, 2, 3, 4, 5, 6, 7, 8})});
  const Opened one({table});
  const Opened same({table});
  const Opened other({table->Slice(0, 1), table->Slice(1)},
                     ::parquet::WriterProperties::Builder().disable_dictionary()->build());
  EXPECT_TRUE(Compare(one, same, 0, 0, 4, {"a", "pairs"}).differences.empty());
  EXPECT_TRUE(Compare(one, other, 0, 0, 4, {"a", "pairs"}).differences.empty());
  EXPECT_TRUE(Compare(other, one, 1, 1, 3, {"a", "pairs"}).differences.empty());
}

TEST(RowComparer, NamesTheFirstRowThatDiffers) {
  const Opened found({TableOf({"a", "b"}, {Int64s({9, 1, 2, 3, 5}), Int64s({0, 0, 0, 0, 0})})});
  const Opened expected({TableOf({"b", "a"}, {Int64s({0, 0, 0, 0}), Int64s({1, 2, 4, 5})})});
  const ComparedRows compared = Compare(found, expected, 1, 0, 4, {"a", "b"});
  ASSERT_EQ(compared.differences.size(), 1U);
  EXPECT_EQ(compared.differences[0].column, "a");
  EXPECT_EQ(compared.differences[0].row, 2U);
  EXPECT_EQ(compared.differences[0].expected, "4");
  EXPECT_EQ(compared.differences[0].found, "3");
}

TEST(RowComparer, ComparesBits) {
  const float none = std::numeric_limits<float>::quiet_NaN();
  const Opened zero({TableOf({"a"}, {Floats({0.0F, none})})});
  const Opened same({TableOf({"a"}, {Floats({1.0F, 0.0F, none})})});
  const Opened negative({TableOf({"a"}, {Floats({-0.0F, none})})});
  EXPECT_TRUE(Compare(zero, same, 0, 1, 2, {"a"}).differences.empty());
  EXPECT_EQ(Compare(zero, negative, 0, 0, 2, {"a"}).differences.size(), 1U);
}

TEST(RowComparer, SaysWhichSideLacksAColumn) {
  const Opened found({TableOf({"a"}, {Int64s({1})})});
  const Opened expected({TableOf({"b"}, {Int64s({1})})});
  const ComparedRows compared = Compare(found, expected, 0, 0, 1, {"a", "b"});
  ASSERT_EQ(compared.differences.size(), 2U);
  EXPECT_EQ(compared.differences[0].expected, "no such column");
  EXPECT_EQ(compared.differences[1].found, "no such column");
}

TEST(RowComparer, AnotherWidthOfNumbersIsNoDifferenceButAnotherTypeIs) {
  const Opened wide({TableOf({"a"}, {Int64s({1, 2})})});
  const Opened narrow({TableOf({"a"}, {Column<arrow::Int32Builder, int32_t>({1, 2})})});
  const Opened text({TableOf({"a"}, {Column<arrow::StringBuilder, std::string>({"x", "y"})})});
  EXPECT_TRUE(Compare(wide, narrow, 0, 0, 2, {"a"}).differences.empty());
  EXPECT_EQ(Compare(wide, text, 0, 0, 2, {"a"}).differences.size(), 1U);
}

TEST(RowComparer, DamagedPagesAreAnError) {
  const auto table = TableOf({"a"}, {Int64s({1, 2, 3, 4})});
  const Opened expected({table});
  std::string bytes = WriteParquet({table});
  bytes[8] = static_cast<char>(bytes[8] ^ 0x7f);
  const MemoryFile damaged("damaged.parquet", bytes);
  const Footer footer = Footer::Read(damaged).value();
  RowComparer comparer(damaged, footer, expected.file, expected.footer, {"a"});
  EXPECT_FALSE(comparer.Compare(0, 0, 4).ok());
}

// Equal bytes of which nobody can read a value are not called equal rows.
TEST(RowComparer, DecodesWhatHasTheSameBytes) {
  std::string bytes = WriteParquet({TableOf({"a"}, {Int64s({1, 2, 3, 4})})});
  const uint64_t begin =
      Footer::Read(MemoryFile("f", bytes)).value().row_groups()[0].columns[0].begin;
  bytes[begin + 3] = static_cast<char>(bytes[begin + 3] ^ 2);  // the size when decompressed
  const MemoryFile file("damaged.parquet", bytes), copy("copy.parquet", bytes);
  const Footer footer = Footer::Read(file).value(), of_copy = Footer::Read(copy).value();
  const Status status = RowComparer(file, footer, copy, of_copy, {"a"}).Compare(0, 0, 4).status();
  EXPECT_EQ(status.code(), Code::kCorrupt);
}

TEST(NumberReader, FlattensListsAndNulls) {
  const Opened file(
      {TableOf({"flag", "pairs", "maybe"},
               {Column<arrow::BooleanBuilder, bool>({true, false}), Pairs({1, 2, 3, 4}),
                Column<arrow::DoubleBuilder, double>({std::nullopt, 2.5})})});
  NumberReader reader(file.file, file.footer, {"pairs", "flag", "maybe"});
  Result<std::vector<NumberRows>> rows = reader.Read(0, 2);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ((*rows)[0].width, 2U);
  EXPECT_EQ((*rows)[0].values, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ((*rows)[1].values, (std::vector<double>{1, 0}));
  EXPECT_TRUE(std::isnan((*rows)[2].values[0]));
  rows = reader.Read(1, 1);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ((*rows)[0].values, (std::vector<double>{3, 4}));
}

TEST(NumberReader, ManySmallRowGroupsAreReadAsFarAsTheyAreSound) {
  constexpr int64_t kGroups = 40, kDamaged = 29;
  std::vector<std::shared_ptr<arrow::Table>> row_groups;
  for (int64_t group = 0; group < kGroups; ++group)
    row_groups.push_back(TableOf({"a"}, {Int64s({group, group * 10, group * 100})}));
  const auto plain = ::parquet::WriterProperties::Builder().disable_dictionary()->build();
  const Opened sound(row_groups, plain);
  for (const uint64_t step : {1, 3, 7}) {
    NumberReader reader(sound.file, sound.footer, {"a"});
    std::vector<double> values;
    for (uint64_t row = 0; row < 3 * kGroups; row += step) {
      const auto rows = reader.Read(row, std::min<uint64_t>(step, 3 * kGroups - row));
      ASSERT_TRUE(rows.ok()) << rows.status().ToString();
      values.insert(values.end(), (*rows)[0].values.begin(), (*rows)[0].values.end());
    }
    ASSERT_EQ(values.size(), 3U * kGroups);
    EXPECT_EQ(values[3 * 33], 33);
    EXPECT_EQ(values.back(), 3900);
  }

  std::string bytes = WriteParquet(row_groups, plain);
  const uint64_t begin = sound.footer.row_groups()[kDamaged].columns[0].begin;
  bytes[begin + 3] = static_cast<char>(bytes[begin + 3] ^ 2);  // the size when decompressed
  const MemoryFile file("damaged.parquet", bytes);
  const Footer footer = Footer::Read(file).value();
  NumberReader reader(file, footer, {"a"});
  for (uint64_t group = 0; group < kGroups; ++group) {
    const Status status = reader.Read(3 * group, 3).status();
    EXPECT_EQ(status.ok(), group != kDamaged) << group << ": " << status.ToString();
    if (!status.ok()) {
      EXPECT_THAT(status.ToString(), ::testing::HasSubstr("row group 29"));
    }
  }
}

TEST(NumberReader, RefusesTextAndMissingColumns) {
  const Opened file({TableOf({"text"}, {Column<arrow::StringBuilder, std::string>({"x"})})});
  EXPECT_EQ(NumberReader(file.file, file.footer, {"text"}).Read(0, 1).status().code(),
            Code::kCorrupt);
  EXPECT_EQ(NumberReader(file.file, file.footer, {"text", "other"}).Read(0, 1).status().code(),
            Code::kCorrupt);
}

}  // namespace
}  // namespace robomerge::parquet
