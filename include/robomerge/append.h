// Grows a LeRobot dataset in place, and takes out again what it has grown by (docs/append.md).
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "robomerge/merge.h"

namespace robomerge {

struct AppendOptions {
  /// Also append sources that are in the dataset already.
  bool again = false;
  /// Keep what was there as `<destination>_old`. It has the payload files in common with the new
  /// dataset, unless they are copied (CopyMode::kCopy).
  bool backup = true;

  static void VisitFields(auto& self, auto&& visit) {
    visit("again", self.again);
    visit("backup", self.backup);
  }
  bool operator==(const AppendOptions&) const = default;
};

/// As Merge() of the dataset at `destination` and `sources` in its place; but its payload files
/// stay as they are, and those of the sources come behind. Limits of file sizes are those of its
/// info.json; rules and MergeOptions::retime are for the sources. With `verify`, as
/// MergeVerified().
///
/// Sources that the record names already are left out with a warning (W-source-there); if all are,
/// the report is `already_done`. kCorrupt (E-source-changed) if anything was written into the
/// destination meanwhile; kUnsupported (E-exchange) as of Edit() in place.
Result<VerifiedMerge> Append(const std::string& destination, const std::vector<SourceSpec>& sources,
                             const AppendOptions& append, const MergeOptions& options,
                             bool verify = false, const ProgressCallback& progress = {},
                             const std::atomic<bool>* stop = nullptr);

/// Takes the episodes of one source out of the dataset at `destination`, in its place: `source` is
/// the name or the number that Log() gives it. kInvalidArgument (E-no-such-source) if there is
/// none, or it is the only one with episodes.
Result<VerifiedMerge> RemoveSource(const std::string& destination, const std::string& source,
                                   const AppendOptions& append, const MergeOptions& options,
                                   bool verify = false, const ProgressCallback& progress = {},
                                   const std::atomic<bool>* stop = nullptr);

/// Consecutive episodes of a dataset, and where they come from.
struct LoggedSource {
  uint64_t number = 0;  ///< from 0
  std::string name;     ///< empty: it has none
  uint64_t first_episode = 0;
  uint64_t num_episodes = 0;
  uint64_t num_frames = 0;
  std::string fingerprint;  ///< empty: of no merge that the record knows
  std::string rules;        ///< by which it was adapted, as one line of JSON; empty: none

  static void VisitFields(auto& self, auto&& visit) {
    visit("number", self.number);
    visit("name", self.name);
    visit("first_episode", self.first_episode);
    visit("num_episodes", self.num_episodes);
    visit("num_frames", self.num_frames);
    visit("fingerprint", self.fingerprint);
    visit("rules", self.rules);
  }
  bool operator==(const LoggedSource&) const = default;
};

/// What the dataset at `root` was made of, by its record. Where that does not fit the episodes,
/// they are one source.
Result<std::vector<LoggedSource>> Log(const std::string& root,
                                      const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
