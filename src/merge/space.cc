#include "merge/space.h"

#include <algorithm>

#include "base/text.h"
#include "io/file_system.h"
#include "write/staging.h"

namespace robomerge {
namespace {

// The nearest folder above the destination that is there already.
std::string ExistingFolder(const std::string& destination) {
  std::string directory = ParentOf(destination);
  while (directory != "." && directory != "/" && !io::Posix().Stat(directory).ok()) directory = ParentOf(directory);
  return directory;
}

}  // namespace

std::vector<std::string> RootsOf(const Partial& root) {
  std::vector<std::string> roots;
  for (const auto& source : root.sources.Flatten()) roots.push_back(source->dataset->root);
  return roots;
}

bool CanShare(const std::vector<std::string>& roots, const std::string& destination) {
  const std::string directory = ExistingFolder(destination);
  return std::all_of(roots.begin(), roots.end(), [&](const std::string& root) { return io::Posix().CanShareExtents(root, directory); });
}

Status CheckSpace(const std::vector<std::string>& roots, const std::string& destination, CopyMode copy_mode, uint64_t missing_bytes) {
  if (copy_mode != CopyMode::kCopy && CanShare(roots, destination)) return Status();
  const std::string directory = ExistingFolder(destination);
  const Result<uint64_t> free_bytes = io::Posix().FreeBytes(directory);
  if (!free_bytes.ok() || *free_bytes >= missing_bytes) return Status();
  return Problem(Code::kIo, "not enough space for the destination").Kind("E-disk-space").At(directory)
      .Expected(StrCat("at least ", FormatBytes(missing_bytes), " free")).Found(FormatBytes(*free_bytes))
      .Hint("free space there, or choose another destination");
}

}  // namespace robomerge
