// Splits one LeRobot dataset into several (docs/edit.md).
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "robomerge/merge.h"

namespace robomerge {

/// By what a dataset is split: exactly one of these.
struct SplitRules {
  /// Name of a split: its episodes, "0-9,12,20-", or how many of a hundred, "80%", in their order.
  std::vector<Rule> into = {};
  bool by_task = false;    ///< one split for each task, or tasks that an episode has together
  bool by_source = false;  ///< one for each source in the record of the merge that made the dataset

  bool operator==(const SplitRules&) const = default;
};

/// Makes the folder `directory` with a dataset for each split, each as Edit() would. It appears by
/// one rename, when all are whole. The reports are in the order of the splits; if one is not
/// published, because its verification has found something, none is, and it is the last.
///
/// kCorrupt (E-source-changed) if anything was written into the source meanwhile. What was made
/// already is `already_done`.
Result<std::vector<VerifiedMerge>> Split(const std::string& source, const std::string& directory,
                                         const SplitRules& rules, const MergeOptions& options,
                                         bool verify = false, const ProgressCallback& progress = {},
                                         const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
