// Splices under rules, for the tests of formats/parquet: sources whose columns change, and the
// proof that the result is what they were to become.
#pragma once

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/parquet/column_change.h"
#include "formats/parquet/compare_rows.h"
#include "formats/parquet/file_splice.h"
#include "testing/parquet_files_internal.h"

namespace robomerge::parquet::testing {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using TablePointer = std::shared_ptr<arrow::Table>;

inline TablePointer TableOf(const std::vector<std::pair<std::string, ArrayPointer>>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

template <typename ArrowType, typename Value>
inline ArrayPointer Numbers(const std::vector<std::optional<Value>>& values) {
  return Column<typename arrow::TypeTraits<ArrowType>::BuilderType, Value>(values);
}

inline ArrayPointer Floats(const std::vector<std::optional<float>>& values) {
  return Numbers<arrow::FloatType, float>(values);
}
inline ArrayPointer Doubles(const std::vector<std::optional<double>>& values) {
  return Numbers<arrow::DoubleType, double>(values);
}
inline ArrayPointer Texts(const std::vector<std::optional<std::string>>& values) {
  return Column<arrow::StringBuilder, std::string>(values);
}
inline ArrayPointer Bools(const std::vector<std::optional<bool>>& values) {
  return Column<arrow::BooleanBuilder, bool>(values);
}

inline ArrayPointer Fixed(const ArrayPointer& elements, int32_t length) {
  return std::make_shared<arrow::FixedSizeListArray>(
      arrow::fixed_size_list(arrow::field("element", elements->type()), length),
      elements->length() / length, elements);
}

// `begins` has one entry more than there are rows; a null is a null row.
inline ArrayPointer Lists(const ArrayPointer& elements,
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
inline Result<Spliced> RunRules(Sources& sources, const std::vector<ColumnChanges>& changes,
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
  spliced.table = ReadParquet(spliced.bytes);
  EXPECT_TRUE(spliced.table && spliced.table->ValidateFull().ok());
  return spliced;
}

// Whether every row is that of its source under the rules, as verify asks.
inline void ExpectProved(const Sources& sources, const std::vector<ColumnChanges>& changes,
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

inline void ExpectColumn(const TablePointer& table, const std::string& name,
                         const ArrayPointer& expected) {
  const auto column = table->GetColumnByName(name);
  ASSERT_TRUE(column) << name;
  EXPECT_TRUE(column->type()->Equals(expected->type()))
      << name << ": " << column->type()->ToString() << " for " << expected->type()->ToString();
  const arrow::ChunkedArray wanted(expected);
  EXPECT_TRUE(column->Equals(wanted, arrow::EqualOptions::Defaults().nans_equal(true)))
      << name << ": " << column->ToString();
}

inline TablePointer Episode(int64_t first, int64_t length) {
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

}  // namespace robomerge::parquet::testing
