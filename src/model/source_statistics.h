// Which statistics describe a source: those of stats.json as far as they can be of its data, else
// those of its episodes, else those of its rows.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "model/aggregate_statistics.h"
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

/// What may stand as the count of a feature that is no camera. LeRobot takes the statistics of a
/// matrix over all dimensions but the last, and then may count its rows (format spec 1.7).
class FeatureCounts {
 public:
  explicit FeatureCounts(const Feature& feature);
  bool Fit(double count, uint64_t num_frames) const;

 private:
  bool is_matrix_;
  double per_frame_ = 0, rows_per_frame_ = 0;
};

/// The statistics of one feature in one episode after another. `feature` must outlive it.
class EpisodesOfFeature {
 public:
  /// With `by_frames`, each episode weighs as many frames as it has.
  EpisodesOfFeature(const Feature& feature, bool by_frames);

  /// False if these numbers cannot be of an episode of so many frames, or have another shape than
  /// those of the episodes before.
  bool Add(FeaturePart part, uint64_t num_frames);
  size_t size() const { return parts_.size(); }
  /// REQUIRES: size() > 0.
  FeatureStatistics Aggregate() const { return AggregateFeature(parts_, nullptr); }

 private:
  const Feature& feature_;
  const FeatureCounts counts_;
  const bool by_frames_;
  const FeatureLayout* layout_ = nullptr;  // of the episode before
  size_t count_ = 0;                       // where it has the count
  std::vector<FeaturePart> parts_;
};

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
