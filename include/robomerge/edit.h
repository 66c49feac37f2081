// Edits one LeRobot dataset: a merge of it alone, by the rules of its source (docs/edit.md).
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "robomerge/merge.h"

namespace robomerge {

/// What an edit is besides a merge of one source.
struct EditOptions {
  /// Data and video files keep their numbers. For edits that leave out no episode.
  bool keep_file_numbers = false;
  /// A dataset lies at the destination, usually the source itself. The result is exchanged with it
  /// at once; what was there is `<destination>_old` then, or with `backup` false nowhere.
  bool in_place = false;
  bool backup = true;
  /// The result is of MergeOptions::codebase_version, and its files are packed as those of a merge.
  /// In place, a dataset of that version already stays as it is: `already_done`.
  bool converts = false;
  std::vector<AddedFeature> add;  ///< not together with rules that leave out episodes or frames

  static void VisitFields(auto& self, auto&& visit) {
    visit("keep_file_numbers", self.keep_file_numbers);
    visit("in_place", self.in_place);
    visit("backup", self.backup);
    visit("converts", self.converts);
    visit("add", self.add);
  }
  bool operator==(const EditOptions&) const = default;
};

/// As Merge() of one source, but small files beside the data go with it (docs/carried-files.md),
/// and unless it is converted, its version stays, its files are not joined, and their limits are
/// those of its info.json. With `verify`, as MergeVerified().
///
/// In place, kCorrupt (E-source-changed) if anything was written into the destination meanwhile,
/// and kUnsupported (E-exchange) where the file system cannot exchange two folders; then a
/// conversion renames them, as LeRobot's script does. A run that was killed behind its exchange, or
/// between such renames, is finished by the next one; if that is the same edit, its report is
/// `already_done`.
Result<VerifiedMerge> Edit(const SourceSpec& source, const std::string& destination,
                           const EditOptions& edit, const MergeOptions& options,
                           bool verify = false, const ProgressCallback& progress = {},
                           const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
