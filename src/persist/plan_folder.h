// MergePlan <-> plan directory (docs/formats/plan-directory.md): all that a writer on another
// machine needs, but for the sources themselves.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/plan.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge::persist {

struct StoredPlan {
  MergePlan plan;            ///< `sources` are null
  std::string destination;   ///< absolute
  std::string staging_root;  ///< absolute, or empty
  MergeOptions options;      ///< those that decide about writing
};

/// Writes the directory. Returns whether it was there already with the same plan; kAlreadyExists
/// (E-plan-differs) if another one is there.
Result<bool> WritePlan(io::FileSystem& file_system, const std::string& directory,
                       const StoredPlan& stored, bool sync);

/// kNotFound (E-plan-missing), kUnsupported (E-plan-version), kCorrupt (E-plan-damaged): also where
/// the tables do not make the plan that the id names.
Result<StoredPlan> ReadPlan(const io::FileSystem& file_system, const std::string& directory);

/// kCorrupt (E-plan-damaged, with the table of `directory`) if a number of this step points to
/// something that its source does not have. Such numbers can be checked only now that the plan,
/// read from there, holds the step's sources.
Status CheckReferences(const MergePlan& plan, const Step& step, const std::string& directory);

}  // namespace robomerge::persist
