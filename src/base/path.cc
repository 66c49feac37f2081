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

}  // namespace robomerge
