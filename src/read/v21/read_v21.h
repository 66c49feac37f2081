// Reads LeRobot datasets of v2.1 and v2.0 (format spec 6): an episode is a data file and a video
// file of each camera, and the metadata are lines of JSON. What comes out is as of v3.0.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/json/json.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "read/read.h"
#include "read/version.h"
#include "robomerge/status.h"

namespace robomerge::v21 {

/// Where the files of one source are, and what it counts.
struct SourceInfo {
  std::string data_path, video_path;
  int64_t episodes_per_chunk = 1000;  ///< `chunks_size`
  std::optional<uint64_t> total_episodes, total_frames, total_tasks;
};

/// What episodes.jsonl says of an episode, to be held against its rows.
struct EpisodeClaim {
  std::optional<uint64_t> length;
  bool has_tasks = false;
};

/// Whether the data file of episode 0 is there.
Result<bool> HasFirstEpisode(const io::FileSystem& file_system, const std::string& root,
                             const json::Json& info);

Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const VersionedInfo& info, const ReadOptions& options);

/// Reads what ReadOutline() of read/read.h needs: into `dataset` all but the videos.
Status ReadOutline(const io::FileSystem& file_system, const VersionedInfo& info, Dataset& dataset,
                   std::vector<std::pair<std::string, mp4::StreamSummary>>& first_videos);

// The parts of ReadDataset, each in a file of its own. They add what they read to `dataset`,
// warnings included.
Result<SourceInfo> ReadInfo(const VersionedInfo& info, Dataset& dataset);
Status ReadTasks(const io::FileSystem& file_system, const SourceInfo& info, Dataset& dataset);
Result<std::vector<EpisodeClaim>> ReadEpisodes(const io::FileSystem& file_system,
                                               const SourceInfo& info, const ReadOptions& options,
                                               Dataset& dataset);
/// Leaves features out of the schema that ReadDataFiles() will leave out, by a look at one file,
/// and at others only if it lacks some. What else is wrong with them is not seen.
Status LeaveOutLostFeatures(const io::FileSystem& file_system, const SourceInfo& info,
                            Dataset& dataset);
Status ReadDataFiles(const io::FileSystem& file_system, const SourceInfo& info,
                     const ReadOptions& options, Dataset& dataset);
Status ReadVideoFiles(const io::FileSystem& file_system, const SourceInfo& info,
                      const ReadOptions& options, Dataset& dataset);
/// Holds the tasks and lengths that the metadata claim against the rows, which decide.
Status HoldAgainstRows(const SourceInfo& info, const std::vector<EpisodeClaim>& claims,
                       Dataset& dataset);
/// Warns of videos that show more frames than their episodes have rows.
void HoldVideosAgainstRows(Dataset& dataset);
/// Reads episodes_stats.jsonl, where it can be of the rows that were read.
Status ReadEpisodeStatistics(const io::FileSystem& file_system, const ReadOptions& options,
                             Dataset& dataset);

}  // namespace robomerge::v21
