// The Arrow side of ColumnValues.
#pragma once

#include <arrow/chunked_array.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats/parquet/column_values.h"

namespace robomerge::parquet {

struct ColumnValues::Representation {
  std::string dtype;
  std::vector<int64_t> shape;
  uint64_t num_rows = 0;
  RowKeys keys = RowKeys::kNone;
  std::vector<std::pair<int64_t, int64_t>> key_rows;
  std::string fingerprint;
  int64_t width = 1;                              ///< elements of a row
  std::shared_ptr<arrow::ChunkedArray> elements;  ///< of all rows, without nulls

  /// The elements of these rows as one array.
  Result<std::shared_ptr<arrow::Array>> Rows(uint64_t first_row, uint64_t num_rows) const;
};

}  // namespace robomerge::parquet
