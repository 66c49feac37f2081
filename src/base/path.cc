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

}  // namespace robomerge
