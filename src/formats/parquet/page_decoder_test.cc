// The direct reader against Arrow: whatever it returns must be what Arrow returns, over types,
// nesting, nulls, encodings, codecs and page sizes.
#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "formats/parquet/direct_column_internal.h"
#include "formats/parquet/page_decoder_internal.h"
#include "formats/parquet/table_internal.h"
#include "testing/parquet_files_internal.h"

namespace robomerge::parquet {
namespace {

using testing::WriteParquet;

constexpr int64_t kNumRows = 700;

// Random arrays. Values repeat, so that dictionaries and runs arise.
class Maker {
 public:
  explicit Maker(uint32_t seed) : random_(seed) {}

  std::shared_ptr<arrow::Array> Make(const std::shared_ptr<arrow::DataType>& type, int64_t length,
                                     bool nullable) {
    std::unique_ptr<arrow::ArrayBuilder> builder = arrow::MakeBuilder(type).ValueOrDie();
    for (int64_t i = 0; i < length; ++i) Append(*builder, *type, nullable);
    return builder->Finish().ValueOrDie();
  }

 private:
  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint32_t>(limit)); }

  void Append(arrow::ArrayBuilder& builder, const arrow::DataType& type, bool nullable) {
    if (nullable && Below(7) == 0) {
      ASSERT_TRUE(builder.AppendNull().ok());
      return;
    }
    switch (type.id()) {
      case arrow::Type::BOOL:
        ASSERT_TRUE(static_cast<arrow::BooleanBuilder&>(builder).Append(Below(2) == 1).ok());
        break;
      case arrow::Type::INT32:
        ASSERT_TRUE(static_cast<arrow::Int32Builder&>(builder).Append(Below(50) - 25).ok());
        break;
      case arrow::Type::INT64:
        ASSERT_TRUE(static_cast<arrow::Int64Builder&>(builder)
                        .Append((int64_t{Below(50)} - 25) << (Below(3) * 15))
                        .ok());
        break;
      case arrow::Type::FLOAT:
        ASSERT_TRUE(static_cast<arrow::FloatBuilder&>(builder)
                        .Append(static_cast<float>(Below(900)) / 7)
                        .ok());
        break;
      case arrow::Type::DOUBLE:
        ASSERT_TRUE(static_cast<arrow::DoubleBuilder&>(builder).Append(Below(900) / 7.0).ok());
        break;
      case arrow::Type::STRING:
        ASSERT_TRUE(
            static_cast<arrow::StringBuilder&>(builder).Append(std::string(Below(9), 'x')).ok());
        break;
      default: {
        auto& list = static_cast<arrow::ListBuilder&>(builder);
        ASSERT_TRUE(list.Append().ok());
        // A null list inside a list is an error for all our readers; a null element is not.
        const auto& element = *static_cast<const arrow::ListType&>(type).value_type();
        for (int left = Below(5); left > 0; --left)
          Append(*list.value_builder(), element, nullable && element.id() != arrow::Type::LIST);
      }
    }
  }

  std::mt19937 random_;
};

std::shared_ptr<arrow::DataType> Lists(int depth, std::shared_ptr<arrow::DataType> type) {
  for (; depth > 0; --depth) type = arrow::list(arrow::field("element", type));
  return type;
}

struct Case {
  std::string name;
  std::shared_ptr<::parquet::WriterProperties> properties;
  bool is_known = true;  // the direct reader must read it
};

std::vector<Case> Cases() {
  using Builder = ::parquet::WriterProperties::Builder;
  std::vector<Case> cases;
  cases.push_back({"usual", testing::PlainProperties()});
  cases.push_back(
      {"uncompressed", Builder().compression(::parquet::Compression::UNCOMPRESSED)->build()});
  cases.push_back(
      {"no dictionary",
       Builder().compression(::parquet::Compression::SNAPPY)->disable_dictionary()->build()});
  cases.push_back({"many pages", Builder()
                                     .compression(::parquet::Compression::SNAPPY)
                                     ->data_pagesize(64)
                                     ->write_batch_size(16)
                                     ->build()});
  cases.push_back({"dictionary falls back",
                   Builder().dictionary_pagesize_limit(40)->write_batch_size(16)->build()});
  cases.push_back({"pages v2",
                   Builder().data_page_version(::parquet::ParquetDataPageVersion::V2)->build(),
                   false});
  cases.push_back({"zstd", Builder().compression(::parquet::Compression::ZSTD)->build(), false});
  cases.push_back(
      {"delta",
       Builder().disable_dictionary()->encoding(::parquet::Encoding::DELTA_BINARY_PACKED)->build(),
       false});
  return cases;
}

