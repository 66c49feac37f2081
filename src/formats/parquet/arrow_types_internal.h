// Arrow types: which may stand for each other, and how an array of one becomes an array of another.
#pragma once

#include <arrow/array/data.h>
#include <arrow/chunked_array.h>
#include <arrow/type.h>

#include <memory>
#include <string>

#include "robomerge/status.h"

namespace robomerge::parquet {

/// The type with every extension type, at any depth, replaced by its storage type.
std::shared_ptr<arrow::DataType> StorageType(const std::shared_ptr<arrow::DataType>& type);

/// The type with every dictionary type, at any depth but in a map, replaced by that of its values.
std::shared_ptr<arrow::DataType> PlainType(const std::shared_ptr<arrow::DataType>& type);

/// The same data under `type`, which must have the same layout (names, nullability and extensions
/// may differ).
std::shared_ptr<arrow::ArrayData> WithType(const std::shared_ptr<arrow::ArrayData>& data,
                                           const std::shared_ptr<arrow::DataType>& type);
std::shared_ptr<arrow::ChunkedArray> WithType(const arrow::ChunkedArray& array,
                                              const std::shared_ptr<arrow::DataType>& type);

/// list, large_list and fixed_size_list.
bool IsListLike(const arrow::DataType& type);
/// The one child of a list-like type.
std::shared_ptr<arrow::Field> ListElement(const arrow::DataType& type);

/// Whether a Parquet column chunk written as `from` reads correctly as `to`, both written with the
/// same Parquet shape: names, offset widths and dictionaries do not matter, but lists of a fixed
/// size must be of that size in both, and units must agree.
bool ReadsAs(const arrow::DataType& from, const arrow::DataType& to);

/// `array` as values of `to`, ready to be written to Parquet: cast where ReadsAs() is false for a
/// part, nullability as in `to`. `where` is for messages; `nullable` is that of the column itself.
Result<std::shared_ptr<arrow::ChunkedArray>> CastForWriting(
    const std::shared_ptr<arrow::ChunkedArray>& array, const std::shared_ptr<arrow::DataType>& to,
    bool nullable, const std::string& column, const std::string& where);

/// A plain cast, null type and numbers included; kIncompatible when there is none or a value does
/// not fit.
Result<std::shared_ptr<arrow::ChunkedArray>> Cast(const std::shared_ptr<arrow::ChunkedArray>& array,
                                                  const std::shared_ptr<arrow::DataType>& to,
                                                  const std::string& column,
                                                  const std::string& where);

/// The type that values of both fit into (null with anything, narrower with wider numbers, any list
/// with any list), or null.
std::shared_ptr<arrow::DataType> UnifiedType(const std::shared_ptr<arrow::DataType>& a,
                                             const std::shared_ptr<arrow::DataType>& b);

}  // namespace robomerge::parquet
