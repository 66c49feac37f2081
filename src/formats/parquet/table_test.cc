#include "formats/parquet/table.h"

#include <gmock/gmock.h>

#include <cmath>

#include "formats/parquet/file_splice.h"
#include "testing/parquet_files_internal.h"

namespace robomerge::parquet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Int64s;
using testing::WriteParquet;

// Writes and reads back.
Result<Table> RoundTrip(TableWriter& writer, int64_t rows_per_group = 1 << 20) {
  MemoryOutput output("made.parquet");
  ROBOMERGE_RETURN_NOT_OK(writer.Write(output, rows_per_group).status());
  return Table::Read(MemoryFile("made.parquet", output.bytes()));
}

NumberLists Cells(NumberLists::Element element, int depth,
                  std::vector<std::optional<std::vector<double>>> cells) {
  NumberLists numbers;
  numbers.element = element;
  numbers.list_depth = depth;
  numbers.cell_begin.push_back(0);
  for (const auto& cell : cells) {
    if (cell) numbers.values.insert(numbers.values.end(), cell->begin(), cell->end());
    numbers.is_null.push_back(!cell);
    numbers.cell_begin.push_back(static_cast<uint32_t>(numbers.values.size()));
  }
  return numbers;
}

TEST(Table, ReadsBackEveryKindOfColumnInTheOrderAdded) {
  TableWriter writer;
  writer.AddString("task", {"stack", "open \"it\""});
  writer.AddInt64("length", {3, -4});
  writer.AddDouble("from", {0.5, 1.25});
  writer.AddStringList("tasks", {{"stack", "open"}, {}});
  writer.AddNumbers("stats/a/count", Cells(NumberLists::Element::kInteger, 1, {{{7}}, {{9}}}));
  writer.AddNumbers("stats/a/min",
                    Cells(NumberLists::Element::kFloat, 1, {{{1.5, 2.5}}, std::nullopt}));
  writer.AddNumbers("stats/cam/min",
                    Cells(NumberLists::Element::kFloat, 3, {{{0.1, 0.2, 0.3}}, {{0.4}}}));
  writer.AddNumbers("stats/b/max", Cells(NumberLists::Element::kBoolean, 1, {{{1}}, {{0}}}));
  writer.AddNumbers("plain", Cells(NumberLists::Element::kFloat, 0, {{{4.5}}, std::nullopt}));
  ASSERT_OK_AND_ASSIGN(const Table table, RoundTrip(writer, 1));
  EXPECT_EQ(table.num_rows(), 2);
  EXPECT_THAT(table.column_names(),
              ElementsAre("task", "length", "from", "tasks", "stats/a/count", "stats/a/min",
                          "stats/cam/min", "stats/b/max", "plain"));
  EXPECT_THAT(table.Strings("task").value(), ElementsAre("stack", "open \"it\""));
  EXPECT_THAT(table.Int64s("length").value(), ElementsAre(3, -4));
  EXPECT_THAT(table.Doubles("from").value(), ElementsAre(0.5, 1.25));
  EXPECT_THAT(table.Doubles("length").value(), ElementsAre(3, -4));
  EXPECT_THAT(table.StringLists("tasks").value(),
              ElementsAre(ElementsAre("stack", "open"), ElementsAre()));
  ASSERT_OK_AND_ASSIGN(const NumberLists camera, table.Numbers("stats/cam/min"));
  EXPECT_EQ(camera.list_depth, 3);
  EXPECT_THAT(camera.values, ElementsAre(0.1, 0.2, 0.3, 0.4));
  EXPECT_THAT(camera.cell_begin, ElementsAre(0, 3, 4));
  ASSERT_OK_AND_ASSIGN(const NumberLists min, table.Numbers("stats/a/min"));
  EXPECT_THAT(min.is_null, ElementsAre(false, true));
  EXPECT_EQ(table.Numbers("stats/b/max")->element, NumberLists::Element::kBoolean);
  ASSERT_OK_AND_ASSIGN(const NumberLists plain, table.Numbers("plain"));
  EXPECT_THAT(plain.is_null, ElementsAre(false, true));
  EXPECT_THAT(plain.values, ElementsAre(4.5));
}