void ExpectEqual(const NumberLists& direct, const NumberLists& arrow) {
  EXPECT_EQ(direct.element, arrow.element);
  EXPECT_EQ(direct.list_depth, arrow.list_depth);
  EXPECT_EQ(direct.cell_begin, arrow.cell_begin);
  EXPECT_EQ(direct.is_null, arrow.is_null);
  ASSERT_EQ(direct.values.size(), arrow.values.size());
  for (size_t i = 0; i < direct.values.size(); ++i) {
    EXPECT_TRUE(direct.values[i] == arrow.values[i] ||
                (std::isnan(direct.values[i]) && std::isnan(arrow.values[i])))
        << "value " << i;
  }
}

struct Written {
  std::string bytes;
  std::shared_ptr<const Footer::Representation> footer;
  Table through_arrow;
};

Written Write(const std::shared_ptr<arrow::Array>& array,
              const std::shared_ptr<::parquet::WriterProperties>& properties,
              int num_row_groups = 2) {
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("c", array->type())}), {array});
  std::vector<std::shared_ptr<arrow::Table>> row_groups;
  const int64_t rows = table->num_rows() / num_row_groups;
  for (int i = 0; i + 1 < num_row_groups; ++i) row_groups.push_back(table->Slice(i * rows, rows));
  row_groups.push_back(table->Slice((num_row_groups - 1) * rows));
  std::string bytes = WriteParquet(row_groups, properties);
  auto footer = ParseFileInMemory("t", bytes).value();
  // ReadColumns always reads through Arrow.
  Table table_of_arrow = Table::ReadColumns(MemoryFile("t", bytes), {"c"}).value();
  return {std::move(bytes), std::move(footer), std::move(table_of_arrow)};
}

TEST(DirectColumn, NumbersEqualThoseThatArrowReads) {
  for (const Case& each : Cases()) {
    uint32_t seed = 1;
    for (const auto& type :
         {arrow::int32(), arrow::int64(), arrow::float32(), arrow::float64(), arrow::boolean()}) {
      const bool is_integer = type->id() == arrow::Type::INT32 || type->id() == arrow::Type::INT64;
      if (each.name == "delta" && !is_integer) continue;
      for (int depth = 0; depth <= 3; ++depth) {
        // All our readers refuse a null element of a list of integers.
        const bool nullable = !(depth > 0 && (is_integer || type->id() == arrow::Type::BOOL));
        SCOPED_TRACE(each.name + " " + Lists(depth, type)->ToString());
        const Written written =
            Write(Maker(++seed).Make(Lists(depth, type), kNumRows, nullable), each.properties);
        const auto direct = DirectNumbers(*written.footer, written.bytes, "c");
        EXPECT_EQ(direct.has_value(), each.is_known);
        const Result<NumberLists> arrow = written.through_arrow.Numbers("c");
        ASSERT_TRUE(arrow.ok()) << arrow.status().ToString();
        if (direct) ExpectEqual(*direct, *arrow);
      }
    }
  }
}

