#include "cli/stats_text.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "cli/quantity.h"
#include "cli/terminal.h"
#include "cli/text_table.h"

namespace robomerge::cli {
namespace {

constexpr size_t kLineWidth = 80, kLeastNameWidth = 8;

// Three digits: enough to compare, and few enough for a line.
std::string NumberText(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", number);
  return text;
}

// A bar for each bin. A bin that holds anything shows a bar.
std::string BarsText(const std::vector<uint64_t>& histogram) {
  static constexpr std::string_view kBars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const uint64_t most = histogram.empty() ? 0 : *std::ranges::max_element(histogram);
  std::string text;
  for (const uint64_t count : histogram) {
    const auto share = most == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(most);
    const auto height = static_cast<size_t>(share * 8 + 0.5);
    text += kBars[count == 0 ? 0 : std::max<size_t>(height, 1)];
  }
  return text;
}

// Bytes of UTF-8 that begin no character are left out of the count, and never cut from theirs.
std::string Cut(const std::string& name, size_t width) {
  if (name.size() <= width) return name;
  const auto begins = [&name](size_t at) {
    return (static_cast<unsigned char>(name[at]) & 0xc0) != 0x80;
  };
  size_t left = (width - 2) / 2, right = name.size() - (width - 2 - left);
  while (left > 0 && !begins(left)) --left;
  while (right < name.size() && !begins(right)) ++right;
  return name.substr(0, left) + ".." + name.substr(right);
}

using Row = std::vector<std::string>;

std::string FeatureText(const std::vector<Row>& rows) {
  size_t numbers_width = 0, name_width = 0;
  for (size_t column = 0; column < rows.front().size(); ++column) {
    size_t width = column + 1 == rows.front().size() ? 8 : 0;
    for (const Row& row : rows)
      width = std::max(width, column + 1 == row.size() ? 0 : row[column].size());
    (column == 0 ? name_width : numbers_width) += width + 1;
  }
  const size_t room = kLineWidth - std::min(kLineWidth, numbers_width + 2);
  TextTable table({false, true, true, true, true, true, true, false}, 1);
  for (Row row : rows) {
    row[0] = Cut(row[0], std::max(std::min(room, name_width), kLeastNameWidth));
    table.Add(std::move(row));
  }
  return table.Text("  ");
}

}  // namespace

std::string StatsText(const StatsReport& report) {
  std::string text = OneLine(report.root) + "\n  " + Counted(report.num_episodes, "episode") +
                     ", " + Counted(report.num_frames, "frame") + "\n";
  for (size_t at = 0; at < report.elements.size();) {
    const std::string& feature = report.elements[at].feature;
    std::vector<Row> rows = {{"", "min", "q01", "mean", "std", "q99", "max", ""}};
    for (; at < report.elements.size() && report.elements[at].feature == feature; ++at) {
      const StatsReport::Element& one = report.elements[at];
      rows.push_back({OneLine(one.name), NumberText(one.min), NumberText(one.q01),
                      NumberText(one.mean), NumberText(one.std), NumberText(one.q99),
                      NumberText(one.max), BarsText(one.histogram)});
    }
    text += "\n" + OneLine(feature) + "\n" + FeatureText(rows);
  }
  return text;
}

}  // namespace robomerge::cli
