// The statistics of the destination's episodes: those of the sources, with the three columns that a
// merge rewrites set right (format spec 3.4), and where rows are measured, with what differs.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/distribution.h"
#include "model/measured.h"
#include "model/plan.h"

namespace robomerge::write_internal {

/// Asked for episodes one after another, it goes through each source's statistics once.
class EpisodeStatistics {
 public:
  /// `corrections`: WriteContext::corrections. Both must outlive it.
  EpisodeStatistics(const MergePlan& plan, const EpisodeCorrections* corrections);

  /// Called with a column, as an index into MergePlan::stat_columns, and its numbers.
  using Visitor = std::function<void(size_t column, std::span<const double> numbers)>;
  /// Visits the statistics that the episode has, in the order of its source; then those that were
  /// measured.
  void Visit(uint64_t episode, const Visitor& visit);

 private:
  // Where the numbers of an episode of a source stand.
  void Open(const Dataset& dataset, uint64_t source_episode);
  void Next();
  void VisitStated(uint64_t episode, const Visitor& visit);
  void VisitRow(uint64_t episode, const StatColumns& layout, const double* numbers,
                const Visitor& visit);
  // What was measured since it is not as its source states it; and what its source does not state
  // of the columns that the merge numbers.
  void VisitMeasured(uint64_t episode, const std::vector<bool>& is_given,
                     const Visitor& visit) const;
  bool IsCorrected(uint64_t episode, const std::string& feature) const;
  const std::vector<EpisodeCorrection>* CorrectionsOf(uint64_t episode) const;
  std::optional<double> NumberedStatistic(uint64_t episode, const StatColumn& column) const;
  const Episode& Row(uint64_t episode) const;
  /// Of task_index, or of another column of the texts of the plan.
  Distribution TextsOf(uint64_t episode, const std::string& feature) const;

  const MergePlan& plan_;
  const EpisodeCorrections* const corrections_;
  std::map<std::pair<std::string, std::string>, size_t> position_;  // of a column
  uint64_t next_episode_ = 0;  // the one after that which was visited last; 0: none was
  const Dataset* dataset_ = nullptr;
  size_t block_ = 0;
  uint64_t row_ = 0;
  const StatColumns* layout_ = nullptr;
  std::vector<size_t> targets_;  // the columns of `layout_`
  std::vector<double> moved_;
};

}  // namespace robomerge::write_internal
