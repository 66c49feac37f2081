// Writes a page that shows one dataset, to be looked at in a browser (docs/report.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge {

struct PageOptions {
  int num_workers = 0;  ///< threads; 0: one per core that the process may use
  /// Show the first frames of a few episodes, if the command ffmpeg is there to decode them.
  bool thumbnails = true;
  /// Where what is counted lies meanwhile (StatsOptions::tmp_root); empty: $TMPDIR, or /tmp.
  std::string tmp_root;

  static void VisitFields(auto& self, auto&& visit) {
    visit("num_workers", self.num_workers);
    visit("thumbnails", self.thumbnails);
    visit("tmp_root", self.tmp_root);
  }
  bool operator==(const PageOptions&) const = default;
};

/// What was written, and how many things it tells of.
struct PageReport {
  std::string root;    ///< of the dataset
  std::string output;  ///< the file
  uint64_t size_bytes = 0;
  uint64_t num_episodes = 0, num_frames = 0;
  uint64_t num_thumbnails = 0;
  uint64_t num_problems = 0;  ///< for which a merge would refuse the dataset
  uint64_t num_warnings = 0;
  uint64_t num_notes = 0;
  uint64_t num_findings = 0;  ///< statistics that are not those of the rows
  double seconds = 0;

  static void VisitFields(auto& self, auto&& visit) {
    visit("root", self.root);
    visit("output", self.output);
    visit("size_bytes", self.size_bytes);
    visit("num_episodes", self.num_episodes);
    visit("num_frames", self.num_frames);
    visit("num_thumbnails", self.num_thumbnails);
    visit("num_problems", self.num_problems);
    visit("num_warnings", self.num_warnings);
    visit("num_notes", self.num_notes);
    visit("num_findings", self.num_findings);
    visit("seconds", self.seconds);
  }
  bool operator==(const PageReport&) const = default;
};

/// Writes a page about the dataset at `root` to the file `output`, which appears whole or not at
/// all. The same dataset makes the same bytes. A dataset that is broken gets a page of what can be
/// read, and of its problems.
///
/// Fails if there is no dataset at all (kNotFound), if `output` lies in it or would replace a file
/// that is no such page (kInvalidArgument), if the system refuses (kIo), or on `stop` (kCancelled).
Result<PageReport> WritePage(const std::string& root, const std::string& output,
                             const PageOptions& options = {}, const ProgressCallback& progress = {},
                             const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
