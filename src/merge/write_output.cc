#include "merge/write_output.h"

#include <span>

#include "io/unique_name.h"
#include "publish/whole_files.h"

namespace robomerge {

Status WriteOutput(io::FileSystem& file_system, const std::string& path, std::string_view text,
                   bool sync) {
  const auto bytes = std::as_bytes(std::span(text));
  const Result<io::FileStat> stat = file_system.Stat(path);
  if (stat.ok() && stat->kind == io::FileKind::kOther) return file_system.Overwrite(path, bytes);
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string real, file_system.RealPath(path));
  io::RemoveTemporaries(file_system, real);
  WholeFileSystem whole_files(file_system, false);
  return io::WriteNewFile(whole_files, real, bytes, sync);
}

}  // namespace robomerge