TEST(TableWriter, WritesTheTypesThatLeRobotWrites) {
  TableWriter writer;
  writer.AddNumbers("stats/a/count", Cells(NumberLists::Element::kInteger, 1, {{{7}}}));
  writer.AddNumbers("stats/cam/min", Cells(NumberLists::Element::kFloat, 3, {{{0.1, 0.2}}}));
  MemoryOutput output("x");
  ASSERT_OK(writer.Write(output).status());
  const auto schema = testing::ReadParquet(output.bytes())->schema();
  EXPECT_EQ(schema->field(0)->type()->ToString(), "list<element: int64>");
  EXPECT_EQ(schema->field(1)->type()->ToString(),
            "list<element: list<element: list<element: double>>>");
}

TEST(Table, ReadsOnlyTheColumnsAskedForAndLeavesUnknownOnesOut) {
  TableWriter writer;
  writer.AddInt64("a", {1});
  writer.AddInt64("b", {2});
  MemoryOutput output("x");
  ASSERT_OK(writer.Write(output).status());
  const std::vector<std::string> columns = {"b", "nothing"};
  ASSERT_OK_AND_ASSIGN(const Table table,
                       Table::ReadColumns(MemoryFile("x", output.bytes()), columns));
  EXPECT_THAT(table.column_names(), ElementsAre("b"));
  EXPECT_TRUE(table.has("b"));
  EXPECT_FALSE(table.has("a"));
}

TEST(Table, NamesFileAndColumnOfWhatItCannotRead) {
  const auto schema =
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("s", arrow::utf8())});
  const auto table =
      arrow::Table::Make(schema, {testing::Column<arrow::Int64Builder, int64_t>({1, std::nullopt}),
                                  testing::Column<arrow::StringBuilder, std::string>({"a", "b"})});
  ASSERT_OK_AND_ASSIGN(const Table read,
                       Table::Read(MemoryFile("dir/t.parquet", WriteParquet({table}))));
  const Status nulls = read.Int64s("n").status();
  EXPECT_EQ(nulls.code(), Code::kCorrupt);
  EXPECT_THAT(nulls.ToString(), HasSubstr("column `n` has nulls at dir/t.parquet"));
  EXPECT_THAT(read.Int64s("s").status().ToString(),
              HasSubstr("expected whole numbers, found string"));
  EXPECT_THAT(read.Int64s("gone").status().ToString(), HasSubstr("there is no column `gone`"));
}

