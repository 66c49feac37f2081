// The parts of Plan, each in a file of its own.
#pragma once

#include <string>
#include <vector>

#include "model/partial.h"
#include "model/plan.h"
#include "plan/plan.h"
#include "robomerge/options.h"

namespace robomerge::plan_internal {

/// Add the data, video and episodes steps, in this order, and say where every episode goes in them.
void PackData(const MergeOptions& options, MergePlan& plan);
void PackVideos(const MergeOptions& options, MergePlan& plan);
void PackEpisodes(MergePlan& plan);
/// Chooses the physical schema of the data files.
void ChooseDataSchema(MergePlan& plan);

/// meta/stats.json: the sources' statistics aggregated, the bookkeeping columns' recomputed; empty
/// if there are none. Adds warnings to `plan`.
Result<std::string> MakeStatistics(MergePlan& plan);
/// Warns of sources that hold the same: files, sizes, tasks and statistics. Needs origins.
void WarnOfCopies(MergePlan& plan);
/// Where every source lies, and what it must still look like when it is written.
void MakeOrigins(const PlanSite& site, MergePlan& plan);
/// meta/robomerge.json: which episodes came from which source, by which options. Needs the plan's
/// content_id.
std::string MakeRecord(const MergeOptions& options, const MergePlan& plan);
/// meta/info.json. Adds warnings to `plan`.
std::string MakeInfo(const std::vector<SchemaClass>& schemas, const MergeOptions& options,
                     MergePlan& plan);

}  // namespace robomerge::plan_internal
