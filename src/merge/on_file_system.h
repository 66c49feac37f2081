// robomerge/merge.h and robomerge/stages.h on any file system: the public calls are these on the
// real one. Tests pass one that fails.
#pragma once

#include "io/file_system.h"
#include "robomerge/merge.h"
#include "robomerge/stages.h"

namespace robomerge {

Result<MergeReport> MergeOn(io::FileSystem& file_system, const std::vector<std::string>& sources,
                            const std::string& destination, const MergeOptions& options,
                            const ProgressCallback& progress = {},
                            const std::atomic<bool>* stop = nullptr);

Result<StageReport> PlanSourcesOn(io::FileSystem& file_system,
                                  const std::vector<std::string>& sources,
                                  const std::string& destination, const std::string& plan_directory,
                                  const MergeOptions& options,
                                  const ProgressCallback& progress = {},
                                  const std::atomic<bool>* stop = nullptr);

Result<StageReport> WritePlannedOn(io::FileSystem& file_system, const std::string& plan_directory,
                                   Rank rank, const MergeOptions& options,
                                   const ProgressCallback& progress = {},
                                   const std::atomic<bool>* stop = nullptr);

Result<StageReport> PublishPlannedOn(io::FileSystem& file_system, const std::string& plan_directory,
                                     const MergeOptions& options);

}  // namespace robomerge
