#include "verify/episode_ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "model/measured.h"
#include "model/source_statistics.h"
#include "verify/episode_statistics.h"
#include "verify/moments.h"

namespace robomerge::verify_internal {

EpisodeRanges::EpisodeRanges(const Dataset& dataset) : dataset_(dataset) {
  const EpisodeStatistics statistics(dataset);
  std::map<const StatColumn*, Range*> known;  // many episodes share one layout
  for (uint64_t episode = 0; episode < dataset.episodes.size(); ++episode) {
    const uint64_t length = dataset.episodes[episode].length_frames;
    shortest_ = episode == 0 ? length : std::min(shortest_, length);
    statistics.ForEach(episode, [&](const StatColumn& column, const double* values) {
      const auto [entry, is_new] = known.try_emplace(&column, nullptr);
      if (is_new && column.stat != "count") entry->second = &ranges_[{column.feature, column.stat}];
      if (entry->second != nullptr) entry->second->Add(values, column.width);
    });
  }
}

void EpisodeRanges::CheckQuantiles(const FeatureStatistics& found, bool may_be_of_measured,
                                   const Measure& measure, FindingList& findings) const {
  // Of the bookkeeping columns a merge gives exact ones, which an episode's estimates need not
  // enclose.
  if (IsBookkeeping(found.feature)) return;
  std::optional<FeatureStatistics> truth;
  bool is_known = false;
  for (const Statistic& statistic : found.statistics) {
    if (!IsQuantile(statistic.name)) continue;
    const std::optional<Range> enclosing = RangeOf(found, statistic, may_be_of_measured);
    if (!enclosing) continue;
    const Range& range = *enclosing;
    for (size_t at = 0; at < range.least.size(); ++at) {
      const double margin = range.Margin(at);
      if (!(statistic.values[at] < range.least[at] - margin ||
            statistic.values[at] > range.most[at] + margin))
        continue;
      if (!is_known) truth = measure();
      is_known = true;
      const Statistic* const right = truth ? truth->Find(statistic.name) : nullptr;
      if (right != nullptr && std::fabs(right->values[at] - statistic.values[at]) <= margin)
        continue;
      findings.Add(
          Say("V-stats", "quantile lies outside those of the episodes",
              StrCat(dataset_.root, "/meta/stats.json: ", found.feature, ".", statistic.name),
              StrCat(FormatDouble(range.least[at]), " to ", FormatDouble(range.most[at])),
              FormatDouble(statistic.values[at]),
              {{}, StrCat(found.feature, "/", statistic.name), {}}));
      break;
    }
  }
}

bool EpisodeRanges::HoldMoments(const FeatureStatistics& found) const {
  const Statistic* const mean = found.Find("mean");
  const Statistic* const deviation = found.Find("std");
  if (mean == nullptr || deviation == nullptr) return false;
  const Range* const means = Find(found.feature, "mean", mean->values.size());
  const Range* const deviations = Find(found.feature, "std", deviation->values.size());
  if (means == nullptr || deviations == nullptr) return false;
  for (size_t at = 0; at < means->least.size(); ++at) {
    const double margin = means->Margin(at), half = (means->most[at] - means->least[at]) / 2;
    // The variance of means that lie in a range is at most the square of half of it.
    const double most = std::hypot(deviations->most[at], half);
    if (!(mean->values[at] >= means->least[at] - margin &&
          mean->values[at] <= means->most[at] + margin &&
          deviation->values[at] >= deviations->least[at] - margin &&
          deviation->values[at] <= most + margin))
      return false;
  }
  return true;
}

double EpisodeRanges::Range::Margin(size_t at) const {
  return kQuantileMargin * std::max(1.0, std::max(std::fabs(least[at]), std::fabs(most[at])));
}

void EpisodeRanges::Range::Add(const double* values, uint32_t width) {
  if (least.empty()) {
    least.assign(width, std::numeric_limits<double>::infinity());
    most.assign(width, -std::numeric_limits<double>::infinity());
  }
  if (least.size() != width) return;
  ++num_episodes;
  for (size_t at = 0; at < width; ++at) {
    least[at] = std::min(least[at], values[at]);
    most[at] = std::max(most[at], values[at]);
  }
}

const EpisodeRanges::Range* EpisodeRanges::Find(const std::string& feature, const std::string& stat,
                                                size_t width) const {
  const auto entry = ranges_.find({feature, stat});
  return entry != ranges_.end() && entry->second.num_episodes == dataset_.episodes.size() &&
                 entry->second.least.size() == width
             ? &entry->second
             : nullptr;
}

// Of n values sorted, the quantile q lies between those at the places floor and ceil of q (n - 1).
// Of the values of several episodes together it lies between the least of the lower and the
// greatest of the upper ones of all of them; and where 0.09 (n - 1) is at least 1, these are not
// beyond the next of the usual quantiles.
std::optional<EpisodeRanges::Range> EpisodeRanges::RangeOf(const FeatureStatistics& found,
                                                           const Statistic& quantile,
                                                           bool may_be_of_measured) const {
  const size_t width = quantile.values.size();
  const Range* const own = Find(found.feature, quantile.name, width);
  if (own == nullptr) return std::nullopt;
  if (!may_be_of_measured) return *own;
  constexpr uint64_t kFewFrames = 13;
  std::string below = "min", above = "max";
  const auto* const place = std::ranges::find(kQuantileNames, quantile.name);
  if (shortest_ >= kFewFrames && place != std::end(kQuantileNames)) {
    if (place != std::begin(kQuantileNames)) below = *(place - 1);
    if (place + 1 != std::end(kQuantileNames)) above = *(place + 1);
  }
  const Range* const lower = Find(found.feature, below, width);
  const Range* const upper = Find(found.feature, above, width);
  if (lower == nullptr || upper == nullptr) return std::nullopt;
  Range range;
  range.least = lower->least;
  range.most = upper->most;
  return range;
}

}  // namespace robomerge::verify_internal