TEST(DirectColumn, ScalarsAndTextsEqualThoseThatArrowReads) {
  for (const Case& each : Cases()) {
    if (each.name == "delta") continue;
    SCOPED_TRACE(each.name);
    const Written integers = Write(Maker(1).Make(arrow::int64(), kNumRows, false), each.properties);
    const auto direct_integers = DirectInt64s(*integers.footer, integers.bytes, "c");
    EXPECT_EQ(direct_integers.has_value(), each.is_known);
    if (direct_integers) {
      EXPECT_EQ(*direct_integers, integers.through_arrow.Int64s("c").value());
    }

    const Written doubles =
        Write(Maker(2).Make(arrow::float64(), kNumRows, false), each.properties);
    const auto direct_doubles = DirectDoubles(*doubles.footer, doubles.bytes, "c");
    EXPECT_EQ(direct_doubles.has_value(), each.is_known);
    if (direct_doubles) {
      EXPECT_EQ(*direct_doubles, doubles.through_arrow.Doubles("c").value());
    }

    const Written texts = Write(Maker(3).Make(arrow::utf8(), kNumRows, false), each.properties);
    const auto direct_texts = DirectStrings(*texts.footer, texts.bytes, "c");
    EXPECT_EQ(direct_texts.has_value(), each.is_known);
    if (direct_texts) {
      EXPECT_EQ(*direct_texts, texts.through_arrow.Strings("c").value());
    }

    const Written lists =
        Write(Maker(4).Make(Lists(1, arrow::utf8()), kNumRows, false), each.properties);
    const auto direct_lists = DirectStringLists(*lists.footer, lists.bytes, "c");
    EXPECT_EQ(direct_lists.has_value(), each.is_known);
    if (direct_lists) {
      EXPECT_EQ(*direct_lists, lists.through_arrow.StringLists("c").value());
    }
  }
}

TEST(DirectColumn, LeavesWhatIsNoPlainNumberToArrow) {
  const auto properties = testing::PlainProperties();
  for (const auto& type :
       {arrow::timestamp(arrow::TimeUnit::MICRO), arrow::date32(), arrow::fixed_size_binary(3)}) {
    const Written written = Write(arrow::MakeArrayOfNull(type, 10).ValueOrDie(), properties);
    EXPECT_FALSE(DirectNumbers(*written.footer, written.bytes, "c")) << type->ToString();
  }
  const Written unsigned_numbers = Write(
      arrow::MakeArrayFromScalar(arrow::UInt64Scalar(~uint64_t{0}), 10).ValueOrDie(), properties);
  EXPECT_FALSE(DirectInt64s(*unsigned_numbers.footer, unsigned_numbers.bytes, "c"));
  const Written beyond = Write(testing::Int64s({(int64_t{1} << 53) + 1, 2}), properties, 1);
  EXPECT_FALSE(DirectNumbers(*beyond.footer, beyond.bytes, "c"));
  EXPECT_TRUE(DirectInt64s(*beyond.footer, beyond.bytes, "c"));
}

TEST(DirectColumn, LeavesNullsWhereNoneMayBeToArrow) {
  const auto properties = testing::PlainProperties();
  const Written scalar = Write(Maker(1).Make(arrow::int64(), kNumRows, true), properties);
  EXPECT_FALSE(DirectInt64s(*scalar.footer, scalar.bytes, "c"));
  const Written texts = Write(Maker(1).Make(Lists(1, arrow::utf8()), kNumRows, true), properties);
  EXPECT_FALSE(DirectStringLists(*texts.footer, texts.bytes, "c"));
  const Written elements =
      Write(Maker(1).Make(Lists(1, arrow::int64()), kNumRows, true), properties);
  EXPECT_FALSE(DirectNumbers(*elements.footer, elements.bytes, "c"));
}

// Damaged pages may be refused, or read as other values, since nothing checks the values
// themselves; they must not crash. Under the address sanitizer this tests every bound in the
// decoder.
TEST(DirectColumn, SurvivesDamagedPages) {
  std::mt19937 random(7);
  uint64_t refused = 0, accepted = 0;
  for (const auto& type : {Lists(3, arrow::float64()), Lists(1, arrow::int64()),
                           Lists(1, arrow::utf8()), arrow::boolean()}) {
    for (const Case& each : Cases()) {
      if (!each.is_known) continue;
      const Written written = Write(Maker(5).Make(type, 60, false), each.properties);
      for (int round = 0; round < 200; ++round) {
        std::string damaged = written.bytes;
        for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips) {
          damaged[4 + random() % (written.footer->footer_begin - 4)] = static_cast<char>(random());
        }
        const bool read = DirectNumbers(*written.footer, damaged, "c").has_value() ||
                          DirectStringLists(*written.footer, damaged, "c").has_value();
        (read ? accepted : refused) += 1;
        const std::string_view short_file =
            std::string_view(damaged).substr(0, random() % damaged.size());
        static_cast<void>(DirectNumbers(*written.footer, short_file, "c"));
      }
    }
  }
  EXPECT_GT(refused, 100u);
  EXPECT_GT(accepted, 100u);
}

}  // namespace
}  // namespace robomerge::parquet
