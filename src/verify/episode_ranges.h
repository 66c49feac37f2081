// What the statistics of all episodes of a dataset enclose.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/dataset.h"
#include "verify/findings.h"

namespace robomerge::verify_internal {

/// The range of each statistic over the episodes. Of quantiles LeRobot used to take weighted means
/// and now takes the outermost ones; both lie in this range. The dataset must outlive it.
class EpisodeRanges {
 public:
  explicit EpisodeRanges(const Dataset& dataset);

  /// The statistics of the rows of the feature; asked where the episodes' ranges alone speak
  /// against a quantile, since those of short episodes need not enclose the true ones.
  using Measure = std::function<std::optional<FeatureStatistics>()>;

  /// Finds quantiles of a feature of stats.json that lie outside (V-stats). With
  /// `may_be_of_measured` they may be folded from true ones of several episodes each, which lie
  /// between the neighbours: no further down than the next lower statistic of some episode.
  void CheckQuantiles(const FeatureStatistics& found, bool may_be_of_measured,
                      const Measure& measure, FindingList& findings) const;

  /// Whether mean and deviation are those of all episodes by some weights.
  bool HoldMoments(const FeatureStatistics& found) const;

 private:
  struct Range {
    std::vector<double> least, most;
    uint64_t num_episodes = 0;

    double Margin(size_t at) const;
    void Add(const double* values, uint32_t width);
  };

  // Null where some episode has no such statistic, or one of another width.
  const Range* Find(const std::string& feature, const std::string& stat, size_t width) const;
  std::optional<Range> RangeOf(const FeatureStatistics& found, const Statistic& quantile,
                               bool may_be_of_measured) const;

  const Dataset& dataset_;
  uint64_t shortest_ = 0;  // frames of an episode
  std::map<std::pair<std::string, std::string>, Range> ranges_;
};

}  // namespace robomerge::verify_internal
