// The tables of a plan directory, and their conversion.
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
  PlannedSubtasksTable subtasks;
  SubtaskMapsTable subtask_maps;
  UnitsTable units;
  InputsTable extents;
  CarriedFilesTable carried_files;
  PlannedEpisodesTable episodes;
  PlannedFramesTable frames;
  StatColumnsTable stat_columns;
  TextsTable texts;
  ProblemsTable warnings;
};

PlanTables ToTables(const MergePlan& plan);
/// Fills in `plan`. REQUIRES: its fields of the header are set.
Status FromTables(const TableFolder& folder, PlanTables tables, MergePlan& plan);

}  // namespace robomerge::persist::plan_internal
