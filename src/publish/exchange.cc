#include "publish/exchange.h"

#include <algorithm>
#include <span>

#include "base/path.h"
#include "base/text.h"
#include "formats/json/json.h"
#include "io/unique_name.h"
#include "model/step.h"
#include "publish/destination.h"
#include "publish/preflight.h"
#include "publish/staging.h"
#include "publish/whole_files.h"

namespace robomerge {
namespace {

constexpr size_t kMostChanges = 10;
constexpr uint64_t kCompareBytes = uint64_t{1} << 20;
constexpr std::string_view kNoteEnd = ".exchange";
constexpr const char* kOlderEnd = ".older";
constexpr const char* kAsideEnd = ".aside";

Status ListInto(const io::FileSystem& file_system, const std::string& folder,
                const std::string& relative, std::vector<SourceFile>& files) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.List(folder));
  for (const std::string& name : names) {
    const std::string path = io::JoinPath(folder, name);
    const Result<io::FileStat> stat = file_system.StatLink(path);
    // Gone since it was listed: whoever compares sees that.
    if (!stat.ok() && stat.status().code() == Code::kNotFound) continue;
    ROBOMERGE_RETURN_NOT_OK(stat.status());
    if (stat->is_directory())
      ROBOMERGE_RETURN_NOT_OK(ListInto(file_system, path, relative + name + "/", files));
    else
      files.push_back({relative + name, stat->size_bytes, stat->modified_ns, 0});
  }
  return Status();
}

// Whether two files hold the same bytes: one file with two names does.
Result<bool> IsSameFile(const io::FileSystem& file_system, const std::string& left,
                        const std::string& right) {
  ROBOMERGE_ASSIGN_OR_RETURN(const auto one, file_system.OpenForReading(left));
  ROBOMERGE_ASSIGN_OR_RETURN(const auto other, file_system.OpenForReading(right));
  const io::FileStat of_one = one->stat(), of_other = other->stat();
  if (of_one.size_bytes != of_other.size_bytes) return false;
  if (of_one.inode != 0 && of_one.inode == of_other.inode && of_one.device == of_other.device)
    return true;
  std::string bytes, others;
  for (uint64_t at = 0; at < of_one.size_bytes; at += bytes.size()) {
    bytes.resize(std::min(kCompareBytes, of_one.size_bytes - at));
    others.resize(bytes.size());
    ROBOMERGE_RETURN_NOT_OK(one->ReadAt(at, std::as_writable_bytes(std::span(bytes))));
    ROBOMERGE_RETURN_NOT_OK(other->ReadAt(at, std::as_writable_bytes(std::span(others))));
    if (bytes != others) return false;
  }
  return true;
}

std::string StateOf(const SourceFile* file) {
  if (file == nullptr) return "no such file";
  return StrCat(WithSeparators(file->size_bytes), " bytes, modified at ", file->modified_ns, " ns");
}

std::string NoteOf(const std::string& staging) { return staging + std::string(kNoteEnd); }

Status SyncParent(io::FileSystem& file_system, const std::string& path, bool sync) {
  return sync ? file_system.SyncDirectory(ParentOf(path)) : Status();
}

// Where exchanged folders are renamed: what was at the destination goes aside, until its place is
// free.
Status ExchangeByRenames(io::FileSystem& file_system, const std::string& staging,
                         const std::string& destination, bool sync) {
  const std::string aside = staging + kAsideEnd;
  ROBOMERGE_RETURN_NOT_OK(file_system.RenameNew(destination, aside));
  Status moved = SyncParent(file_system, aside, sync);
  if (moved.ok()) moved = file_system.RenameNew(staging, destination);
  if (!moved.ok()) {
    static_cast<void>(file_system.RenameNew(aside, destination).ok());
    return moved;
  }
  ROBOMERGE_RETURN_NOT_OK(SyncParent(file_system, destination, sync));
  return file_system.RenameNew(aside, staging);
}

