#include "cli/source_list.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

namespace robomerge::cli {

Result<std::vector<std::string>> ReadSourceList(std::istream& lines, const std::string& name) {
  static constexpr const char* kBlanks = " \t\r";
  std::vector<std::string> sources;
  std::string line;
  for (uint64_t number = 1; std::getline(lines, line); ++number) {
    const size_t first = line.find_first_not_of(kBlanks);
    if (first == std::string::npos || line[first] == '#') continue;
    std::string path = line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
    if (path.find('\0') != std::string::npos) {
      return Problem(Code::kInvalidArgument, "list of sources holds a zero byte")
          .At(name + ": line " + std::to_string(number))
          .Expected("one path per line");
    }
    sources.push_back(std::move(path));
  }
  if (lines.bad()) return Problem(Code::kIo, "cannot read the list of sources").At(name);
  return sources;
}

Result<std::vector<std::string>> ReadSourceListFile(const std::string& path) {
  if (path == "-") return ReadSourceList(std::cin, "standard input");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int error = errno;
    return Problem(error == ENOENT ? Code::kNotFound : Code::kIo, "cannot open the list of sources")
        .At(path)
        .Found(std::strerror(error));
  }
  return ReadSourceList(file, path);
}

}  // namespace robomerge::cli
