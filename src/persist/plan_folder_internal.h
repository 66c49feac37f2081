// The parts of a plan directory.
#pragma once

#include "persist/plan_folder.h"
#include "persist/plan_tables.h"
#include "persist/table_folder.h"
#include "plan/plan.h"

namespace robomerge::persist::plan_internal {

struct PlanTables {
  OriginsTable sources;
  SourceFilesTable source_files;
  TasksTable tasks;
  UnitsTable units;
  ExtentsTable extents;
  PlannedEpisodesTable episodes;
  PlannedFramesTable frames;
  StatColumnsTable stat_columns;
  TextsTable texts;
  ProblemsTable warnings;
};

PlanTables ToTables(const StoredPlan& stored);
/// Fills `stored.plan`, whose header fields are read already, and `stored.units`.
Status FromTables(const TableFolder& folder, PlanTables tables, StoredPlan& stored);

}  // namespace robomerge::persist::plan_internal
