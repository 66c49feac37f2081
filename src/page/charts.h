// Charts as plain SVG. They have no text of their own, so that they may be stretched to any width.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "page/html.h"
#include "schedule/observer.h"

namespace robomerge::page {

/// Of the classes "c0", "c1", ... (style.cc); what there is more of begins again.
constexpr size_t kNumColours = 8;

/// Counts as bars side by side. A bin that holds anything shows a bar. `label` is what a screen
/// reader says.
Html BarsChart(const std::vector<uint64_t>& counts, const std::string& label);

/// Where the values of one element lie: `counts` in bins of equal width from `min` to `max`, and
/// below a line over what lies between q01 and q99, a thicker one between q10 and q90, and a tick
/// at the median. The quantiles are in this order: q01, q10, q50, q90, q99.
Html DistributionChart(const std::vector<uint64_t>& counts, double min, double max,
                       const std::vector<double>& quantiles, const std::string& label);

/// A bar of `part` of `whole`, behind the number in a cell of a table.
Html ShareBar(uint64_t part, uint64_t whole);

/// Parts of a whole as one bar. The class of part k is "c<colours[k]>".
Html StackedBar(const std::vector<double>& parts, const std::vector<size_t>& colours,
                const std::string& label);

/// The tree of descriptions: what each node covers of `num_sources`, a level a line, the root on
/// top.
Html TreeChart(const std::vector<schedule::NodeEvent>& events, uint64_t num_sources,
               const std::string& label);

/// Who did what when: a line for each of the first `most_workers` workers; the class of what is of
/// categories[k] is "c<colours[k]>".
Html TimelineChart(const std::vector<schedule::NodeEvent>& events,
                   const std::vector<std::string>& categories, const std::vector<size_t>& colours,
                   size_t most_workers, const std::string& label);

/// Numbers of 0 and more counted into `num_bins` bins of equal width from the least to the
/// greatest; one bin if they are all the same.
struct CountedRange {
  uint64_t least = 0, greatest = 0;
  std::vector<uint64_t> counts;
};
CountedRange CountIntoBins(const std::vector<uint64_t>& numbers, size_t num_bins);

}  // namespace robomerge::page
