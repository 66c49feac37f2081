// Splices whose sources have rules: columns renamed, left out, filled, cast, rearranged.
#include "formats/parquet/column_change.h"

#include <gmock/gmock.h>
#include <parquet/page_index.h>

#include <cmath>
#include <limits>

#include "formats/parquet/compare_rows.h"
#include "formats/parquet/file_splice.h"
#include "formats/parquet/footer_internal.h"
#include "testing/parquet_files_internal.h"

namespace robomerge::parquet {
namespace {

using testing::Column;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Int64s;
using testing::Range;
using testing::Sources;
using testing::WriteParquet;
using ArrayPointer = std::shared_ptr<arrow::Array>;
using TablePointer = std::shared_ptr<arrow::Table>;

TablePointer TableOf(const std::vector<std::pair<std::string, ArrayPointer>>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

template <typename ArrowType, typename Value>
ArrayPointer Numbers(const std::vector<std::optional<Value>>& values) {
  return Column<typename arrow::TypeTraits<ArrowType>::BuilderType, Value>(values);
}

ArrayPointer Floats(const std::vector<std::optional<float>>& values) {
  return Numbers<arrow::FloatType, float>(values);
}
ArrayPointer Doubles(const std::vector<std::optional<double>>& values) {
  return Numbers<arrow::DoubleType, double>(values);
}
ArrayPointer Texts(const std::vector<std::optional<std::string>>& values) {
  return Column<arrow::StringBuilder, std::string>(values);
}
ArrayPointer Bools(const std::vector<std::optional<bool>>& values) {
  return Column<arrow::BooleanBuilder, bool>(values);
}

ArrayPointer Fixed(const ArrayPointer& elements, int32_t length) {
  return std::make_shared<arrow::FixedSizeListArray>(
      arrow::fixed_size_list(arrow::field("element", elements->type()), length),
      elements->length() / length, elements);
}

// `begins` has one entry more than there are rows; a null is a null row.
ArrayPointer Lists(const ArrayPointer& elements,
                   const std::vector<std::optional<int32_t>>& begins) {
  return arrow::ListArray::FromArrays(arrow::list(arrow::field("element", elements->type())),
                                      *Numbers<arrow::Int32Type, int32_t>(begins), *elements)
      .ValueOrDie();
}

struct Spliced {
  std::string bytes;
  SpliceReport report;
  TablePointer table;
};

// One ColumnChanges per source; `columns` are those of the destination.
Result<Spliced> RunRules(Sources& sources, const std::vector<ColumnChanges>& changes,
                         const std::vector<DestinationColumn>& columns,
                         const std::vector<RowGroupSource>& row_groups,
                         const SpliceOptions& options = {}) {
  for (size_t i = 0; i < changes.size(); ++i) sources.sources[i].changes = &changes[i];
  ROBOMERGE_ASSIGN_OR_RETURN(const auto schema,
                             DestinationSchema::From(*sources.sources[0].file,
                                                     *sources.sources[0].footer, {}, {}, columns));
  MemoryOutput output("out.parquet");
  Spliced spliced;
  ROBOMERGE_ASSIGN_OR_RETURN(spliced.report,
                             WriteSplice(sources.sources, row_groups, schema, options, output));
  spliced.bytes = output.bytes();
  EXPECT_TRUE(Footer::Read(MemoryFile("out.parquet", spliced.bytes)).ok());
  spliced.table = testing::ReadParquet(spliced.bytes);
  EXPECT_TRUE(spliced.table && spliced.table->ValidateFull().ok());
  return spliced;
}

// Whether every row is that of its source under the rules, as verify asks.
void ExpectProved(const Sources& sources, const std::vector<ColumnChanges>& changes,
                  const std::vector<RowGroupSource>& row_groups, const std::string& bytes) {
  const MemoryFile file("out.parquet", bytes);
  const Footer footer = Footer::Read(file).value();
  uint64_t row = 0;
  for (const RowGroupSource& row_group : row_groups) {
    std::vector<RowRange> ranges = row_group.more;
    ranges.insert(ranges.begin(), row_group.first());
    for (const RowRange& range : ranges) {
      const ColumnChanges* rules = &changes[range.source_index];
      const SpliceSource& source = sources.sources[range.source_index];
      RowComparer comparer(file, footer, *source.file, *source.footer,
                           ColumnsInDestination(rules, source.footer->column_names()), {}, rules);
      const Result<ComparedRows> compared = comparer.Compare(row, range.first_row, range.num_rows);
      ASSERT_TRUE(compared.ok()) << compared.status().ToString();
      for (const RowDifference& one : compared->differences)
        ADD_FAILURE() << one.column << ", row " << one.row << ": " << one.expected << " became "
                      << one.found;
      row += range.num_rows;
    }
  }
}

void ExpectColumn(const TablePointer& table, const std::string& name,
                  const ArrayPointer& expected) {
  const auto column = table->GetColumnByName(name);
  ASSERT_TRUE(column) << name;
  EXPECT_TRUE(column->type()->Equals(expected->type()))
      << name << ": " << column->type()->ToString() << " for " << expected->type()->ToString();
  const arrow::ChunkedArray wanted(expected);
  EXPECT_TRUE(column->Equals(wanted, arrow::EqualOptions::Defaults().nans_equal(true)))
      << name << ": " << column->ToString();
}

// The rules with which both sources have `move`, `word` and `index`.
const std::vector<DestinationColumn> kMoves = {
    {"move", "action"}, {"word", "text"}, {"index", "index"}};
const ColumnChanges kRenames = {
    {{.column = "move", .source_column = "action"}, {.column = "word", .source_column = "text"}},
    {}};

TablePointer Episode(int64_t first, int64_t length) {
  std::vector<std::optional<float>> elements;
  std::vector<std::optional<std::string>> texts;
  for (int64_t row = 0; row < length; ++row) {
    for (int i = 0; i < 3; ++i) elements.push_back(static_cast<float>(first + 3 * row + i));
    texts.push_back(row % 3 == 1 ? std::nullopt : std::optional("text " + std::to_string(row % 5)));
  }
  return TableOf({{"action", Fixed(Floats(elements), 3)},
                  {"text", Texts(texts)},
                  {"index", Int64s(Range(first, length))}});
}

struct Layout {
  uint64_t alignment_bytes;
  bool page_index;
};

class ChangedColumns : public ::testing::TestWithParam<Layout> {
 protected:
  SpliceOptions Options() const {
    return {.alignment_bytes = GetParam().alignment_bytes,
            .keep_page_index = GetParam().page_index};
  }
};
INSTANTIATE_TEST_SUITE_P(Layouts, ChangedColumns,
                         ::testing::Values(Layout{1, true}, Layout{1, false}, Layout{4096, true}));

TEST_P(ChangedColumns, RenamedOnesAreCopiedByteForByte) {
  const auto properties = ::parquet::WriterProperties::Builder()
                              .enable_write_page_index()
                              ->data_pagesize(256)
                              ->write_batch_size(16)
                              ->build();
  Sources sources({WriteParquet({Episode(0, 200), Episode(200, 70)}, properties)});
  const std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  const std::vector<ColumnChanges> changes = {kRenames};
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunRules(sources, changes, kMoves, row_groups, Options()));
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
  EXPECT_EQ(spliced.report.encoded_bytes, 0u);
  const Footer footer = Footer::Read(MemoryFile("out", spliced.bytes)).value();
  EXPECT_THAT(footer.column_names(), ElementsAre("move", "word", "index"));
  for (size_t group = 0; group < 2; ++group) {
    for (size_t leaf = 0; leaf < 3; ++leaf) {
      const ColumnChunk& from = sources.footers[0]->row_groups()[group].columns[leaf];
      const ColumnChunk& to = footer.row_groups()[group].columns[leaf];
      EXPECT_EQ(spliced.bytes.substr(to.begin, to.compressed_bytes),
                sources.files[0]->bytes().substr(from.begin, from.compressed_bytes));
    }
  }
  const auto reader = ::parquet::ParquetFileReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(spliced.bytes)));
  const auto chunk = reader->metadata()->RowGroup(1)->ColumnChunk(0);
  EXPECT_EQ(chunk->path_in_schema()->ToDotString(), "move.list.element");
  EXPECT_EQ(chunk->GetOffsetIndexLocation().has_value(), GetParam().page_index);
  if (GetParam().page_index) {
    EXPECT_GT(reader->GetPageIndexReader()->RowGroup(1)->GetOffsetIndex(0)->page_locations().size(),
              1u);
  }
  ExpectProved(sources, changes, row_groups, spliced.bytes);
}

