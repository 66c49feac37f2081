#include "merge/dry_run.h"

#include "io/dry_run_file_system.h"

namespace robomerge {

Status LayOut(Run& run, const MergePlan& plan, const std::vector<size_t>& steps, UnitsDone& done) {
  io::DryRunFileSystem dry(run.file_system());
  return run.WriteSteps(plan, steps, dry, "", [&done](size_t step, const WrittenFile& file) {
    done[step] = file;  // one slot per step: needs no lock
    return Status();
  });
}

}  // namespace robomerge
