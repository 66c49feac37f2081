// Proves a dataset: its invariants over the real streams, and that it holds exactly what the
// sources of a merge hold.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/status.h"

namespace robomerge {

struct VerifyOptions {
  /// Worker threads; 0: one per core this process may use. Any number gives the same findings in
  /// the same order.
  int num_workers = 0;
  /// Findings that are kept with their text; the rest is counted.
  uint64_t most_findings = 1000;

  static void VisitFields(auto& self, auto&& visit) {
    visit("num_workers", self.num_workers);
    visit("most_findings", self.most_findings);
  }
  bool operator==(const VerifyOptions&) const = default;
};

/// Checks the dataset at `destination`; nothing is written.
///
/// Without `sources` its own invariants: totals, numbering, references, timestamps, statistics
/// against the data, frames of videos at their times. With `sources`, in the order of the merge:
/// that every episode, column, coded video frame, task and statistic is that of its source. What is
/// wrong with a source and was kept as it was is no finding then.
///
/// Findings are no error. Fails if the destination or a source cannot be read at all (kNotFound,
/// kUnsupported, kCorrupt, kIo), or on a stop (kCancelled). `progress` counts planned and moved
/// bytes as those to check and checked, in the stages "read" and "verify".
Result<VerifyReport> Verify(const std::string& destination, const std::vector<std::string>& sources,
                            const VerifyOptions& options, const ProgressCallback& progress = {},
                            const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
