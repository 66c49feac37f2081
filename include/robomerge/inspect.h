// Shows one dataset: what it holds, what is wrong with it, and what people look for before
// training.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/status.h"

namespace robomerge {

struct InspectOptions {
  /// Also read all rows, and the indexes of all videos: what Verify() does without sources.
  bool read_data = false;
  /// As VerifyOptions::num_workers and most_findings.
  int num_workers = 0;
  uint64_t most_findings = 1000;

  static void VisitFields(auto& self, auto&& visit) {
    visit("read_data", self.read_data);
    visit("num_workers", self.num_workers);
    visit("most_findings", self.most_findings);
  }
  bool operator==(const InspectOptions&) const = default;
};

/// Reads one dataset and reports what is in it and what is wrong with it. Fails only if there is no
/// dataset at all, if the system refuses to read its rows (kIo), or on `stop` (kCancelled).
Result<InspectReport> Inspect(const std::string& root, const InspectOptions& options = {},
                              const ProgressCallback& progress = {},
                              const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
