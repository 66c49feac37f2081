#include "formats/parquet/column_change.h"

#include <algorithm>
#include <cmath>

namespace robomerge::parquet {

const ColumnChange* ColumnChanges::Of(std::string_view column) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ColumnChange& one) { return one.column == column; });
  return found == columns.end() ? nullptr : &*found;
}

std::optional<std::string_view> SourceColumnOf(const ColumnChanges* changes,
                                               std::string_view column) {
  if (changes == nullptr) return column;
  if (const ColumnChange* change = changes->Of(column)) return change->source_column;
  const bool becomes_another =
      std::any_of(changes->columns.begin(), changes->columns.end(),
                  [&](const ColumnChange& one) { return one.source_column == column; });
  const bool is_left_out = std::find(changes->left_out.begin(), changes->left_out.end(), column) !=
                           changes->left_out.end();
  if (becomes_another || is_left_out) return std::nullopt;
  return column;
}

std::vector<std::string> ColumnsInDestination(const ColumnChanges* changes,
                                              const std::vector<std::string>& source_columns) {
  if (changes == nullptr) return source_columns;
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const std::string& column : source_columns) {
    for (const ColumnChange& change : changes->columns) {
      if (change.source_column == column) add(change.column);
    }
    if (SourceColumnOf(changes, column) == column) add(column);
  }
  for (const ColumnChange& change : changes->columns) {
    if (change.source_column.empty()) add(change.column);
  }
  return names;
}

double TimeShift::Of(double seconds) const {
  constexpr double kTolerance = 1e-4;  // LeRobot's, and more than float32 loses
  const auto rate = static_cast<double>(numerator) / static_cast<double>(denominator);
  const double frame = std::round(seconds * rate);
  const bool is_of_frame = std::fabs(frame / rate - seconds) <= kTolerance;
  return ((is_of_frame ? frame : seconds * rate) - static_cast<double>(frames)) *
         static_cast<double>(denominator) / static_cast<double>(numerator);
}

}  // namespace robomerge::parquet
