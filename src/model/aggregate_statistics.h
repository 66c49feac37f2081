// The one formula by which statistics of parts become statistics of the whole (format spec 3.6;
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

/// What could not be kept.
struct DroppedQuantiles {
  std::string feature;
  std::string quantile;
  std::string first_part_without;
};

/// Aggregates per feature over the parts that have it, in the given order; features in order of
/// first appearance.
///
/// count adds; min and max fold; mean and std are weighted by count (population); a quantile is the
/// minimum of the parts' for percents up to 50 and the maximum above (an envelope), and is kept
/// only if every part that has the feature has it; what is left out goes to `dropped`.
/// kIncompatible where parts have statistics of one feature in different shapes. REQUIRES: every
/// part passed CheckStatistics.
Result<std::vector<FeatureStatistics>> AggregateStatistics(const std::vector<StatisticsPart>& parts,
                                                           std::vector<DroppedQuantiles>* dropped);

/// Whether a feature's statistics can be aggregated: min, max, mean, std and count are there, count
/// has shape (1), the others one shape. `where` names the place in messages.
Status CheckStatistics(const FeatureStatistics& feature, const std::string& where);

}  // namespace robomerge
