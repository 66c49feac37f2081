// Numbers in another type, rounded to the nearest. Unlike Arrow's casts, these say which number
// does not fit, and how much the others have changed.
#pragma once

#include <arrow/array.h>

#include <memory>
#include <optional>
#include <string>

#include "formats/parquet/column_change.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

/// A number that the other type cannot hold.
struct Misfit {
  int64_t at = 0;        ///< in the array
  std::string expected;  ///< what would fit
  std::string found;
};

/// Whether CastNumbers knows the type: booleans, whole numbers of 8 to 64 bits, float and double.
bool IsNumber(const arrow::DataType& type);

/// `numbers` as `to`; nulls stay. A boolean is 0 or 1. Nothing, and a misfit, at the first number
/// that does not fit. REQUIRES: IsNumber() of both types.
std::shared_ptr<arrow::Array> CastNumbers(const arrow::Array& numbers,
                                          const std::shared_ptr<arrow::DataType>& to,
                                          Rounding& rounding, std::optional<Misfit>& misfit);

/// A copy of the validity of an array, without its offset; null where nothing is null. May throw.
std::shared_ptr<arrow::Buffer> ValidityOf(const arrow::Array& array);

}  // namespace robomerge::parquet