// Whether a kill between these renames has left something aside. It goes where it belongs: back, if
// nothing has come into its place.
Status FinishRenames(io::FileSystem& file_system, Ownership& ownership, const std::string& staging,
                     const std::string& destination, bool sync) {
  const std::string aside = staging + kAsideEnd;
  ROBOMERGE_ASSIGN_OR_RETURN(const bool is_aside, io::Exists(file_system, aside));
  if (!is_aside) return Status();
  ROBOMERGE_RETURN_NOT_OK(CheckOldDataset(file_system, ownership, aside));
  ROBOMERGE_ASSIGN_OR_RETURN(const bool is_replaced, io::Exists(file_system, destination));
  ROBOMERGE_RETURN_NOT_OK(file_system.RenameNew(aside, is_replaced ? staging : destination));
  return SyncParent(file_system, destination, sync);
}

std::optional<ExchangeNote> ParseNote(const std::string& text, const std::string& path) {
  const Result<json::Json> note = json::Parse(text, path);
  const auto is_text = [&](const char* key) {
    return note->contains(key) && note->at(key).is_string();
  };
  if (!note.ok() || !note->is_object() || !is_text("content_id") || !is_text("request") ||
      !note->contains("backup") || !note->at("backup").is_boolean())
    return std::nullopt;
  return ExchangeNote{note->at("content_id").get<std::string>(),
                      note->at("request").get<std::string>(), note->at("backup").get<bool>()};
}

// The new dataset stands: what cannot be removed is no failure. Twice, since nobody comes back for
// what an error of the moment has left.
void RemoveOld(io::FileSystem& file_system, Ownership& ownership, const std::string& path,
               std::vector<Problem>& warnings) {
  const auto remove = [&]() -> Status {
    ROBOMERGE_RETURN_NOT_OK(CheckOldDataset(file_system, ownership, path));
    return file_system.RemoveAll(path);
  };
  if (remove().ok()) return;
  const Status removed = remove();
  if (!removed.ok()) warnings.push_back(OldDatasetLeft(path, removed));
}

}  // namespace

Result<std::vector<SourceFile>> ListTree(const io::FileSystem& file_system,
                                         const std::string& root) {
  std::vector<SourceFile> files;
  ROBOMERGE_RETURN_NOT_OK(ListInto(file_system, root, "", files));
  std::sort(files.begin(), files.end(),
            [](const SourceFile& left, const SourceFile& right) { return left.path < right.path; });
  return files;
}

Result<bool> HoldTheSame(const io::FileSystem& file_system, const std::string& left,
                         const std::string& right) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceFile> of_left, ListTree(file_system, left));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceFile> of_right, ListTree(file_system, right));
  const auto is_alike = [](const SourceFile& one, const SourceFile& other) {
    return one.path == other.path &&
           (one.path == RecordStep::kPath || one.size_bytes == other.size_bytes);
  };
  if (!std::ranges::equal(of_left, of_right, is_alike)) return false;
  if (std::ranges::find(of_left, RecordStep::kPath, &SourceFile::path) == of_left.end())
    return false;
  for (const SourceFile& file : of_left) {
    if (file.path == RecordStep::kPath) continue;
    ROBOMERGE_ASSIGN_OR_RETURN(
        const bool same,
        IsSameFile(file_system, io::JoinPath(left, file.path), io::JoinPath(right, file.path)));
    if (!same) return false;
  }
  return true;
}

