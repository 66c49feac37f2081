// What a caller may choose about a merge.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace robomerge {

/// How payload bytes are moved.
enum class CopyMode {
  kAuto,   ///< share extents where both file systems can, copy otherwise
  kShare,  ///< as kAuto, and lay files out so that as much as possible can be shared
  kCopy,   ///< never share
};

struct MergeOptions {
  /// Worker threads; 0: one per core this process may use. Any number gives the same bytes.
  int num_workers = 0;
  /// LeRobot's data_files_size_in_mb: uncompressed column bytes of a data file, in MB of 1024^2
  /// bytes, at which the next file is begun.
  double data_files_size_in_mb = 100;
  /// LeRobot's video_files_size_in_mb: bytes of a video file, in MB of 1024^2 bytes.
  double video_files_size_in_mb = 200;
  /// Files per chunk directory, 1 to 1000: from file-1000 on, names no longer sort as their numbers
  /// do.
  int64_t chunk_size = 1000;
  bool concatenate_videos = true;
  bool concatenate_data = true;
  CopyMode copy_mode = CopyMode::kAuto;
  /// Flush every file and folder to the device before the destination appears.
  bool sync = true;
  /// Replace a dataset that is at the destination. It stays there until the new one is whole.
  bool overwrite = false;
  /// Plan and lay out everything, write nothing.
  bool dry_run = false;
  /// Where the staging folder lies; empty: beside the destination. Must be on the destination's
  /// file system.
  std::string staging_root;
  /// File for a timeline of all tasks in Chrome's trace-event format; empty: none.
  std::string trace_path;
};

/// Where a merge stands. Counts only grow.
struct MergeProgress {
  std::string stage;         ///< "read", "plan", "write", "publish"
  uint64_t num_sources = 0;  ///< all of them
  uint64_t num_sources_read = 0;
  uint64_t planned_bytes = 0;  ///< payload bytes that will be moved; 0 until the plan is made
  uint64_t moved_bytes = 0;
  uint64_t num_files = 0;  ///< destination files
  uint64_t num_files_written = 0;
};

/// Called from worker threads, one call at a time, at most about ten times a second. Must not
/// throw.
using ProgressCallback = std::function<void(const MergeProgress&)>;

}  // namespace robomerge
