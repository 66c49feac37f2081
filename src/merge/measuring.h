// Measures the rows of a result while it is written, and makes what follows from them: stats.json,
// and the statistics of episodes that are not those of their rows (docs/statistics.md).
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "measure/measure_rows.h"
#include "model/measured.h"
#include "model/plan.h"
#include "publish/transaction.h"

namespace robomerge {

class Measuring {
 public:
  /// What is given must outlive it. REQUIRES: the transaction is staged.
  Measuring(const io::FileSystem& file_system, const MergePlan& plan, Transaction& transaction,
            int num_workers, bool sync);

  /// Those of `steps` that are data steps without a summary.
  Result<std::vector<size_t>> Unmeasured(const std::vector<size_t>& steps) const;
  /// Measures the file of a data step in the staging folder. Thread-safe. REQUIRES: the plan has
  /// the step's sources.
  Status Measure(size_t step) const;
  /// kCorrupt (E-incomplete) unless every data file has its summary.
  Status CheckComplete() const;
  /// Combines the summaries of all data files.
  Status Combine();
  /// The text of stats.json. REQUIRES: Combine().
  Result<std::string> StatsText() const;

  /// Of Combine().
  const EpisodeCorrections& corrections() const { return corrections_; }
  /// What the rows showed: at most one warning of a kind.
  std::vector<Problem> Warnings() const;

 private:
  std::vector<FeatureStatistics> FoldCameras() const;
  Status AsOfSource(const Status& status, size_t step) const;
  /// With the place of that episode in its source.
  Problem AsOfEpisode(Problem problem, uint64_t episode) const;
  uint64_t LengthOf(uint64_t episode) const;
  const std::string& RootOf(uint32_t source) const;

  const io::FileSystem& file_system_;
  const MergePlan& plan_;
  Transaction& transaction_;
  const bool sync_;
  uint64_t buffer_bytes_;
  std::vector<measure::FeatureToMeasure> features_;
  std::vector<size_t> data_steps_;
  measure::MeasuredRows rows_;
  EpisodeCorrections corrections_;
};

}  // namespace robomerge