TEST(Table, RefusesMoreRowsAndValuesThanItsBytesCanHold) {
  const auto nulls = std::make_shared<arrow::NullArray>((int64_t{1} << 20) + 1);
  const std::string rows = WriteParquet(
      {arrow::Table::Make(arrow::schema({arrow::field("n", arrow::null())}), {nulls})});
  ASSERT_LT(rows.size(), 10'000u);
  EXPECT_THAT(Table::Read(MemoryFile("t.parquet", rows)).status().ToString(),
              HasSubstr("table claims more rows than its bytes can hold"));
  // One list of nothing but nulls.
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::NullBuilder>());
  ASSERT_TRUE(lists.Append().ok());
  ASSERT_TRUE(static_cast<arrow::NullBuilder*>(lists.value_builder())
                  ->AppendNulls((int64_t{1} << 22) + 1)
                  .ok());
  const auto one = lists.Finish().ValueOrDie();
  const std::string values =
      WriteParquet({arrow::Table::Make(arrow::schema({arrow::field("l", one->type())}), {one})});
  ASSERT_LT(values.size(), 10'000u);
  EXPECT_THAT(Table::Read(MemoryFile("t.parquet", values)).status().ToString(),
              HasSubstr("table claims more values than its bytes can hold"));
}

TEST(Table, ReadsNarrowIntegersLargeAndFixedListsAndDictionaries) {
  arrow::StringDictionaryBuilder words;
  for (const char* word : {"x", "y", "x"}) ASSERT_TRUE(words.Append(word).ok());
  const auto fixed_type = arrow::fixed_size_list(arrow::float32(), 2);
  const auto large_type = arrow::large_list(arrow::int16());
  const auto fixed = std::make_shared<arrow::FixedSizeListArray>(
      fixed_type, 3, testing::Column<arrow::FloatBuilder, float>({1, 2, 3, 4, 5, 6}));
  arrow::Int64Builder offsets;
  for (const int64_t offset : {0, 1, 1, 3}) ASSERT_TRUE(offsets.Append(offset).ok());
  const auto large =
      arrow::LargeListArray::FromArrays(*offsets.Finish().ValueOrDie(),
                                        *testing::Column<arrow::Int16Builder, int16_t>({7, 8, 9}))
          .ValueOrDie();
  const auto dictionary = words.Finish().ValueOrDie();
  const auto schema =
      arrow::schema({arrow::field("i", arrow::uint8()), arrow::field("f", fixed_type),
                     arrow::field("l", large->type()), arrow::field("d", dictionary->type())});
  const auto table = arrow::Table::Make(
      schema,
      {testing::Column<arrow::UInt8Builder, uint8_t>({1, 200, 3}), fixed, large, dictionary});
  ASSERT_OK_AND_ASSIGN(const Table read, Table::Read(MemoryFile("t", WriteParquet({table}))));
  EXPECT_THAT(read.Int64s("i").value(), ElementsAre(1, 200, 3));
  EXPECT_THAT(read.Strings("d").value(), ElementsAre("x", "y", "x"));
  EXPECT_THAT(read.Numbers("f")->cell_begin, ElementsAre(0, 2, 4, 6));
  EXPECT_THAT(read.Numbers("l")->values, ElementsAre(7, 8, 9));
  EXPECT_EQ(read.Numbers("l")->element, NumberLists::Element::kInteger);
}

TEST(TableWriter, CarriesColumnsOfSeveralTablesOver) {
  TableWriter first, second;
  first.AddInt64("n", {10, 11, 12});
  first.AddNumbers("l", Cells(NumberLists::Element::kInteger, 1, {{{1}}, {{2}}, {{3, 4}}}));
  first.AddString("t", {"a", "b", "c"});
  second.AddDouble("n", {0.5});
  second.AddNumbers("l", Cells(NumberLists::Element::kFloat, 1, {{{5.5}}}));
  second.AddInt64("t", {1});
  ASSERT_OK_AND_ASSIGN(const Table a, RoundTrip(first, 2));
  ASSERT_OK_AND_ASSIGN(const Table b, RoundTrip(second));
  TableWriter writer;
  const std::vector<TableWriter::Block> blocks = {{&a, {2, 0}}, {nullptr, {0, 0}}, {&b, {0}}};
  ASSERT_OK(writer.AddCarried("n", blocks));
  ASSERT_OK(writer.AddCarried("l", blocks));
  const Status mixed = writer.AddCarried("t", blocks);
  ASSERT_FALSE(mixed.ok());
  EXPECT_EQ(mixed.code(), Code::kIncompatible);
  EXPECT_THAT(mixed.ToString(), HasSubstr("column `t`"));
  ASSERT_OK_AND_ASSIGN(const Table table, RoundTrip(writer));
  ASSERT_OK_AND_ASSIGN(const NumberLists n, table.Numbers("n"));
  EXPECT_THAT(n.values, ElementsAre(12, 10, 0.5));
  EXPECT_THAT(n.is_null, ElementsAre(false, false, true, true, false));
  ASSERT_OK_AND_ASSIGN(const NumberLists l, table.Numbers("l"));
  EXPECT_THAT(l.values, ElementsAre(3, 4, 1, 5.5));
  EXPECT_THAT(l.cell_begin, ElementsAre(0, 2, 3, 3, 3, 4));
}

TEST(TableWriter, RefusesColumnsOfDifferentLengthAndUnknownIndex) {
  MemoryOutput output("out.parquet");
  TableWriter uneven;
  uneven.AddInt64("a", {1, 2});
  uneven.AddInt64("b", {1});
  EXPECT_THAT(uneven.Write(output).status().ToString(),
              HasSubstr("expected 2 rows, as in `a`, found 1 rows in `b`"));
  TableWriter unnamed;
  unnamed.AddInt64("a", {1});
  unnamed.SetPandasIndex("task");
  EXPECT_EQ(unnamed.Write(output).status().code(), Code::kInvalidArgument);
}

TEST(TableWriter, SameColumnsGiveTheSameBytes) {
  std::vector<std::string> files;
  for (int i = 0; i < 2; ++i) {
    TableWriter writer;
    writer.AddInt64("task_index", {0, 1});
    writer.AddString("task", {"a", "b"});
    writer.SetPandasIndex("task");
    MemoryOutput output("out.parquet");
    ASSERT_OK(writer.Write(output).status());
    files.push_back(output.bytes());
  }
  EXPECT_EQ(files[0], files[1]);
}

TEST(TableWriter, NamesNoVersionOfArrow) {
  TableWriter writer;
  writer.AddInt64("task_index", {0, 1});
  MemoryOutput output("out.parquet");
  ASSERT_OK(writer.Write(output).status());
  ASSERT_OK_AND_ASSIGN(const Footer footer,
                       Footer::Read(MemoryFile("out.parquet", output.bytes())));
  EXPECT_EQ(footer.created_by(), "robomerge version 1");
  EXPECT_THAT(output.bytes(), ::testing::Not(HasSubstr("parquet-cpp")));
}

// The direct decoder leaves Zstandard to Arrow, which would take the header's word for its memory.
TEST(Table, LooksAtPageHeadersBeforeArrowDoes) {
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64())}),
                                        {testing::Int64s(testing::Range(0, 100))});
  std::string bytes = testing::WriteParquet(
      {table},
      ::parquet::WriterProperties::Builder().compression(::parquet::Compression::ZSTD)->build());
  EXPECT_TRUE(Table::Read(MemoryFile("t", bytes)).value().Int64s("n").ok());
  const uint64_t begin =
      Footer::Read(MemoryFile("t", bytes)).value().row_groups()[0].columns[0].begin;
  bytes[begin + 3] = static_cast<char>(bytes[begin + 3] ^ 2);  // the size when decompressed
  const Status status = Table::Read(MemoryFile("t", bytes)).value().Int64s("n").status();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_THAT(status.ToString(), HasSubstr("claims another size than it has"));
  EXPECT_EQ(status.problems().front().kind, "");
}

