#include "formats/parquet/cells.h"

#include <arrow/scalar.h>
#include <arrow/table.h>

#include "base/text.h"
#include "formats/parquet/row_decoder_internal.h"

namespace robomerge::parquet {
namespace {

template <typename ScalarType>
auto ValueOf(const arrow::Scalar& scalar) {
  return static_cast<const ScalarType&>(scalar).value;
}

// Nothing if the scalar is of another kind.
std::optional<Cell> CellOf(const arrow::Scalar& scalar) {
  if (!scalar.is_valid) return Cell();
  switch (scalar.type->id()) {
    case arrow::Type::BOOL:
      return Cell(ValueOf<arrow::BooleanScalar>(scalar));
    case arrow::Type::INT8:
      return Cell(int64_t{ValueOf<arrow::Int8Scalar>(scalar)});
    case arrow::Type::INT16:
      return Cell(int64_t{ValueOf<arrow::Int16Scalar>(scalar)});
    case arrow::Type::INT32:
      return Cell(int64_t{ValueOf<arrow::Int32Scalar>(scalar)});
    case arrow::Type::INT64:
      return Cell(ValueOf<arrow::Int64Scalar>(scalar));
    case arrow::Type::UINT8:
      return Cell(uint64_t{ValueOf<arrow::UInt8Scalar>(scalar)});
    case arrow::Type::UINT16:
      return Cell(uint64_t{ValueOf<arrow::UInt16Scalar>(scalar)});
    case arrow::Type::UINT32:
      return Cell(uint64_t{ValueOf<arrow::UInt32Scalar>(scalar)});
    case arrow::Type::UINT64:
      return Cell(ValueOf<arrow::UInt64Scalar>(scalar));
    case arrow::Type::FLOAT:
      return Cell(ValueOf<arrow::FloatScalar>(scalar));
    case arrow::Type::DOUBLE:
      return Cell(ValueOf<arrow::DoubleScalar>(scalar));
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
      return Cell(static_cast<const arrow::BaseBinaryScalar&>(scalar).value->ToString());
    case arrow::Type::DICTIONARY: {
      const auto value = static_cast<const arrow::DictionaryScalar&>(scalar).GetEncodedValue();
      return value.ok() ? CellOf(**value) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<std::vector<Cell>> ReadCells(const io::RandomAccessFile& file, const Footer& footer,
                                    const std::string& column, const std::vector<uint64_t>& rows) {
  const Footer::Representation& bytes = footer.representation();
  const std::string where = StrCat(file.path(), ": column `", column, "`");
  const std::optional<uint32_t> number = bytes.column(column);
  if (!number) return Problem(Code::kCorrupt, "there is no such column").At(where);
  std::vector<int> leaves;
  for (uint32_t leaf = bytes.column_first_leaf[*number];
       leaf < bytes.column_first_leaf[*number + 1]; ++leaf)
    leaves.push_back(static_cast<int>(leaf));
  RowDecoder decoder(file, bytes, std::move(leaves));
  std::vector<Cell> cells;
  for (const uint64_t row : rows) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Table> table, decoder.Read(row, 1));
    const std::string what = "cannot read a value";
    ROBOMERGE_ASSIGN_OR_RETURN_ARROW(const std::shared_ptr<arrow::Scalar> scalar,
                                     table->column(0)->GetScalar(0), what, where);
    std::optional<Cell> cell = CellOf(*scalar);
    if (!cell) {
      return Problem(Code::kCorrupt, "column holds no single numbers, truth values or texts")
          .At(StrCat(where, ", row ", row))
          .Found(scalar->type->ToString());
    }
    cells.push_back(std::move(*cell));
  }
  return cells;
}

}  // namespace robomerge::parquet
