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
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
    if (number == 1 && (line.starts_with("\xff\xfe") || line.starts_with("\xfe\xff"))) {
      return Problem(Code::kInvalidArgument, "list of sources is in UTF-16")
          .Kind("E-path")
          .At(name)
          .Expected("UTF-8")
          .Found("a byte order mark of UTF-16")
          .Hint("write it as UTF-8: iconv -f UTF-16 -t UTF-8 LIST > LIST.utf8");
    }
    const size_t first = line.find_first_not_of(kBlanks);
    if (first == std::string::npos || line[first] == '#') continue;
    std::string path = line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
    if (path.find('\0') != std::string::npos) {
      return Problem(Code::kInvalidArgument, "list of sources holds a zero byte")
          .Kind("E-path")
          .At(name + ": line " + std::to_string(number))
          .Expected("one path per line");
    }
    sources.push_back(std::move(path));
  }
  if (lines.bad())
    return Problem(Code::kIo, "cannot read the list of sources").Kind("E-io").At(name);
  return sources;
}

Result<std::vector<std::string>> ReadSourceListFile(const std::string& path) {
  if (path == "-") return ReadSourceList(std::cin, "standard input");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int error = errno;
    return Problem(error == ENOENT ? Code::kNotFound : Code::kIo, "cannot open the list of sources")
        .Kind(error == ENOENT ? "E-path" : "E-io")
        .At(path)
        .Found(std::strerror(error));
  }
  return ReadSourceList(file, path);
}

}  // namespace robomerge::cli
