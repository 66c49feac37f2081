// What checks find, and what they share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/dataset.h"
#include "model/frame_times.h"
#include "robomerge/options.h"
#include "robomerge/verify.h"

namespace robomerge::verify_internal {

/// Which episode, column and frame a finding concerns.
struct Place {
  std::optional<uint64_t> episode = {};
  std::string column = {};
  std::optional<uint64_t> frame = {};
};

Finding Say(std::string kind, std::string what, std::string where, std::string expected = {},
            std::string found = {}, Place place = {});

/// The first `most` findings in their order, and the number of all. Not thread-safe: every item of
/// work has its own.
class FindingList {
 public:
  explicit FindingList(uint64_t most) : most_(most) {}

  void Add(Finding finding) {
    if (num_findings_++ < most_) findings_.push_back(std::move(finding));
  }
  /// Appends the findings of another item, which comes later in the order of the dataset.
  void Append(FindingList&& later);

  uint64_t num_findings() const { return num_findings_; }
  std::vector<Finding>& findings() { return findings_; }

 private:
  uint64_t most_;
  uint64_t num_findings_ = 0;
  std::vector<Finding> findings_;
};

/// The finding that says the same as a Problem; the kind "E-rows" becomes "V-rows".
Finding FromProblem(const Problem& problem);

/// One dataset, and where the rows of its episodes are.
struct Subject {
  Dataset dataset;
  std::vector<const EpisodeRows*>
      rows;  ///< per episode, in the data file that its row names; null if they are not there
  std::vector<uint64_t> first_rows;  ///< per data file: rows in the files before it
  bool is_unadapted = true;          ///< of a source: it has no rules
  bool is_selected = false;  ///< of a source: its rules may leave out episodes and their frames

  uint64_t FirstFrame(uint64_t episode) const {
    return static_cast<uint64_t>(dataset.episodes[episode].dataset_from_index);
  }
  /// "meta/episodes/...: column, row 3"
  std::string EpisodeWhere(uint64_t episode, const std::string& column) const;
};

/// Fills `rows` and `first_rows`, which point into `subject.dataset`: it must not move any more.
void PlaceRows(Subject& subject);

/// The episode of a source that an episode of the destination comes from.
struct EpisodeOfSource {
  uint32_t source = 0;
  uint64_t episode = 0;
};

constexpr bool IsBookkeeping(std::string_view feature) {
  return feature == "index" || feature == "episode_index" || feature == "task_index";
}

/// All datasets of one verification.
struct Case {
  Subject destination;
  std::vector<Subject> sources;
  std::vector<EpisodeOfSource>
      origins;               ///< per episode of the destination, as far as there are sources
  bool is_paired = false;    ///< destination and sources have as many episodes
  bool is_profiled = false;  ///< what the numbers are is asked for too
  bool is_retimed = false;   ///< some source is
  /// Columns besides task_index whose numbers are not those of the sources, but mean the same
  /// texts.
  std::vector<TextColumn> text_columns;
  std::optional<StatsMode> stats;  ///< how statistics were made, as the record says
  VerifyOptions options;

  bool has_sources() const { return !sources.empty(); }
  /// The statistics of numbers are those of the rows.
  bool is_measured() const { return stats == StatsMode::kExact; }
  /// All are folded from those of the sources.
  bool is_folded() const { return stats == StatsMode::kFold; }
  const Subject& SourceOf(uint64_t episode) const { return sources[origins[episode].source]; }
  /// Whether a merge numbers the column anew.
  bool IsNumberedAnew(std::string_view feature) const {
    return IsBookkeeping(feature) ||
           std::any_of(text_columns.begin(), text_columns.end(),
                       [&](const TextColumn& column) { return column.name == feature; });
  }
};

}  // namespace robomerge::verify_internal