TEST_P(ChangedColumns, EveryRuleAtOnceInManySources) {
  const auto schema_owner = TableOf({{"action", Fixed(Floats({1, 2, 3, 4, 5, 6}), 3)},
                                     {"text", Texts({"a", std::nullopt})},
                                     {"reward", Floats({0.5F, 1})},
                                     {"unused", Int64s({7, 8})},
                                     {"index", Int64s({0, 1})}});
  const auto other =
      TableOf({{"index", Int64s({0, 1, 2})},
               {"arm", Lists(Doubles({1, 2, 3.1, 4, std::nullopt, 6}), {0, 2, 4, 6})},
               {"reward", Doubles({0.1, std::nullopt, 3})}});
  const auto third = TableOf({{"word", Texts({"x"})},
                              {"action", Fixed(Floats({1, 2, 3}), 3)},
                              {"success", Bools({true})},
                              {"index", Int64s({5})}});
  Sources sources({WriteParquet({schema_owner}),
                   WriteParquet({other->Slice(0, 0), other->Slice(0, 2), other->Slice(2)}),
                   WriteParquet({third})});
  const std::vector<DestinationColumn> columns = {{"action", "action", "float32", {4}},
                                                  {"word", "text"},
                                                  {"gain", "reward", "float32", {1}},
                                                  {"success", "", "bool", {1}},
                                                  {"index", "index"}};
  const std::vector<ColumnChanges> changes = {
      {{{.column = "action", .source_column = "action", .elements = {2, 0, 1, -1}},
        {.column = "word", .source_column = "text"},
        {.column = "gain", .source_column = "reward", .is_cast = true},
        {.column = "success", .source_column = "", .fill = false}},
       {"unused"}},
      {{{.column = "action", .source_column = "arm", .elements = {1, 0, -1, -1}, .is_cast = true},
        {.column = "word", .source_column = "", .fill = std::string("none")},
        {.column = "gain", .source_column = "reward", .is_cast = true},
        {.column = "success", .source_column = "", .fill = true}},
       {}},
      {{{.column = "action", .source_column = "action", .elements = {0, 1, 2, -1}},
        {.column = "gain", .source_column = "", .fill = int64_t{-2}}},
       {}}};
  std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  row_groups.push_back({1, 1, 2, {}});                              // across row groups
  row_groups.push_back({0, 0, 2, {}, {}, {{1, 0, 3}, {2, 0, 1}}});  // of several sources
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunRules(sources, changes, columns, row_groups, Options()));
  const auto rows = spliced.table->CombineChunks().ValueOrDie();
  EXPECT_THAT(rows->ColumnNames(), ElementsAre("action", "word", "gain", "success", "index"));
  const auto null = std::nullopt;
  const float f = 3.1F, g = 0.1F;
  ExpectColumn(
      rows, "action",
      Fixed(Floats({3, 1, 2, 0, 6, 4,    5, 0,                                            //
                    2, 1, 0, 0, 4, f,    0, 0, 6, null, 0, 0,                             //
                    1, 2, 3, 0,                                                           //
                    4, f, 0, 0, 6, null, 0, 0,                                            //
                    3, 1, 2, 0, 6, 4,    5, 0, 2, 1,    0, 0, 4, f, 0, 0, 6, null, 0, 0,  //
                    1, 2, 3, 0}),
            4));
  ExpectColumn(rows, "word",
               Texts({"a", null, "none", "none", "none", "x", "none", "none", "a", null, "none",
                      "none", "none", "x"}));
  ExpectColumn(rows, "gain", Floats({0.5F, 1, g, null, 3, -2, null, 3, 0.5F, 1, g, null, 3, -2}));
  ExpectColumn(rows, "success",
               Bools({false, false, true, true, true, true, true, true, false, false, true, true,
                      true, true}));
  ASSERT_EQ(spliced.report.rounded.size(), 2u);
  EXPECT_EQ(spliced.report.rounded[0].first, "action");
  EXPECT_EQ(spliced.report.rounded[0].second.largest_change, std::fabs(3.1 - double{f}));
  EXPECT_EQ(spliced.report.rounded[0].second.num_changed, 3u);
  EXPECT_EQ(spliced.report.rounded[1].first, "gain");
  ExpectProved(sources, changes, row_groups, spliced.bytes);
  ASSERT_OK_AND_ASSIGN(const Spliced again,
                       RunRules(sources, changes, columns, row_groups, Options()));
  EXPECT_EQ(spliced.bytes, again.bytes);
}

