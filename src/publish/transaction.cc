#include "publish/transaction.h"

#include <ranges>
#include <set>

#include "base/path.h"
#include "base/text.h"
#include "publish/destination.h"

namespace robomerge {
namespace {

constexpr size_t kMostMissing = 10;

// Whether a run that failed so can be continued: the system or the user has stopped it, or the user
// can move what is in the way.
bool CanBeContinued(const Status& status) {
  switch (status.code()) {
    case Code::kIo:
    case Code::kCancelled:
    case Code::kAlreadyExists:
    case Code::kInvalidArgument:
      return true;
    default:
      return false;
  }
}

// A result that cannot be read is not done, whatever its record says.
Status DamagedResult(const Status& status, const std::string& destination) {
  if (status.code() == Code::kIo || status.code() == Code::kCancelled) return status;
  std::vector<Problem> problems = status.problems();
  problems.insert(
      problems.begin(),
      Problem(Code::kAlreadyExists, "destination holds the result of this merge, and it is damaged")
          .Kind("E-destination-exists")
          .At(destination)
          .Hint("let it be overwritten (--overwrite), or choose another destination"));
  return Status::Many(std::move(problems));
}

// A link that is made to a file of the first source changes what the system notes of all its names.
void ForgetChangesOfLinked(const io::FileSystem& file_system, std::vector<Origin>& origins) {
  std::set<std::pair<uint64_t, uint64_t>> linked;
  for (const SourceFile& file : origins.front().files) {
    if (file.changed_ns != 0) continue;
    const Result<io::FileStat> stat =
        file_system.Stat(io::JoinPath(origins.front().root, file.path));
    if (stat.ok()) linked.emplace(stat->device, stat->inode);
  }
  if (linked.empty()) return;
  for (Origin& origin : origins | std::views::drop(1)) {
    for (SourceFile& file : origin.files) {
      const Result<io::FileStat> stat = file_system.Stat(io::JoinPath(origin.root, file.path));
      if (stat.ok() && linked.contains({stat->device, stat->inode})) file.changed_ns = 0;
    }
  }
}

}  // namespace

Publication PublicationOf(const MergePlan& plan, const std::string& destination,
                          const MergeOptions& options) {
  Publication publication;
  publication.destination = destination;
  publication.staging_root = options.staging_root;
  publication.plan_id = plan.id;
  publication.content_id = plan.content_id;
  publication.files = PathsOf(plan);
  for (const Step& step : plan.steps) publication.is_late.push_back(IsLate(plan, step));
  publication.has_hashes = plan.record_hashes;
  publication.origins = plan.origins;
  // A further name changes what the system notes as the last change of a file.
  for (Origin& origin : publication.origins) {
    const bool is_linked = options.copy_mode == CopyMode::kLink ||
                           (options.copy_mode != CopyMode::kCopy && plan.keeps_first &&
                            &origin == publication.origins.data());
    for (SourceFile& file : origin.files) file.changed_ns = is_linked ? 0 : file.changed_ns;
  }
  publication.sync = options.sync;
  publication.overwrite = options.overwrite;
  return publication;
}

Transaction::Transaction(io::FileSystem& file_system, Publication publication, StagingPaths paths)
    : file_system_(&file_system),
      publication_(std::move(publication)),
      paths_(std::move(paths)),
      ownership_(file_system, ParentOf(paths_.directory)),
      done_(publication_.files.size()) {}

Result<Transaction> Transaction::Open(io::FileSystem& file_system, Publication publication) {
  std::string real_destination;
  if (!publication.staging_root.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(real_destination, file_system.RealPath(publication.destination));
  }
  if (publication.in_place && publication.origins.size() > 1)
    ForgetChangesOfLinked(file_system, publication.origins);
  StagingPaths paths(publication.destination, publication.staging_root, publication.plan_id,
                     real_destination);
  Transaction transaction(file_system, std::move(publication), std::move(paths));
  ROBOMERGE_RETURN_NOT_OK(transaction.LookAtDestination());
  if (transaction.is_published_) return transaction;
  ROBOMERGE_RETURN_NOT_OK(Sweep(file_system, transaction.ownership_, transaction.paths_.directory,
                                transaction.publication_.files, Temporaries::kStay));
  ROBOMERGE_RETURN_NOT_OK(transaction.LookAtJournals());
  return transaction;
}

Status Transaction::LookAtDestination() {
  const std::string& destination = publication_.destination;
  ROBOMERGE_ASSIGN_OR_RETURN(
      const DestinationState state,
      robomerge::LookAtDestination(*file_system_, destination, publication_.content_id,
                                   publication_.files, publication_.origins));
  const Status whole = state == DestinationState::kThisResult && publication_.check_whole
                           ? publication_.check_whole(destination)
                           : Status();
  if (!whole.ok() && !publication_.overwrite) return DamagedResult(whole, destination);
  if (state == DestinationState::kIncomplete && !publication_.overwrite) {
    const Status missing = MissingFiles();
    if (!missing.ok()) return DamagedResult(missing, destination);
  }
  is_published_ = state == DestinationState::kThisResult && whole.ok();
  // The result is younger than the sources were when they were read. They may have changed since.
  if (is_published_) return CheckSourceFiles(*file_system_, publication_.origins, true);
  if (state == DestinationState::kAbsent) return Status();
  if (publication_.overwrite) {
    return CheckReplaceable(*file_system_, destination,
                            publication_.in_place ? ReplacedBy::kItself : ReplacedBy::kOther);
  }
  Problem exists = DestinationExists(*file_system_, destination);
  if (state == DestinationState::kStaleResult) {
    exists.what = "destination holds an older result of this merge: a source was written after it";
  }
  return exists;
}

Status Transaction::MissingFiles() const {
  std::vector<Problem> problems;
  for (const std::string& file : publication_.files) {
    const std::string path = io::JoinPath(publication_.destination, file);
    ROBOMERGE_ASSIGN_OR_RETURN(const bool is_there, io::Exists(*file_system_, path));
    if (is_there || problems.size() == kMostMissing) continue;
    problems.push_back(
        Problem(Code::kNotFound, "file of the result is missing").Kind("E-missing-file").At(path));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Status Transaction::LookAtJournals() {
  ROBOMERGE_ASSIGN_OR_RETURN(
      journaled_, ReadJournals(*file_system_, ownership_, paths_.journals, publication_.plan_id,
                               publication_.files, publication_.sync));
  for (size_t file = 0; file < done_.size(); ++file) {
    done_[file].reset();
    if (!journaled_[file]) continue;
    if (publication_.has_hashes && journaled_[file]->written.sha256.empty()) continue;
    const std::string path = io::JoinPath(paths_.directory, publication_.files[file]);
    const Result<io::FileStat> stat = file_system_->StatLink(path);
    if (!stat.ok() && stat.status().code() != Code::kNotFound) return stat.status();
    if (!stat.ok() || !journaled_[file]->IsAsWritten(*stat)) continue;
    ROBOMERGE_RETURN_NOT_OK(ownership_.Check(path, *stat, io::FileKind::kRegular));
    done_[file] = journaled_[file]->written;
  }
  return Status();
}

Result<bool> Transaction::IsBegun() const { return io::Exists(*file_system_, paths_.directory); }

std::vector<size_t> Transaction::Missing(size_t first, size_t end) const {
  std::vector<size_t> missing;
  for (size_t file = first; file < end; ++file) {
    if (!done_[file]) missing.push_back(file);
  }
  return missing;
}

Status Transaction::FinishPublished() {
  bool is_begun = false;
  for (const std::string& path : {paths_.directory, paths_.journals, paths_.replaced}) {
    ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(*file_system_, path));
    is_begun = is_begun || exists;
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_lock, io::Exists(*file_system_, paths_.lock));
  if (!is_begun && !has_lock) return Status();
  // The name of the destination must reach the device before what it replaced is removed.
  if (is_begun && publication_.sync) {
    ROBOMERGE_RETURN_NOT_OK(file_system_->SyncDirectory(ParentOf(paths_.destination)));
  }
  // A run that holds the lock is about to replace this destination: what lies beside it is its own.
  const auto lock = file_system_->TryLock(paths_.lock, io::LockKind::kExclusive);
  if (lock.ok()) warnings_ = RemoveLeftovers(*file_system_, ownership_, paths_, "");
  return Status();
}

Status Transaction::Stage(Role role) {
  role_ = role;
  // Before the lock, so that this says what is missing even while writers hold the lock.
  if (role == Role::kPublisher) ROBOMERGE_RETURN_NOT_OK(CheckComplete());
  ROBOMERGE_RETURN_NOT_OK(
      MakeFolder(*file_system_, ParentOf(paths_.destination), publication_.sync));
  ROBOMERGE_RETURN_NOT_OK(file_system_->MakeDirectories(ParentOf(paths_.directory)));
  ROBOMERGE_RETURN_NOT_OK(CheckLock());
  const io::LockKind kind =
      role == Role::kWriter ? io::LockKind::kShared : io::LockKind::kExclusive;
  Result<std::unique_ptr<io::Lock>> lock = file_system_->TryLock(paths_.lock, kind);
  if (!lock.ok() && lock.status().code() == Code::kAlreadyExists) {
    return DestinationBusy(paths_.destination);
  }
  ROBOMERGE_RETURN_NOT_OK(lock.status());
  lock_ = std::move(lock).value();
  // Again, now that no other run can publish.
  ROBOMERGE_RETURN_NOT_OK(LookAtDestination());
  if (is_published_) {
    Leave();
    return Status();
  }
  if (role != Role::kWriter) {
    ROBOMERGE_RETURN_NOT_OK(
        Sweep(*file_system_, ownership_, paths_.directory, publication_.files, Temporaries::kGo));
  }
  ROBOMERGE_RETURN_NOT_OK(LookAtJournals());
  if (role == Role::kPublisher) ROBOMERGE_RETURN_NOT_OK(CheckComplete());
  // A run alone measures again what it finds written: nothing says that a summary is whole.
  if (role == Role::kAlone) ROBOMERGE_RETURN_NOT_OK(RemoveSummaries());
  // A writer of many syncs each folder and each journal line, since others rely on them. kAlone
  // syncs all folders once, before the rename; what a crash takes from its journal is written
  // again.
  const bool is_shared = role == Role::kWriter;
  files_ = std::make_unique<WholeFileSystem>(*file_system_, is_shared);
  journal_ = std::make_unique<JournalWriter>(*file_system_, paths_.journals, publication_.plan_id,
                                             is_shared && publication_.sync, publication_.sync);
  return Status();
}

Status Transaction::MakeFolders(const std::vector<size_t>& files) {
  std::vector<std::string> paths;
  for (const size_t file : files) paths.push_back(publication_.files[file]);
  return MakeFoldersOf(*file_system_, ownership_, paths_.directory, paths);
}

Status Transaction::Note(size_t file, const WrittenFile& written) {
  const std::string& name = publication_.files[file];
  ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat,
                             file_system_->StatLink(io::JoinPath(paths_.directory, name)));
  return journal_->Append(file, name, written, stat.modified_ns);
}

Status Transaction::Retract() {
  for (const size_t file : summarized_) {
    ROBOMERGE_RETURN_NOT_OK(
        file_system_->RemoveAll(io::JoinPath(paths_.journals, SummaryName(file))));
  }
  return journal_->Remove();
}

Result<std::string> Transaction::SummaryPath(size_t file) {
  ROBOMERGE_RETURN_NOT_OK(ownership_.Check(paths_.journals, io::FileKind::kDirectory));
  ROBOMERGE_RETURN_NOT_OK(file_system_->MakeDirectories(paths_.journals));
  const std::lock_guard lock(*mutex_);
  summarized_.push_back(file);
  return io::JoinPath(paths_.journals, SummaryName(file));
}

Result<bool> Transaction::HasSummary(size_t file) {
  const std::string path = io::JoinPath(paths_.journals, SummaryName(file));
  const std::lock_guard lock(*mutex_);
  ROBOMERGE_RETURN_NOT_OK(ownership_.Check(path, io::FileKind::kRegular));
  return io::Exists(*file_system_, path);
}

Result<std::unique_ptr<io::RandomAccessFile>> Transaction::OpenSummary(size_t file) {
  return file_system_->OpenForReading(io::JoinPath(paths_.journals, SummaryName(file)));
}

Status Transaction::RemoveSummaries() {
  const Result<std::vector<std::string>> names = file_system_->List(paths_.journals);
  if (!names.ok()) return names.status().code() == Code::kNotFound ? Status() : names.status();
  for (const std::string& name : *names) {
    if (IsSummaryName(name))
      ROBOMERGE_RETURN_NOT_OK(file_system_->RemoveAll(io::JoinPath(paths_.journals, name)));
  }
  return Status();
}

Status Transaction::CheckComplete() const {
  std::vector<Problem> problems;
  std::vector<size_t> missing = Missing();
  std::erase_if(missing, [this](size_t file) {
    return file < publication_.is_late.size() && publication_.is_late[file];
  });
  for (const size_t file : missing) {
    if (problems.size() == kMostMissing) {
      problems.push_back(
          Problem(Code::kCorrupt, StrCat(missing.size() - kMostMissing,
                                         " more files of the destination are not written"))
              .Kind("E-incomplete")
              .At(paths_.directory)
              .Expected(StrCat(done_.size(), " files in all"))
              .Found(std::to_string(done_.size() - Missing().size())));
      break;
    }
    const std::string path = io::JoinPath(paths_.directory, publication_.files[file]);
    Problem problem =
        Problem(Code::kCorrupt, "file of the destination is not written")
            .Kind("E-incomplete")
            .At(path)
            .Expected("a line in a journal")
            .Found("none")
            .Hint("run `robomerge write` for all ranks again; what is done is skipped");
    if (journaled_[file]) {
      const Result<io::FileStat> stat = file_system_->Stat(path);
      problem.what = "file of the destination is not as its journal says";
      problem.expected =
          StrCat(WithSeparators(journaled_[file]->written.size_bytes), " bytes, modified at ",
                 journaled_[file]->modified_ns.back(), " ns");
      problem.found = stat.ok() ? StrCat(WithSeparators(stat->size_bytes), " bytes, modified at ",
                                         stat->modified_ns, " ns")
                                : "no file";
    }
    problems.push_back(std::move(problem));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Status Transaction::Publish() {
  ROBOMERGE_RETURN_NOT_OK(CheckSourceFiles(*file_system_, publication_.origins, false));
  // Whatever came into the folder since Stage() would be published with it.
  ROBOMERGE_RETURN_NOT_OK(
      Sweep(*file_system_, ownership_, paths_.directory, publication_.files, Temporaries::kGo));
  if (publication_.sync) ROBOMERGE_RETURN_NOT_OK(SyncFolders(*file_system_, paths_.directory));
  if (publication_.in_place) return ExchangeInPlace();
  Status renamed = file_system_->RenameNew(paths_.directory, paths_.destination);
  if (!renamed.ok() && renamed.code() == Code::kAlreadyExists) {
    if (!publication_.overwrite) {
      Problem exists = DestinationExists(*file_system_, paths_.destination);
      exists.what = "something has appeared at the destination while it was being written";
      return exists;
    }
    renamed = Replace();
  }
  ROBOMERGE_RETURN_NOT_OK(renamed);
  if (publication_.sync) {
    ROBOMERGE_RETURN_NOT_OK(file_system_->SyncDirectory(ParentOf(paths_.destination)));
  }
  // The destination is there and whole: leftovers are no reason to fail.
  warnings_ = RemoveLeftovers(*file_system_, ownership_, paths_, replaced_);
  return Status();
}

// The old destination stays until the new one is in its place. Something else may come to the
// destination between the look and the exchange. So what came out is looked at again, and put back
// if it must not be replaced.
Status Transaction::Replace() {
  ROBOMERGE_RETURN_NOT_OK(CheckReplaceable(*file_system_, paths_.destination, ReplacedBy::kOther));
  const Status exchanged = file_system_->Exchange(paths_.directory, paths_.destination);
  if (!exchanged.ok()) {
    return exchanged.code() == Code::kUnsupported ? PutAsideAndRename() : exchanged;
  }
  const Status old = CheckReplaceable(*file_system_, paths_.directory, ReplacedBy::kOther);
  if (!old.ok() && old.code() == Code::kInvalidArgument) {
    ROBOMERGE_RETURN_NOT_OK(file_system_->Exchange(paths_.directory, paths_.destination));
    return CheckReplaceable(*file_system_, paths_.destination, ReplacedBy::kOther);
  }
  // The old dataset now lies in the staging folder, where the journals say that files of this plan
  // are done. A later run must not believe them.
  replaced_ = paths_.directory;
  static_cast<void>(file_system_->RemoveAll(paths_.journals).ok());
  return Status();
}

// The note tells a run that comes after a kill whether the exchange has happened, and what is left
// to do.
Status Transaction::ExchangeInPlace() {
  const InPlace& in_place = *publication_.in_place;
  const std::string &source = paths_.destination, &staging = paths_.directory;
  const bool sync = publication_.sync;
  if (in_place.backup) ROBOMERGE_RETURN_NOT_OK(CheckBackup(*file_system_, source));
  ROBOMERGE_RETURN_NOT_OK(CheckReplaceable(*file_system_, source, ReplacedBy::kItself));
  ROBOMERGE_RETURN_NOT_OK(CheckTree(*file_system_, source, source, in_place.tree));
  ROBOMERGE_RETURN_NOT_OK(WriteNote(
      *file_system_, staging, {publication_.content_id, in_place.request, in_place.backup}, sync));
  const bool may_rename = in_place.may_rename;
  const Status exchanged = ExchangeFolders(*file_system_, staging, source, may_rename, sync);
  if (!exchanged.ok()) {
    // Renames that came half the way are finished by the next run, which needs the note.
    ROBOMERGE_ASSIGN_OR_RETURN(const bool is_half, IsHalfExchanged(*file_system_, staging));
    if (!is_half) ROBOMERGE_RETURN_NOT_OK(RemoveNote(*file_system_, staging, sync));
    return exchanged;
  }
  // Whoever wrote between the look and the exchange has written into what came out.
  const Status unchanged = CheckTree(*file_system_, staging, source, in_place.tree);
  if (!unchanged.ok() && unchanged.code() == Code::kCorrupt) {
    ROBOMERGE_RETURN_NOT_OK(ExchangeFolders(*file_system_, staging, source, may_rename, sync));
    ROBOMERGE_RETURN_NOT_OK(RemoveNote(*file_system_, staging, sync));
    return unchanged;
  }
  if (sync) ROBOMERGE_RETURN_NOT_OK(file_system_->SyncDirectory(ParentOf(source)));
  ROBOMERGE_RETURN_NOT_OK(
      FinishExchange(*file_system_, ownership_, source, staging, in_place.backup, sync, warnings_));
  Leave();
  return Status();
}

Status Transaction::PutAsideAndRename() {
  // If this is killed between the two renames, the next run finds no destination and a whole
  // staging folder, and continues here.
  ROBOMERGE_ASSIGN_OR_RETURN(const bool is_taken, io::Exists(*file_system_, paths_.replaced));
  if (is_taken) {
    return Problem(Code::kAlreadyExists,
                   "something lies where the dataset that is replaced would be put aside")
        .Kind("E-staging-foreign")
        .At(paths_.replaced)
        .Hint("move it away");
  }
  ROBOMERGE_RETURN_NOT_OK(file_system_->RenameNew(paths_.destination, paths_.replaced));
  replaced_ = paths_.replaced;
  Status status = CheckReplaceable(*file_system_, paths_.replaced, ReplacedBy::kOther);
  if (status.ok()) status = file_system_->RenameNew(paths_.directory, paths_.destination);
  if (!status.ok()) {
    static_cast<void>(file_system_->RenameNew(paths_.replaced, paths_.destination).ok());
  }
  return status;
}

Status Transaction::Settle(const Status& status, const std::string& way_on) {
  if (status.ok()) return status;
  const bool can_be_continued = CanBeContinued(status);
  if (role_ == Role::kAlone && !can_be_continued) {
    Discard();
    return status;
  }
  if (role_ != Role::kWriter) Leave();
  return way_on.empty() ? status : WithWayOn(status, way_on, {paths_.directory, paths_.journals});
}

Status Transaction::Distrust() {
  // While the lock is held: the next run must not find journals that vouch for these files.
  const Status removed = file_system_->RemoveAll(paths_.journals);
  Leave();
  return removed;
}

Status Transaction::CheckLock() {
  Status status = ownership_.Check(paths_.lock, io::FileKind::kRegular);
  if (status.ok() || status.code() != Code::kAlreadyExists) return status;
  Problem problem = status.problems().front();
  problem.hint = "another user may be writing this destination: wait for it, or let it be removed";
  return problem;
}

void Transaction::Leave() {
  if (lock_ == nullptr) return;
  static_cast<void>(file_system_->RemoveAll(paths_.lock).ok());
  lock_.reset();
}

Result<bool> Transaction::ChangesNothing() const {
  return HoldTheSame(*file_system_, paths_.directory, paths_.destination);
}

void Transaction::Discard() {
  if (lock_ == nullptr) return;
  // The former destination, if the first of two renames of an earlier run has put it aside, goes
  // back to its place.
  if (CheckReplaceable(*file_system_, paths_.replaced, ReplacedBy::kOther).ok() &&
      CheckOldDataset(*file_system_, ownership_, paths_.replaced).ok()) {
    static_cast<void>(file_system_->RenameNew(paths_.replaced, paths_.destination).ok());
  }
  for (const std::string& path : {paths_.journals, paths_.directory}) {
    if (ownership_.Check(path, io::FileKind::kDirectory).ok())
      static_cast<void>(file_system_->RemoveAll(path).ok());
  }
  Leave();
}

std::vector<Problem> Transaction::OtherStagingWarnings() const {
  return robomerge::OtherStagingWarnings(*file_system_, paths_);
}

}  // namespace robomerge