Status CheckTree(const io::FileSystem& file_system, const std::string& path,
                 const std::string& root, const std::vector<SourceFile>& files) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceFile> now, ListTree(file_system, path));
  std::vector<Problem> problems;
  auto before = files.begin();
  auto after = now.begin();
  while ((before != files.end() || after != now.end()) && problems.size() < kMostChanges) {
    const bool is_gone =
        after == now.end() || (before != files.end() && before->path < after->path);
    const bool is_new = !is_gone && (before == files.end() || after->path < before->path);
    const SourceFile* expected = is_new ? nullptr : &*before;
    const SourceFile* found = is_gone ? nullptr : &*after;
    if (!is_new) ++before;
    if (!is_gone) ++after;
    if (expected != nullptr && found != nullptr && *expected == *found) continue;
    Problem problem = SourceChanged(root, (found != nullptr ? found : expected)->path,
                                    StateOf(expected), StateOf(found));
    problem.hint = "let nothing write to the dataset, a recording neither, then edit it again";
    problems.push_back(std::move(problem));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Problem DestinationBusy(const std::string& destination) {
  return Problem(Code::kAlreadyExists, "another robomerge is writing this destination right now")
      .Kind("E-destination-busy")
      .At(destination)
      .Hint("wait for it to finish, or stop it");
}

std::string BackupOf(const std::string& destination) { return StrCat(destination, kBackupEnd); }

Status CheckBackup(const io::FileSystem& file_system, const std::string& destination) {
  const std::string backup = BackupOf(destination);
  ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system, backup));
  if (!exists) return Status();
  const Status replaceable = CheckReplaceable(file_system, backup, ReplacedBy::kItself);
  if (replaceable.ok() || replaceable.code() == Code::kIo) return replaceable;
  Problem problem = replaceable.problems().front();
  problem.what = "what lies where the dataset is to be kept is no older dataset";
  problem.where = backup;
  problem.hint = "move it away, or edit without a backup (--no-backup), or into a new folder (-o)";
  return problem;
}

