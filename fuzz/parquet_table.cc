// A table of metadata, every column by the direct page decoder and by Arrow: what the decoder
// reads, Arrow reads too, with the same values. Then the columns are carried into another table.
#include <algorithm>
#include <bit>

#include "formats/parquet/direct_column_internal.h"
#include "formats/parquet/memory_file_internal.h"
#include "formats/parquet/table.h"
#include "formats/parquet/table_internal.h"
#include "fuzz/check.h"
#include "fuzz/mutate.h"
#include "testing/guarded_file_system.h"
#include "testing/memory_file_system.h"

namespace robomerge {
using parquet::NumberLists;
using parquet::Table;

FUZZ_MUTATE_WITH(fuzz::MutateParquet);

namespace {

bool Same(double left, double right) {
  return std::bit_cast<uint64_t>(left) == std::bit_cast<uint64_t>(right) ||
         (left != left && right != right);
}

template <typename Value>
bool Same(const std::vector<Value>& left, const std::vector<Value>& right) {
  if (left.size() != right.size()) return false;
  for (size_t at = 0; at < left.size(); ++at) {
    if constexpr (std::is_same_v<Value, double>) {
      if (!Same(left[at], right[at])) return false;
    } else if (left[at] != right[at]) {
      return false;
    }
  }
  return true;
}

bool Same(const NumberLists& left, const NumberLists& right) {
  return left.element == right.element && left.list_depth == right.list_depth &&
         left.cell_begin == right.cell_begin && left.is_null == right.is_null &&
         Same(left.values, right.values);
}

// `direct` may be nothing, where the decoder leaves a column to Arrow.
template <typename Value>
void Compare(const std::string& column, int64_t num_rows, const std::optional<Value>& direct,
             const Result<Value>& arrow, size_t num_values) {
  if (fuzz::Fine(arrow))
    FUZZ_CHECK(static_cast<int64_t>(num_values) == num_rows,
               column + " has another number of rows than its table");
  if (!direct) return;
  FUZZ_CHECK(arrow.ok(), column + " is read by us and not by Arrow: " + arrow.status().ToString());
  FUZZ_CHECK(Same(*direct, *arrow), column + " differs from what Arrow reads");
}

void CompareColumn(const Table& table, const Table& by_arrow, const std::string& column) {
  const parquet::Footer::Representation& footer = table.representation().footer.representation();
  const std::string& bytes = table.representation().bytes;
  const int64_t num_rows = table.num_rows();
  const auto integers = by_arrow.Int64s(column);
  Compare(column, num_rows, parquet::DirectInt64s(footer, bytes, column), integers,
          integers.ok() ? integers->size() : 0);
  const auto doubles = by_arrow.Doubles(column);
  Compare(column, num_rows, parquet::DirectDoubles(footer, bytes, column), doubles,
          doubles.ok() ? doubles->size() : 0);
  const auto texts = by_arrow.Strings(column);
  Compare(column, num_rows, parquet::DirectStrings(footer, bytes, column), texts,
          texts.ok() ? texts->size() : 0);
  const auto text_lists = by_arrow.StringLists(column);
  Compare(column, num_rows, parquet::DirectStringLists(footer, bytes, column), text_lists,
          text_lists.ok() ? text_lists->size() : 0);
  const auto numbers = by_arrow.Numbers(column);
  Compare(column, num_rows, parquet::DirectNumbers(footer, bytes, column), numbers,
          numbers.ok() ? numbers->is_null.size() : 0);
  if (numbers.ok())
    FUZZ_CHECK(numbers->cell_begin.size() == numbers->is_null.size() + 1 &&
                   numbers->cell_begin.back() == numbers->values.size(),
               column);
}

void Carry(const Table& table, const std::string& column) {
  parquet::TableWriter writer;
  parquet::TableWriter::Block block{&table, {}};
  for (int64_t row = 0; row < std::min<int64_t>(table.num_rows(), 1000); ++row)
    block.rows.push_back(row);
  if (!fuzz::Fine(writer.AddCarried(column, {block, block}))) return;
  io::MemoryFileSystem memory;
  io::GuardedFileSystem files(memory, {"/file.parquet"});
  const auto output = files.Create("/file.parquet", io::Sharing::kForbidden);
  static_cast<void>(fuzz::Fine(writer.Write(**output)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const parquet::MemoryFile file("file.parquet", std::string(fuzz::Text(data, size)));
  const Result<Table> table = Table::Read(file);
  if (!fuzz::Fine(table)) return 0;
  for (const std::string& column : table->column_names()) {
    const Result<Table> by_arrow = Table::ReadColumns(file, {column});
    // Arrow also refuses for what no column shows, such as a damaged ARROW:schema.
    if (!fuzz::Fine(by_arrow)) continue;
    CompareColumn(*table, *by_arrow, column);
    Carry(*by_arrow, column);
  }
  return 0;
}

}  // namespace robomerge
