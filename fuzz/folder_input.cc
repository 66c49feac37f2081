#include "fuzz/folder_input.h"

#include <algorithm>

#include "base/path.h"

namespace robomerge::fuzz {
namespace {

constexpr std::string_view kMark = "\n@@ ";
constexpr size_t kMostFiles = 64;

}  // namespace

std::vector<InputFile> SplitFolder(std::string_view input) {
  std::vector<InputFile> files;
  size_t begin = input.find(kMark);
  while (begin != std::string_view::npos && files.size() < kMostFiles) {
    begin += kMark.size();
    const size_t line_end = input.find('\n', begin);
    if (line_end == std::string_view::npos) break;
    const size_t next = input.find(kMark, line_end);
    const size_t end = std::min(next, input.size());
    // For a file without bytes, the line feed after the path is that of the next mark.
    const size_t first = std::min(line_end + 1, end);
    files.push_back({std::string(input.substr(begin, line_end - begin)),
                     std::string(input.substr(first, end - first))});
    begin = next;
  }
  return files;
}

void PutFolder(std::string_view input, const std::string& folder, io::MemoryFileSystem& memory) {
  for (InputFile& file : SplitFolder(input)) {
    if (IsPlainPath(file.path))
      static_cast<void>(memory.Put(folder + "/" + file.path, std::move(file.bytes)).ok());
  }
}

std::string JoinFolder(const std::vector<InputFile>& files) {
  std::string input;
  for (const InputFile& file : files) {
    input += kMark;
    input += file.path;
    input += '\n';
    input += file.bytes;
  }
  return input;
}

}  // namespace robomerge::fuzz
