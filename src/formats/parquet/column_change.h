// What the columns of a source become in a destination: renamed, left out, filled, cast, padded or
// permuted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace robomerge::parquet {

class ColumnValues;

using FillValue = std::variant<std::monostate, bool, int64_t, double, std::string>;

/// How one column of the destination is made of a source's.
struct ColumnChange {
  std::string column;  ///< of the destination
  std::string
      source_column;    ///< its name in the source; empty: every element of every row is `fill`
  FillValue fill = {};  ///< must be a value of the destination's type; a float is rounded
  /// Of a filled column: the elements of a row, as in LeRobot's features; {} or {1} is one value.
  std::vector<int64_t> shape = {};
  /// Of a vector or a single value: which element of the source's each one is, -1: 0, false or an
  /// empty text; empty: they stay. Rows of the source must have exactly the elements up to the
  /// highest that is named.
  std::vector<int32_t> elements = {};
  /// Numbers are rounded to the destination's type, to the nearest and of two to the even one. What
  /// overflows, a NaN or infinity as a whole number, and a whole number that a float cannot hold
  /// exactly are errors.
  bool is_cast = false;
  /// Of a filled column: each row has its own values, instead of `fill`.
  std::shared_ptr<const ColumnValues> values = {};

  /// Of a filled column of which nobody knows the values any more: those that an edit took from a
  /// file, of which its record keeps only a fingerprint.
  bool is_unknown() const {
    return source_column.empty() && !values && std::holds_alternative<std::monostate>(fill);
  }
};

/// What a source's columns become. One that is named neither as a source_column nor in `left_out`
/// keeps its name.
struct ColumnChanges {
  std::vector<ColumnChange> columns;
  std::vector<std::string> left_out;

  /// The change that makes this column of the destination, or null.
  const ColumnChange* Of(std::string_view column) const;
};

/// The name that a column of the destination has in the source; empty if it is filled; nothing if
/// no column of the source, whatever its names, becomes it. `changes` may be null.
std::optional<std::string_view> SourceColumnOf(const ColumnChanges* changes,
                                               std::string_view column);

/// What the columns of a source are called in the destination, then those that are filled.
std::vector<std::string> ColumnsInDestination(const ColumnChanges* changes,
                                              const std::vector<std::string>& source_columns);

/// What becomes of times in a column of lists whose elements have a field `timestamp`: they are
/// counted from another frame.
struct TimeShift {
  std::string column;                       ///< of the destination
  uint64_t frames = 0;                      ///< that are left out before the first row
  uint64_t numerator = 1, denominator = 1;  ///< frames per second

  /// A time of a frame becomes exactly that of a frame, any other moves by as much.
  double Of(double seconds) const;
};

/// What rounding has changed in a column that was cast.
struct Rounding {
  double largest_change = 0;
  uint64_t num_changed = 0;  ///< numbers

  Rounding& operator+=(const Rounding& other) {
    largest_change = largest_change > other.largest_change ? largest_change : other.largest_change;
    num_changed += other.num_changed;
    return *this;
  }
};

}  // namespace robomerge::parquet
