// Small datasets in memory, for tests: one camera whose frames are a few bytes that nobody decodes.
#pragma once

#include <string>

#include "testing/memory_file_system.h"

namespace robomerge {

/// Puts a dataset of `num_episodes` episodes of four frames at `root`, told apart by `seed`.
void PutTestDataset(io::MemoryFileSystem& file_system, const std::string& root,
                    int64_t num_episodes, uint8_t seed);

/// The same as of v2.1: a data file and a video for each episode.
void PutOldTestDataset(io::MemoryFileSystem& file_system, const std::string& root,
                       int64_t num_episodes, uint8_t seed);

}  // namespace robomerge
