// An edit in place: its result is exchanged with its source. What must be known of that after a
// kill.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/plan.h"
#include "publish/ownership.h"
#include "robomerge/status.h"

namespace robomerge {

/// All files below `root`, links not followed, as they are now.
Result<std::vector<SourceFile>> ListTree(const io::FileSystem& file_system,
                                         const std::string& root);

/// kCorrupt (E-source-changed) unless the files below `path` are `files`, by size and time; names
/// the first ones that differ. `root` is where messages say that they lie.
Status CheckTree(const io::FileSystem& file_system, const std::string& path,
                 const std::string& root, const std::vector<SourceFile>& files);

/// Whether both folders have the same files with the same bytes. Their records may differ, but must
/// be there.
Result<bool> HoldTheSame(const io::FileSystem& file_system, const std::string& left,
                         const std::string& right);

/// What an edit in place is to do with what it replaces.
struct InPlace {
  bool backup = true;  ///< keep it as `<destination>_old`
  /// The edit, as a text. A run that was killed behind its exchange is known by it.
  std::string request;
  std::vector<SourceFile> tree;  ///< ListTree() of the source before it was read
  /// Where the file system cannot exchange two folders, two renames will do: if the run is killed
  /// between them, nothing is at the destination until the next run.
  bool may_rename = false;
};

/// Where an edit in place keeps what was there: "<destination>_old".
std::string BackupOf(const std::string& destination);

/// kInvalidArgument (E-destination) if something that is no dataset lies where the backup of
/// `destination` would be.
Status CheckBackup(const io::FileSystem& file_system, const std::string& destination);

/// kInvalidArgument (E-destination-in-source) if a source lies where the backup goes, in it, or
/// around it: it would be removed.
Status CheckBackupIsNoSource(const io::FileSystem& file_system, const std::string& destination,
                             const std::vector<std::string>& sources);

/// E-destination-busy: another run holds the lock of the destination.
Problem DestinationBusy(const std::string& destination);

/// A file beside the staging folder that says what an exchange is about to put at the destination.
/// It is there from before the exchange until what was replaced is in its place. So whoever finds
/// one knows by the destination's content id whether the exchange has happened.
struct ExchangeNote {
  std::string content_id;  ///< of the new dataset
  std::string request;     ///< as InPlace
  bool backup = true;
};

Status WriteNote(io::FileSystem& file_system, const std::string& staging, const ExchangeNote& note,
                 bool sync);
Status RemoveNote(io::FileSystem& file_system, const std::string& staging, bool sync);

/// `staging` and `destination` change places: at once, or where the file system cannot do that and
/// `may_rename`, by renames. Either both have moved or none, but for a kill between two renames.
/// kUnsupported (E-exchange) if it can be done in neither way. REQUIRES: the note is there.
Status ExchangeFolders(io::FileSystem& file_system, const std::string& staging,
                       const std::string& destination, bool may_rename, bool sync);
/// Whether renames of such an exchange have stopped half the way.
Result<bool> IsHalfExchanged(const io::FileSystem& file_system, const std::string& staging);

/// Puts the replaced dataset, which lies at `staging`, into its place: to `<destination>_old`,
/// whose older one goes only then, or away. Then removes the note. What an earlier call has done is
/// not done again. For a dataset that the system does not let go there is a warning
/// (W-old-dataset-left).
Status FinishExchange(io::FileSystem& file_system, Ownership& ownership,
                      const std::string& destination, const std::string& staging, bool backup,
                      bool sync, std::vector<Problem>& warnings);

/// Finishes what a killed edit in place of `destination` has left between its exchange and its end.
/// Returns its request; nothing if there is none. kAlreadyExists (E-destination-busy) if another
/// run holds the destination's lock.
Result<std::optional<std::string>> FinishEarlierExchange(io::FileSystem& file_system,
                                                         const std::string& destination, bool sync,
                                                         std::vector<Problem>& warnings);

}  // namespace robomerge
