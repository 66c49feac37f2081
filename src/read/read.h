// Reads one source: files -> Dataset. Metadata and file indexes only; no payload is read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "adapt/adapt.h"
#include "adapt/resolve.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge {

struct ReadOptions {
  /// Decode frame_index and timestamp of every row, even where the footers' statistics leave no
  /// doubt about them.
  bool decodes_times = false;
  /// What is done to the dataset, and how to read what that asks of its rows. A snapshot in the
  /// Hub's cache (read/needed_files.h) is read only as far as these rules need it.
  const Adaptation* rules = nullptr;
  ReadLastRows read_last_rows;
  /// Takes the paths of files that are needed and not there, which then are no problem.
  std::vector<std::string>* missing_files = nullptr;
};

/// Reads the dataset at `root`, in the version that its meta/info.json names. Reports everything
/// that is wrong with its files at once.
///
/// kNotFound: no dataset there. kUnsupported (E-version): a version that is not supported.
/// kCorrupt: files that are missing, unreadable, or contradict themselves.
Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const ReadOptions& options = {});

/// Reads info.json alone; the other parts of the dataset may be broken.
Result<Schema> ReadSchema(const io::FileSystem& file_system, const std::string& root);

/// Reads info.json, and meta/tasks.parquet if it `wants_tasks`.
Result<RuleFacts> ReadFacts(const io::FileSystem& file_system, const std::string& root,
                            bool wants_tasks);

/// What the metadata say of a dataset, without its episodes.
struct Outline {
  std::string version;  ///< as info.json names it
  Schema schema;
  std::vector<std::string> tasks;
  std::vector<FeatureStatistics> statistics;  ///< of stats.json; empty if there is none
  /// (camera, the stream of its first video file); none for a camera without file-000.
  std::vector<std::pair<std::string, mp4::StreamSummary>> first_videos;
};

/// Reads info.json, the tasks, stats.json, and the index of each camera's first video. What is
/// wrong with other files is not seen.
Result<Outline> ReadOutline(const io::FileSystem& file_system, const std::string& root);

}  // namespace robomerge
