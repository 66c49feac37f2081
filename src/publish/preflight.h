// Where a merge may write.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge {

/// A file or folder beside the destination that a run writes.
struct Output {
  const char* what;  ///< "trace"
  std::string path;  ///< empty: there is none
};

/// kInvalidArgument (E-destination-in-source) for outputs that lie in a source, links followed.
Status CheckOutputs(const io::FileSystem& file_system, const std::vector<Output>& outputs,
                    const std::vector<std::string>& sources);

/// Says which sources lie inside another one (W-source-inside). They are merged as they were asked
/// for; more often than not it is a slip. A source whose place cannot be told is left out.
std::vector<Problem> OverlappingSources(const io::FileSystem& file_system,
                                        const std::vector<std::string>& sources);

/// `paths` made absolute, links followed: a folder given in two ways is one source of one plan.
Result<std::vector<std::string>> RealPaths(const io::FileSystem& file_system,
                                           const std::vector<std::string>& paths);

/// `path` made absolute, without "..". Other links stay: they may lead elsewhere on the machine
/// that reads it.
Result<std::string> WithoutParents(const io::FileSystem& file_system, const std::string& path);

/// `path` without trailing slashes and dots; kInvalidArgument (E-destination) when nothing remains,
/// or when its name leaves no room for that of the staging folder.
Result<std::string> CleanDestination(const std::string& path);

/// kAlreadyExists (E-destination-exists) if something is at `destination` that is neither to be
/// overwritten nor the possible result of an earlier run (see record.h); kInvalidArgument if it
/// lies in a source, or a source in it, links followed (E-destination-in-source), if only a dataset
/// could be overwritten and it is none (E-destination), or if the staging root lies in a source or
/// on another file system (E-staging-root); kIo (E-destination) if the system would not let it be
/// made there; kIo if the system does not tell. All problems at once.
Status CheckDestination(const io::FileSystem& file_system, const std::string& destination,
                        const std::vector<std::string>& sources, const MergeOptions& options);

}  // namespace robomerge