// Reads of a range are an error.
class FileWithHole : public MemoryFile {
 public:
  FileWithHole(std::string bytes, uint64_t begin, uint64_t length)
      : MemoryFile("holed.parquet", std::move(bytes)), begin_(begin), end_(begin + length) {}
  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    if (offset < end_ && offset + out.size() > begin_ && out.size() < end_ - begin_)
      return Problem(Code::kIo, "what is left out was read");
    return MemoryFile::ReadAt(offset, out);
  }

 private:
  uint64_t begin_, end_;
};

TEST(ColumnChange, WhatIsLeftOutIsNotRead) {
  std::vector<std::optional<std::string>> texts;
  for (int i = 0; i < 20000; ++i) texts.push_back("some text " + std::to_string(i * 7919));
  const auto table = TableOf({{"text", Texts(texts)}, {"index", Int64s(Range(0, 20000))}});
  const std::string bytes = WriteParquet({table});
  Sources sources({bytes});
  const ColumnChunk& chunk = sources.footers[0]->row_groups()[0].columns[0];
  const FileWithHole holed(bytes, chunk.begin, chunk.compressed_bytes);
  sources.sources[0].file = &holed;
  const std::vector<ColumnChanges> changes = {{{}, {"text"}}};
  std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  row_groups.push_back({0, 5, 100, {}});
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunRules(sources, changes, {{"index", "index"}}, row_groups));
  EXPECT_EQ(spliced.table->num_columns(), 1);
  EXPECT_LT(spliced.bytes.size(), chunk.compressed_bytes);
  ExpectProved(sources, changes, row_groups, spliced.bytes);
}

