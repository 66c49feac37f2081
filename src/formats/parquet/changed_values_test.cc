// Splices in which values change: columns filled, cast, rearranged.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "base/text.h"
#include "testing/column_rules_internal.h"

namespace robomerge::parquet {
namespace {

using namespace testing;  // NOLINT: the room's own helpers
using ::testing::EndsWith;
using ::testing::HasSubstr;

struct FillCase {
  const char* dtype;
  FillValue fill;
  ArrayPointer one;  ///< null: it is refused
};

TEST(ChangedValues, FillsEveryType) {
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

TEST(ChangedValues, FillsMatricesAndListsAsTheOwnerHasThem) {
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
  std::string holding = {};  ///< the type that is proposed instead
};

TEST(ChangedValues, CastsToTheNearestAndRefusesWhatDoesNotFit) {
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
      {Doubles({0, 127.5}), "int8", refused, 0, "float64"},
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
      {Int64s({0, large + 1}), "float64", refused, 0, "int64"},
      {Int64s({large}), "float64", Doubles({9007199254740992.0})},
      {uint64s({0, ~uint64_t{0}}), "float64", refused},
      {uint64s({0, ~uint64_t{0}}), "int64", refused, 0, "uint64"},
      {uint64s({5}), "int8", int8s({5})},
      {Int64s({0, 128}), "int8", refused},
      {Int64s({0, -1}), "uint64", refused},
      {Bools({true, false}), "float32", Floats({1, 0})},
      {Bools({true, std::nullopt}), "int64",
       Column<arrow::Int64Builder, int64_t>({1, std::nullopt})},
      {Int64s({1, 0}), "bool", Bools({true, false})},
      {Int64s({1, 2}), "bool", refused, 0, "int64"},
      {Texts({"1", "2"}), "int64", refused},
  };
  size_t number = 0;
  for (const CastCase& one : cases) {
    SCOPED_TRACE(number++);
    for (const bool as_lists : {false, true}) {
      // All in one list, behind a row that is null.
      const int64_t length = one.source->length();
      const std::vector<std::optional<int32_t>> begins = {std::nullopt, 0,
                                                          static_cast<int32_t>(length)};
      const std::string row = as_lists ? "row 3, element 1" : StrCat("row ", length + 1);
      const ArrayPointer values = as_lists ? Lists(one.source, begins) : one.source;
      Sources sources({WriteParquet({TableOf({{"c", values}}), TableOf({{"c", values}})})});
      const std::vector<ColumnChanges> changes = {
          {{{.column = "d", .source_column = "c", .is_cast = true}}, {}}};
      const std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
      const auto spliced =
          RunRules(sources, changes, {{"d", "c", one.dtype, {as_lists ? 2 : 1}}}, {row_groups[1]});
      if (!one.expected) {
        ASSERT_EQ(spliced.status().code(), Code::kIncompatible);
        const Problem& problem = spliced.status().problems()[0];
        EXPECT_EQ(problem.kind, "E-cast");
        EXPECT_THAT(problem.where, HasSubstr("source-0.parquet: column `c`"));
        if (one.source->type_id() != arrow::Type::STRING) {
          EXPECT_THAT(problem.where, HasSubstr(row));
          EXPECT_THAT(problem.what, EndsWith(StrCat("does not fit ", one.dtype)));
        }
        EXPECT_THAT(problem.hint, HasSubstr(one.holding.empty() ? "" : "--cast d=" + one.holding));
        continue;
      }
      ASSERT_OK(spliced.status());
      ExpectColumn(spliced->table, "d", as_lists ? Lists(one.expected, begins) : one.expected);
      EXPECT_EQ(spliced->report.rounded.at(0).second.largest_change, one.largest_change);
      ExpectProved(sources, changes, {row_groups[1]}, spliced->bytes);
    }
  }
}

TEST(ChangedValues, ACastOfWhatHasTheTypeAlreadyCopies) {
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

TEST(ChangedValues, ElementsOfVectorsTextsAndSingleValues) {
  const auto null = std::nullopt;
  const auto with_null_row = [](const ArrayPointer& elements, int32_t length) -> ArrayPointer {
    const auto validity = Bools({true, false, true})->data()->buffers[1];
    return std::make_shared<arrow::FixedSizeListArray>(
        arrow::fixed_size_list(arrow::field("element", elements->type()), length), 3, elements,
        validity);
  };
  Sources sources(
      {WriteParquet({TableOf({{"v", Lists(Floats({1, 2, 3, 4}), {0, null, 2, 4})},
                              {"t", Fixed(Texts({"a", "b", "c", "d", null, "f"}), 2)},
                              {"b", Fixed(Bools({true, false, true, true, false, true}), 2)},
                              {"n", with_null_row(Floats({1, 2, 3, 4, 5, 6}), 2)},
                              {"s", Int64s({5, 6, 7})}})})});
  const std::vector<ColumnChanges> changes = {
      {{{.column = "v", .source_column = "v", .elements = {-1, 1, 0}},
        {.column = "t", .source_column = "t", .elements = {1, 0, -1}},
        {.column = "b", .source_column = "b", .elements = {1, -1, 0}},
        {.column = "n", .source_column = "n", .elements = {1, 0, -1}, .is_cast = true},
        {.column = "s", .source_column = "s", .elements = {0, -1}}},
       {}}};
  const std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunRules(sources, changes,
                                                       {{"v", "v", "float32", {3}},
                                                        {"t", "t", "string", {3}},
                                                        {"b", "b", "bool", {3}},
                                                        {"n", "n", "int8", {3}},
                                                        {"s", "s", "int64", {2}}},
                                                       row_groups));
  ExpectColumn(spliced.table, "v", Lists(Floats({0, 2, 1, 0, 4, 3}), {0, null, 3, 6}));
  ExpectColumn(spliced.table, "t", Fixed(Texts({"b", "a", "", "d", "c", "", "f", null, ""}), 3));
  ExpectColumn(spliced.table, "b",
               Fixed(Bools({false, false, true, true, false, true, true, false, false}), 3));
  ExpectColumn(spliced.table, "n",
               with_null_row(Numbers<arrow::Int8Type, int8_t>({2, 1, 0, 0, 0, 0, 6, 5, 0}), 3));
  ExpectColumn(spliced.table, "s", Lists(Int64s({5, 0, 6, 0, 7, 0}), {0, 2, 4, 6}));
  ExpectProved(sources, changes, row_groups, spliced.bytes);
}

TEST(ChangedValues, RefusesRowsWithOtherElements) {
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

}  // namespace
}  // namespace robomerge::parquet
