// Checks of the paths that a merge writes to, against its sources and against what is there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "publish/destination.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge {

/// Whether a real path is `outer`, or below it.
bool IsWithin(const std::string& inner, const std::string& outer);

/// A file or folder that a run writes, other than the destination.
struct Output {
  const char* what;  ///< what messages call it: "trace"
  std::string path;  ///< empty: there is none
  bool is_file = false;
  std::string_view begin = {};  ///< of a file: how one of its kind begins
};

/// Looks at all outputs, links followed:
/// - kInvalidArgument (E-destination-in-source): one lies in a source.
/// - kInvalidArgument (E-destination): one lies in the destination, if there is one.
/// - kInvalidArgument (E-destination): a file would replace one that is none of its kind, or lie in
///   a staging folder.
/// - kIo (E-io): a file cannot be written there.
Status CheckOutputs(const io::FileSystem& file_system, const std::vector<Output>& outputs,
                    const std::vector<std::string>& sources, const std::string& destination);

/// One warning (W-source-inside) for each source that lies inside another one, links followed. That
/// is usually a mistake, but both are merged. A source whose path cannot be resolved is left out.
std::vector<Problem> OverlappingSources(const io::FileSystem& file_system,
                                        const std::vector<std::string>& sources);

/// `paths` made absolute, links followed: a folder that is given in two ways is one source, and
/// makes one plan.
Result<std::vector<std::string>> RealPaths(const io::FileSystem& file_system,
                                           const std::vector<std::string>& paths);

/// `path` made absolute, without "..". Links behind the last ".." stay: they may lead elsewhere on
/// another machine.
Result<std::string> WithoutParents(const io::FileSystem& file_system, const std::string& path);

/// `path` without trailing slashes and dots; kInvalidArgument (E-destination) when nothing remains,
/// or when its name leaves no room for that of the staging folder.
Result<std::string> CleanDestination(const std::string& path);

/// Checks the destination and the staging root; reports all problems at once:
/// - kAlreadyExists (E-destination-exists): something is at `destination` that is not to be
///   overwritten and cannot be the result of an earlier run (it has no content id; destination.h).
/// - kInvalidArgument (E-destination-in-source): it lies in a source, or a source in it, links
///   followed.
/// - kInvalidArgument (E-destination): what is to be overwritten is no dataset.
/// - kInvalidArgument (E-staging-root): that root lies in a source or on another file system.
/// - kIo (E-destination): the system would not let it be made there.
/// - kIo: the system refuses to say.
Status CheckDestination(const io::FileSystem& file_system, const std::string& destination,
                        const std::vector<std::string>& sources, const MergeOptions& options,
                        ReplacedBy by = ReplacedBy::kOther);

}  // namespace robomerge
