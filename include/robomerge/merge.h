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
/// The destination appears whole, by one rename, or not at all; sources are only read. The same
/// sources and options give the same bytes, whatever num_workers is. Errors: kInvalidArgument for
/// the options, kAlreadyExists for the destination, kNotFound/kCorrupt/kUnsupported for sources,
/// kIncompatible for sources that do not fit together (all disagreements at once), kIo, kCancelled.
/// Before anything is written everything that metadata and file indexes can show has been checked.
///
/// `stop`, if given, may be raised at any time by another thread or a signal handler: nothing new
/// is begun and kCancelled is returned.
Result<MergeReport> Merge(const std::vector<SourceSpec>& sources, const std::string& destination,
                          const MergeOptions& options, const ProgressCallback& progress = {},
                          const std::atomic<bool>* stop = nullptr);

struct VerifiedMerge {
  MergeReport merge;
  VerifyReport verification;
  /// False if something differs: nothing is at the destination then, and verification.destination
  /// is the folder in which it was written, to be looked at.
  bool is_published = false;
};

/// As Merge(), but what was written is verified against the sources before it appears at the
/// destination. A merge that was finished before is verified where it is. With dry_run there is
/// nothing to verify, and the destination is not published.
Result<VerifiedMerge> MergeVerified(const std::vector<SourceSpec>& sources,
                                    const std::string& destination, const MergeOptions& options,
                                    const ProgressCallback& progress = {},
                                    const std::atomic<bool>* stop = nullptr);

/// Reads one dataset and says what is in it and what is wrong with it. Fails only if there is no
/// dataset at all.
Result<InspectReport> Inspect(const std::string& root);

/// Version of robomerge, of Arrow, of the compiler; one line each.
std::string VersionText();

}  // namespace robomerge
