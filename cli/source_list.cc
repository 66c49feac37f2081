#include "cli/source_list.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

namespace robomerge::cli {

namespace {

// A list without end, or a file that is no list, must end in an error before memory does.
constexpr size_t kMostLineBytes = 4096;
constexpr uint64_t kMostListBytes = uint64_t{256} << 20;
constexpr size_t kMostSources = 1'000'000;

// Reads up to the end of the line, or one byte more than a line may have. False at the end.
bool ReadLine(std::istream& lines, std::string& line) {
  line.clear();
  for (int c = lines.get(); c != std::istream::traits_type::eof(); c = lines.get()) {
    if (c == '\n') return true;
    line.push_back(static_cast<char>(c));
    if (line.size() > kMostLineBytes) return true;
  }
  return !line.empty();
}

}  // namespace

Result<std::vector<std::string>> ReadSourceList(std::istream& lines, const std::string& name) {
  static constexpr const char* kBlanks = " \t\r";
  std::vector<std::string> sources;
  std::string line;
  uint64_t num_bytes = 0;
  for (uint64_t number = 1; ReadLine(lines, line); ++number) {
    const auto refusal = [&](const char* what, const char* expected) {
      return Problem(Code::kInvalidArgument, what)
          .Kind("E-path")
          .At(name + ": line " + std::to_string(number))
          .Expected(expected);
    };
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
    if (number == 1 && (line.starts_with("\xff\xfe") || line.starts_with("\xfe\xff"))) {
      return Problem(Code::kInvalidArgument, "list of sources is in UTF-16")
          .Kind("E-path")
          .At(name)
          .Expected("UTF-8")
          .Found("a byte order mark of UTF-16")
          .Hint("write it as UTF-8: iconv -f UTF-16 -t UTF-8 LIST > LIST.utf8");
    }
    if (line.find('\0') != std::string::npos)
      return refusal("list of sources holds a zero byte", "one path per line");
    if (line.size() > kMostLineBytes) {
      return refusal("list of sources has a line that is too long",
                     "one path per line, of at most 4,096 bytes");
    }
    num_bytes += line.size() + 1;
    if (num_bytes > kMostListBytes || sources.size() == kMostSources)
      return refusal("list of sources is too long", "at most 1,000,000 sources in 256 MB");
    const size_t first = line.find_first_not_of(kBlanks);
    if (first == std::string::npos || line[first] == '#') continue;
    sources.push_back(line.substr(first, line.find_last_not_of(kBlanks) - first + 1));
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
