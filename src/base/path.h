// Paths as text: nothing here asks the file system.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace robomerge {

/// `path`, joined to `working_directory` if it is relative, without "." and empty components, so
/// that one folder typed in two ways is one path. ".." stays, since it may follow a link.
std::string AbsolutePath(const std::string& path, const std::string& working_directory);

/// What an edit in place appends to the name of the dataset that it keeps.
inline constexpr std::string_view kBackupEnd = "_old";

/// The folder that holds `path`; "." for a bare name, "/" for a path directly below the root.
std::string ParentOf(const std::string& path);

/// The last component.
std::string NameOf(const std::string& path);

/// `path` without `root` in front, if it lies below `root`; otherwise as it is.
std::string RelativeTo(const std::string& root, const std::string& path);

/// Whether `path` is relative, cannot lead out of the folder it is joined to, and has only one
/// spelling: no empty component, no "." and no "..", no NUL.
bool IsPlainPath(std::string_view path);

/// The path of a file inside the folder `root`, named as relative to it or absolutely; nothing if
/// it is outside.
std::optional<std::string> PathInside(const std::string& root, const std::string& path);

/// `path`, which must be absolute, with "." and ".." resolved as the system does where there are no
/// links. "/" for what leads above the root.
std::string ResolvedAsText(const std::string& path);

}  // namespace robomerge
