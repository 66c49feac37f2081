// The record that every merge leaves in its result, and what it tells a later run.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/plan.h"
#include "robomerge/status.h"

namespace robomerge {

/// MergePlan::content_id in meta/robomerge.json of the dataset at `destination`; empty if there is
/// no such file, or it is not understood. kIo if the system refuses to say.
Result<std::string> PublishedContentId(const io::FileSystem& file_system,
                                       const std::string& destination);

/// Whether the destination holds what this plan makes, and none of its files is missing.
Result<bool> IsPublished(const io::FileSystem& file_system, const std::string& destination,
                         const MergePlan& plan, const std::vector<std::string>& unit_paths);

/// Whether no source was written after the record: the content id knows sizes and statistics, but a
/// payload that changed and kept both it does not.
Result<bool> IsYoungerThanSources(const io::FileSystem& file_system, const std::string& destination,
                                  const MergePlan& plan);

}  // namespace robomerge
