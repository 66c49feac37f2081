#include "publish/staging.h"

#include <algorithm>
#include <set>

#include "io/unique_name.h"

namespace robomerge {
namespace {

constexpr const char* kMark = ".robomerge-";

std::string NameOf(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

// Makes a folder and those above it. Publishing syncs the one that holds the destination; the names
// of those above must be safe as well.
Status MakeFolder(io::FileSystem& file_system, const std::string& path, bool sync) {
  ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system, path));
  if (exists) return file_system.MakeDirectories(path);
  const std::string parent = ParentOf(path);
  if (parent != path) ROBOMERGE_RETURN_NOT_OK(MakeFolder(file_system, parent, sync));
  ROBOMERGE_RETURN_NOT_OK(file_system.MakeDirectories(path));
  return sync ? file_system.SyncDirectory(parent) : Status();
}

// Best effort, where another error, or none, is the one to report.
void TryRemove(io::FileSystem& file_system, const std::string& path) {
  static_cast<void>(file_system.RemoveAll(path).ok());
}

// Puts a former destination back that was put aside, if nothing has come to its place.
void RestoreReplaced(io::FileSystem& file_system, const StagingPaths& paths) {
  static_cast<void>(file_system.RenameNew(paths.replaced, paths.destination).ok());
}

// Journals first: what lies beside them may be half removed when this is killed.
void RemoveLeftovers(io::FileSystem& file_system, const StagingPaths& paths) {
  for (const std::string& path : {paths.journals, paths.directory, paths.replaced, paths.lock})
    TryRemove(file_system, path);
}

}  // namespace

std::string ParentOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

StagingPaths::StagingPaths(const std::string& destination_in, const std::string& staging_root,
                           const std::string& plan_id)
    : destination(destination_in) {
  const std::string root = staging_root.empty() ? ParentOf(destination) : staging_root;
  directory = io::JoinPath(root, "." + NameOf(destination) + kMark + plan_id);
  journals = directory + ".journal";
  replaced = directory + ".old";
  lock = io::JoinPath(ParentOf(destination), "." + NameOf(destination) + ".robomerge.lock");
}

Result<Staging> Staging::Open(io::FileSystem& file_system, const StagingPaths& paths,
                              io::LockKind kind, bool sync) {
  Staging staging(file_system, paths);
  ROBOMERGE_RETURN_NOT_OK(MakeFolder(file_system, ParentOf(paths.destination), sync));
  ROBOMERGE_RETURN_NOT_OK(file_system.MakeDirectories(ParentOf(paths.directory)));
  Result<std::unique_ptr<io::Lock>> lock = file_system.TryLock(paths.lock, kind);
  if (!lock.ok() && lock.status().code() == Code::kAlreadyExists) {
    return Problem(Code::kAlreadyExists, "another robomerge is writing this destination right now")
        .Kind("E-destination-busy")
        .At(paths.destination)
        .Hint("wait for it to finish, or stop it");
  }
  ROBOMERGE_RETURN_NOT_OK(lock.status());
  staging.lock_ = std::move(lock).value();
  return staging;
}

Status Staging::MakeFolders(const std::vector<std::string>& relative_paths) {
  std::set<std::string> folders = {paths_.directory};
  for (const std::string& path : relative_paths) {
    for (std::string folder = ParentOf(path); folder != "."; folder = ParentOf(folder)) {
      if (!folders.insert(io::JoinPath(paths_.directory, folder)).second) break;
    }
  }
  for (const std::string& folder : folders)
    ROBOMERGE_RETURN_NOT_OK(file_system_->MakeDirectories(folder));
  return Status();
}

Status Staging::Sweep(const std::vector<std::string>& relative_paths) {
  ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(*file_system_, paths_.directory));
  if (!exists) return Status();
  std::vector<std::string> sorted = relative_paths;
  std::sort(sorted.begin(), sorted.end());
  std::vector<Problem> foreign;
  ROBOMERGE_RETURN_NOT_OK(SweepFolder(paths_.directory, "", sorted, foreign));
  return foreign.empty() ? Status() : Status::Many(std::move(foreign));
}

