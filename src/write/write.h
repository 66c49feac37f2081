// Steps of a MergePlan -> files. Each step makes one destination file from nothing but the plan and
// the sources, so steps run in any order, on any worker and in any process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "io/file_pool.h"
#include "io/file_system.h"
#include "model/measured.h"
#include "model/plan.h"
#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/status.h"
#include "schedule/parallel_for.h"
#include "schedule/stop_token.h"

namespace robomerge {

/// What became of one step.
struct WrittenFile {
  ReportedFile::Mode mode = ReportedFile::Mode::kWrite;
  uint64_t size_bytes = 0;
  io::MovedBytes moved;
  uint64_t encoded_bytes = 0;
  std::string sha256;  ///< of the whole file; empty where no hashes are recorded
};

/// Files that should be linked and could not be. Workers add to it.
struct NotLinked {
  std::mutex mutex;
  uint64_t num_files = 0, num_bytes = 0;
  std::string first_path, reason;  ///< of the first one
};

/// What all steps share. Everything that is pointed to must outlive them.
struct WriteContext {
  const MergePlan* plan = nullptr;
  io::FileSystem* file_system = nullptr;
  io::FilePool* sources = nullptr;
  std::string directory;  ///< where the files of the destination are written
  io::Sharing sharing = io::Sharing::kAllowed;
  /// 1, or the block size of the file system if extents are shared.
  uint64_t alignment_bytes = 1;
  /// Files that are moved as they are become further names of the source's, where extents cannot be
  /// shared: those of all sources, or of the one whose place the destination takes.
  enum class Links { kNone, kKept, kAll } links = Links::kNone;
  NotLinked* not_linked = nullptr;  ///< null where there are no links
  bool sync = true;
  bool one_worker = false;  ///< steps spawn no parts
  /// What the data steps measured, for the steps that need it (NeedsMeasures). Null where nothing
  /// is written: these files then have about the size that they will have.
  const EpisodeCorrections* corrections = nullptr;
  const std::string* stats_text = nullptr;
  /// The hashes of the files of all steps, for the record that holds them (MergePlan). Null where
  /// nothing is written: zeros then take their places.
  const std::vector<std::string>* hashes = nullptr;
};

/// Takes what a step wrote. Called once per step, from a worker.
using WrittenCallback = std::function<void(WrittenFile)>;

class SharedIndexes;

/// Writes the file of step number `step`, whose sources must be in the plan. The worker that
/// completes the file calls `written`. Large files are filled in parts (payload.h).
Status WriteStep(const WriteContext& context, size_t step, schedule::Spawner& spawner,
                 WrittenCallback written);

/// A step of which a worker writes many, one after another: the file of one episode. It is small,
/// and spawns nothing.
bool IsSmallEpisodeFile(const Step& step);

/// Writes the files of such steps in one go, with the indexes of their sources read once. Stops
/// between two if `stop` says so.
Status WriteEpisodeFiles(const WriteContext& context, std::span<const size_t> steps,
                         const schedule::StopToken& stop,
                         const std::function<void(size_t step, const WrittenFile&)>& written);

}  // namespace robomerge
