// A destination under construction: the one protocol by which anything appears at a destination.
//
//   Open      looks at destination, staging folder and journals; writes nothing
//   Stage     locks the destination and prepares the staging folder
//   Note      enters a finished file in this process's journal
//   Publish   lets the whole appear by one rename
//   Settle    after a failure: keeps what can be continued, removes what cannot
//
// `merge` goes through all of it in one process. `plan` only opens, every `write` stages as one
// writer of many, and `publish` puts in place what they have written. Nothing else renames.
// docs/architecture.md, "Done is done", has the rules; docs/robustness.md what each look is for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/plan.h"
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
  std::vector<Origin> origins;     ///< the sources as they were read
  bool sync = true;
  bool overwrite = false;
  /// Whether a dataset is whole, as far as its indexes show it: a result that is damaged is not
  /// done.
  std::function<Status(const std::string& root)> check_whole;
};

/// Without check_whole.
Publication PublicationOf(const MergePlan& plan, const std::string& destination,
                          const MergeOptions& options);

/// What a process does to the destination.
enum class Role {
  kAlone,      ///< writes all files and publishes them: excludes everybody else
  kWriter,     ///< one writer of many: syncs each file when it is finished, others rely on it
  kPublisher,  ///< publishes what writers have written: excludes them
};

class Transaction {
 public:
  /// Looks at what is there. kAlreadyExists (E-destination-exists) if the destination is taken by
  /// something else than this result and is not to be replaced; kInvalidArgument (E-destination)
  /// if it is to be replaced and is no dataset; kCorrupt (E-journal-damaged); kIo.
  static Result<Transaction> Open(io::FileSystem& file_system, Publication publication);

  /// The destination holds this very result, whole, and no source was written after it.
  bool is_published() const { return is_published_; }
  /// Whether an earlier run has begun to write this plan.
  Result<bool> IsBegun() const;
  /// What journals say of each file, as far as it is there.
  const UnitsDone& done() const { return done_; }
  UnitsDone& done() { return done_; }
  /// Numbers of files in [first, end) that are still to be written.
  std::vector<size_t> Missing(size_t first, size_t end) const;
  std::vector<size_t> Missing() const { return Missing(0, publication_.files.size()); }

  /// Ends what a run that was killed after its rename left undone. REQUIRES: is_published().
  Status FinishPublished();

  /// Locks the destination and looks again, now that nobody in the way of `role` can change it: is
  /// it published by now (then nothing is left to do), what is done. kAlone and kPublisher remove
  /// temporary files of the dead and refuse foreign ones (E-staging-foreign); kPublisher refuses
  /// missing files (E-incomplete). Errors also: kAlreadyExists (E-destination-busy), kIo.
  Status Stage(Role role);
  /// Makes the folders of these files in the staging folder. REQUIRES: Stage().
  Status MakeFolders(const std::vector<size_t>& files);
  /// Where the destination's tree grows.
  const std::string& directory() const { return paths_.directory; }
  /// Gives writers whole files only. REQUIRES: Stage().
  io::FileSystem& files() { return *files_; }
  /// Enters a file that is finished, under its own name, in the journal. Thread-safe.
  Status Note(size_t file, const WrittenFile& written);

  /// Syncs the folders, looks again at sources and destination, renames, and removes what is left.
  /// kCorrupt (E-source-changed): a source is not as it was read. kAlreadyExists
  /// (E-destination-exists), kInvalidArgument (E-destination): what is at the destination now must
  /// not be replaced; nothing is lost, and what was written stays in the staging folder.
  Status Publish();

  /// After a failure: what the system or the user has stopped stays, to be continued, and the
  /// hint says how (`way_on`); what would only fail again is removed. Returns `status` with that
  /// hint.
  Status Settle(const Status& status, const std::string& way_on);
  /// Keeps the staging folder to be looked at, but lets no later run believe it.
  Status Distrust();

  /// What publishing has left behind.
  const std::vector<Problem>& warnings() const { return warnings_; }
  /// Staging folders of other plans for this destination.
  std::vector<std::string> OtherStagingFolders() const;

 private:
  Transaction(io::FileSystem& file_system, Publication publication, StagingPaths paths);

  Status LookAtDestination();
  Status LookAtJournals();
  Status CheckComplete() const;
  Status CheckSources() const;
  Status Replace();
  Status PutAsideAndRename();
  void Leave();
  void Discard();

  io::FileSystem* file_system_;
  Publication publication_;
  StagingPaths paths_;
  bool is_published_ = false;
  UnitsDone journaled_;  // as the journals say, whatever became of the files
  UnitsDone done_;
  std::vector<Problem> warnings_;
  Role role_ = Role::kAlone;
  std::unique_ptr<io::Lock> lock_;
  std::unique_ptr<WholeFileSystem> files_;
  std::unique_ptr<JournalWriter> journal_;
};

}  // namespace robomerge
