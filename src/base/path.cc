#include "base/path.h"

#include <algorithm>

namespace robomerge {

std::string AbsolutePath(const std::string& path, const std::string& working_directory) {
  const std::string joined =
      path.starts_with('/') || working_directory.empty() ? path : working_directory + "/" + path;
  std::string absolute;
  for (size_t begin = 0; begin <= joined.size();) {
    const size_t end = std::min(joined.find('/', begin), joined.size());
    const std::string part = joined.substr(begin, end - begin);
    if (!part.empty() && part != ".")
      absolute += (absolute.empty() && !joined.starts_with('/') ? "" : "/") + part;
    begin = end + 1;
  }
  return absolute.empty() ? (joined.starts_with('/') ? "/" : ".") : absolute;
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string NameOf(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

std::string RelativeTo(const std::string& root, const std::string& path) {
  const std::string prefix = root.ends_with('/') ? root : root + "/";
  return path.starts_with(prefix) ? path.substr(prefix.size()) : path;
}

bool IsPlainPath(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return false;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

std::string ResolvedAsText(const std::string& path) {
  std::string resolved;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..")
      resolved.resize(std::min(resolved.find_last_of('/'), resolved.size()));
    else
      resolved += "/" + part;
  }
  return resolved.empty() ? "/" : resolved;
}

std::optional<std::string> PathInside(const std::string& root, const std::string& path) {
  std::string inner = path;
  const std::string folder = root.ends_with('/') ? root : root + "/";
  if (inner.starts_with(folder)) inner.erase(0, folder.size());
  while (inner.starts_with("./")) inner.erase(0, 2);
  if (!IsPlainPath(inner)) return std::nullopt;
  return folder + inner;
}

}  // namespace robomerge
