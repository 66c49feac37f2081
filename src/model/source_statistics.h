// Which statistics describe a source: those of stats.json as far as they can be of its data, else
// those of its episodes, else those of its rows.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "model/dataset.h"
#include "model/statistics.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge {

struct SourceStatistics {
  /// stats.json is right as it is. `features` is empty then, and Dataset::statistics is meant.
  bool is_as_written = false;
  std::vector<FeatureStatistics> features;
  /// What does not come from stats.json, and why: at most one warning of a kind.
  std::vector<Problem> warnings;
};

/// Measures numeric features over all rows of a dataset. What cannot be measured is left out.
using MeasureFeatures =
    std::function<Result<std::vector<FeatureStatistics>>(const std::vector<std::string>& features)>;

/// Whether rows of features of this dtype can be measured: booleans, integers and floats.
bool IsMeasurable(const std::string& dtype);

/// Numbers of a row of a numeric feature, and those of its last dimension; 0 if it has none, or too
/// many.
std::pair<uint64_t, uint64_t> Elements(const Feature& feature);

/// Why the statistics cannot be of `num_frames` frames of the feature; empty if they can.
std::string WhyNotOf(const Feature& feature, const FeatureStatistics& statistics,
                     uint64_t num_frames);

/// Decides for every feature. An entry of stats.json counts only if it can be of this data: the
/// feature exists, the shape fits, the count of what is no camera is the number of frames, and the
/// numbers of a camera are finite. Without `measure` nothing is measured, but the warnings say that
/// it will be. Fails only as `measure` does. With StatsMode::kExact, features that are measured
/// anyway are left out.
Result<SourceStatistics> ChooseStatistics(const Dataset& dataset,
                                          const MeasureFeatures& measure = {},
                                          StatsMode mode = StatsMode::kFold);

/// Aggregates the statistics of the episodes, for those of the `wanted` features of which every
/// episode has statistics that can be of its rows. In order of first appearance.
/// With `by_frames`, each episode weighs as many frames as it has.
std::vector<FeatureStatistics> AggregateEpisodes(const Dataset& dataset,
                                                 const std::set<std::string>& wanted,
                                                 bool by_frames = false);

/// Whether the rows of the feature hold numbers that can be measured.
bool IsMeasurable(const Feature& feature);

/// Whether the merged stats.json may describe a feature only if every source does. The bookkeeping
/// columns are not among them: a merge computes their statistics from its own numbers.
bool NeedsEverySource(const std::string& feature);

}  // namespace robomerge
