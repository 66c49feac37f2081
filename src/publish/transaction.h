// A destination under construction. This is the only protocol by which anything appears at a
// destination; nothing else renames a destination.
//
//   Open      looks at the destination, the staging folder and the journals; writes nothing
//   Stage     locks the destination, looks again, and prepares the staging folder
//   Note      enters a finished file in the journal of this process
//   Publish   makes the whole destination appear by one rename
//   Settle    ends a run that failed: keeps what can be continued, removes the rest
//
// `merge` goes through all of it in one process. `plan` only opens. Each `write` stages as one
// writer of many and notes its files. `publish` stages as the publisher and publishes what the
// writers have written.
//
// The rules and the guarantees are in docs/architecture.md, "Done is done". Which change each look
// finds is in docs/robustness.md, "What is looked at, and when".
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/plan.h"
#include "publish/exchange.h"
#include "publish/journal.h"
#include "publish/staging.h"
#include "publish/whole_files.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge {

/// What is to appear, and where.
struct Publication {
  std::string destination;
  std::string staging_root;  ///< empty: the staging folder lies beside the destination
  std::string plan_id;
  std::string content_id;
  std::vector<std::string> files;  ///< relative paths, in the order of the plan
  /// Per file, whether whoever publishes may still have to write it (IsLate). Empty: none.
  std::vector<bool> is_late;
  /// A file counts as done only if the journal has its hash.
  bool has_hashes = false;
  std::vector<Origin> origins;  ///< the sources as they were read
  bool sync = true;
  bool overwrite = false;
  /// The destination is the source of an edit.
  std::optional<InPlace> in_place = {};
  /// Whether the dataset at `root` is whole, as far as its indexes show. A damaged result is not
  /// done.
  std::function<Status(const std::string& root)> check_whole;
};

/// Leaves check_whole empty.
Publication PublicationOf(const MergePlan& plan, const std::string& destination,
                          const MergeOptions& options);

/// What a process does to the destination.
enum class Role {
  kAlone,      ///< writes all files and publishes them; exclusive lock
  kWriter,     ///< one writer of many; shared lock. Syncs folders and journal lines for the others
  kPublisher,  ///< publishes what the writers have written; exclusive lock
};

class Transaction {
 public:
  /// Looks at what is there and writes nothing. Errors:
  /// - kAlreadyExists (E-destination-exists): at the destination is something else than this
  ///   result, or an older result, and it is not to be overwritten.
  ///   The same if this result is there, check_whole refuses it, and it is not to be overwritten.
  /// - kInvalidArgument (E-destination): what is to be overwritten is no dataset, or holds more.
  /// - kAlreadyExists (E-staging-foreign): something in the staging folder or the journals is not
  /// of
  ///   this plan or not of this user, or a link.
  /// - kCorrupt: E-source-changed, if the result is there and a source has changed since it was
  ///   read; E-journal-damaged.
  /// - kIo.
  static Result<Transaction> Open(io::FileSystem& file_system, Publication publication);

  /// Whether the merge is done: the destination holds this very result, whole; no source was
  /// written after it; and no source has changed since it was read. A source may be gone.
  bool is_published() const { return is_published_; }
  /// Whether an earlier run has begun to write this plan: its staging folder is there.
  Result<bool> IsBegun() const;
  /// What the journals say of each file that is there as it was written: by size and time. With
  /// Publication::sync only journals of writers that synced count.
  const UnitsDone& done() const { return done_; }
  UnitsDone& done() { return done_; }
  /// Numbers of files in [first, end) that are still to be written.
  std::vector<size_t> Missing(size_t first, size_t end) const;
  std::vector<size_t> Missing() const { return Missing(0, publication_.files.size()); }

  /// Ends what a run that was killed after its rename left undone. Leaves everything where it is if
  /// another run holds the lock. REQUIRES: is_published().
  Status FinishPublished();