TEST(ColumnChange, LargeColumnsAreStreamedUnderTheirNewName) {
  const std::string picture(200000, 'p');
  std::vector<std::optional<std::string>> texts;
  for (int i = 0; i < 1000; ++i) texts.push_back(picture + std::to_string(i % 3));
  Sources sources(
      {WriteParquet({TableOf({{"text", Texts(texts)}, {"step", Int64s(Range(0, 1000))}})})});
  const std::vector<ColumnChanges> changes = {
      {{{.column = "word", .source_column = "text"},
        {.column = "score", .source_column = "", .fill = 0.25},
        {.column = "time", .source_column = "step", .is_cast = true}},
       {}}};
  std::vector<RowGroupSource> row_groups = {{0, 100, 800, {}}};
  ASSERT_OK_AND_ASSIGN(
      const Spliced spliced,
      RunRules(sources, changes,
               {{"word", "text"}, {"score", "", "float64", {1}}, {"time", "step", "float32", {1}}},
               row_groups));
  ExpectProved(sources, changes, row_groups, spliced.bytes);
  row_groups[0].progressions = {{"time", 1, 4}};
  ASSERT_OK_AND_ASSIGN(
      const Spliced retimed,
      RunRules(sources, changes,
               {{"word", "text"}, {"score", "", "float64", {1}}, {"time", "step", "float32", {1}}},
               row_groups));
  EXPECT_EQ(retimed.table->GetColumnByName("time")->GetScalar(3).ValueOrDie()->ToString(), "0.75");
}

struct FillCase {
  const char* dtype;
  FillValue fill;
  ArrayPointer one;  ///< null: it is refused
};

TEST(ColumnChange, FillsEveryType) {
  const int64_t rows = 5000;
  const FillCase cases[] = {
      {"float32", 0.1, Floats({0.1F})},
      {"float32", int64_t{3}, Floats({3})},
      {"float64", std::numeric_limits<double>::infinity(),
       Doubles({std::numeric_limits<double>::infinity()})},
      {"int8", int64_t{-128}, Numbers<arrow::Int8Type, int8_t>({int8_t{-128}})},
      {"int16", 4.0, Numbers<arrow::Int16Type, int16_t>({int16_t{4}})},
      {"int32", int64_t{1} << 30, Numbers<arrow::Int32Type, int32_t>({1 << 30})},
      {"int64", std::numeric_limits<int64_t>::min(), Int64s({std::numeric_limits<int64_t>::min()})},
      {"uint8", int64_t{255}, Numbers<arrow::UInt8Type, uint8_t>({uint8_t{255}})},
      {"uint16", int64_t{65535}, Numbers<arrow::UInt16Type, uint16_t>({uint16_t{65535}})},
      {"uint32", int64_t{1} << 31, Numbers<arrow::UInt32Type, uint32_t>({1U << 31})},
      {"uint64", int64_t{1} << 62, Numbers<arrow::UInt64Type, uint64_t>({uint64_t{1} << 62})},
      {"bool", true, Bools({true})},
      {"string", std::string(3000, 'x'), Texts({std::string(3000, 'x')})},
      {"string", std::string(), Texts({""})},
      {"int8", int64_t{128}, nullptr},
      {"uint8", int64_t{-1}, nullptr},
      {"int32", 0.5, nullptr},
      {"int64", std::nan(""), nullptr},
      {"float32", 1e300, nullptr},
      {"float32", int64_t{16777217}, nullptr},
      {"bool", int64_t{1}, nullptr},
      {"float32", true, nullptr},
      {"float32", std::string("1"), nullptr},
      {"string", int64_t{1}, nullptr},
      {"string", std::monostate(), nullptr},
  };
  for (const FillCase& one : cases) {
    for (const int64_t width : {1, 3}) {
      Sources sources({WriteParquet({Episode(0, rows)})});
      const std::vector<ColumnChanges> changes = {
          {{{.column = "new", .source_column = "", .fill = one.fill, .shape = {width}}}, {}}};
      const std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
      const auto spliced = RunRules(sources, changes,
                                    {{"action", "action"},
                                     {"text", "text"},
                                     {"index", "index"},
                                     {"new", "", one.dtype, {width}}},
                                    row_groups);
      SCOPED_TRACE(std::string(one.dtype) + " " + std::to_string(width));
      if (!one.one) {
        ASSERT_EQ(spliced.status().code(), Code::kIncompatible);
        EXPECT_EQ(spliced.status().problems()[0].kind, "E-fill");
        continue;
      }
      ASSERT_OK(spliced.status());
      EXPECT_EQ(spliced->report.num_chunks_decoded, 0u);
      EXPECT_LT(spliced->report.encoded_bytes, 10000u);
      const auto elements =
          arrow::MakeArrayFromScalar(*one.one->GetScalar(0).ValueOrDie(), rows * width)
              .ValueOrDie();
      ExpectColumn(spliced->table, "new",
                   width == 1 ? elements : Fixed(elements, static_cast<int32_t>(width)));
      ExpectProved(sources, changes, row_groups, spliced->bytes);
    }
  }
}

