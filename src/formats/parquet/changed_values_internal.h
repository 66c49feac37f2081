// The values of a column that a ColumnChange makes, as Arrow arrays.
#pragma once

#include <arrow/chunked_array.h>
#include <arrow/type.h>

#include <memory>
#include <string>

#include "formats/parquet/column_change.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

/// Bytes of a value that a message shows.
inline constexpr size_t kMostValueText = 80;

/// `rows` of a source, from its row `first_row` on, with their elements rearranged and their
/// numbers cast as `change` says; CastForWriting makes them `to`. kIncompatible names the row, the
/// value and what would fit. May throw as Arrow does.
Result<std::shared_ptr<arrow::ChunkedArray>> ChangedRows(
    const std::shared_ptr<arrow::ChunkedArray>& rows, const ColumnChange& change,
    const std::shared_ptr<arrow::DataType>& to, uint64_t first_row, const std::string& where,
    Rounding& rounding);

/// `rows` with their times moved. kIncompatible if they have none. May throw as Arrow does.
Result<std::shared_ptr<arrow::ChunkedArray>> ShiftedRows(
    const std::shared_ptr<arrow::ChunkedArray>& rows, const TimeShift& shift,
    const std::string& where);

/// `num_rows` rows of a filled column; CastForWriting makes them `to`. kIncompatible if the value
/// is none of that type. May throw as Arrow does.
Result<std::shared_ptr<arrow::ChunkedArray>> FilledRows(const ColumnChange& change,
                                                        const std::shared_ptr<arrow::DataType>& to,
                                                        uint64_t num_rows,
                                                        const std::string& where);

/// Rows [first_row, first_row + num_rows) of the values of a column that has its own
/// (ColumnChange::values), as FilledRows() hands out. May throw as Arrow does.
Result<std::shared_ptr<arrow::ChunkedArray>> AddedRows(const ColumnChange& change,
                                                       const std::shared_ptr<arrow::DataType>& to,
                                                       uint64_t first_row, uint64_t num_rows,
                                                       const std::string& where);

}  // namespace robomerge::parquet
