// Merges LeRobot v3.0 datasets into one: the whole of robomerge in a few calls.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// Merges `sources` (in this order) into a new dataset at `destination`.
///
/// The destination appears whole, by one rename, or not at all. Sources are only read. The same
/// sources and options give the same bytes, whatever num_workers is. Everything that metadata and
/// file indexes can show is checked before anything is written.
///
/// Errors: kInvalidArgument for options and paths, kAlreadyExists for the destination,
/// kNotFound/kCorrupt/kUnsupported for sources, kIncompatible for sources that do not fit together
/// (all disagreements at once), kIo, kCancelled.
///
/// Another thread or a signal handler may set `stop` at any time. Then nothing new is begun, and
/// kCancelled is returned.
Result<MergeReport> Merge(const std::vector<SourceSpec>& sources, const std::string& destination,
                          const MergeOptions& options, const ProgressCallback& progress = {},
                          const std::atomic<bool>* stop = nullptr);

/// An episode of a source, and whether its rules keep it.
struct ListedEpisode {
  std::string source;    ///< its location
  uint64_t episode = 0;  ///< the source's own number
  uint64_t num_frames = 0;
  bool is_chosen = false;
  std::string reason;  ///< why it is left out; empty if it is chosen

  static void VisitFields(auto& self, auto&& visit) {
    visit("source", self.source);
    visit("episode", self.episode);
    visit("num_frames", self.num_frames);
    visit("is_chosen", self.is_chosen);
    visit("reason", self.reason);
  }
  bool operator==(const ListedEpisode&) const = default;
};

/// All episodes of all sources, in order, with what their rules make of them; writes nothing. Fails
/// as Merge() does on sources that cannot be read and rules that cannot be applied.
Result<std::vector<ListedEpisode>> ListEpisodes(const std::vector<SourceSpec>& sources,
                                                const MergeOptions& options = {},
                                                const std::atomic<bool>* stop = nullptr);

/// The payload files that a merge of these sources needs and that are not there, by source, as
/// paths. Metadata must be there: fails as Merge() does on what it shows. Conditions on rows need
/// data files before the videos that are needed are known, so whoever fetches files asks again
/// until none is missing.
///
/// Of a snapshot in the cache of the Hugging Face Hub (datasets--OWNER--NAME/snapshots/COMMIT), a
/// merge needs, reads and counts only what its rules leave; of other folders every payload file.
Result<std::vector<std::vector<std::string>>> MissingFiles(const std::vector<SourceSpec>& sources,
                                                           const MergeOptions& options = {},
                                                           const std::atomic<bool>* stop = nullptr);

struct VerifiedMerge {
  MergeReport merge;
  VerifyReport verification;
  /// False on a dry run, and if what was written differs from the sources: then the destination is
  /// as it was before, and verification.destination is the folder with what was written.
  bool is_published = false;
};

/// As Merge(), but what was written is verified against the sources before it appears at the
/// destination. The result of a merge that was finished before is verified where it is. With
/// dry_run nothing is verified or published.
Result<VerifiedMerge> MergeVerified(const std::vector<SourceSpec>& sources,
                                    const std::string& destination, const MergeOptions& options,
                                    const ProgressCallback& progress = {},
                                    const std::atomic<bool>* stop = nullptr);

/// Version of robomerge, of Arrow, of the compiler; one line each.
std::string VersionText();

}  // namespace robomerge