TEST(ColumnChange, FillsMatricesAndListsAsTheOwnerHasThem) {
  Sources sources({WriteParquet({TableOf({{"v", Lists(Floats({1, 2, 3, 4}), {0, 2, 4})}})})});
  const std::vector<ColumnChanges> changes = {
      {{{.column = "m", .source_column = "", .fill = 2.0, .shape = {2, 3}},
        {.column = "w", .source_column = "", .fill = int64_t{7}, .shape = {2}}},
       {}}};
  const std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  ASSERT_OK_AND_ASSIGN(
      const Spliced spliced,
      RunRules(sources, changes,
               {{"v", "v"}, {"m", "", "float64", {2, 3}}, {"w", "", "int32", {2}}}, row_groups));
  EXPECT_EQ(spliced.table->GetColumnByName("m")->GetScalar(1).ValueOrDie()->ToString(),
            "list<element: list<element: double>>[list<element: double>[2, 2, 2], "
            "list<element: double>[2, 2, 2]]");
  ExpectColumn(spliced.table, "w",
               Lists(Numbers<arrow::Int32Type, int32_t>({7, 7, 7, 7}), {0, 2, 4}));
  ExpectProved(sources, changes, row_groups, spliced.bytes);
}

struct CastCase {
  ArrayPointer source;
  const char* dtype;
  ArrayPointer expected;  ///< null: row 1 does not fit
  double largest_change = 0;
};

