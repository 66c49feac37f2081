#include "merge/dry_run.h"

#include "io/dry_run_file_system.h"

namespace robomerge {

Status LayOut(Run& run, const MergePlan& plan, const std::vector<Unit>& units,
              const std::vector<size_t>& which, UnitsDone& done) {
  io::DryRunFileSystem dry(run.file_system());
  return run.WriteUnits(plan, units, which, dry, "", [&done](size_t unit, const WrittenFile& file) {
    done[unit] = file;  // one slot per unit, so no lock
    return Status();
  });
}

}  // namespace robomerge
