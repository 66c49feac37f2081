// The parts of a plan directory.
#pragma once

#include "forms/plan_form.h"
#include "forms/plan_tables.h"
#include "forms/table_folder.h"
#include "plan/plan.h"

namespace robomerge::forms::plan_internal {

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

}  // namespace robomerge::forms::plan_internal
