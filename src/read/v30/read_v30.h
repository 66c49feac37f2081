// Reads a LeRobot v3.0 dataset (format spec 1).
#pragma once

#include <string>
#include <vector>

#include "formats/json/json.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge::v30 {

/// Templates and totals of one source's info.json. They do not concern other sources.
struct SourceInfo {
  std::string data_path;
  std::string video_path;
  uint64_t total_episodes = 0;
  uint64_t total_frames = 0;
  uint64_t total_tasks = 0;
};

/// The files that hold the payload of each episode, as the episodes table says.
struct EpisodeClaims {
  std::vector<FileId> data_files;                ///< per episode
  std::vector<std::vector<FileId>> video_files;  ///< [video key][episode]
};

/// As it is when it is opened, before it is read: what is written from then on shows when the merge
/// is done.
inline MetadataFile MetadataFileOf(const io::RandomAccessFile& file) {
  const io::FileStat stat = file.stat();
  return {file.path(), stat.size_bytes, stat.modified_ns, stat.changed_ns};
}

Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const json::Json& info);

// The parts of ReadDataset, each in a file of its own. They add what they read to `dataset`,
// warnings included.
Result<SourceInfo> ReadInfo(const std::string& root, const json::Json& info, Dataset& dataset);
Status ReadTasks(const io::FileSystem& file_system, const SourceInfo& info, Dataset& dataset);
Status ReadStatistics(const io::FileSystem& file_system, Dataset& dataset);
Result<EpisodeClaims> ReadEpisodes(const io::FileSystem& file_system, const SourceInfo& info,
                                   Dataset& dataset);
Status ReadDataFiles(const io::FileSystem& file_system, const SourceInfo& info,
                     const EpisodeClaims& claims, Dataset& dataset);
Status ReadVideoFiles(const io::FileSystem& file_system, const SourceInfo& info,
                      const EpisodeClaims& claims, Dataset& dataset);

}  // namespace robomerge::v30
