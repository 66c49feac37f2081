#include "publish/ownership.h"

#include "base/text.h"
#include "io/unique_name.h"

namespace robomerge {
namespace {

const char* NameOfKind(io::FileKind kind) {
  switch (kind) {
    case io::FileKind::kRegular:
      return "a file";
    case io::FileKind::kDirectory:
      return "a folder";
    default:
      return "a pipe, socket or device";
  }
}

Problem Foreign(const std::string& path, std::string expected, std::string found) {
  return Problem(Code::kAlreadyExists, "what lies in the way was not made by this merge")
      .Kind("E-staging-foreign")
      .At(path)
      .Expected(std::move(expected))
      .Found(std::move(found))
      .Hint("find out whose it is, and move it away");
}

}  // namespace

Status Ownership::Check(const std::string& path, io::FileKind kind) {
  const Result<io::FileStat> stat = file_system_->StatLink(path);
  if (!stat.ok()) return stat.status().code() == Code::kNotFound ? Status() : stat.status();
  return Check(path, *stat, kind);
}

Status Ownership::Check(const std::string& path, const io::FileStat& stat, io::FileKind kind) {
  if (stat.kind == io::FileKind::kLink) return Foreign(path, "no link", "a link");
  if (stat.kind != kind) return Foreign(path, NameOfKind(kind), NameOfKind(stat.kind));
  if (stat.owner == file_system_->CurrentUser()) return Status();
  ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t mine, OwnerOfNewFiles());
  if (stat.owner == mine) return Status();
  return Foreign(path, StrCat(NameOfKind(kind), " of user ", mine),
                 StrCat("one of user ", stat.owner));
}

// Some file systems give new files to another user than the one who makes them: network ones to
// nobody, those without users to whoever mounted them.
Result<uint64_t> Ownership::OwnerOfNewFiles() {
  if (owner_of_new_files_) return *owner_of_new_files_;
  const std::string path = io::TemporaryNameFor(io::JoinPath(folder_, "owner"));
  ROBOMERGE_RETURN_NOT_OK(file_system_->Create(path, io::Sharing::kForbidden).status());
  const Result<io::FileStat> stat = file_system_->StatLink(path);
  ROBOMERGE_RETURN_NOT_OK(file_system_->RemoveAll(path));
  ROBOMERGE_RETURN_NOT_OK(stat.status());
  owner_of_new_files_ = stat->owner;
  return stat->owner;
}

}  // namespace robomerge
