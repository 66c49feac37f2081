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

// Data and video files are filled as payload.h says: `written` is called when the file is complete,
// by the worker that completed it.

/// Writes data_steps[step]: row groups spliced raw, the three index columns encoded anew (format
/// spec 3.4).
Status WriteData(const WriteContext& context, size_t step, schedule::Spawner& spawner,
                 WrittenCallback written);

/// Writes video_steps[step]: one source copied as it is, or several under one new index.
Status WriteVideo(const WriteContext& context, size_t step, schedule::Spawner& spawner,
                  WrittenCallback written);

/// Writes episodes_steps[step].
Result<WrittenFile> WriteEpisodes(const WriteContext& context, size_t step);

/// Write meta/tasks.parquet, meta/info.json, meta/stats.json.
Result<WrittenFile> WriteTasks(const WriteContext& context);
Result<WrittenFile> WriteText(const WriteContext& context, const std::string& relative_path,
                              const std::string& text);

}  // namespace robomerge
