// Tables of text.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace robomerge::cli {

/// Rows of text, aligned by column; the last column is not padded.
class TextTable {
 public:
  /// `gap`: blanks between columns.
  explicit TextTable(std::vector<bool> is_right_aligned, size_t gap = 2)
      : is_right_aligned_(std::move(is_right_aligned)), gap_(gap) {}

  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  std::string Text(const std::string& indent = "") const {
    std::vector<size_t> widths(is_right_aligned_.size());
    for (const auto& row : rows_) {
      for (size_t column = 0; column < row.size(); ++column)
        widths[column] = std::max(widths[column], row[column].size());
    }
    std::string text;
    for (const auto& row : rows_) {
      std::string line = indent;
      for (size_t column = 0; column < row.size(); ++column) {
        const std::string padding(widths[column] - row[column].size(), ' ');
        line += is_right_aligned_[column] ? padding + row[column] : row[column] + padding;
        if (column + 1 < row.size()) line.append(gap_, ' ');
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
    return text;
  }

 private:
  const std::vector<bool> is_right_aligned_;
  const size_t gap_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace robomerge::cli
