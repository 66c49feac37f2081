// The plan of an edit of one source.
#pragma once

#include "plan/plan.h"

namespace robomerge {

struct EditPlan {
  /// Data and video files keep their numbers, if episodes follow each other in them; otherwise
  /// W-files-renumbered. REQUIRES: files are not concatenated.
  bool keep_file_numbers = false;
};

/// As Plan(), of one source.
Result<MergePlan> PlanEdit(const Partial& root, const MergeOptions& options, const PlanSite& site,
                           const EditPlan& edit);

}  // namespace robomerge
