// The record that every merge leaves in its result, and what it tells a later run.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"

namespace robomerge {

/// The plan id in meta/robomerge.json of the dataset at `destination`; empty if there is no such file, or it is not understood.
std::string PublishedPlanId(const io::FileSystem& file_system, const std::string& destination);

/// Whether the destination came from this very plan and none of its files is missing.
bool IsPublished(const io::FileSystem& file_system, const std::string& destination, const std::string& plan_id, const std::vector<std::string>& unit_paths);

}  // namespace robomerge
