#include <arrow/array.h>
#include <arrow/table.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "base/text.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/compare_rows.h"
#include "formats/parquet/row_decoder_internal.h"

namespace robomerge::parquet {
namespace {

float HalfAsFloat(uint16_t bits) {
  const uint32_t exponent = bits >> 10 & 31, mantissa = bits & 0x3ff;
  float value = exponent == 31  ? (mantissa == 0 ? std::numeric_limits<float>::infinity()
                                                 : std::numeric_limits<float>::quiet_NaN())
                : exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                : std::ldexp(static_cast<float>(mantissa | 0x400),
                                             static_cast<int>(exponent) - 25);
  return (bits >> 15) != 0 ? -value : value;
}

template <typename ArrayType, typename Number>
void AppendLeaf(const ArrayType& array, std::vector<Number>& values) {
  if constexpr (requires { array.raw_values(); }) {
    if constexpr (!std::is_same_v<ArrayType, arrow::HalfFloatArray>) {
      if (array.null_count() == 0) {
        values.insert(values.end(), array.raw_values(), array.raw_values() + array.length());
        return;
      }
    }
  }
  for (int64_t at = 0; at < array.length(); ++at) {
    if (array.IsNull(at))
      values.push_back(std::numeric_limits<Number>::quiet_NaN());
    else if constexpr (std::is_same_v<ArrayType, arrow::HalfFloatArray>)
      values.push_back(static_cast<Number>(HalfAsFloat(array.Value(at))));
    else
      values.push_back(static_cast<Number>(array.Value(at)));
  }
}

bool FitsFloats(arrow::Type::type type) {
  switch (type) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
      return true;
    default:
      return false;
  }
}

// Appends numbers, and those in lists, to the rows of one column.
class Appender {
 public:
  Appender(NumberRows& rows, bool as_floats) : rows_(rows), as_floats_(as_floats) {}

  bool is_even() const { return is_even_; }

  // False for anything but numbers.
  bool Append(const arrow::Array& array) {
    switch (array.type_id()) {
      case arrow::Type::LIST:
        return AppendList(static_cast<const arrow::ListArray&>(array));
      case arrow::Type::LARGE_LIST:
        return AppendList(static_cast<const arrow::LargeListArray&>(array));
      case arrow::Type::FIXED_SIZE_LIST:
        return AppendList(static_cast<const arrow::FixedSizeListArray&>(array));
      case arrow::Type::BOOL:
        return AppendAs<arrow::BooleanArray>(array);
      case arrow::Type::INT8:
        return AppendAs<arrow::Int8Array>(array);
      case arrow::Type::UINT8:
        return AppendAs<arrow::UInt8Array>(array);
      case arrow::Type::INT16:
        return AppendAs<arrow::Int16Array>(array);
      case arrow::Type::UINT16:
        return AppendAs<arrow::UInt16Array>(array);
      case arrow::Type::INT32:
        return AppendAs<arrow::Int32Array>(array);
      case arrow::Type::UINT32:
        return AppendAs<arrow::UInt32Array>(array);
      case arrow::Type::INT64:
        return AppendAs<arrow::Int64Array>(array);
      case arrow::Type::UINT64:
        return AppendAs<arrow::UInt64Array>(array);
      case arrow::Type::HALF_FLOAT:
        return AppendAs<arrow::HalfFloatArray>(array);
      case arrow::Type::FLOAT:
        return AppendAs<arrow::FloatArray>(array);
      case arrow::Type::DOUBLE:
        return AppendAs<arrow::DoubleArray>(array);
      default:
        return false;
    }
  }

 private:
  template <typename ListArray>
  bool AppendList(const ListArray& list) {
    if (depth_ == lengths_.size()) lengths_.push_back(-1);
    int64_t& length = lengths_[depth_];
    for (int64_t row = 0; row < list.length(); ++row) {
      if (length < 0) length = list.value_length(row);
      is_even_ = is_even_ && list.value_length(row) == length;
    }
    const int64_t begin = list.value_offset(0);
    ++depth_;
    const bool are_numbers =
        Append(*list.values()->Slice(begin, list.value_offset(list.length()) - begin));
    --depth_;
    return are_numbers;
  }

  template <typename ArrayType>
  bool AppendAs(const arrow::Array& array) {
    const auto& typed = static_cast<const ArrayType&>(array);
    if (as_floats_ && FitsFloats(array.type_id())) {
      rows_.is_float = true;
      AppendLeaf(typed, rows_.floats);
    } else {
      AppendLeaf(typed, rows_.values);
    }
    return true;
  }

  NumberRows& rows_;
  const bool as_floats_;
  // Lists whose rows differ in length have no width.
  bool is_even_ = true;
  size_t depth_ = 0;
  std::vector<int64_t> lengths_;  // by depth; -1: not known yet
};

}  // namespace

struct NumberReader::Representation {
  const Footer::Representation& footer;
  std::vector<std::string> columns;
  RowDecoder decoder;
  bool as_floats;
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
                           const std::vector<std::string>& columns, bool as_floats)
    : representation_(
          new Representation{footer.representation(), columns,
                             RowDecoder(file, footer.representation(),
                                        LeavesInFileOrder(footer.representation(), columns)),
                             as_floats}) {}
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
    Appender appender(rows, representation_->as_floats);
    for (const auto& part : values->chunks()) {
      if (part->length() > 0 && !appender.Append(*part)) {
        return Problem(Code::kCorrupt, StrCat("column `", column, "` holds no numbers"))
            .At(where)
            .Found(raw->type()->ToString());
      }
    }
    const size_t count = rows.values.size() + rows.floats.size();
    if (num_rows > 0 && count % num_rows == 0 && appender.is_even())
      rows.width = static_cast<uint32_t>(count / num_rows);
  }
  return all;
}

}  // namespace robomerge::parquet