TEST(ColumnChange, CastsToTheNearestAndRefusesWhatDoesNotFit) {
  const double infinite = std::numeric_limits<double>::infinity(), nan = std::nan("");
  const float float_max = std::numeric_limits<float>::max();
  const auto int8s = [](std::vector<std::optional<int8_t>> values) {
    return Numbers<arrow::Int8Type, int8_t>(values);
  };
  const auto uint64s = [](std::vector<std::optional<uint64_t>> values) {
    return Numbers<arrow::UInt64Type, uint64_t>(values);
  };
  const auto refused = ArrayPointer();
  const int64_t large = int64_t{1} << 53;
  const CastCase cases[] = {
      {Doubles({0.5, 1.5, -0.5, 2.4, std::nullopt}), "int8", int8s({0, 2, 0, 2, std::nullopt}),
       0.5},
      {Doubles({127.4, -128.5}), "int8", int8s({127, -128}), 0.5},
      {Doubles({0, 127.5}), "int8", refused},
      {Floats({0, -128.6F}), "int8", refused},
      {Doubles({0, nan}), "int32", refused},
      {Doubles({0, infinite}), "int64", refused},
      {Doubles({0, 9223372036854775808.0}), "int64", refused},
      {Doubles({9223372036854774784.0}), "int64", Int64s({9223372036854774784})},
      {Doubles({0, -0.6}), "uint8", refused},
      {Doubles({18446744073709549568.0}), "uint64", uint64s({18446744073709549568ULL})},
      {Doubles({0, 18446744073709551616.0}), "uint64", refused},
      {Doubles({0.1, infinite, nan}), "float32",
       Floats({0.1F, static_cast<float>(infinite), static_cast<float>(nan)}),
       std::fabs(0.1 - double{0.1F})},
      {Doubles({0, 3.5e38}), "float32", refused},
      {Doubles({double{float_max}}), "float32", Floats({float_max})},
      {Floats({0.1F}), "float64", Doubles({double{0.1F}})},
      {Int64s({16777216}), "float32", Floats({16777216})},
      {Int64s({0, 16777217}), "float32", refused},
      {Int64s({0, large + 1}), "float64", refused},
      {Int64s({large}), "float64", Doubles({9007199254740992.0})},
      {uint64s({0, ~uint64_t{0}}), "float64", refused},
      {uint64s({0, ~uint64_t{0}}), "int64", refused},
      {uint64s({5}), "int8", int8s({5})},
      {Int64s({0, 128}), "int8", refused},
      {Int64s({0, -1}), "uint64", refused},
      {Bools({true, false}), "float32", Floats({1, 0})},
      {Bools({true, std::nullopt}), "int64",
       Column<arrow::Int64Builder, int64_t>({1, std::nullopt})},
      {Int64s({1, 0}), "bool", Bools({true, false})},
      {Int64s({1, 2}), "bool", refused},
      {Texts({"1", "2"}), "int64", refused},
  };
  size_t number = 0;
  for (const CastCase& one : cases) {
    SCOPED_TRACE(number++);
    // Two values in front, so that rows are counted; as vectors of one too, behind a null row.
    for (const bool as_lists : {false, true}) {
      const int64_t length = one.source->length();
      std::vector<std::optional<int32_t>> begins;
      for (int32_t row = 0; row <= length; ++row) begins.push_back(row);
      const ArrayPointer values = as_lists ? Lists(one.source, begins) : one.source;
      Sources sources({WriteParquet({TableOf({{"c", values}}), TableOf({{"c", values}})})});
      const std::vector<ColumnChanges> changes = {
          {{{.column = "d", .source_column = "c", .is_cast = true}}, {}}};
      const std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
      const auto spliced =
          RunRules(sources, changes, {{"d", "c", one.dtype, {1}}}, {row_groups[1]});
      if (!one.expected) {
        ASSERT_EQ(spliced.status().code(), Code::kIncompatible);
        const Problem& problem = spliced.status().problems()[0];
        EXPECT_EQ(problem.kind, "E-cast");
        EXPECT_THAT(problem.where, HasSubstr("source-0.parquet: column `c`"));
        if (one.source->type_id() != arrow::Type::STRING) {
          EXPECT_THAT(problem.where, HasSubstr("row " + std::to_string(length + 1)));
        }
        continue;
      }
      ASSERT_OK(spliced.status());
      ExpectColumn(spliced->table, "d", as_lists ? Lists(one.expected, begins) : one.expected);
      EXPECT_EQ(spliced->report.rounded.at(0).second.largest_change, one.largest_change);
      ExpectProved(sources, changes, {row_groups[1]}, spliced->bytes);
    }
  }
}

TEST(ColumnChange, ACastOfWhatHasTheTypeAlreadyCopies) {
  Sources sources({WriteParquet({Episode(0, 30)})});
  const std::vector<ColumnChanges> changes = {
      {{{.column = "action", .source_column = "action", .is_cast = true}}, {}}};
  ASSERT_OK_AND_ASSIGN(
      const Spliced spliced,
      RunRules(sources, changes,
               {{"action", "action", "float32", {3}}, {"text", "text"}, {"index", "index"}},
               sources.EveryRowGroup()));
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
  EXPECT_TRUE(spliced.report.rounded.empty());
}

TEST(ColumnChange, ElementsOfVectorsTextsAndSingleValues) {
  const auto null = std::nullopt;
  Sources sources(
      {WriteParquet({TableOf({{"v", Lists(Floats({1, 2, 3, 4}), {0, null, 2, 4})},
                              {"t", Fixed(Texts({"a", "b", "c", "d", null, "f"}), 2)},
                              {"b", Fixed(Bools({true, false, true, true, false, true}), 2)},
                              {"s", Int64s({5, 6, 7})}})})});
  const std::vector<ColumnChanges> changes = {
      {{{.column = "v", .source_column = "v", .elements = {-1, 1, 0}},
        {.column = "t", .source_column = "t", .elements = {1, 0, -1}},
        {.column = "b", .source_column = "b", .elements = {1, -1, 0}},
        {.column = "s", .source_column = "s", .elements = {0, -1}}},
       {}}};
  const std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunRules(sources, changes,
                                                       {{"v", "v", "float32", {3}},
                                                        {"t", "t", "string", {3}},
                                                        {"b", "b", "bool", {3}},
                                                        {"s", "s", "int64", {2}}},
                                                       row_groups));
  ExpectColumn(spliced.table, "v", Lists(Floats({0, 2, 1, 0, 4, 3}), {0, null, 3, 6}));
  ExpectColumn(spliced.table, "t", Fixed(Texts({"b", "a", "", "d", "c", "", "f", null, ""}), 3));
  ExpectColumn(spliced.table, "b",
               Fixed(Bools({false, false, true, true, false, true, true, false, false}), 3));
  ExpectColumn(spliced.table, "s", Lists(Int64s({5, 0, 6, 0, 7, 0}), {0, 2, 4, 6}));
  ExpectProved(sources, changes, row_groups, spliced.bytes);
}

