// The only formula by which statistics of parts become statistics of the whole (format spec 3.6;
// LeRobot's compute_stats.py).
#pragma once

#include <string>
#include <vector>

#include "model/statistics.h"
#include "robomerge/status.h"

namespace robomerge {

/// One part: its statistics, and a name for messages.
struct StatisticsPart {
  const std::vector<FeatureStatistics>* features = nullptr;
  std::string name;
};

/// A quantile that could not be kept.
struct DroppedQuantiles {
  std::string feature;
  std::string quantile;
  std::string first_part_without;
};

/// Aggregates each feature over the parts that have it, in the given order. Features come in order
/// of first appearance.
///
/// Counts are added, min and max are folded, mean and std are weighted by count (std of the
/// population). A quantile becomes an envelope: the minimum of the parts' up to 50 %, the maximum
/// above. It is kept only if every part that has the feature has it; else it goes to `dropped`.
///
/// kIncompatible (E-stats) if parts have statistics of one feature in different shapes. REQUIRES:
/// every part passed CheckStatistics.
Result<std::vector<FeatureStatistics>> AggregateStatistics(const std::vector<StatisticsPart>& parts,
                                                           std::vector<DroppedQuantiles>* dropped);

/// The same, but each part weighs as many frames as `num_frames` says; counts are still added.
Result<std::vector<FeatureStatistics>> AggregateByFrames(const std::vector<StatisticsPart>& parts,
                                                         const std::vector<uint64_t>& num_frames,
                                                         std::vector<DroppedQuantiles>* dropped);

/// kCorrupt (E-stats) unless a feature's statistics can be aggregated: min, max, mean, std and
/// count are there, count is a whole number of shape (1), and all others have one shape. `where`
/// names the place in messages.
Status CheckStatistics(const FeatureStatistics& feature, const std::string& where);

}  // namespace robomerge
