// What lies at a destination, and whether it may be replaced.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/plan.h"
#include "robomerge/status.h"

namespace robomerge {

enum class DestinationState {
  kAbsent,
  kThisResult,   ///< what the plan makes, with all its files; no source was written after it
  kStaleResult,  ///< the same, but a source was written after it
  kIncomplete,   ///< the same, but a file is missing
  kTaken,        ///< anything else
};

/// Judges by the content id in meta/robomerge.json, and by which of `files` are there. The content
/// id covers sizes and statistics of the sources. A payload that changed and kept both shows only
/// in its time, hence kStaleResult. kIo if the system refuses to say.
Result<DestinationState> LookAtDestination(const io::FileSystem& file_system,
                                           const std::string& destination,
                                           const std::string& content_id,
                                           const std::vector<std::string>& files,
                                           const std::vector<Origin>& origins);

/// MergePlan::content_id in meta/robomerge.json of the dataset at `destination`; empty if there is
/// no such file, or it is not understood. kIo if the system refuses to say.
Result<std::string> PublishedContentId(const io::FileSystem& file_system,
                                       const std::string& destination);

/// Whether a LeRobot dataset has something of this name in its folder: its own folders, and what
/// the Hugging Face Hub and file managers add.
bool IsNameInDataset(const std::string& name);

/// What takes the place of a dataset.
enum class ReplacedBy {
  kOther,   ///< another one
  kItself,  ///< its own edit, with which files in meta/ go along (docs/carried-files.md)
};

/// kInvalidArgument (E-destination) unless a LeRobot dataset (meta/info.json with
/// `codebase_version` and `features`, or a merge's record) that holds nothing else that would be
/// lost (files of other kinds, hidden folders, other datasets), or an empty folder lies at `path`.
Status CheckReplaceable(const io::FileSystem& file_system, const std::string& path, ReplacedBy by);

/// The problem of a destination that is there and is not to be replaced. It hints at overwriting
/// where that would be possible.
Problem DestinationExists(const io::FileSystem& file_system, const std::string& destination);
/// E-destination: what the link leads to stays where it is, whoever else uses it.
Problem DestinationIsLink(const io::FileSystem& file_system, const std::string& destination);

/// The problem of a source's file that is not as it was read or planned.
Problem SourceChanged(const std::string& root, const std::string& path, std::string expected,
                      std::string found);

/// kCorrupt (E-source-changed) unless the sources' files are as they were read; names the first ten
/// that differ in size or time (of change too, where it is known). With `may_be_gone` absent files
/// are fine. Cost: one stat per file.
Status CheckSourceFiles(const io::FileSystem& file_system, const std::vector<Origin>& origins,
                        bool may_be_gone);

}  // namespace robomerge
