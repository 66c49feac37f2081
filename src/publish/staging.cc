#include "publish/staging.h"

#include <algorithm>
#include <set>

#include "base/fingerprint.h"
#include "base/path.h"
#include "base/text.h"
#include "io/unique_name.h"
#include "publish/destination.h"

namespace robomerge {
namespace {

// Tells destinations of one name apart that grow in one folder: 8 hex digits of the path.
std::string PlaceMark(const std::string& real_destination) {
  Fingerprint place;
  place.Add(real_destination);
  return place.Hex().substr(8);
}

class Sweeping {
 public:
  Sweeping(io::FileSystem& file_system, Ownership& ownership,
           const std::vector<std::string>& sorted_paths, Temporaries temporaries)
      : file_system_(file_system),
        ownership_(ownership),
        sorted_paths_(sorted_paths),
        temporaries_(temporaries) {}

  // `relative`: the folder's path in the staging folder, with a slash at its end, or empty.
  Status Folder(const std::string& folder, const std::string& relative) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system_.List(folder));
    for (const std::string& name : names) {
      const std::string path = io::JoinPath(folder, name);
      const Result<io::FileStat> stat = file_system_.StatLink(path);
      // A writer has given its file the right name.
      if (!stat.ok() && stat.status().code() == Code::kNotFound) continue;
      ROBOMERGE_RETURN_NOT_OK(stat.status());
      ROBOMERGE_RETURN_NOT_OK(Entry(path, relative + name, name, *stat));
    }
    return Status();
  }

  Status Outcome() && { return foreign_.empty() ? Status() : Status::Many(std::move(foreign_)); }

 private:
  Status Entry(const std::string& path, const std::string& relative, const std::string& name,
               const io::FileStat& stat) {
    const io::FileKind kind =
        stat.is_directory() ? io::FileKind::kDirectory : io::FileKind::kRegular;
    const Status owned = ownership_.Check(path, stat, kind);
    if (!owned.ok()) {
      if (owned.code() != Code::kAlreadyExists) return owned;
      foreign_.push_back(owned.problems().front());
      return Status();
    }
    if (stat.is_directory()) {
      const auto first =
          std::lower_bound(sorted_paths_.begin(), sorted_paths_.end(), relative + "/");
      if (first != sorted_paths_.end() && first->starts_with(relative + "/"))
        return Folder(path, relative + "/");
      foreign_.push_back(NotOfThisMerge("folder", path));
      return Status();
    }
    if (io::IsTemporaryName(name))
      return temporaries_ == Temporaries::kGo ? file_system_.RemoveAll(path) : Status();
    if (std::binary_search(sorted_paths_.begin(), sorted_paths_.end(), relative)) return Status();
    foreign_.push_back(NotOfThisMerge("file", path));
    return Status();
  }

  static Problem NotOfThisMerge(const char* what, const std::string& path) {
    return Problem(Code::kAlreadyExists,
                   std::string(what) + " in the staging folder is not of this merge")
        .Kind("E-staging-foreign")
        .At(path)
        .Hint("move it away: everything in the staging folder becomes the destination");
  }

  io::FileSystem& file_system_;
  Ownership& ownership_;
  const std::vector<std::string>& sorted_paths_;
  const Temporaries temporaries_;
  std::vector<Problem> foreign_;
};

}  // namespace

StagingPaths::StagingPaths(const std::string& destination_in, const std::string& staging_root,
                           const std::string& plan_id, const std::string& real_destination)
    : destination(destination_in) {
  const std::string root = staging_root.empty() ? ParentOf(destination) : staging_root;
  directory = io::JoinPath(root, "." + NameOf(destination) + kStagingMark + plan_id);
  if (!staging_root.empty()) directory += "-" + PlaceMark(real_destination);
  journals = directory + ".journal";
  replaced = directory + ".old";
  lock = io::JoinPath(ParentOf(destination), "." + NameOf(destination) + ".robomerge.lock");
}

Status MakeFolder(io::FileSystem& file_system, const std::string& path, bool sync) {
  ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system, path));
  if (exists) return file_system.MakeDirectories(path);
  const std::string parent = ParentOf(path);
  if (parent != path) ROBOMERGE_RETURN_NOT_OK(MakeFolder(file_system, parent, sync));
  ROBOMERGE_RETURN_NOT_OK(file_system.MakeDirectories(path));
  return sync ? file_system.SyncDirectory(parent) : Status();
}

Status MakeFoldersOf(io::FileSystem& file_system, Ownership& ownership,
                     const std::string& directory, const std::vector<std::string>& relative_paths) {
  std::set<std::string> folders = {directory};
  for (const std::string& path : relative_paths) {
    for (std::string folder = ParentOf(path); folder != "."; folder = ParentOf(folder)) {
      if (!folders.insert(io::JoinPath(directory, folder)).second) break;
    }
  }
  // Before any is made, so that none is made behind a link.
  for (const std::string& folder : folders) {
    ROBOMERGE_RETURN_NOT_OK(ownership.Check(folder, io::FileKind::kDirectory));
  }
  for (const std::string& folder : folders) {
    ROBOMERGE_RETURN_NOT_OK(file_system.MakeDirectories(folder));
  }
  return Status();
}

