#include "publish/dataset_folder.h"

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "publish/destination.h"
#include "publish/exchange.h"

namespace robomerge {

DatasetFolder::DatasetFolder(io::FileSystem& file_system, StagingPaths paths, bool sync)
    : file_system_(&file_system),
      paths_(std::move(paths)),
      sync_(sync),
      ownership_(file_system, ParentOf(paths_.directory)) {}

Result<DatasetFolder> DatasetFolder::Begin(io::FileSystem& file_system,
                                           const std::string& destination, const std::string& id,
                                           bool sync) {
  DatasetFolder folder(file_system, StagingPaths(destination, "", id, ""), sync);
  const StagingPaths& paths = folder.paths_;
  ROBOMERGE_RETURN_NOT_OK(MakeFolder(file_system, ParentOf(destination), sync));
  ROBOMERGE_RETURN_NOT_OK(folder.ownership_.Check(paths.lock, io::FileKind::kRegular));
  Result<std::unique_ptr<io::Lock>> lock =
      file_system.TryLock(paths.lock, io::LockKind::kExclusive);
  if (!lock.ok() && lock.status().code() == Code::kAlreadyExists)
    return DestinationBusy(destination);
  ROBOMERGE_RETURN_NOT_OK(lock.status());
  folder.lock_ = std::move(lock).value();
  ROBOMERGE_RETURN_NOT_OK(folder.ownership_.Check(paths.directory, io::FileKind::kDirectory));
  ROBOMERGE_RETURN_NOT_OK(file_system.MakeDirectories(paths.directory));
  return folder;
}

void DatasetFolder::RemoveLeftLock(io::FileSystem& file_system, const std::string& destination) {
  DatasetFolder folder(file_system, StagingPaths(destination, "", "", ""), false);
  const std::string& path = folder.paths_.lock;
  const Result<bool> exists = io::Exists(file_system, path);
  if (!exists.ok() || !*exists || !folder.ownership_.Check(path, io::FileKind::kRegular).ok())
    return;
  Result<std::unique_ptr<io::Lock>> lock = file_system.TryLock(path, io::LockKind::kExclusive);
  if (!lock.ok()) return;  // another run is about to leave
  folder.lock_ = std::move(lock).value();
  folder.Leave();
}

std::vector<Problem> DatasetFolder::OtherStagingWarnings() const {
  return robomerge::OtherStagingWarnings(*file_system_, paths_);
}

Status DatasetFolder::Publish(const std::vector<std::string>& names) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> there,
                             file_system_->List(paths_.directory));
  for (const std::string& name : there) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string path = io::JoinPath(paths_.directory, name);
    // What the transaction of a dataset could not remove.
    const bool is_leftover = std::any_of(names.begin(), names.end(), [&](const auto& dataset) {
      return name.starts_with("." + dataset + ".robomerge");
    });
    if (!is_leftover) {
      return Problem(Code::kAlreadyExists, "what is none of the datasets lies among them")
          .Kind("E-staging-foreign")
          .At(path)
          .Hint("move it away");
    }
    ROBOMERGE_RETURN_NOT_OK(file_system_->RemoveAll(path));
  }
  if (sync_) ROBOMERGE_RETURN_NOT_OK(file_system_->SyncDirectory(paths_.directory));
  const Status renamed = file_system_->RenameNew(paths_.directory, paths_.destination);
  if (!renamed.ok() && renamed.code() == Code::kAlreadyExists)
    return DestinationExists(*file_system_, paths_.destination);
  ROBOMERGE_RETURN_NOT_OK(renamed);
  if (sync_) ROBOMERGE_RETURN_NOT_OK(file_system_->SyncDirectory(ParentOf(paths_.destination)));
  Leave();
  return Status();
}

Status DatasetFolder::Settle(const Status& status, const std::string& way_on) {
  if (status.ok()) return status;
  // What was read is wrong or has changed, so nothing that was made of it is of use.
  const bool is_of_no_use = status.code() == Code::kCorrupt ||
                            status.code() == Code::kIncompatible ||
                            status.code() == Code::kUnsupported;
  const auto names = file_system_->List(paths_.directory);
  const bool is_empty = names.ok() && names->empty();
  if (is_of_no_use || is_empty) static_cast<void>(file_system_->RemoveAll(paths_.directory).ok());
  Leave();
  return is_empty ? status : WithWayOn(status, way_on, {paths_.directory});
}

void DatasetFolder::Leave() {
  static_cast<void>(file_system_->RemoveAll(paths_.lock).ok());
  lock_.reset();
}

}  // namespace robomerge
