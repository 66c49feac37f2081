// Which destination files are done: one line for each, in one append-only file per writer. Readers
// take the union. Format: docs/formats/plan-directory.md, "Journals".
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "publish/ownership.h"
#include "write/write.h"

namespace robomerge {

/// What is known of each unit of the plan; nothing for a unit that is not done.
using UnitsDone = std::vector<std::optional<WrittenFile>>;

/// What the journals say of a unit.
struct JournaledFile {
  WrittenFile written;
  /// When the file was last modified, nanoseconds since the epoch; one for each writer of it. A
  /// file that has been modified since is not the one that the journal vouches for.
  std::vector<int64_t> modified_ns;

  /// Whether `stat` is the file of one of these lines. Some file systems keep whole seconds only,
  /// and tell the writer more.
  bool IsAsWritten(const io::FileStat& stat) const;
};
using JournaledFiles = std::vector<std::optional<JournaledFile>>;

/// The file beside the journals that says what was counted of the rows of a unit.
std::string SummaryName(size_t unit);
bool IsSummaryName(const std::string& name);

/// Reads all journals of a folder; without such a folder nothing is done. A last line without line
/// feed was torn by a crash and is ignored. So is everything from the first line with a NUL on:
/// that is a block that never reached the device. With `only_synced`, journals of writers that did
/// not sync their files do not count. kCorrupt (E-journal-damaged, with file and line) for any
/// other line that is not understood, for a journal of another plan, and for lines that contradict
/// each other. kAlreadyExists (E-staging-foreign) for a folder or journal of another user, or a
/// link.
Result<JournaledFiles> ReadJournals(const io::FileSystem& file_system, Ownership& ownership,
                                    const std::string& directory, const std::string& plan_id,
                                    const std::vector<std::string>& unit_paths, bool only_synced);

/// Appends to a journal of its own, which the first Append() creates. Thread-safe.
class JournalWriter {
 public:
  /// With `sync`, a line has reached the device when Append() returns. `files_are_synced`: whether
  /// the files that the journal names are synced before they are noted.
  JournalWriter(io::FileSystem& file_system, std::string directory, std::string plan_id, bool sync,
                bool files_are_synced)
      : file_system_(file_system),
        directory_(std::move(directory)),
        plan_id_(std::move(plan_id)),
        sync_(sync),
        files_are_synced_(files_are_synced) {}

  /// REQUIRES: the file is written, under its own name, and synced if the journal says so.
  Status Append(size_t unit, const std::string& path, const WrittenFile& written,
                int64_t modified_ns);
  /// Removes the journal: what it names is to be written again.
  Status Remove();

 private:
  Status AppendLine(const std::string& line);
  Status Open();

  io::FileSystem& file_system_;
  const std::string directory_;
  const std::string plan_id_;
  const bool sync_;
  const bool files_are_synced_;
  std::mutex mutex_;
  std::string path_;                      // guarded by mutex_
  std::unique_ptr<io::OutputFile> file_;  // guarded by mutex_
  uint64_t size_bytes_ = 0;               // guarded by mutex_
};

}  // namespace robomerge
