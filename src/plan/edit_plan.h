// The plan of an edit of one source.
#pragma once

#include "plan/plan.h"

namespace robomerge {

struct EditPlan {
  /// Data and video files keep their numbers, if episodes follow each other in them; otherwise
  /// W-files-renumbered. REQUIRES: files are not concatenated.
  bool keep_file_numbers = false;
  /// MergePlan::keeps_first, with what stands for the first source in the record.
  bool keeps_first = false;
  std::vector<RecordedSource> recorded;
  json::Json recorded_skipped;
};

/// As Plan(), of one source; with keeps_first also of several.
Result<MergePlan> PlanEdit(const Partial& root, const MergeOptions& options, const PlanSite& site,
                           const EditPlan& edit);

}  // namespace robomerge
