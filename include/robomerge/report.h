// What a merge did, or would do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "robomerge/status.h"

namespace robomerge {

/// One file of the destination.
struct ReportedFile {
  /// What moves: kCopy a whole file as it is; kSplice payload raw under a new index; kEncode at
  /// least partly decoded and encoded; kWrite metadata made by us.
  enum class Mode { kCopy, kSplice, kEncode, kWrite };

  std::string path;  ///< relative to the destination
  /// "data", "video", "episodes", "tasks", "info", "stats", "record", "carried"
  std::string kind;
  Mode mode = Mode::kWrite;
  uint64_t size_bytes = 0;           ///< of the file, exactly
  uint64_t num_episodes = 0;         ///< whose rows or frames lie in it
  std::vector<std::string> sources;  ///< source files in order
};

std::string_view ModeName(ReportedFile::Mode mode);

struct StageTime {
  std::string stage;
  double seconds = 0;
};

struct MergeReport {
  std::string destination;
  std::string plan_id;
  bool dry_run = false;
  bool already_done = false;  ///< the destination came from this very merge: nothing was written
  uint64_t num_sources = 0;
  uint64_t num_episodes = 0;
  uint64_t num_frames = 0;
  uint64_t num_tasks = 0;
  std::vector<ReportedFile> files;  ///< in the order of the plan
  uint64_t num_files_written = 0;   ///< by this run
  uint64_t num_files_skipped = 0;   ///< that an earlier run had written
  uint64_t size_bytes = 0;          ///< of all files
  uint64_t copied_bytes = 0;        ///< payload moved as it was, by this run
  uint64_t shared_bytes = 0;  ///< payload whose extents are shared with the source: no new space
  uint64_t encoded_bytes =
      0;  ///< encoded anew: bookkeeping columns, regrouped rows, metadata tables
  std::vector<Problem> warnings;  ///< kinds start with "W-"
  std::vector<StageTime> stages;
  double seconds = 0;
  int num_workers = 0;
  double utilisation =
      0;  ///< busy time of the workers / (workers x wall time of the parallel stages)
  double critical_path_seconds = 0;  ///< longest chain of tasks that had to wait for each other
};

/// One dataset as robomerge sees it.
struct InspectReport {
  std::string root;
  std::string version;
  std::string fps;
  std::string robot_type;
  uint64_t num_episodes = 0;
  uint64_t num_frames = 0;
  std::vector<std::string> tasks;
  struct Feature {
    std::string name, dtype, shape;
  };
  std::vector<Feature> features;
  struct File {
    std::string path;  ///< relative to the root
    std::string kind;  ///< "data", "video", "episodes"
    uint64_t size_bytes = 0;
    uint64_t num_rows = 0;  ///< rows, frames
    std::string what;       ///< one clause: row groups, codec and size, ...
  };
  std::vector<File> files;
  std::vector<Problem> problems;  ///< what would make a merge refuse it
  std::vector<Problem> warnings;
};

}  // namespace robomerge
