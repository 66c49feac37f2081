// The only formula by which statistics of parts become statistics of the whole (format spec 3.6;
// LeRobot's compute_stats.py).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/statistics.h"
#include "robomerge/status.h"

namespace robomerge {

/// What numbers that lie one after another mean: the statistics of one feature.
struct FeatureLayout {
  struct Entry {
    std::string name;
    NumberKind kind = NumberKind::kFloat;
    std::vector<uint32_t> shape;
    size_t offset = 0;
    size_t width = 0;  ///< the product of the shape
    bool operator==(const Entry&) const = default;
  };
  std::string feature;
  std::vector<Entry> statistics;

  /// nullptr if there is none.
  const Entry* Find(std::string_view name) const;
  bool operator==(const FeatureLayout&) const = default;
};

/// A column of the episodes table as an entry that begins at `offset`.
FeatureLayout::Entry EntryOf(const StatColumn& column, NumberKind kind, size_t offset,
                             uint32_t width);

/// The statistics that a layout finds in `numbers`.
FeatureStatistics StatisticsAt(const FeatureLayout& layout, const double* numbers);

/// One feature of a part. What is pointed to must outlive it.
struct FeaturePart {
  const FeatureLayout* layout = nullptr;
  const double* numbers = nullptr;
  const std::string* part = nullptr;  ///< its name for messages; may be null
  std::optional<double> num_frames;   ///< what it weighs, if not its count
};

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

/// AggregateStatistics() of one feature. REQUIRES: one part at least, and one shape in all.
FeatureStatistics AggregateFeature(const std::vector<FeaturePart>& parts,
                                   std::vector<DroppedQuantiles>* dropped);

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

/// Whether it is whole, and not negative.
bool IsCount(double count);

/// kCorrupt (E-stats) unless a feature's statistics can be aggregated: min, max, mean, std and
/// count are there, count is a whole number of shape (1), and all others have one shape. `where`
/// names the place in messages.
Status CheckStatistics(const FeatureStatistics& feature, const std::string& where);

}  // namespace robomerge
