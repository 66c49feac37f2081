// One input that stands for a whole folder: "\n@@ PATH\n" and the file's bytes, file after file. A
// mark instead of a length, so that a mutation of one file leaves the others alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "testing/memory_file_system.h"

namespace robomerge::fuzz {

struct InputFile {
  std::string path;  ///< as the input names it: anything
  std::string bytes;
};

/// At most 64 files; what stands before the first mark is left out.
std::vector<InputFile> SplitFolder(std::string_view input);
/// Puts the files of `input` that have a plain path into `folder`. As on a disk, a file cannot
/// contain a file: the second one is left out.
void PutFolder(std::string_view input, const std::string& folder, io::MemoryFileSystem& memory);
std::string JoinFolder(const std::vector<InputFile>& files);

}  // namespace robomerge::fuzz
