#include "publish/in_place.h"

#include "base/path.h"
#include "publish/destination.h"

namespace robomerge {
namespace {

// The folder `from` as `to`, which is not there.
Status Move(io::FileSystem& file_system, const std::string& from, const std::string& to,
            bool sync) {
  ROBOMERGE_RETURN_NOT_OK(file_system.RenameNew(from, to));
  return sync ? file_system.SyncDirectory(ParentOf(to)) : Status();
}

// What a merge that made the new dataset could not remove beside it: nobody will run it again.
void RemoveStaging(io::FileSystem& file_system, const InPlacePaths& paths) {
  const std::string folder = ParentOf(paths.fresh);
  const std::string prefix = "." + NameOf(paths.fresh) + ".robomerge";
  const Result<std::vector<std::string>> names = file_system.List(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (name.starts_with(prefix))
      static_cast<void>(file_system.RemoveAll(io::JoinPath(folder, name)).ok());
  }
}

}  // namespace

InPlacePaths::InPlacePaths(const std::string& at) : root(at) {
  const std::string hidden = io::JoinPath(ParentOf(root), "." + NameOf(root));
  fresh = hidden + ".robomerge-converted";
  old = root + "_old";
  older = hidden + "_old.robomerge-replaced";
  lock = hidden + ".robomerge-converting.lock";
}

Status CheckInPlace(const io::FileSystem& file_system, const InPlacePaths& paths) {
  ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat, file_system.StatLink(paths.root));
  if (stat.kind == io::FileKind::kLink) return DestinationIsLink(file_system, paths.root);
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_old, io::Exists(file_system, paths.old));
  return has_old ? CheckReplaceable(file_system, paths.old) : Status();
}

Status PutInPlace(io::FileSystem& file_system, const InPlacePaths& paths, bool sync) {
  ROBOMERGE_RETURN_NOT_OK(CheckInPlace(file_system, paths));
  const Status exchanged = file_system.Exchange(paths.fresh, paths.root);
  if (exchanged.ok()) {
    if (sync) ROBOMERGE_RETURN_NOT_OK(file_system.SyncDirectory(ParentOf(paths.root)));
    return FinishInPlace(file_system, paths, sync);
  }
  if (exchanged.code() != Code::kUnsupported) return exchanged;
  // Between two renames the root is missing; whoever converts it again finds both and goes on.
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_old, io::Exists(file_system, paths.old));
  if (has_old) ROBOMERGE_RETURN_NOT_OK(Move(file_system, paths.old, paths.older, sync));
  ROBOMERGE_RETURN_NOT_OK(Move(file_system, paths.root, paths.old, sync));
  const Status moved = Move(file_system, paths.fresh, paths.root, sync);
  if (!moved.ok()) {
    static_cast<void>(file_system.RenameNew(paths.old, paths.root).ok());
    if (has_old) static_cast<void>(file_system.RenameNew(paths.older, paths.old).ok());
    return moved;
  }
  return FinishInPlace(file_system, paths, sync);
}

Status FinishInPlace(io::FileSystem& file_system, const InPlacePaths& paths, bool sync) {
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_root, io::Exists(file_system, paths.root));
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_fresh, io::Exists(file_system, paths.fresh));
  if (!has_root && has_fresh) return Move(file_system, paths.fresh, paths.root, sync);
  if (has_fresh) {
    ROBOMERGE_ASSIGN_OR_RETURN(const bool has_old, io::Exists(file_system, paths.old));
    if (has_old) {
      ROBOMERGE_RETURN_NOT_OK(CheckReplaceable(file_system, paths.old));
      ROBOMERGE_RETURN_NOT_OK(Move(file_system, paths.old, paths.older, sync));
    }
    ROBOMERGE_RETURN_NOT_OK(Move(file_system, paths.fresh, paths.old, sync));
  }
  RemoveStaging(file_system, paths);
  return file_system.RemoveAll(paths.older);
}

}  // namespace robomerge
