// What a caller may choose about a merge.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "robomerge/fields.h"

namespace robomerge {

/// How payload bytes are moved.
enum class CopyMode {
  kAuto,   ///< share extents where both file systems can, copy otherwise
  kShare,  ///< as kAuto, and lay files out so that as much as possible can be shared
  kCopy,   ///< never share
  /// As kAuto, and where extents cannot be shared, files that are moved as they are become further
  /// names of the source's (hard links), so that source and result have them in common.
  kLink,
};

constexpr auto NamesOf(CopyMode) {
  return std::to_array<std::string_view>({"auto", "share", "copy", "link"});
}

/// The version of LeRobot's format in which a dataset is written.
enum class CodebaseVersion {
  kV30,  ///< files of many episodes
  kV21,  ///< one data file and one video for each episode
};

constexpr auto NamesOf(CodebaseVersion) { return std::to_array<std::string_view>({"3.0", "2.1"}); }

/// How the statistics of a result come about (docs/statistics.md).
enum class StatsMode {
  kExact,  ///< numeric features are measured from the rows
  kFold,   ///< LeRobot's formula over the statistics of the sources
};

constexpr auto NamesOf(StatsMode) { return std::to_array<std::string_view>({"exact", "fold"}); }

/// What is left out if a merge would refuse it (docs/skip-broken.md).
enum class SkipBroken { kNothing, kSources, kEpisodes };

constexpr auto NamesOf(SkipBroken) {
  return std::to_array<std::string_view>({"nothing", "sources", "episodes"});
}

struct MergeOptions {
  /// Worker threads; 0: one per core that this process may use. Any number gives the same bytes.
  int num_workers = 0;
  /// LeRobot's data_files_size_in_mb (v3.0 alone, as the next one): the size of a data file,
  /// counted as uncompressed column bytes, at which the next file is begun; in MB of 1024^2 bytes.
  double data_files_size_in_mb = 100;
  /// LeRobot's video_files_size_in_mb: the same for the bytes of a video file.
  double video_files_size_in_mb = 200;
  /// Files per chunk folder, of v2.1 episodes; 1 to 1000: from file-1000 on, names no longer sort
  /// as their numbers do.
  int64_t chunk_size = 1000;
  bool concatenate_videos = true;
  bool concatenate_data = true;
  /// Where a partial is described for a plan, both must be told the same.
  CodebaseVersion codebase_version = CodebaseVersion::kV30;
  /// Keep frames that no episode shows where others cannot be decoded without them. False: such
  /// videos are refused.
  bool padding = true;
  /// Describing a source decides it, so a plan of partials takes what `describe` was given.
  StatsMode stats = StatsMode::kExact;
  CopyMode copy_mode = CopyMode::kAuto;
  /// Sync every file and folder to the device before the destination appears.
  bool sync = true;
  /// Replace a dataset (or an empty folder) that is at the destination. It stays there until the
  /// new one is whole.
  bool overwrite = false;
  /// Plan everything and lay it out to the byte, but write nothing.
  bool dry_run = false;
  /// Mend the frames' numbers and times in every source: frame_index counts from 0 in every
  /// episode, timestamp is frame_index / fps, and from_timestamp moves so that every row keeps its
  /// picture. Describing a source decides it, so a plan of partials takes what `describe` was
  /// given.
  bool retime = false;
  /// Merge the rest where sources, or single episodes of them, cannot be merged. A plan of partials
  /// takes what `describe` was given.
  SkipBroken skip_broken = SkipBroken::kNothing;
  /// Keep the SHA-256 of every file in the record, for Verify() and for the publisher of a plan to
  /// hold the files against. What is made in place of a dataset that has hashes has them in any
  /// case. An edit in place that changes nothing else records them anew.
  bool record_hashes = false;
  /// File for what is left out, as JSON Lines; empty: none.
  std::string skipped_path;
  /// Where the staging folder lies; empty: beside the destination. Must be on the destination's
  /// file system.
  std::string staging_root;
  /// File for a timeline of all the work, in Chrome's trace-event format; empty: none.
  std::string trace_path;
  /// File for a page that shows the result and what the merge did (docs/report.md); empty: none.
  std::string report_path;
  /// As PageOptions::thumbnails.
  bool report_thumbnails = true;

  /// What decides where each row and frame lies. The record of a merge holds these.
  static void VisitLayout(auto& self, auto&& visit) {
    visit("data_files_size_in_mb", self.data_files_size_in_mb);
    visit("video_files_size_in_mb", self.video_files_size_in_mb);
    visit("chunk_size", self.chunk_size);
    visit("concatenate_data", self.concatenate_data);
    visit("concatenate_videos", self.concatenate_videos);
  }
  /// How files are written and published. A plan directory holds these for `write` and `publish`.
  static void VisitWriting(auto& self, auto&& visit) {
    visit("copy_mode", self.copy_mode);
    visit("sync", self.sync);
    visit("overwrite", self.overwrite);
  }
  static void VisitFields(auto& self, auto&& visit) {
    VisitLayout(self, visit);
    VisitWriting(self, visit);
    visit("codebase_version", self.codebase_version);
    visit("padding", self.padding);
    visit("stats", self.stats);
    visit("num_workers", self.num_workers);
    visit("dry_run", self.dry_run);
    visit("retime", self.retime);
    visit("skip_broken", self.skip_broken);
    visit("record_hashes", self.record_hashes);
    visit("skipped_path", self.skipped_path);
    visit("staging_root", self.staging_root);
    visit("trace_path", self.trace_path);
    visit("report_path", self.report_path);
    visit("report_thumbnails", self.report_thumbnails);
  }
  bool operator==(const MergeOptions&) const = default;
};

/// Where a merge stands. Counts only grow.
struct MergeProgress {
  /// "read", "plan", "write", "verify", "publish"; where rows are measured afterwards, "measure";
  /// of the command also "download", "hash", "upload".
  std::string stage;
  uint64_t num_sources = 0;  ///< all of them
  uint64_t num_sources_read = 0;
  uint64_t planned_bytes = 0;  ///< payload and, in its bytes, all other work; 0 before the plan
  uint64_t moved_bytes = 0;
  uint64_t num_files = 0;  ///< destination files
  uint64_t num_files_written = 0;

  static void VisitFields(auto& self, auto&& visit) {
    visit("stage", self.stage);
    visit("num_sources", self.num_sources);
    visit("num_sources_read", self.num_sources_read);
    visit("planned_bytes", self.planned_bytes);
    visit("moved_bytes", self.moved_bytes);
    visit("num_files", self.num_files);
    visit("num_files_written", self.num_files_written);
  }
  bool operator==(const MergeProgress&) const = default;
};

/// Called from worker threads, one call at a time, at most about ten times a second. Must not
/// throw.
using ProgressCallback = std::function<void(const MergeProgress&)>;

}  // namespace robomerge
