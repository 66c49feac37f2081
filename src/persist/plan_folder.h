// MergePlan <-> plan directory (docs/formats/plan-directory.md): all that a writer on another
// machine needs, except the sources themselves.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/plan.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge::persist {

struct StoredPlan {
  MergePlan plan;            ///< when read, its `sources` are null
  std::string destination;   ///< absolute
  std::string staging_root;  ///< absolute, or empty
  MergeOptions options;      ///< when read, only those of VisitWriting and some of the plan are set
};

/// Writes the directory. Returns whether it was there already with the same plan. kAlreadyExists
/// (E-plan-differs) if another plan is there.
Result<bool> WritePlan(io::FileSystem& file_system, const std::string& directory,
                       const StoredPlan& stored, bool sync);

/// Reads the directory. kNotFound (E-plan-missing); kUnsupported (E-plan-version); kCorrupt
/// (E-plan-damaged), also if the plan in the tables has another id than the header says.
Result<StoredPlan> ReadPlan(const io::FileSystem& file_system, const std::string& directory);

/// kCorrupt (E-plan-damaged, naming the table in `directory`) if a number of this step points to
/// something that its source does not have. Checked apart from ReadPlan(), because it needs the
/// sources. REQUIRES: the plan holds the step's sources.
Status CheckReferences(const MergePlan& plan, const Step& step, const std::string& directory);

}  // namespace robomerge::persist
