// Reads a LeRobot v3.0 dataset (format spec 1).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/json/json.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "read/read.h"
#include "robomerge/status.h"

namespace robomerge::v30 {

/// What mends a dataset of which a part is missing.
inline constexpr std::string_view kCopyTheRest =
    "the copy of this dataset is not whole: copy or download it again (what is there is kept), "
    "with "
    "rsync -a FROM/ TO/ or hf download REPO --repo-type dataset --local-dir TO";

/// Warns (W-byte-order-mark) if `text`, the content of `path`, begins with one.
void WarnOfByteOrderMark(std::string_view text, const std::string& path,
                         std::vector<Problem>& warnings);

/// Templates and totals of one source's info.json. They do not concern other sources.
struct SourceInfo {
  std::string data_path;
  std::string video_path;
  uint64_t total_episodes = 0;
  uint64_t total_frames = 0;
  uint64_t total_tasks = 0;
};

/// A number that the episodes table does not say.
inline constexpr int64_t kUnknown = -1;

/// What the episodes table says of each episode, to be held against the files.
struct EpisodeClaims {
  std::vector<FileId> data_files;                ///< per episode; kUnknown where it names none
  std::vector<std::vector<FileId>> video_files;  ///< [video key][episode]
  /// Per episode: whether its tasks must be taken from its rows.
  std::vector<bool> lacks_tasks;
  /// Per episode: whether its place among all rows must be taken from the data files.
  std::vector<bool> lacks_index;
};

/// Whether files are read for this episode.
inline bool IsRead(uint64_t episode, const ReadOptions& options) {
  return options.Needs(episode) && !options.LeavesOut(episode);
}
/// The files that `claimed` names for episodes that are read, each once, ascending.
std::vector<FileId> FilesOf(const std::vector<FileId>& claimed, const ReadOptions& options);
/// Those of these episodes for which `claimed` names this file.
std::vector<uint64_t> EpisodesIn(const std::vector<FileId>& claimed, FileId id,
                                 const ReadOptions& options);

/// As it is when it is opened, before it is read: what is written from then on shows when the merge
/// is done.
inline MetadataFile MetadataFileOf(const io::RandomAccessFile& file) {
  const io::FileStat stat = file.stat();
  return {file.path(), stat.size_bytes, stat.modified_ns, stat.changed_ns};
}

Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const json::Json& info, const ReadOptions& options);

/// Adds what the first video of a camera is, if the file is there.
Status AddFirstVideo(const Result<std::unique_ptr<io::RandomAccessFile>>& file,
                     const std::string& key,
                     std::vector<std::pair<std::string, mp4::StreamSummary>>& first_videos);

/// Reads what ReadOutline() of read/read.h needs: into `dataset` all but the videos.
Status ReadOutline(const io::FileSystem& file_system, const json::Json& info, Dataset& dataset,
                   std::vector<std::pair<std::string, mp4::StreamSummary>>& first_videos);

// The parts of ReadDataset, each in a file of its own. They add what they read to `dataset`,
// warnings included.
Result<SourceInfo> ReadInfo(const std::string& root, const json::Json& info, Dataset& dataset);
Status ReadTasks(const io::FileSystem& file_system, const SourceInfo& info, Dataset& dataset);
Status ReadStatistics(const io::FileSystem& file_system, Dataset& dataset);
/// A statistic that is not a regular list of numbers has no numbers, which fits nothing
/// (ChooseStatistics).
Statistic ParseStatistic(const std::string& name, const json::Json& value);
/// The table that gives the column subtask_index its meaning, if there is that column; there need
/// be no table.
Status ReadSubtasks(const io::FileSystem& file_system, Dataset& dataset);
Result<EpisodeClaims> ReadEpisodes(const io::FileSystem& file_system, const SourceInfo& info,
                                   const ReadOptions& options, Dataset& dataset);
Status ReadDataFiles(const io::FileSystem& file_system, const SourceInfo& info,
                     const EpisodeClaims& claims, const ReadOptions& options, Dataset& dataset);
/// Whether this is the name of a Parquet file of a dataset. Hidden files are of the system, like
/// those that macOS writes beside copies (`._*`).
bool IsParquetName(const std::string& name);
/// The Parquet files in the folders below `folder`, sorted; none if there is no such folder.
Result<std::vector<std::string>> ListParquetFiles(const io::FileSystem& file_system,
                                                  const std::string& folder);
/// Whether a file was begun as Parquet and never finished, as reading it said.
bool IsUnfinished(const Status& status);
/// The same problem of a data file, with what can be done about the episodes that lie in it.
Status WithWayOut(const Status& unfinished);
Status ReadVideoFiles(const io::FileSystem& file_system, const SourceInfo& info,
                      const EpisodeClaims& claims, const ReadOptions& options, Dataset& dataset);

}  // namespace robomerge::v30
