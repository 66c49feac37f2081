// Makes of a dataset the one that is wanted: what everything behind it merges. Pure; docs/adapt.md
// has the rules and their order.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "model/added_features.h"
#include "model/dataset.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// A value that fills a column; nothing where there is none.
using FillValue = std::variant<std::monostate, bool, int64_t, double, std::string>;
/// A value of a column; nothing where the row has none.
using CellValue = std::variant<std::monostate, bool, int64_t, uint64_t, float, double, std::string>;
/// Reads a column's values in the last rows of all episodes, by episode.
using ReadLastRows = std::function<Result<std::vector<CellValue>>(const Dataset& dataset,
                                                                  const std::string& column)>;
/// What rules must know of rows. Episodes are those of the dataset, with the rows that it says.
struct RowFacts {
  ReadLastRows last_rows;
  /// How many rows of each of the episodes have each number of a column of whole numbers.
  std::function<Result<std::vector<NumberFrames>>(const Dataset& dataset, const std::string& column,
                                                  const std::vector<size_t>& episodes)>
      count_numbers = {};
  /// The statistics of those of the features that can be measured, for each of the episodes.
  std::function<Result<std::vector<std::vector<FeatureStatistics>>>(
      const Dataset& dataset, const std::vector<size_t>& episodes,
      const std::vector<std::string>& features)>
      measure = {};
  /// The values of Adaptation::add; null: nobody knows them.
  const AddedFeatures* added = nullptr;
};

/// What becomes of one episode of a source.
struct EpisodeChoice {
  uint64_t episode = 0;  ///< the source's own episode_index
  uint64_t num_frames = 0;
  bool is_chosen = false;
  std::string reason;  ///< why it is not chosen: "not in `--episodes 0-9`"; empty if it is
};

/// Which episodes the rules keep: one choice per episode, in their order. kInvalidArgument (E-rule)
/// for episodes that there are not; fails as `read_last_rows` does.
Result<std::vector<EpisodeChoice>> ChooseEpisodes(const Dataset& dataset,
                                                  const Adaptation& adaptation,
                                                  const ReadLastRows& read_last_rows);

/// Applies the rules. `name` is the source's, for `prefix_tasks`.
///
/// REQUIRES: the adaptation is resolved (resolve.h): no rule is left that needs other sources.
/// kInvalidArgument (E-rule) names every rule that cannot be applied. Fails as Retime() does.
Status Adapt(const Adaptation& adaptation, const std::string& name, const RowFacts& facts,
             Dataset& dataset);

/// Whether the rules keep the feature, maybe under another name. True if they cannot be applied.
bool KeepsFeature(const Adaptation& adaptation, const Schema& schema, std::string_view feature);

/// Applies the rules to what info.json says alone.
Status AdaptSchema(const Adaptation& adaptation, const std::string& root, Schema& schema);

}  // namespace robomerge
