// Reads one source: files -> Dataset. Metadata and file indexes only; no payload is read.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "adapt/adapt.h"
#include "adapt/resolve.h"
#include "base/for_each.h"
#include "io/file_system.h"
#include "model/adaptation.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge {

struct ReadOptions {
  /// Decode frame_index and timestamp of every row, even where the footers' statistics leave no
  /// doubt about them.
  bool decodes_times = false;
  /// Episodes that are going to be left out: what is wrong with them is no problem, files that hold
  /// no others are not opened, and what the dataset says of them means nothing.
  std::vector<EpisodeRange> left_out = {};
  /// Cameras that are going to be left out, as patterns: nothing of them is read.
  std::vector<std::string> dropped_cameras = {};

  /// Videos that are missing or broken are no problem, and are marked. No such dataset can be
  /// described.
  bool keeps_broken_videos = false;
  bool KeepsBroken(const Status& status) const {
    return keeps_broken_videos && status.code() != Code::kIo && status.code() != Code::kCancelled;
  }

  bool Drops(const std::string& camera) const {
    return std::any_of(dropped_cameras.begin(), dropped_cameras.end(),
                       [&](const std::string& pattern) { return MatchesPattern(pattern, camera); });
  }

  bool LeavesOut(uint64_t episode) const {
    return std::any_of(left_out.begin(), left_out.end(),
                       [&](const EpisodeRange& range) { return range.Contains(episode); });
  }
  /// What is done to the dataset, and how to read what that asks of its rows. A snapshot in the
  /// Hub's cache (read/needed_files.h) is read only as far as these rules need it.
  const Adaptation* rules = nullptr;
  ReadLastRows read_last_rows = {};
  /// The episodes, by place, whose payload is read; empty: all. Made while reading.
  std::vector<bool> is_needed = {};
  /// Takes the paths of files that are needed and not there, which then are no problem; the folder
  /// `data`, if rows may lie in any data file.
  std::vector<std::string>* missing_files = nullptr;

  bool Needs(size_t place) const { return is_needed.empty() || is_needed[place]; }
  /// How a loop over the files of a source is run.
  ForEach for_each = OneByOne;
};

/// Marks a video of which nothing is known but its bytes.
inline void MarkBroken(VideoFile& video) {
  video.stream = {};
  video.stream.file_size_bytes = video.size_bytes;
  video.is_broken = true;
}

/// Reads the dataset at `root`, in the version that it is of (read/version.h). Reports everything
/// that is wrong with its files at once, each problem with the episodes that it is of, where it is
/// not of the whole.
///
/// kNotFound: no dataset there. kUnsupported (E-version): a version that is not read.
/// kCorrupt: files that are missing, unreadable, or contradict themselves.
Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const ReadOptions& options = {});

/// Reads info.json alone; the other parts of the dataset may be broken.
Result<Schema> ReadSchema(const io::FileSystem& file_system, const std::string& root);

/// Reads info.json, and the tasks if it `wants_tasks`.
Result<RuleFacts> ReadFacts(const io::FileSystem& file_system, const std::string& root,
                            bool wants_tasks);

/// What the metadata say of a dataset, without its episodes.
struct Outline {
  std::string version;  ///< of the format, as it is read
  Schema schema;
  std::vector<std::string> tasks;
  std::vector<FeatureStatistics> statistics;  ///< of stats.json; empty if there is none
  /// (camera, the stream of its first video file); none for a camera without
  /// one.
  std::vector<std::pair<std::string, mp4::StreamSummary>> first_videos;
};

/// Reads info.json, the tasks, stats.json, and the index of each camera's first video. What is
/// wrong with other files is not seen.
Result<Outline> ReadOutline(const io::FileSystem& file_system, const std::string& root);

}  // namespace robomerge
