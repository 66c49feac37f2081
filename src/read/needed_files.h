// Which payload files of a source its rules need. A snapshot in the cache of the Hugging Face Hub
// may hold these alone, since only they are downloaded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/dataset.h"
#include "read/read.h"

namespace robomerge {

/// The address on the Hub, hf://datasets/OWNER/NAME@COMMIT, if `root` is a snapshot in its cache,
/// datasets--OWNER--NAME/snapshots/COMMIT; else empty. What else the cache holds of a snapshot must
/// not show in a result.
std::string HubAddressOf(std::string_view root);

/// The episodes that may be needed, as the metadata tell: conditions on rows are left to
/// NeededEpisodes(). `tasks_are_known`: the episodes table lists the tasks of all of them. All
/// true if `dataset` is no snapshot; all false if ChooseEpisodes() refuses the rules.
std::vector<bool> CandidateEpisodes(const Dataset& dataset, const ReadOptions& options,
                                    bool tasks_are_known);
/// The same for all rules. REQUIRES: the rows of the candidates are read.
std::vector<bool> NeededEpisodes(const Dataset& dataset, const ReadOptions& options);
/// Whether the rules keep the camera; true if `dataset` is no snapshot.
bool IsCameraNeeded(const Dataset& dataset, const ReadOptions& options, std::string_view camera);

}  // namespace robomerge
