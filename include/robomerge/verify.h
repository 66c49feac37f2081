// Proves a dataset: that its invariants hold for the real rows and frames, and that it holds
// exactly what the sources of a merge hold.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

struct VerifyOptions {
  /// Worker threads; 0: one per core that this process may use. Any number gives the same findings
  /// in the same order.
  int num_workers = 0;
  /// How many findings are kept with their text; the rest is counted.
  uint64_t most_findings = 1000;

  /// The sources were merged with MergeOptions::retime.
  bool retime = false;
  /// Also measure the statistics of numbers from all rows, and hold those that are stated against
  /// them (MeasureStats of robomerge/stats.h).
  bool measure_stats = false;

  static void VisitFields(auto& self, auto&& visit) {
    visit("num_workers", self.num_workers);
    visit("most_findings", self.most_findings);
    visit("retime", self.retime);
    visit("measure_stats", self.measure_stats);
  }
  bool operator==(const VerifyOptions&) const = default;
};

/// The sources of the merge that made `destination`, at these locations, with the names and rules
/// that its record keeps. kInvalidArgument, kUnsupported if the record does not fit them.
Result<std::vector<SourceSpec>> RecordedSources(const std::string& destination,
                                                const std::vector<std::string>& locations);

/// Checks the dataset at `destination`; writes nothing.
///
/// Without `sources`, checks its own invariants: totals, numbering, references, timestamps,
/// statistics against the data, frames of videos at their times. With `sources`, in the order of
/// the merge, also checks that every episode, column, coded video frame, task and statistic is that
/// of its source. What is wrong in a source already and was kept as it is, is then no finding.
///
/// Findings are no error. Fails if the destination or a source cannot be read at all (kNotFound,
/// kUnsupported, kCorrupt, kIo), or on `stop` (kCancelled). In `progress`, which has the stages
/// "read" and "verify", planned and moved bytes are those to check and those checked.
Result<VerifyReport> Verify(const std::string& destination, const std::vector<std::string>& sources,
                            const VerifyOptions& options, const ProgressCallback& progress = {},
                            const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
