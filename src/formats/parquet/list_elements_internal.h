// What lies in the lists of an Arrow array, whichever of its list types that is.
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/table.h"

namespace robomerge::parquet {

/// Where the elements of row `row` of a list array lie in its child.
inline std::pair<int64_t, int64_t> ElementRange(const arrow::Array& list, int64_t row) {
  switch (list.type_id()) {
    case arrow::Type::LIST: {
      const auto& array = static_cast<const arrow::ListArray&>(list);
      return {array.value_offset(row), array.value_offset(row + 1)};
    }
    case arrow::Type::LARGE_LIST: {
      const auto& array = static_cast<const arrow::LargeListArray&>(list);
      return {array.value_offset(row), array.value_offset(row + 1)};
    }
    default: {
      const auto& array = static_cast<const arrow::FixedSizeListArray&>(list);
      return {array.value_offset(row), array.value_offset(row) + array.value_length()};
    }
  }
}

inline std::shared_ptr<arrow::Array> ElementsOf(const arrow::Array& list) {
  switch (list.type_id()) {
    case arrow::Type::LIST:
      return static_cast<const arrow::ListArray&>(list).values();
    case arrow::Type::LARGE_LIST:
      return static_cast<const arrow::LargeListArray&>(list).values();
    default:
      return static_cast<const arrow::FixedSizeListArray&>(list).values();
  }
}

/// Appends the numbers of nested lists. The innermost arrays are doubles, cast beforehand.
class NumberFlattener {
 public:
  NumberFlattener(NumberLists& out, bool nulls_are_nan)
      : out_(out), nulls_are_nan_(nulls_are_nan) {}

  // False when a null stands where none may.
  bool Append(const arrow::Array& array, int64_t begin, int64_t end, int depth) {
    if (depth == 0) {
      const auto& numbers = static_cast<const arrow::DoubleArray&>(array);
      for (int64_t i = begin; i < end; ++i) {
        if (numbers.IsNull(i) && !nulls_are_nan_) return false;
        out_.values.push_back(numbers.IsNull(i) ? std::numeric_limits<double>::quiet_NaN()
                                                : numbers.Value(i));
      }
      return true;
    }
    const auto elements = ElementsOf(array);
    for (int64_t i = begin; i < end; ++i) {
      if (array.IsNull(i)) return false;
      const auto [from, to] = ElementRange(array, i);
      if (!Append(*elements, from, to, depth - 1)) return false;
    }
    return true;
  }

 private:
  NumberLists& out_;
  bool nulls_are_nan_;
};

/// `type` with its innermost element replaced by double.
inline std::shared_ptr<arrow::DataType> DoubleLists(const arrow::DataType& type) {
  if (!IsListLike(type)) return arrow::float64();
  return arrow::list(arrow::field("element", DoubleLists(*ListElement(type)->type())));
}

}  // namespace robomerge::parquet