Status CheckBackupIsNoSource(const io::FileSystem& file_system, const std::string& destination,
                             const std::vector<std::string>& sources) {
  const Result<std::string> backup = file_system.RealPath(BackupOf(destination));
  if (!backup.ok()) return Status();  // there is none
  std::vector<Problem> problems;
  for (const std::string& source : sources) {
    const Result<std::string> real = file_system.RealPath(source);
    if (!real.ok() || !(IsWithin(*real, *backup) || IsWithin(*backup, *real))) continue;
    problems.push_back(Problem(Code::kInvalidArgument, "a source lies where the backup goes")
                           .Kind("E-destination-in-source")
                           .Source(source)
                           .At(source)
                           .Hint("sources are never written: rename it, or give `--no-backup`"));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Status WriteNote(io::FileSystem& file_system, const std::string& staging, const ExchangeNote& note,
                 bool sync) {
  json::Json text = json::Json::object();
  text["content_id"] = note.content_id;
  text["request"] = note.request;
  text["backup"] = note.backup;
  const std::string line = json::DumpLine(text) + "\n";
  const std::string path = NoteOf(staging);
  io::RemoveTemporaries(file_system, path);
  WholeFileSystem whole_files(file_system, sync);
  return io::WriteNewFile(whole_files, path, std::as_bytes(std::span(line)), sync);
}

Status RemoveNote(io::FileSystem& file_system, const std::string& staging, bool sync) {
  ROBOMERGE_RETURN_NOT_OK(file_system.RemoveAll(NoteOf(staging)));
  return SyncParent(file_system, staging, sync);
}

Status ExchangeFolders(io::FileSystem& file_system, const std::string& staging,
                       const std::string& destination, bool may_rename, bool sync) {
  const Status exchanged = file_system.Exchange(staging, destination);
  if (exchanged.ok() || exchanged.code() != Code::kUnsupported) return exchanged;
  if (may_rename) return ExchangeByRenames(file_system, staging, destination, sync);
  return Problem(Code::kUnsupported, "file system cannot exchange two folders at once")
      .Kind("E-exchange")
      .At(destination)
      .Hint("write a new dataset instead (-o DST), and put it in place yourself");
}

Result<bool> IsHalfExchanged(const io::FileSystem& file_system, const std::string& staging) {
  return io::Exists(file_system, staging + kAsideEnd);
}

Status FinishExchange(io::FileSystem& file_system, Ownership& ownership,
                      const std::string& destination, const std::string& staging, bool backup,
                      bool sync, std::vector<Problem>& warnings) {
  const std::string older = staging + kOlderEnd;
  // Journals that vouch for files of the new dataset must not be found beside the old one.
  ROBOMERGE_RETURN_NOT_OK(file_system.RemoveAll(staging + ".journal"));
  ROBOMERGE_ASSIGN_OR_RETURN(const bool is_here, io::Exists(file_system, staging));
  if (is_here && backup) {
    const std::string place = BackupOf(destination);
    ROBOMERGE_ASSIGN_OR_RETURN(const bool has_older, io::Exists(file_system, place));
    if (has_older) {
      ROBOMERGE_RETURN_NOT_OK(CheckBackup(file_system, destination));
      ROBOMERGE_RETURN_NOT_OK(file_system.RenameNew(place, older));
      ROBOMERGE_RETURN_NOT_OK(SyncParent(file_system, older, sync));
    }
    ROBOMERGE_RETURN_NOT_OK(file_system.RenameNew(staging, place));
    ROBOMERGE_RETURN_NOT_OK(SyncParent(file_system, place, sync));
  } else if (is_here) {
    RemoveOld(file_system, ownership, staging, warnings);
  }
  RemoveOld(file_system, ownership, older, warnings);
  ROBOMERGE_RETURN_NOT_OK(file_system.RemoveAll(NoteOf(staging)));
  // Now the edit is done, and must not be reported as failed: it would be done twice. A note that a
  // power cut brings back leads to nothing that is left to do.
  static_cast<void>(SyncParent(file_system, staging, sync).ok());
  return Status();
}

Result<std::optional<std::string>> FinishEarlierExchange(io::FileSystem& file_system,
                                                         const std::string& destination, bool sync,
                                                         std::vector<Problem>& warnings) {
  std::optional<std::string> request;
  const std::string parent = ParentOf(destination);
  const std::string begin = "." + NameOf(destination) + kStagingMark;
  Ownership ownership(file_system, parent);
  Result<std::vector<std::string>> listed = file_system.List(parent);
  // Whoever looks for the dataset says that it is not there.
  if (!listed.ok() && listed.status().code() == Code::kNotFound) return request;
  ROBOMERGE_ASSIGN_OR_RETURN(std::vector<std::string> names, std::move(listed));
  const std::string lock_path = StagingPaths(destination, "", "", "").lock;
  const bool has_lock = std::ranges::find(names, NameOf(lock_path)) != names.end();
  std::erase_if(names, [&](const std::string& name) {
    return !name.starts_with(begin) || !name.ends_with(kNoteEnd);
  });
  // A lock alone may be all that is left of a run that had done everything else.
  if (names.empty() && !has_lock) return request;
  ROBOMERGE_RETURN_NOT_OK(ownership.Check(lock_path, io::FileKind::kRegular));
  const Result<std::unique_ptr<io::Lock>> lock =
      file_system.TryLock(lock_path, io::LockKind::kExclusive);
  if (!lock.ok() && lock.status().code() == Code::kAlreadyExists)
    return DestinationBusy(destination);
  ROBOMERGE_RETURN_NOT_OK(lock.status());
  for (const std::string& name : names) {
    const std::string path = io::JoinPath(parent, name);
    ROBOMERGE_RETURN_NOT_OK(ownership.Check(path, io::FileKind::kRegular));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string text, io::ReadWholeFile(file_system, path));
    const std::string staging = path.substr(0, path.size() - kNoteEnd.size());
    ROBOMERGE_RETURN_NOT_OK(FinishRenames(file_system, ownership, staging, destination, sync));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string content_id,
                               PublishedContentId(file_system, destination));
    const std::optional<ExchangeNote> note = ParseNote(text, path);
    if (!note || note->content_id != content_id) {
      // The exchange has not happened, or was taken back.
      ROBOMERGE_RETURN_NOT_OK(RemoveNote(file_system, staging, sync));
      continue;
    }
    ROBOMERGE_RETURN_NOT_OK(SyncParent(file_system, destination, sync));
    ROBOMERGE_RETURN_NOT_OK(
        FinishExchange(file_system, ownership, destination, staging, note->backup, sync, warnings));
    request = note->request;
  }
  static_cast<void>(file_system.RemoveAll(lock_path).ok());
  return request;
}

}  // namespace robomerge
