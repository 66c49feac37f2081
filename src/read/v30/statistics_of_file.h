// The statistics of episodes in one file of the episodes table (format spec 1.7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "formats/parquet/table.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge::v30 {

/// The columns of one file, and per row which of them are null: rows of equal pattern share a
/// layout.
class StatisticsOfFile {
 public:
  /// Of the names of the columns: "stats/<feature>/<statistic>".
  static constexpr std::string_view kPrefix = "stats/";

  static Result<StatisticsOfFile> Read(const parquet::Table& table);

  /// Appends row `row` to `blocks`, opening a new block where the layout changes.
  void AppendRow(size_t row, std::vector<EpisodeStatisticsBlock>& blocks);

 private:
  StatColumns columns_;
  std::vector<parquet::NumberLists> lists_;
  std::shared_ptr<const StatColumns> layout_;
  std::vector<uint32_t> widths_;
};

}  // namespace robomerge::v30
