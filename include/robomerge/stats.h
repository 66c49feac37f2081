// Measures the statistics of one dataset from its rows, and holds those that it states against
// them (docs/statistics.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/status.h"

namespace robomerge {

/// Actions as a policy sees them that is trained with LeRobot's `use_relative_actions`.
struct RelativeActionOptions {
  /// Frames of a chunk: the policy's `chunk_size`. 0: actions are measured as they are.
  uint64_t chunk_size = 0;
  /// An element of `action` stays absolute if its name holds one of these, in any case.
  std::vector<std::string> excluded_joints;

  static void VisitFields(auto& self, auto&& visit) {
    visit("chunk_size", self.chunk_size);
    visit("excluded_joints", self.excluded_joints);
  }
  bool operator==(const RelativeActionOptions&) const = default;
};

struct StatsOptions {
  int num_workers = 0;  ///< threads; 0: one per core that the process may use
  /// Where what is counted lies meanwhile, about two bytes for a float32; empty: $TMPDIR, or /tmp.
  std::string tmp_root;
  /// How many findings and notes are kept; all are counted.
  uint64_t most_findings = 1000;
  /// With a chunk_size, `action` is measured over all chunks: of every frame from which on an
  /// episode has chunk_size frames, the next chunk_size actions, each less that frame's
  /// `observation.state`. Errors (E-relative-actions): kIncompatible if one of the two is missing
  /// or no vector; kInvalidArgument if no episode is that long.
  RelativeActionOptions relative_actions;

  static void VisitFields(auto& self, auto&& visit) {
    visit("num_workers", self.num_workers);
    visit("tmp_root", self.tmp_root);
    visit("most_findings", self.most_findings);
    visit("relative_actions", self.relative_actions);
  }
  bool operator==(const StatsOptions&) const = default;
};

struct StatsReport {
  /// One element of the last dimension of a feature: all of its finite values.
  struct Element {
    std::string feature, name;  ///< name: as `names` of the feature says; else its number
    uint64_t num_values = 0, num_nan = 0, num_infinite = 0;
    double min = 0, max = 0, mean = 0, std = 0, q01 = 0, q10 = 0, q50 = 0, q90 = 0, q99 = 0;
    /// How many values lie in each of eight bins of equal width from min to max.
    std::vector<uint64_t> histogram;

    static void VisitFields(auto& self, auto&& visit) {
      visit("feature", self.feature);
      visit("name", self.name);
      visit("num_values", self.num_values);
      visit("num_nan", self.num_nan);
      visit("num_infinite", self.num_infinite);
      visit("min", self.min);
      visit("max", self.max);
      visit("mean", self.mean);
      visit("std", self.std);
      visit("q01", self.q01);
      visit("q10", self.q10);
      visit("q50", self.q50);
      visit("q90", self.q90);
      visit("q99", self.q99);
      visit("histogram", self.histogram);
    }
    bool operator==(const Element&) const = default;
  };
  std::string root;
  uint64_t num_episodes = 0, num_frames = 0;
  std::vector<Element> elements;
  /// What is no fault: "N-constant", "N-not-finite", "N-outlier", "N-unit", "N-not-measured".
  std::vector<Finding> notes;
  /// Where stats.json ("V-stats") or statistics of episodes ("V-statistics") are not those of the
  /// rows: one a feature, with the worst of them.
  std::vector<Finding> findings;
  uint64_t num_findings = 0;
  double seconds = 0;

  static void VisitFields(auto& self, auto&& visit) {
    visit("root", self.root);
    visit("num_episodes", self.num_episodes);
    visit("num_frames", self.num_frames);
    visit("elements", self.elements);
    visit("notes", self.notes);
    visit("findings", self.findings);
    visit("num_findings", self.num_findings);
    visit("seconds", self.seconds);
  }
  bool operator==(const StatsReport&) const = default;
};

/// Measures all numeric features but index, episode_index and task_index. Fails if there is no
/// dataset or it cannot be read, if the system refuses (kIo), or on `stop` (kCancelled).
Result<StatsReport> MeasureStats(const std::string& root, const StatsOptions& options = {},
                                 const ProgressCallback& progress = {},
                                 const std::atomic<bool>* stop = nullptr);

/// The same, and puts what was measured into meta/stats.json, which is replaced at once. Entries of
/// what is not measured stay: those of cameras, index, episode_index and task_index. kUnsupported
/// (E-version) for a dataset of another version than 3.0; kInvalidArgument (E-destination) where
/// stats.json is a link, as in the cache of the Hub.
Result<StatsReport> RewriteStats(const std::string& root, const StatsOptions& options = {},
                                 const ProgressCallback& progress = {},
                                 const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
