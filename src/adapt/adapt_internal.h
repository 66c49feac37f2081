// The parts of Adapt(), each in a file of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "adapt/adapt.h"

namespace robomerge::adapt_internal {

/// A rule that cannot be applied. `where` is what recipes find its line by: "rename: OLD".
Problem RuleProblem(const std::string& root, const std::string& rule, const std::string& name,
                    std::string what);
/// "a, b, c", for messages.
std::string FeatureNames(const Schema& schema);

/// The hint of a rule about an episode that is not there.
inline constexpr std::string_view kSeeEpisodes =
    "`robomerge inspect` shows the episodes of a dataset";

/// What becomes of a feature. Features that are not named here stay.
struct FeatureChange {
  std::string from;  ///< the source's name; empty: the feature is filled
  std::string to;    ///< empty: it is left out
  FillValue fill;
  std::vector<int32_t> elements;  ///< as parquet::ColumnChange::elements
  bool is_cast = false;
  bool is_added = false;  ///< filled with values of its own (Adaptation::add)
};

/// Null if `from` stays.
const FeatureChange* FindChange(const std::vector<FeatureChange>& changes, const std::string& from);

/// Makes the schema the one that is wanted, and says what changed, one entry per feature.
Result<std::vector<FeatureChange>> ChangeSchema(const Adaptation& adaptation,
                                                const std::string& root, Schema& schema);

/// Renames, reorders and drops the statistics of features, and adds those of filled ones. What is
/// cast has none afterwards.
void ChangeStatistics(const std::vector<FeatureChange>& changes, Dataset& dataset);

/// Takes renames and drops over into what goes along: text columns and their texts, and references
/// in modality.json. Afterwards there is no modality.json if it cannot follow.
void FollowFeatures(const std::vector<FeatureChange>& changes, Dataset& dataset);

/// The choice of the episode that the source gives this number; null if there is none.
const EpisodeChoice* Find(const std::vector<EpisodeChoice>& choices, uint64_t number);
/// Which numbers there are: "episodes 0-3,5".
std::string NumbersText(const std::vector<EpisodeChoice>& choices);

/// Keeps the episodes at these places, ascending.
void KeepEpisodes(const std::vector<uint64_t>& kept, Dataset& dataset);

/// E-rule for every `trim` of an episode that there is not, or that is not chosen, and for frames
/// that it has not.
Status CheckTrims(const std::vector<Rule>& trims, const std::vector<EpisodeChoice>& choices,
                  const std::string& root);
/// Keeps the frames of these ranges. REQUIRES: CheckTrims(). E-rule for an episode whose frames are
/// not numbered from 0.
Status TrimEpisodes(const std::vector<Rule>& trims, const RowFacts& facts, Dataset& dataset);

/// After episodes or frames have gone: which tasks are used, and the statistics of what is left.
void FollowRows(Dataset& dataset);

}  // namespace robomerge::adapt_internal
