#include "page/charts.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"

namespace robomerge::page {
namespace {

using schedule::NodeEvent;

// Of all charts over the whole width: finer than what a screen shows.
constexpr uint64_t kColumns = 1000;
constexpr uint64_t kLineHeight = 18, kBarHeight = 14;

// One decimal, which is less than a pixel.
std::string Coordinate(double value) {
  const auto tenths = static_cast<int64_t>(std::lround(value * 10));
  std::string text = StrCat(tenths / 10);
  if (tenths % 10 != 0) text += StrCat(".", std::abs(tenths % 10));
  return text;
}

// The outline of bars, each `width` wide, on a ground at `height`.
std::string OutlinePath(const std::vector<uint64_t>& counts, double width, double height) {
  const uint64_t most = counts.empty() ? 0 : *std::ranges::max_element(counts);
  std::string path = StrCat("M0 ", Coordinate(height));
  std::string last = Coordinate(height);
  for (size_t bin = 0; bin < counts.size(); ++bin) {
    double top = height;
    if (counts[bin] > 0) {
      const double share = static_cast<double>(counts[bin]) / static_cast<double>(most);
      top = height - std::max(share * height, 1.0);
    }
    if (const std::string place = Coordinate(top); place != last) path += "V" + place, last = place;
    path += "H" + Coordinate(static_cast<double>(bin + 1) * width);
  }
  return path + StrCat("V", Coordinate(height), "z");
}

// Where `value` lies in a chart of this width.
double PlaceOf(double value, double min, double max, double width) {
  const double range = max / 2 - min / 2;  // halved, so that it cannot overflow
  if (!(range > 0)) return 0;
  return std::clamp((value / 2 - min / 2) / range, 0.0, 1.0) * width;
}

// Rectangles of one class, joined where they touch.
class Rectangles {
 public:
  // REQUIRES: of one line, in the order of their beginnings.
  void Add(uint64_t line, uint64_t begin, uint64_t end) {
    if (line == line_ && end_ > begin_ && begin <= end_) {
      end_ = std::max(end_, end);
      return;
    }
    Flush();
    line_ = line, begin_ = begin, end_ = end;
  }
  std::string Path() {
    Flush();
    return path_;
  }

