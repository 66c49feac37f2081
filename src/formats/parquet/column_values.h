// The values of a column that no file of a dataset has: one row for each frame, held in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

/// What says to which frame a row belongs.
enum class RowKeys {
  kNone,            ///< its place
  kIndex,           ///< a column `index`
  kEpisodeAndFrame  ///< columns `episode_index` and `frame_index`
};

/// Immutable, and may be shared by threads.
class ColumnValues {
 public:
  /// The numbers of an array in C order: rows of `shape`, of type "bool", "int8" to "int64",
  /// "uint8" to "uint64", "float32" or "float64". REQUIRES: `bytes` has as many as they need.
  static Result<std::shared_ptr<const ColumnValues>> FromNumbers(const std::string& dtype,
                                                                 std::vector<int64_t> shape,
                                                                 uint64_t num_rows,
                                                                 std::string bytes,
                                                                 const std::string& path);
  /// The column `name` of a Parquet file, or the one besides those that are keys; of numbers, bool
  /// or texts, or lists of them that are equally long in all rows, without nulls. Rows with keys
  /// are sorted by them. kInvalidArgument if there is no such column, kUnsupported for other types,
  /// kCorrupt for nulls, uneven lists, and keys that occur twice.
  static Result<std::shared_ptr<const ColumnValues>> FromParquet(const io::RandomAccessFile& file,
                                                                 const std::string& name);

  /// As in LeRobot's features: "float32", "string"; [1] of one value a row.
  const std::string& dtype() const;
  const std::vector<int64_t>& shape() const;
  uint64_t num_rows() const;
  RowKeys keys() const;
  /// By row, if there are keys: (0, index), or (episode_index, frame_index). Ascending, each once.
  const std::vector<std::pair<int64_t, int64_t>>& key_rows() const;
  /// Of type, shape and values, in the order of the rows.
  const std::string& fingerprint() const;
  /// The elements of rows as numbers; none of texts. REQUIRES: there are such rows.
  std::vector<double> Numbers(uint64_t first_row, uint64_t num_rows) const;

  struct Representation;  // defined in column_values_internal.h
  explicit ColumnValues(std::unique_ptr<const Representation> representation);
  ~ColumnValues();
  const Representation& representation() const { return *representation_; }

 private:
  std::unique_ptr<const Representation> representation_;
};

}  // namespace robomerge::parquet
