#include "publish/space.h"

#include <algorithm>

#include "base/path.h"
#include "base/text.h"

namespace robomerge {
namespace {

// The nearest folder above the destination that exists.
std::string ExistingFolder(const io::FileSystem& file_system, const std::string& destination) {
  std::string directory = ParentOf(destination);
  while (directory != "." && directory != "/" && !file_system.Stat(directory).ok())
    directory = ParentOf(directory);
  return directory;
}

}  // namespace

std::vector<std::string> RootsOf(const Partial& root) {
  std::vector<std::string> roots;
  for (const auto& source : root.sources.Flatten()) roots.push_back(source->dataset->root);
  return roots;
}

bool CanShare(const io::FileSystem& file_system, const std::vector<std::string>& roots,
              const std::string& destination) {
  const std::string directory = ExistingFolder(file_system, destination);
  return std::all_of(roots.begin(), roots.end(), [&](const std::string& root) {
    return file_system.CanShareExtents(root, directory);
  });
}

Status CheckSpace(const io::FileSystem& file_system, const std::vector<std::string>& roots,
                  const std::string& destination, CopyMode copy_mode, uint64_t missing_bytes) {
  if (copy_mode != CopyMode::kCopy && CanShare(file_system, roots, destination)) return Status();
  const std::string directory = ExistingFolder(file_system, destination);
  const Result<uint64_t> free_bytes = file_system.FreeBytes(directory);
  if (!free_bytes.ok() || *free_bytes >= missing_bytes) return Status();
  return Problem(Code::kIo, "not enough space for the destination")
      .Kind("E-disk-space")
      .At(directory)
      .Expected(StrCat("at least ", FormatBytes(missing_bytes), " free"))
      .Found(FormatBytes(*free_bytes))
      .Hint("free space there, or choose another destination");
}

}  // namespace robomerge