 private:
  void Flush() {
    if (end_ > begin_)
      path_ += StrCat("M", begin_, " ", line_ * kLineHeight + 2, "h", end_ - begin_, "v",
                      kBarHeight, "H", begin_, "z");
    end_ = begin_ = 0;
  }
  std::string path_;
  uint64_t line_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace

Html BarsChart(const std::vector<uint64_t>& counts, const std::string& label) {
  constexpr double kHeight = 40, kBarGap = 1;
  const double width = 400.0 / static_cast<double>(std::max<size_t>(counts.size(), 1));
  const double most = counts.empty() ? 0 : static_cast<double>(*std::ranges::max_element(counts));
  std::string bars;
  for (size_t bin = 0; bin < counts.size(); ++bin) {
    if (counts[bin] == 0) continue;
    const double height = std::max(static_cast<double>(counts[bin]) / most * kHeight, 1.0);
    const std::string bar_width = Coordinate(width - kBarGap);
    bars +=
        StrCat("M", Coordinate(static_cast<double>(bin) * width), " ", Coordinate(kHeight - height),
               "h", bar_width, "V", Coordinate(kHeight), "h-", bar_width, "z");
  }
  Html chart = Piece(
      "<svg class=\"bars\" viewBox=\"0 0 400 40\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"",
      label, "\"><path class=\"c0\" d=\"");
  return chart.AddMarkup(bars).Add("\"/></svg>");
}

Html DistributionChart(const std::vector<uint64_t>& counts, double min, double max,
                       const std::vector<double>& quantiles, const std::string& label) {
  constexpr double kWidth = 64, kHeight = 20;
  const double width = kWidth / static_cast<double>(std::max<size_t>(counts.size(), 1));
  Html chart = Piece(
      "<svg class=\"d\" viewBox=\"0 0 64 26\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"",
      label, "\"><path d=\"");
  chart.AddMarkup(OutlinePath(counts, width, kHeight)).Add("\"/>");
  std::vector<std::string> places;
  for (const double quantile : quantiles)
    places.push_back(Coordinate(PlaceOf(quantile, min, max, kWidth)));
  chart.AddMarkup(StrCat("<path class=\"w\" d=\"M", places[0], " 23.5H", places[4],
                         "\"/><path class=\"n\" d=\"M", places[1], " 23.5H", places[3],
                         "\"/><path class=\"m\" d=\"M", places[2], " 21v5\"/></svg>"));
  return chart;
}

Html ShareBar(uint64_t part, uint64_t whole) {
  const double share =
      whole == 0 ? 0 : static_cast<double>(std::min(part, whole)) / static_cast<double>(whole);
  Html bar;
  return bar.AddMarkup(StrCat("<span class=\"share\"><i style=\"width:", Coordinate(100 * share),
                              "%\"></i></span>"));
}

Html StackedBar(const std::vector<double>& parts, const std::vector<size_t>& colours,
                const std::string& label) {
  double whole = 0;
  for (const double part : parts) whole += part;
  Html bar = Piece(
      "<svg class=\"stack\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"",
      label, "\">");
  double begin = 0;
  for (size_t at = 0; at < parts.size(); ++at) {
    const double width = whole > 0 ? parts[at] / whole * static_cast<double>(kColumns) : 0;
    if (width > 0)
      bar.AddMarkup(StrCat("<rect class=\"c", colours[at], "\" x=\"", Coordinate(begin),
                           "\" width=\"", Coordinate(width), "\" height=\"10\"/>"));
    begin += width;
  }
  return bar.Add("</svg>");
}

Html TreeChart(const std::vector<NodeEvent>& events, uint64_t num_sources,
               const std::string& label) {
  std::map<int, std::vector<std::pair<uint64_t, uint64_t>>, std::greater<>> levels;
  for (const NodeEvent& event : events) {
    if (event.category == "describe" || event.category == "combine")
      levels[event.level].emplace_back(event.first, std::min(event.last + 1, num_sources));
  }
  Rectangles nodes;
  uint64_t line = 0;
  // A gap between two nodes where there is room for one.
  const uint64_t gap = num_sources > 0 && kColumns / num_sources >= 4 ? 2 : 0;
  for (auto& [level, ranges] : levels) {
    std::ranges::sort(ranges);
    for (const auto& [first, end] : ranges) {
      const uint64_t begin = first * kColumns / num_sources;
      nodes.Add(line, begin, std::max(end * kColumns / num_sources - gap, begin + 1));
    }
    ++line;
  }
  Html chart;
  chart.AddMarkup(StrCat("<svg class=\"lines\" style=\"height:", line * kLineHeight,
                         "px\" viewBox=\"0 0 1000 ", line * kLineHeight, "\""));
  chart.Add(" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"", label,
            "\"><path class=\"c0\" d=\"");
  return chart.AddMarkup(nodes.Path()).Add("\"/></svg>");
}

Html TimelineChart(const std::vector<NodeEvent>& events, const std::vector<std::string>& categories,
                   const std::vector<size_t>& colours, size_t most_workers,
                   const std::string& label) {
  std::map<int, std::vector<const NodeEvent*>> workers;
  int64_t begin_ns = events.empty() ? 0 : events.front().start_ns, end_ns = begin_ns;
  for (const NodeEvent& event : events) {
    workers[event.worker].push_back(&event);
    begin_ns = std::min(begin_ns, event.start_ns), end_ns = std::max(end_ns, event.end_ns);
  }
  const double span = static_cast<double>(std::max<int64_t>(end_ns - begin_ns, 1));
  const auto column = [&](int64_t time_ns) {
    return static_cast<double>(time_ns - begin_ns) / span * static_cast<double>(kColumns);
  };
  std::vector<Rectangles> rectangles(categories.size());
  uint64_t line = 0;
  for (auto& [worker, own] : workers) {
    if (line == most_workers) break;
    std::ranges::sort(own, {}, &NodeEvent::start_ns);
    for (const NodeEvent* event : own) {
      const auto found = std::ranges::find(categories, event->category);
      if (found == categories.end()) continue;
      const auto begin = static_cast<uint64_t>(column(event->start_ns));
      const auto end = static_cast<uint64_t>(std::ceil(column(event->end_ns)));
      rectangles[static_cast<size_t>(found - categories.begin())].Add(line, begin,
                                                                      std::max(end, begin + 1));
    }
    ++line;
  }
  Html chart;
  chart.AddMarkup(StrCat("<svg class=\"lines\" style=\"height:", line * kLineHeight,
                         "px\" viewBox=\"0 0 1000 ", line * kLineHeight, "\""));
  chart.Add(" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"", label, "\">");
  for (size_t at = 0; at < rectangles.size(); ++at)
    chart.AddMarkup(
        StrCat("<path class=\"c", colours[at], "\" d=\"", rectangles[at].Path(), "\"/>"));
  return chart.Add("</svg>");
}

CountedRange CountIntoBins(const std::vector<uint64_t>& numbers, size_t num_bins) {
  CountedRange range;
  if (numbers.empty()) return range;
  const auto [least, greatest] = std::ranges::minmax_element(numbers);
  range.least = *least, range.greatest = *greatest;
  const uint64_t width = range.greatest - range.least + 1;
  range.counts.resize(std::min<uint64_t>(num_bins, width));
  const auto bins = static_cast<double>(range.counts.size());
  for (const uint64_t number : numbers) {
    const double place = static_cast<double>(number - range.least) / static_cast<double>(width);
    ++range.counts[std::min(static_cast<size_t>(place * bins), range.counts.size() - 1)];
  }
  return range;
}

}  // namespace robomerge::page
