#include "write/staging.h"

#include <algorithm>
#include <set>

namespace robomerge {

std::string ParentOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<Staging> Staging::Make(io::FileSystem& file_system, const std::string& destination, const std::string& staging_root,
                              const std::string& plan_id, const std::vector<std::string>& relative_paths) {
  Staging staging;
  staging.file_system_ = &file_system;
  staging.destination_ = destination;
  const std::string parent = ParentOf(destination);
  const std::string root = staging_root.empty() ? parent : staging_root;
  ROBOMERGE_RETURN_NOT_OK(file_system.MakeDirectories(parent));
  ROBOMERGE_RETURN_NOT_OK(file_system.MakeDirectories(root));
  const std::string name = destination.substr(destination.find_last_of('/') + 1);
  staging.directory_ = io::JoinPath(root, "." + name + ".robomerge-" + plan_id);
  staging.lock_path_ = staging.directory_ + ".lock";
  Result<std::unique_ptr<io::Lock>> lock = file_system.TryLock(staging.lock_path_);
  if (!lock.ok() && lock.status().code() == Code::kAlreadyExists) {
    return Problem(Code::kAlreadyExists, "another robomerge is writing this destination right now").Kind("E-destination-busy")
        .At(destination).Hint("wait for it to finish, or stop it");
  }
  ROBOMERGE_RETURN_NOT_OK(lock.status());
  staging.lock_ = std::move(lock).value();
  ROBOMERGE_RETURN_NOT_OK(file_system.RemoveAll(staging.directory_));

  std::set<std::string> folders = {staging.directory_};
  for (const std::string& path : relative_paths) {
    for (std::string folder = ParentOf(path); folder != "."; folder = ParentOf(folder)) {
      if (!folders.insert(io::JoinPath(staging.directory_, folder)).second) break;
    }
  }
  staging.folders_.assign(folders.begin(), folders.end());
  for (const std::string& folder : staging.folders_) ROBOMERGE_RETURN_NOT_OK(file_system.MakeDirectories(folder));
  // A folder's name is longer than that of the folder it is in.
  std::stable_sort(staging.folders_.begin(), staging.folders_.end(),
                   [](const std::string& left, const std::string& right) { return left.size() > right.size(); });
  return staging;
}

Status Staging::Publish(bool sync) {
  if (sync) {
    for (const std::string& folder : folders_) ROBOMERGE_RETURN_NOT_OK(file_system_->SyncDirectory(folder));
  }
  const Status renamed = file_system_->RenameNew(directory_, destination_);
  if (!renamed.ok() && renamed.code() == Code::kAlreadyExists) {
    return Problem(Code::kAlreadyExists, "something has appeared at the destination while it was being written").Kind("E-destination-exists")
        .At(destination_).Hint("choose another destination, or remove this one, and run the merge again");
  }
  ROBOMERGE_RETURN_NOT_OK(renamed);
  if (sync) ROBOMERGE_RETURN_NOT_OK(file_system_->SyncDirectory(ParentOf(destination_)));
  return file_system_->RemoveAll(lock_path_);
}

void Staging::Discard() {
  // Best effort: the error that led here is the one to report, and the next run of the same plan clears the folder as well.
  static_cast<void>(file_system_->RemoveAll(directory_).ok());
  static_cast<void>(file_system_->RemoveAll(lock_path_).ok());
}

}  // namespace robomerge