  /// Locks the destination and looks at everything again: now no other run can publish, and under
  /// an exclusive lock none can write. If is_published() is true by now, the lock is released and
  /// nothing is left to do. Otherwise kAlone and kPublisher remove temporary files of killed
  /// writers.
  ///
  /// Errors: those of Open(); kAlreadyExists (E-destination-busy) if another run holds the lock;
  /// kAlreadyExists (E-staging-foreign) if the staging folder, the journals or the lock are links,
  /// or of another user, and from kAlone and kPublisher if the staging folder holds such files or
  /// files that are not of this plan; kCorrupt (E-incomplete) from kPublisher if files are missing.
  Status Stage(Role role);
  /// Makes the folders of these files in the staging folder. REQUIRES: Stage().
  Status MakeFolders(const std::vector<size_t>& files);
  /// Where the destination's tree grows.
  const std::string& directory() const { return paths_.directory; }
  /// Whether others rely on what this process writes. REQUIRES: Stage().
  bool is_shared() const { return role_ == Role::kWriter; }
  /// Where writers create files: each appears in the staging folder only when it is whole.
  /// REQUIRES: Stage().
  io::FileSystem& files() { return *files_; }
  /// Where the summary of a data file lies, beside the journals, and a file system on which it
  /// appears whole. kAlreadyExists (E-staging-foreign) for a folder that is none of ours.
  Result<std::string> SummaryPath(size_t file);
  /// The summary, if it is there and of this user.
  Result<std::unique_ptr<io::RandomAccessFile>> OpenSummary(size_t file);
  Result<bool> HasSummary(size_t file);

  /// Enters a file in the journal, so that no later run writes it again. Thread-safe.
  /// REQUIRES: Stage(); the file is finished and has its own name.
  Status Note(size_t file, const WrittenFile& written);

  /// Makes the whole destination appear:
  /// 1. Looks at every source file again. kCorrupt (E-source-changed) if one is not as it was read.
  /// 2. Syncs every folder of the staging folder.
  /// 3. Renames the staging folder to the destination. To overwrite, it exchanges the two and looks
  ///    at what came out; if that is no dataset, it is put back. Where folders cannot be exchanged,
  ///    two renames do it.
  /// 4. Syncs the folder that holds the destination.
  /// 5. Removes the journals, what was replaced, and the lock.
  ///
  /// In place it looks at all files of the source, before the exchange and after it. If something
  /// was written meanwhile, the source goes back: E-source-changed. kUnsupported (E-exchange) where
  /// folders cannot be exchanged. What was replaced becomes `<destination>_old`.
  ///
  /// kAlreadyExists (E-destination-exists) or kInvalidArgument (E-destination) if what is at the
  /// destination by now must not be replaced: it stays, and so does the staging folder.
  /// REQUIRES: Stage() as kAlone or kPublisher; every file is finished.
  Status Publish();

  /// Of an edit in place: whether the result is what is there, to the byte, but for the record.
  /// REQUIRES: Stage() as kAlone; every file is finished.
  Result<bool> ChangesNothing() const;
  /// Removes what was staged: the destination stays as it is. REQUIRES: Stage() as kAlone.
  void Discard();

  /// Takes back what this process has noted: later runs write these files again.
  Status Retract();
  /// Ends a run with its outcome. After a failure what was written stays if the run can be
  /// continued: the system or the user has stopped it, or the user can move what is in the way.
  /// After any other failure kAlone removes it; kWriter and kPublisher never do. Returns `status`;
  /// if the system or the user has stopped the run, its hint says how to continue (`way_on`).
  Status Settle(const Status& status, const std::string& way_on);
  /// Keeps the staging folder for the user to look at, and removes its journals, so that later runs
  /// write everything again.
  Status Distrust();

  /// What could not be removed after publishing (W-old-dataset-left).
  const std::vector<Problem>& warnings() const { return warnings_; }
  /// W-staging-left for each staging folder of another plan for this destination.
  std::vector<Problem> OtherStagingWarnings() const;

 private:
  Transaction(io::FileSystem& file_system, Publication publication, StagingPaths paths);

  Status LookAtDestination();
  Status LookAtJournals();
  Status MissingFiles() const;
  Status CheckComplete() const;
  Status Replace();
  Status ExchangeInPlace();
  Status PutAsideAndRename();
  Status CheckLock();
  Status RemoveSummaries();
  void Leave();

  io::FileSystem* file_system_;
  Publication publication_;
  StagingPaths paths_;
  bool is_published_ = false;
  std::string replaced_;  // where this run has put the dataset that it replaced
  Ownership ownership_;
  JournaledFiles journaled_;  // as the journals say, whether the files are there or not
  UnitsDone done_;
  std::vector<Problem> warnings_;
  Role role_ = Role::kAlone;
  std::unique_ptr<io::Lock> lock_;
  std::unique_ptr<WholeFileSystem> files_;
  std::unique_ptr<JournalWriter> journal_;
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::vector<size_t> summarized_;  // by this process; guarded by mutex_
};

}  // namespace robomerge