Status Staging::SweepFolder(const std::string& folder, const std::string& relative,
                            const std::vector<std::string>& sorted_paths,
                            std::vector<Problem>& foreign) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system_->List(folder));
  for (const std::string& name : names) {
    const std::string path = io::JoinPath(folder, name);
    const std::string relative_path = relative + name;
    ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat, file_system_->Stat(path));
    if (stat.is_directory()) {
      ROBOMERGE_RETURN_NOT_OK(SweepFolder(path, relative_path + "/", sorted_paths, foreign));
    } else if (io::IsTemporaryName(name)) {
      ROBOMERGE_RETURN_NOT_OK(file_system_->RemoveAll(path));
    } else if (!std::binary_search(sorted_paths.begin(), sorted_paths.end(), relative_path)) {
      foreign.push_back(
          Problem(Code::kAlreadyExists, "file in the staging folder is not of this merge")
              .Kind("E-staging-foreign")
              .At(path)
              .Hint("move it away: everything in this folder becomes the destination"));
    }
  }
  return Status();
}

// Also those that another writer, on another machine, has made.
Status Staging::SyncFolders(const std::string& folder) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system_->List(folder));
  for (const std::string& name : names) {
    const std::string path = io::JoinPath(folder, name);
    ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat, file_system_->Stat(path));
    if (stat.is_directory()) ROBOMERGE_RETURN_NOT_OK(SyncFolders(path));
  }
  return file_system_->SyncDirectory(folder);
}

// The old destination stays until the new one is in its place.
Status Staging::Replace() {
  const Status exchanged = file_system_->Exchange(paths_.directory, paths_.destination);
  if (!exchanged.ok())
    return exchanged.code() == Code::kUnsupported ? PutAsideAndRename() : exchanged;
  // The old dataset now lies where the journals say that files of this plan are done: they must not
  // outlive it there.
  TryRemove(*file_system_, paths_.journals);
  return Status();
}

Status Staging::PutAsideAndRename() {
  // Killed between these two, the next run finds no destination and a whole staging folder, and
  // goes on here.
  ROBOMERGE_RETURN_NOT_OK(file_system_->RenameNew(paths_.destination, paths_.replaced));
  const Status renamed = file_system_->RenameNew(paths_.directory, paths_.destination);
  if (!renamed.ok()) RestoreReplaced(*file_system_, paths_);
  return renamed;
}

Status Staging::Publish(bool sync, bool overwrite) {
  if (sync) ROBOMERGE_RETURN_NOT_OK(SyncFolders(paths_.directory));
  Status renamed = file_system_->RenameNew(paths_.directory, paths_.destination);
  const bool is_taken = !renamed.ok() && renamed.code() == Code::kAlreadyExists;
  if (is_taken && overwrite) renamed = Replace();
  if (is_taken && !overwrite) {
    return Problem(Code::kAlreadyExists,
                   "something has appeared at the destination while it was being written")
        .Kind("E-destination-exists")
        .At(paths_.destination)
        .Hint("choose another destination, or remove this one, and run the merge again");
  }
  ROBOMERGE_RETURN_NOT_OK(renamed);
  if (sync) ROBOMERGE_RETURN_NOT_OK(file_system_->SyncDirectory(ParentOf(paths_.destination)));
  // The destination is there and whole: what stays here now is rubbish, and no reason to fail.
  RemoveLeftovers(*file_system_, paths_);
  return Status();
}

void Staging::Leave() { TryRemove(*file_system_, paths_.lock); }

void Staging::Discard() {
  RestoreReplaced(*file_system_, paths_);
  for (const std::string& path : {paths_.journals, paths_.directory, paths_.lock})
    TryRemove(*file_system_, path);
}

Status FinishPublishing(io::FileSystem& file_system, const StagingPaths& paths, bool sync) {
  bool is_left = false;
  for (const std::string& path : {paths.directory, paths.journals, paths.replaced}) {
    ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system, path));
    is_left = is_left || exists;
  }
  if (is_left && sync)
    ROBOMERGE_RETURN_NOT_OK(file_system.SyncDirectory(ParentOf(paths.destination)));
  RemoveLeftovers(file_system, paths);
  return Status();
}

std::vector<std::string> OtherStagingFolders(const io::FileSystem& file_system,
                                             const StagingPaths& paths) {
  const std::string root = ParentOf(paths.directory);
  const std::string prefix = "." + NameOf(paths.destination) + kMark;
  std::vector<std::string> others;
  const Result<std::vector<std::string>> names = file_system.List(root);
  if (!names.ok()) return others;
  for (const std::string& name : *names) {
    const bool is_staging = name.starts_with(prefix) && name.size() == prefix.size() + 16;
    if (is_staging && io::JoinPath(root, name) != paths.directory)
      others.push_back(io::JoinPath(root, name));
  }
  return others;
}

}  // namespace robomerge