TEST(ReadInt64Column, DecodesAndWidens) {
  const auto schema = arrow::schema({arrow::field("wide", arrow::int64()),
                                     arrow::field("narrow", arrow::int32(), false),
                                     arrow::field("u", arrow::uint32())});
  const auto row_group = [&](int64_t first, int64_t count) {
    std::vector<std::optional<int32_t>> narrow;
    std::vector<std::optional<uint32_t>> u;
    for (int64_t i = 0; i < count; ++i) {
      narrow.push_back(static_cast<int32_t>(-i));
      u.push_back(4000000000u + static_cast<uint32_t>(i));
    }
    return arrow::Table::Make(schema, {Int64s(testing::Range(first, count)),
                                       testing::Column<arrow::Int32Builder, int32_t>(narrow),
                                       testing::Column<arrow::UInt32Builder, uint32_t>(u)});
  };
  const MemoryFile file("f.parquet",
                        WriteParquet({row_group(5, 3), row_group(0, 0), row_group(100, 1)}));
  ASSERT_OK_AND_ASSIGN(const Footer footer, Footer::Read(file));
  EXPECT_THAT(ReadInt64Column(file, footer, "wide").value(), ElementsAre(5, 6, 7, 100));
  EXPECT_THAT(ReadInt64Column(file, footer, "wide", 0).value(), ElementsAre(5, 6, 7));
  EXPECT_THAT(ReadInt64Column(file, footer, "wide", 1).value(), ElementsAre());
  EXPECT_THAT(ReadInt64Column(file, footer, "wide", 2).value(), ElementsAre(100));
  EXPECT_THAT(ReadInt64Column(file, footer, "narrow").value(), ElementsAre(0, -1, -2, 0));
  EXPECT_THAT(ReadInt64Column(file, footer, "u", 0).value(),
              ElementsAre(4000000000, 4000000001, 4000000002));
  EXPECT_EQ(ReadInt64Column(file, footer, "wide", 3).status().code(), Code::kInvalidArgument);
}

TEST(ReadInt64Column, RefusesNullsAndOtherTypes) {
  const auto schema =
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("d", arrow::float64())});
  const auto table = arrow::Table::Make(
      schema, {testing::Column<arrow::Int64Builder, int64_t>({4, std::nullopt, 4}),
               testing::Column<arrow::DoubleBuilder, double>({1, 2, 3})});
  const MemoryFile file("f.parquet", WriteParquet({table}));
  ASSERT_OK_AND_ASSIGN(const Footer footer, Footer::Read(file));
  const Status nulls = ReadInt64Column(file, footer, "n").status();
  EXPECT_EQ(nulls.code(), Code::kCorrupt);
  EXPECT_THAT(nulls.ToString(),
              HasSubstr("column `n` has nulls at f.parquet: column `n`, row group 0"));
  EXPECT_THAT(ReadInt64Column(file, footer, "d").status().ToString(),
              HasSubstr("does not hold whole numbers"));
}

}  // namespace
}  // namespace robomerge::parquet