Status Sweep(io::FileSystem& file_system, Ownership& ownership, const std::string& directory,
             const std::vector<std::string>& relative_paths, Temporaries temporaries) {
  ROBOMERGE_RETURN_NOT_OK(ownership.Check(directory, io::FileKind::kDirectory));
  ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system, directory));
  if (!exists) return Status();
  std::vector<std::string> sorted = relative_paths;
  std::sort(sorted.begin(), sorted.end());
  Sweeping sweeping(file_system, ownership, sorted, temporaries);
  ROBOMERGE_RETURN_NOT_OK(sweeping.Folder(directory, ""));
  return std::move(sweeping).Outcome();
}

Status SyncFolders(io::FileSystem& file_system, const std::string& directory) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.List(directory));
  for (const std::string& name : names) {
    const std::string path = io::JoinPath(directory, name);
    ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat, file_system.Stat(path));
    if (stat.is_directory()) ROBOMERGE_RETURN_NOT_OK(SyncFolders(file_system, path));
  }
  return file_system.SyncDirectory(directory);
}

Status CheckOldDataset(const io::FileSystem& file_system, Ownership& ownership,
                       const std::string& path) {
  ROBOMERGE_RETURN_NOT_OK(ownership.Check(path, io::FileKind::kDirectory));
  const Result<std::vector<std::string>> names = file_system.List(path);
  if (!names.ok()) return names.status().code() == Code::kNotFound ? Status() : names.status();
  for (const std::string& name : *names) {
    if (IsNameInDataset(name)) continue;
    return Problem(Code::kAlreadyExists, "folder holds something that is of no dataset")
        .Kind("E-staging-foreign")
        .At(path)
        .Found(StrCat("`", name, "`"))
        .Hint("find out whose it is, and move it away");
  }
  return Status();
}

std::vector<Problem> RemoveLeftovers(io::FileSystem& file_system, Ownership& ownership,
                                     const StagingPaths& paths, const std::string& replaced) {
  std::vector<Problem> warnings;
  // Journals first: if this is killed, no journal may say that a half removed folder is done.
  if (ownership.Check(paths.journals, io::FileKind::kDirectory).ok())
    static_cast<void>(file_system.RemoveAll(paths.journals).ok());
  for (const std::string& path : {paths.directory, paths.replaced}) {
    Status removed = path == replaced ? Status() : CheckOldDataset(file_system, ownership, path);
    if (removed.ok()) removed = file_system.RemoveAll(path);
    if (removed.ok()) continue;
    warnings.push_back(OldDatasetLeft(path, removed));
  }
  static_cast<void>(file_system.RemoveAll(paths.lock).ok());
  return warnings;
}

Problem OldDatasetLeft(const std::string& path, const Status& status) {
  const Problem& cause = status.problems().front();
  return Problem(cause.code, "the dataset that was replaced could not be removed, and is left here")
      .Kind("W-old-dataset-left")
      .At(path)
      .Found(cause.found.empty() ? cause.what : cause.found + ", at " + cause.where)
      .Hint("remove it yourself; the new dataset is whole");
}

Status WithWayOn(const Status& status, const std::string& way_on,
                 const std::vector<std::string>& paths) {
  if (status.code() != Code::kIo && status.code() != Code::kCancelled) return status;
  std::vector<Problem> problems = status.problems();
  std::string& hint = problems.front().hint;
  if (!hint.empty()) hint += "; ";
  hint += StrCat(way_on, "; to give it up, remove ", Join(paths, " and "));
  return Status::Many(std::move(problems));
}

std::vector<Problem> OtherStagingWarnings(const io::FileSystem& file_system,
                                          const StagingPaths& paths) {
  const std::string root = ParentOf(paths.directory);
  const std::string prefix = "." + NameOf(paths.destination) + kStagingMark;
  std::vector<Problem> warnings;
  const Result<std::vector<std::string>> names = file_system.List(root);
  if (!names.ok()) return warnings;
  for (const std::string& name : *names) {
    const std::string mark = name.starts_with(prefix) ? name.substr(prefix.size()) : "";
    const bool is_staging = mark.size() == 16 || (mark.size() == 25 && mark[16] == '-');
    const bool is_of_this_place = mark.size() < 25 || paths.directory.ends_with(mark.substr(16));
    const std::string folder = io::JoinPath(root, name);
    if (!is_staging || !is_of_this_place || folder == paths.directory) continue;
    warnings.push_back(
        Problem(Code::kAlreadyExists,
                "an unfinished merge of other sources or options into this destination is left "
                "alone")
            .Kind("W-staging-left")
            .At(folder)
            .Hint("remove it and its .journal if nobody is going to finish it"));
  }
  return warnings;
}

}  // namespace robomerge
