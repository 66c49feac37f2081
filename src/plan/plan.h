// Partial -> MergePlan: which bytes go where. Pure and serial; no I/O.
#pragma once

#include "model/partial.h"
#include "model/plan.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge {

/// What a plan depends on besides sources and options.
struct PlanSite {
  /// The sources' roots as the plan is to know them, absolute, one for each; empty: as they are
  /// given.
  std::vector<std::string> roots;
  uint64_t alignment_bytes = 1;  ///< as in MergePlan
};

/// Plans the merge of all sources of `root`. kIncompatible with every disagreement between sources
/// at once; kInvalidArgument for options out of range. In what schemas differ from the first one,
/// so that they cannot be merged. Plan() refuses them with these problems.
std::vector<Problem> Disagreements(const std::vector<SchemaClass>& schemas);

Result<MergePlan> Plan(const Partial& root, const MergeOptions& options, const PlanSite& site = {});

/// The origin of one source, its place in the destination left out.
Origin OriginOf(const DescribedSource& source);

/// Raised whenever the bytes of some destination change, so that an upgraded program never goes on
/// with a staging folder of other bytes, nor takes an older result for its own.
inline constexpr int64_t kWriterRevision = 1;

/// MergePlan::id, from everything the plan decides.
std::string PlanId(const MergePlan& plan, int64_t writer_revision = kWriterRevision);
/// MergePlan::content_id.
std::string ContentId(const MergePlan& plan, int64_t writer_revision = kWriterRevision);

}  // namespace robomerge
