// The hashes of files that are there: of a staging folder, and in the record of a dataset.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "merge/run.h"

namespace robomerge {

/// E-staged-changed, for each staged file that is not as the writers have noted it.
Status CheckStagedHashes(const MergePlan& plan, const Transaction& transaction, Run& run);

/// Lets what an earlier run has written be written anew where it is not as that run has noted it,
/// with a warning (W-staged-changed) for each.
Status RewriteChanged(const MergePlan& plan, Transaction& transaction, Run& run,
                      std::vector<Problem>& warnings);

/// What becomes of files that are not as the record of their dataset says.
enum class StaleHashes {
  kRefused,  ///< what is not as its hash says stops the operation
  kRenewed,  ///< with a warning for each: it is what was asked for
};

/// Whether the dataset at `root` has hashes, which whatever takes its place has then too. kCorrupt
/// (E-record) if they are refused because they are not understood.
Result<bool> HasHashes(const io::FileSystem& file_system, const std::string& root,
                       StaleHashes stale);

/// W-record, if there is a record at `root` that is not understood: hashes that it had are lost.
Status WarnOfLostRecord(const io::FileSystem& file_system, const std::string& root,
                        std::vector<Problem>& warnings);

/// Holds the data and video files from which these steps are written anew against the hashes that
/// their sources have of them: damage must not get the hash of a file that is whole. kCorrupt
/// (E-hash) names each that has changed, then also of files that stay as they are; W-hash those of
/// which only a part goes into the result, since the rest may be what is damaged. Nothing of
/// sources that are not loaded. REQUIRES: run.Start().
Status CheckRewrittenFiles(const MergePlan& plan, const std::vector<size_t>& steps,
                           StaleHashes stale, Run& run, std::vector<Problem>& warnings);

/// W-hash for the other files of the dataset whose place the result takes, the first source, that
/// are not as their hashes say: metadata, which is read and written anew, and what is gone. With
/// StaleHashes::kRenewed also for hashes that are not understood. REQUIRES: run.Start().
Status CheckMetadata(const MergePlan& plan, StaleHashes stale, Run& run,
                     std::vector<Problem>& warnings);

/// The same for the files that stay as they are, of all sources, by the hashes that they got in the
/// result (`done`): E-hash; W-hash for small files beside the data. Nothing of steps that are not
/// done.
Status CheckKeptFiles(const io::FileSystem& file_system, const MergePlan& plan,
                      const UnitsDone& done, StaleHashes stale, std::vector<Problem>& warnings);

/// kCorrupt, if a file of the result of `plan` that lies at `root` is not as its record says.
Status CheckRecordedHashes(const MergePlan& plan, const std::string& root, Run& run);

/// Whether the records of two datasets hold the same hashes.
Result<bool> HaveSameHashes(const io::FileSystem& file_system, const std::string& left,
                            const std::string& right);

/// Puts the hash of the file `path` of a dataset, which was replaced, into the record, if that
/// holds hashes.
Status RefreshHash(io::FileSystem& file_system, const std::string& root, const std::string& path);

}  // namespace robomerge
