// A dataset is made anew in its place: with other sources behind it, or without one that it has.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "merge/run.h"
#include "model/recorded_source.h"
#include "verify/read_record.h"

namespace robomerge {

struct Growth {
  /// What was asked for, as a text (InPlace::request).
  std::string request;
  bool backup = true;
  /// A run that was killed has done it: only the report is missing.
  bool is_done = false;
  /// Warnings of finishing it.
  std::vector<Problem> left;
  /// Also append what the record names already.
  bool again = false;
  /// Of a removal: where the episodes that stay come from. Nothing: the record says it.
  std::optional<EpisodeOrigins> origins;
};

/// That a dataset has a record which does not fit it (W-record).
Problem UnfitRecord(const std::string& destination);

/// Takes the sources that are of `origins` out of all but the first, each with a warning.
/// `described` are the sources as they were read.
void LeaveOutKnown(const EpisodeOrigins& origins,
                   const std::vector<std::shared_ptr<const DescribedSource>>& described,
                   std::vector<SourceSpec>& sources, std::vector<Problem>& warnings);

/// kCorrupt (E-source-changed) if the dataset has got other episodes since `origins` were found: a
/// removal reads it twice.
Status CheckStillFits(const EpisodeOrigins& origins, const Partial& read,
                      const std::string& destination);

/// The report of a merge of `sources`, of which the first lies at `destination`, in its place.
Result<VerifiedMerge> GrowOn(io::FileSystem& file_system, const std::vector<SourceSpec>& sources,
                             const std::string& destination, const Growth& growth,
                             const MergeOptions& options, bool verify,
                             const ProgressCallback& progress, const std::atomic<bool>* stop);

}  // namespace robomerge
