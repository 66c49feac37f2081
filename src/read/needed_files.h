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
/// Fails if `root` is such a snapshot, also by a link: other programs take it for what the commit
/// holds, so nothing may be written into it.
Status CheckIsNoSnapshot(const io::FileSystem& file_system, const std::string& root);

/// The episodes whose rows may be needed, as ReadOptions::is_needed has them: all of a dataset that
/// is no snapshot; none if ChooseEpisodes() refuses the rules. `is_told`: whether the metadata tell
/// the tasks and the length of each.
std::vector<bool> EpisodesForRows(const Dataset& dataset, const ReadOptions& options, bool is_told);
/// Whether EpisodesForVideos() must wait until files that are missing are there.
bool VideosWaitForRows(const ReadOptions& options, bool is_told);
/// Those whose videos are needed. REQUIRES: the rows of the former are read, unless nothing waits.
std::vector<bool> EpisodesForVideos(const Dataset& dataset, const ReadOptions& options);

/// The cameras that the rules keep, as far as that is known before the rest is read.
std::vector<std::string> CamerasToRead(const Dataset& dataset, const ReadOptions& options);

}  // namespace robomerge
