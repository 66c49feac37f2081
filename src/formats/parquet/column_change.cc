#include "formats/parquet/column_change.h"

#include <algorithm>

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

}  // namespace robomerge::parquet
