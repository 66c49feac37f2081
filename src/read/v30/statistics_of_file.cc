#include "read/v30/statistics_of_file.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace robomerge::v30 {
namespace {

// A camera's count may have the shape of its mean: the same number for each channel.
void OnePerCell(parquet::NumberLists& lists) {
  const bool is_usual = lists.list_depth <= 1 && lists.values.size() <= lists.is_null.size();
  if (is_usual) return;
  parquet::NumberLists one;
  one.element = lists.element;
  one.list_depth = 1;
  one.is_null = lists.is_null;
  one.cell_begin.push_back(0);
  for (size_t row = 0; row < lists.is_null.size(); ++row) {
    const auto begin = lists.values.begin() + lists.cell_begin[row],
               end = lists.values.begin() + lists.cell_begin[row + 1];
    if (begin != end && std::any_of(begin, end, [&](double n) { return n != *begin; })) return;
    if (begin != end) one.values.push_back(*begin);
    one.cell_begin.push_back(static_cast<uint32_t>(one.values.size()));
  }
  lists = std::move(one);
}

}  // namespace

Result<StatisticsOfFile> StatisticsOfFile::Read(const parquet::Table& table) {
  StatisticsOfFile statistics;
  for (const std::string& name : table.column_names()) {
    if (!name.starts_with(kPrefix)) continue;
    // Feature names hold no '/', so the last one separates feature and statistic.
    const size_t slash = name.rfind('/');
    if (slash <= kPrefix.size()) continue;
    ROBOMERGE_ASSIGN_OR_RETURN(parquet::NumberLists lists, table.Numbers(name));
    if (name.ends_with("/count")) OnePerCell(lists);
    StatColumn column;
    column.feature = name.substr(kPrefix.size(), slash - kPrefix.size());
    column.stat = name.substr(slash + 1);
    column.list_depth = std::max(1, lists.list_depth);
    column.kind = lists.element == parquet::NumberLists::Element::kInteger   ? NumberKind::kInteger
                  : lists.element == parquet::NumberLists::Element::kBoolean ? NumberKind::kBoolean
                                                                             : NumberKind::kFloat;
    statistics.columns_.push_back(std::move(column));
    statistics.lists_.push_back(std::move(lists));
  }
  return statistics;
}

void StatisticsOfFile::AppendRow(size_t row, std::vector<EpisodeStatisticsBlock>& blocks) {
  std::vector<uint32_t> widths(columns_.size());
  for (size_t at = 0; at < columns_.size(); ++at) {
    const parquet::NumberLists& lists = lists_[at];
    widths[at] = lists.is_null[row] ? 0 : lists.cell_begin[row + 1] - lists.cell_begin[row];
  }
  if (layout_ == nullptr || widths != widths_) {
    auto layout = std::make_shared<StatColumns>(columns_);
    for (size_t at = 0; at < widths.size(); ++at) (*layout)[at].width = widths[at];
    layout_ = std::move(layout);
    widths_ = std::move(widths);
  }
  if (blocks.empty() || blocks.back().layout != layout_) {
    EpisodeStatisticsBlock block;
    block.layout = layout_;
    block.stride = std::accumulate(widths_.begin(), widths_.end(), uint32_t{0});
    blocks.push_back(std::move(block));
  }
  EpisodeStatisticsBlock& block = blocks.back();
  ++block.num_rows;
  for (size_t at = 0; at < columns_.size(); ++at) {
    if (widths_[at] == 0) continue;
    const auto begin = lists_[at].values.begin() + lists_[at].cell_begin[row];
    block.values.insert(block.values.end(), begin, begin + widths_[at]);
  }
}

}  // namespace robomerge::v30