TEST(ColumnChange, RefusesRowsWithOtherElements) {
  Sources sources({WriteParquet({TableOf({{"v", Lists(Floats({1, 2, 3, 4, 5}), {0, 2, 5})}})})});
  const std::vector<ColumnChanges> changes = {
      {{{.column = "v", .source_column = "v", .elements = {1, 0, -1}}}, {}}};
  const Status status =
      RunRules(sources, changes, {{"v", "v", "float32", {3}}}, sources.EveryRowGroup()).status();
  ASSERT_EQ(status.code(), Code::kIncompatible);
  EXPECT_EQ(status.problems()[0].kind, "E-elements");
  EXPECT_THAT(status.problems()[0].where, HasSubstr("row 1"));
  EXPECT_EQ(status.problems()[0].found, "3");
}

TEST(ColumnChange, RefusesRulesThatDoNotFit) {
  struct Case {
    ColumnChanges changes;
    Code code;
    const char* message;
  };
  const Case cases[] = {
      {{{{.column = "nowhere", .source_column = "text"}}, {}}, Code::kInvalidArgument, "nowhere"},
      {{{{.column = "text", .source_column = "index"}}, {}},
       Code::kInvalidArgument,
       "two columns of a source would become column `text`"},
      {{{{.column = "text", .source_column = "index"},
         {.column = "index", .source_column = "index"}},
        {}},
       Code::kInvalidArgument,
       "two of column `index`"},
      {{{{.column = "text", .source_column = "other"}}, {"text"}},
       Code::kIncompatible,
       "column `other` is missing"},
      {{{}, {"text"}}, Code::kIncompatible, "column `text` is missing"},
      {{{{.column = "action", .source_column = "action", .elements = {-1, -2}}}, {}},
       Code::kInvalidArgument,
       "other numbers"},
  };
  for (const Case& one : cases) {
    Sources sources({WriteParquet({Episode(0, 5)})});
    const Status status = RunRules(sources, {one.changes}, {}, sources.EveryRowGroup()).status();
    EXPECT_EQ(status.code(), one.code) << one.message;
    EXPECT_THAT(status.ToString(), HasSubstr(one.message));
  }
}

TEST(ColumnChange, SwapsNames) {
  const auto table = TableOf({{"a", Int64s({1, 2})}, {"b", Int64s({3, 4})}});
  Sources sources({WriteParquet({table}), WriteParquet({table})});
  const ColumnChanges swap = {
      {{.column = "a", .source_column = "b"}, {.column = "b", .source_column = "a"}}, {}};
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunRules(sources, {{}, swap}, {}, sources.EveryRowGroup()));
  const auto rows = spliced.table->CombineChunks().ValueOrDie();
  ExpectColumn(rows, "a", Int64s({1, 2, 3, 4}));
  ExpectColumn(rows, "b", Int64s({3, 4, 1, 2}));
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
}

TEST(ColumnChange, TheComparerFindsWhatTheRulesDoNotMake) {
  const MemoryFile source_file(
      "source", WriteParquet({TableOf({{"a", Doubles({1.25, 2})}, {"x", Int64s({1, 2})}})}));
  const MemoryFile file(
      "file", WriteParquet({TableOf(
                  {{"b", Floats({1.25F, 3})}, {"c", Int64s({5, 6})}, {"x", Int64s({1, 2})}})}));
  const Footer source = Footer::Read(source_file).value(), footer = Footer::Read(file).value();
  const ColumnChanges changes = {{{.column = "b", .source_column = "a", .is_cast = true},
                                  {.column = "c", .source_column = "", .fill = int64_t{5}},
                                  {.column = "lost", .source_column = "", .fill = true}},
                                 {"x"}};
  RowComparer comparer(file, footer, source_file, source, {"b", "c", "x", "lost", "a"}, {},
                       &changes);
  ASSERT_OK_AND_ASSIGN(const ComparedRows compared, comparer.Compare(0, 0, 2));
  std::vector<std::string> found;
  for (const RowDifference& one : compared.differences)
    found.push_back(one.column + " " + std::to_string(one.row) + " " + one.expected + " " +
                    one.found);
  EXPECT_THAT(found, ElementsAre("x 0 no such column a column", "lost 0 a column no such column",
                                 "b 1 2 3", "c 1 5 6"));
}

