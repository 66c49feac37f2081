// Which file systems of Linux let two files share their blocks.
#pragma once

#include <string>

namespace robomerge::io {

/// Whether files in `directory` can share extents with `source`: both on one file system, and one
/// that can (XFS with reflink, btrfs). False if the system does not tell. Writes nothing.
bool FileSystemsShareExtents(const std::string& source, const std::string& directory);

}  // namespace robomerge::io
