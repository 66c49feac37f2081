// Where a merge may write.
#pragma once

#include <string>
#include <vector>

#include "robomerge/status.h"

namespace robomerge {

/// `path` without trailing slashes; kInvalidArgument when nothing remains.
Result<std::string> CleanDestination(const std::string& path);

/// kAlreadyExists (E-destination-exists) if something is at `destination`; kInvalidArgument (E-destination-in-source) if it lies in a source, or a source in
/// it, links followed. All problems at once.
Status CheckDestination(const std::string& destination, const std::vector<std::string>& sources);

}  // namespace robomerge
