// Proves a dataset: its invariants over the real streams, and that it holds exactly what the
// sources of a merge hold.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge {

struct VerifyOptions {
  /// Worker threads; 0: one per core this process may use. Any number gives the same findings in
  /// the same order.
  int num_workers = 0;
  /// Findings that are kept with their text; the rest is counted.
  uint64_t most_findings = 1000;
};

/// One thing that is not as it must be. Fields that do not apply stay empty.
struct Finding {
  std::string kind;  ///< stable: "V-index", "V-frame-bytes", ...; docs/errors.md lists them
  std::string what;  ///< one sentence, lower case, no period
  std::optional<uint64_t> episode;
  std::string column;             ///< column, statistic or camera
  std::optional<uint64_t> frame;  ///< within the episode
  std::string expected;
  std::string found;
  std::string where;  ///< a path that can be pasted, then the place inside it
};

struct VerifyReport {
  std::string destination;
  uint64_t num_sources = 0;
  uint64_t num_episodes = 0;
  uint64_t num_rows = 0;          ///< whose columns were decoded or compared
  uint64_t num_video_frames = 0;  ///< whose time was checked, and with sources their bytes
  uint64_t checked_bytes = 0;     ///< of payload, of the destination alone
  /// False if the destination contradicts itself so much that the rest could not be checked.
  bool is_complete = true;
  std::vector<Finding> findings;  ///< the first ones, in the order of the dataset
  uint64_t num_findings = 0;      ///< all of them
  int num_workers = 0;
  double seconds = 0;

  bool ok() const { return num_findings == 0; }
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
