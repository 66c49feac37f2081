// Paths as text: nothing here asks the file system.
#pragma once

#include <string>

namespace robomerge {

/// `path`, begun at `working_directory` if it is relative, without "." and empty components: one
/// folder typed in two ways is one path. ".." stays, since it may follow a link.
std::string AbsolutePath(const std::string& path, const std::string& working_directory);

/// `path`, which is absolute, without "." and "..", as the system resolves it where there are no
/// links. "/" for what leads above the root.
std::string ResolvedAsText(const std::string& path);

}  // namespace robomerge