TEST(ColumnChange, NamesColumnsInTheDestination) {
  const ColumnChanges changes = {
      {{.column = "b", .source_column = "a"}, {.column = "new", .source_column = "", .fill = true}},
      {"x"}};
  EXPECT_THAT(ColumnsInDestination(&changes, {"x", "a", "c"}), ElementsAre("b", "c", "new"));
  EXPECT_THAT(ColumnsInDestination(nullptr, {"x", "a"}), ElementsAre("x", "a"));
  EXPECT_EQ(SourceColumnOf(&changes, "b"), "a");
  EXPECT_EQ(SourceColumnOf(&changes, "new"), "");
  EXPECT_EQ(SourceColumnOf(&changes, "a"), std::nullopt);
  EXPECT_EQ(SourceColumnOf(&changes, "x"), std::nullopt);
  EXPECT_EQ(SourceColumnOf(&changes, "c"), "c");
}

TEST(ColumnChange, TheOwnersOwnColumnsChangeNothing) {
  const Sources sources({WriteParquet({Episode(0, 5)})});
  const auto bytes_of = [&](const std::vector<DestinationColumn>& columns) {
    return DestinationSchema::From(*sources.files[0], *sources.footers[0], {}, {}, columns)
        .value()
        .footer()
        .representation()
        .bytes;
  };
  EXPECT_EQ(bytes_of({}), bytes_of({{"action", "action", "float32", {3}},
                                    {"text", "text", "string", {1}},
                                    {"index", "index"}}));
  EXPECT_NE(bytes_of({}), bytes_of({{"action", "action"}, {"index", "index"}}));
}

TEST(ColumnChange, DescribesColumnsAsDatasetsAndPandasDo) {
  const auto table =
      TableOf({{"v", Fixed(Floats({1, 2}), 2)}, {"s", Int64s({1})}, {"x", Texts({"t"})}})
          ->ReplaceSchemaMetadata(arrow::key_value_metadata(
              {"huggingface", "pandas", "other"},
              {R"({"info": {"features": {"v": {"feature": {"dtype": "float32", "_type": "Value"}, "length": 2, "_type": "Sequence"}, "s": {"dtype": "int64", "_type": "Value"}, "x": {"dtype": "string", "_type": "Value"}}}, "fingerprint": "f"})",
               R"({"index_columns": ["s", "x"], "columns": [{"name": "s", "field_name": "s", "pandas_type": "int64", "numpy_type": "int64", "metadata": null}, {"name": "x", "field_name": "x", "pandas_type": "unicode", "numpy_type": "object", "metadata": null}], "pandas_version": "2"})",
               "kept"}));
  const Sources sources({WriteParquet({table})});
  const auto schema = DestinationSchema::From(*sources.files[0], *sources.footers[0], {}, {},
                                              {{"step", "s"},
                                               {"v", "v", "float64", {3}},
                                               {"new", "", "bool", {1}},
                                               {"m", "", "int8", {2, 3}}});
  ASSERT_OK(schema.status());
  EXPECT_EQ(schema->footer().key_value("other"), "kept");
  EXPECT_EQ(
      schema->footer().key_value("huggingface"),
      R"({"info": {"features": {"step": {"dtype": "int64", "_type": "Value"}, "v": {"feature": {"dtype": "float64", "_type": "Value"}, "length": 3, "_type": "Sequence"}, "new": {"dtype": "bool", "_type": "Value"}, "m": {"shape": [2, 3], "dtype": "int8", "_type": "Array2D"}}}, "fingerprint": "f"})");
  EXPECT_EQ(
      schema->footer().key_value("pandas"),
      R"({"index_columns": ["step"], "columns": [{"name": "step", "field_name": "step", "pandas_type": "int64", "numpy_type": "int64", "metadata": null}, {"name": "v", "field_name": "v", "pandas_type": "list[float64]", "numpy_type": "object", "metadata": null}, {"name": "new", "field_name": "new", "pandas_type": "bool", "numpy_type": "bool", "metadata": null}, {"name": "m", "field_name": "m", "pandas_type": "list[list[int8]]", "numpy_type": "object", "metadata": null}], "pandas_version": "2"})");
}

TEST(ColumnChange, RefusesColumnsThatCannotBeMade) {
  const Sources sources({WriteParquet({Episode(0, 5)})});
  const DestinationColumn cases[] = {{"new", "", "image", {3, 4, 5}},
                                     {"new", "", "float16", {1}},
                                     {"new", "", "", {1}},
                                     {"new", "", "float32", {1, 2, 3, 4, 5, 6}},
                                     {"new", "", "float32", {0}},
                                     {"new", "nowhere"}};
  for (const DestinationColumn& one : cases) {
    const auto schema =
        DestinationSchema::From(*sources.files[0], *sources.footers[0], {}, {}, {one});
    EXPECT_EQ(schema.status().code(), Code::kIncompatible) << one.dtype;
  }
}

}  // namespace
}  // namespace robomerge::parquet
