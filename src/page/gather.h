// A dataset -> what a page shows of it.
#pragma once

#include <atomic>
#include <string>

#include "io/file_system.h"
#include "page/facts.h"
#include "robomerge/options.h"
#include "robomerge/status.h"
#include "schedule/executor.h"

namespace robomerge::page {

struct GatherOptions {
  bool thumbnails = true;
  std::string tmp_root;  ///< for what is counted meanwhile; empty: that of the file system
};

/// Reads the dataset at `root`, measures its rows, and lets ffmpeg, if there is one, decode a few
/// frames. Of a dataset that is broken it returns what can be read, with the problems. Fails only
/// if there is no dataset at all, if the system refuses (kIo), or on `stop` (kCancelled).
Result<PageFacts> GatherFacts(io::FileSystem& file_system, const std::string& root,
                              schedule::Executor& executor, const GatherOptions& options,
                              const ProgressCallback& progress, const std::atomic<bool>* stop);

}  // namespace robomerge::page
