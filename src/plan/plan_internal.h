// The parts of Plan, each in a file of its own.
#pragma once

#include <string>
#include <vector>

#include "model/partial.h"
#include "model/plan.h"
#include "plan/plan.h"
#include "robomerge/options.h"

namespace robomerge::plan_internal {

class Layout;

/// Chooses the physical schema of the data files.
void ChooseDataSchema(MergePlan& plan);

/// Enters the subtasks, which columns follow tasks and subtasks, and warns of those that may have
/// to and do not. Fails if subtasks cannot be followed. REQUIRES: tasks are mapped.
Status MapTexts(const TaskTable& subtasks, MergePlan& plan);
/// Adds the steps behind the record: the table of subtasks, modality.json, and what is carried as
/// it is. Warns of what is left out. REQUIRES: the plan has its origins.
void CarryFiles(MergePlan& plan);

/// Makes the text of meta/stats.json: the sources' statistics, aggregated; those of the bookkeeping
/// columns, recomputed. Empty if there are none. Adds warnings to `plan`.
Result<std::string> MakeStatistics(MergePlan& plan);
/// Warns of sources with the same files, sizes, tasks and statistics (W-source-twice). REQUIRES:
/// the plan has its origins.
void WarnOfCopies(MergePlan& plan);
/// Warns of sources that are what an edit keeps of another source (W-source-old).
void WarnOfBackups(MergePlan& plan);
/// Enters the origin of every source.
void MakeOrigins(const PlanSite& site, MergePlan& plan);
/// Makes the text of meta/robomerge.json: options, and which episodes come from which source.
/// REQUIRES: the plan has its content_id.
std::string MakeRecord(const MergeOptions& options, const MergePlan& plan);
/// Makes the text of meta/info.json. Adds warnings to `plan`.
std::string MakeInfo(const Layout& layout, const std::vector<SchemaClass>& schemas,
                     const MergeOptions& options, MergePlan& plan);

}  // namespace robomerge::plan_internal
