// Partial -> MergePlan: which bytes go where. Pure and serial; no I/O.
#pragma once

#include "model/partial.h"
#include "model/plan.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge {

/// What a plan depends on besides sources and options.
struct PlanSite {
  /// The absolute roots of the sources that the plan is to keep, one for each; empty: those of the
  /// datasets, made absolute.
  std::vector<std::string> roots;
  uint64_t alignment_bytes = 1;  ///< as in MergePlan
};

/// How schemas differ from the first one so that they cannot be merged. Plan() fails with these
/// problems.
std::vector<Problem> Disagreements(const std::vector<SchemaClass>& schemas);

/// Leaves out the sources that have another form than most (of several that are as frequent, than
/// the first), if root.skip_broken says so. kIncompatible (E-nothing-left, with all reasons) if
/// nothing is left.
Result<Partial> LeaveOut(Partial root);

/// Plans the merge of all sources of `root`. kIncompatible with every disagreement between sources
/// at once; kInvalidArgument (E-options) for options out of range, also where these would make too
/// many chunk folders.
Result<MergePlan> Plan(const Partial& root, const MergeOptions& options, const PlanSite& site = {});

/// The origin of one source, without first_episode.
Origin OriginOf(const DescribedSource& source);

/// Of what a source holds, wherever it lies: its files by name and size, and what its metadata say.
std::string FingerprintOf(const Origin& origin);

/// To be raised whenever the bytes of some destination change. Then an upgraded program never
/// continues a staging folder of other bytes, and never takes an older result for its own.
inline constexpr int64_t kWriterRevision = 2;

/// Computes MergePlan::id.
std::string PlanId(const MergePlan& plan, int64_t writer_revision = kWriterRevision);
/// Computes MergePlan::content_id.
std::string ContentId(const MergePlan& plan, int64_t writer_revision = kWriterRevision);

}  // namespace robomerge
