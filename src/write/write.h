// MergePlan steps -> files. Each step is one destination file and a function of the plan and the
// sources alone, so steps run in any order, on any worker, in any process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/file_pool.h"
#include "io/file_system.h"
#include "model/plan.h"
#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/status.h"
#include "schedule/parallel_for.h"

namespace robomerge {

/// What one written file came to.
struct WrittenFile {
  ReportedFile::Mode mode = ReportedFile::Mode::kWrite;
  uint64_t size_bytes = 0;
  io::MovedBytes moved;
  uint64_t encoded_bytes = 0;
};

/// What the writers share. Everything pointed to outlives them.
struct WriteContext {
  const MergePlan* plan = nullptr;
  io::FileSystem* file_system = nullptr;
  io::FilePool* sources = nullptr;
  std::string directory;  ///< where the destination's tree grows
  io::Sharing sharing = io::Sharing::kAllowed;
  /// 1, or the block size of the file system where extents are shared.
  uint64_t alignment_bytes = 1;
  bool sync = true;
};

/// Takes what a step wrote. Called once per step, from a worker.
using WrittenCallback = std::function<void(WrittenFile)>;

/// Writes the file of the plan's step of that number. The plan must hold the step's sources.
/// `written` is called when the file is complete, by the worker that completed it: large ones are
/// filled in parts (payload.h).
Status WriteStep(const WriteContext& context, size_t step, schedule::Spawner& spawner,
                 WrittenCallback written);

}  // namespace robomerge
