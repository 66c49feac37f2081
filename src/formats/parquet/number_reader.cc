#include <arrow/array.h>
#include <arrow/table.h>

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/compare_rows.h"
#include "formats/parquet/row_decoder_internal.h"

namespace robomerge::parquet {
namespace {

template <typename ArrayType>
void AppendLeaf(const arrow::Array& array, std::vector<double>& values) {
  const auto& typed = static_cast<const ArrayType&>(array);
  for (int64_t at = 0; at < typed.length(); ++at) {
    values.push_back(typed.IsNull(at) ? std::numeric_limits<double>::quiet_NaN()
                                      : static_cast<double>(typed.Value(at)));
  }
}

// Appends the numbers in `array` and in the lists in it. False for anything but numbers.
bool AppendNumbers(const arrow::Array& array, std::vector<double>& values) {
  switch (array.type_id()) {
    case arrow::Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      const int64_t begin = list.value_offset(0);
      return AppendNumbers(*list.values()->Slice(begin, list.value_offset(list.length()) - begin),
                           values);
    }
    case arrow::Type::LARGE_LIST: {
      const auto& list = static_cast<const arrow::LargeListArray&>(array);
      const int64_t begin = list.value_offset(0);
      return AppendNumbers(*list.values()->Slice(begin, list.value_offset(list.length()) - begin),
                           values);
    }
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListArray&>(array);
      const int64_t begin = list.value_offset(0);
      return AppendNumbers(*list.values()->Slice(begin, list.value_offset(list.length()) - begin),
                           values);
    }
    case arrow::Type::BOOL:
      AppendLeaf<arrow::BooleanArray>(array, values);
      return true;
    case arrow::Type::INT8:
      AppendLeaf<arrow::Int8Array>(array, values);
      return true;
    case arrow::Type::UINT8:
      AppendLeaf<arrow::UInt8Array>(array, values);
      return true;
    case arrow::Type::INT16:
      AppendLeaf<arrow::Int16Array>(array, values);
      return true;
    case arrow::Type::UINT16:
      AppendLeaf<arrow::UInt16Array>(array, values);
      return true;
    case arrow::Type::INT32:
      AppendLeaf<arrow::Int32Array>(array, values);
      return true;
    case arrow::Type::UINT32:
      AppendLeaf<arrow::UInt32Array>(array, values);
      return true;
    case arrow::Type::INT64:
      AppendLeaf<arrow::Int64Array>(array, values);
      return true;
    case arrow::Type::UINT64:
      AppendLeaf<arrow::UInt64Array>(array, values);
      return true;
    case arrow::Type::FLOAT:
      AppendLeaf<arrow::FloatArray>(array, values);
      return true;
    case arrow::Type::DOUBLE:
      AppendLeaf<arrow::DoubleArray>(array, values);
      return true;
    default:
      return false;
  }
}

}  // namespace

struct NumberReader::Representation {
  const Footer::Representation& footer;
  std::vector<std::string> columns;
  RowDecoder decoder;
};

namespace {

std::vector<int> LeavesInFileOrder(const Footer::Representation& footer,
                                   const std::vector<std::string>& columns) {
  std::vector<int> leaves;
  for (size_t leaf = 0; leaf < footer.leaves.size(); ++leaf) {
    if (std::find(columns.begin(), columns.end(), footer.leaves[leaf].path.front()) !=
        columns.end())
      leaves.push_back(static_cast<int>(leaf));
  }
  return leaves;
}

}  // namespace

NumberReader::NumberReader(const io::RandomAccessFile& file, const Footer& footer,
                           const std::vector<std::string>& columns)
    : representation_(
          new Representation{footer.representation(), columns,
                             RowDecoder(file, footer.representation(),
                                        LeavesInFileOrder(footer.representation(), columns))}) {}
NumberReader::~NumberReader() = default;
NumberReader::NumberReader(NumberReader&&) noexcept = default;

Result<std::vector<NumberRows>> NumberReader::Read(uint64_t first_row, uint64_t num_rows) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Table> table,
                             representation_->decoder.Read(first_row, num_rows));
  std::vector<NumberRows> all;
  for (const std::string& column : representation_->columns) {
    const std::string where = StrCat(representation_->footer.path, ": column `", column, "`");
    const auto raw = table->GetColumnByName(column);
    if (!raw) return Problem(Code::kCorrupt, StrCat("column `", column, "` is missing")).At(where);
    const auto values = WithType(*raw, StorageType(raw->type()));
    NumberRows& rows = all.emplace_back();
    for (const auto& part : values->chunks()) {
      if (part->length() > 0 && !AppendNumbers(*part, rows.values)) {
        return Problem(Code::kCorrupt, StrCat("column `", column, "` holds no numbers"))
            .At(where)
            .Found(raw->type()->ToString());
      }
    }
    if (num_rows > 0 && rows.values.size() % num_rows == 0)
      rows.width = static_cast<uint32_t>(rows.values.size() / num_rows);
  }
  return all;
}

}  // namespace robomerge::parquet
