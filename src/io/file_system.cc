#include "io/file_system.h"

#include "base/path.h"
#include "base/text.h"

namespace robomerge::io {

Result<std::string> FileSystem::RunProgram(const std::vector<std::string>& words,
                                           std::string_view /*input*/,
                                           const ProgramLimits& /*limits*/) const {
  return Problem(Code::kUnsupported, "there are no programs here").At(words.front());
}

Result<std::string> ReadWhole(const RandomAccessFile& file, uint64_t most_bytes) {
  if (file.size_bytes() > most_bytes) {
    return Problem(Code::kCorrupt, "metadata file is too large to be one")
        .At(file.path())
        .Expected(StrCat("at most ", WithSeparators(most_bytes), " bytes"))
        .Found(StrCat(WithSeparators(file.size_bytes()), " bytes"));
  }
  std::string bytes(file.size_bytes(), '\0');
  ROBOMERGE_RETURN_NOT_OK(file.ReadAt(0, std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

Result<std::string> ReadWholeFile(const FileSystem& file_system, const std::string& path,
                                  uint64_t most_bytes) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file,
                             file_system.OpenForReading(path));
  return ReadWhole(*file, most_bytes);
}

Status WriteNewFile(FileSystem& file_system, const std::string& path,
                    std::span<const std::byte> bytes, bool sync) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> file,
                             file_system.Create(path, Sharing::kForbidden));
  ROBOMERGE_RETURN_NOT_OK(file->WriteAt(0, bytes));
  return file->Close(sync);
}

Result<std::string> AbsolutePath(const FileSystem& file_system, const std::string& path) {
  if (path.starts_with('/')) return robomerge::AbsolutePath(path, "");
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string here, file_system.WorkingDirectory());
  return robomerge::AbsolutePath(path, here);
}

Result<bool> Exists(const FileSystem& file_system, const std::string& path) {
  const Result<FileStat> stat = file_system.Stat(path);
  if (stat.ok()) return true;
  if (stat.status().code() == Code::kNotFound) return false;
  return stat.status();
}

std::string JoinPath(const std::string& directory, const std::string& name) {
  if (directory.empty()) return name;
  return directory.back() == '/' ? directory + name : directory + "/" + name;
}

}  // namespace robomerge::io
