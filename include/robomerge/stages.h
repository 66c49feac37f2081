// A merge in four stages that share nothing but files, for many processes or machines: describe,
// plan, write, publish.
//
//   describe  rank r of P describes its slice of the sources into a folder of partials
//   plan      combines the partials into an immutable plan directory
//   write     rank r of W writes its slice of the destination's files, and notes each in a journal
//   publish   proves that all files are there, then renames the whole into place
//
// Running any of them again is harmless: what is done is skipped. The number of ranks may change
// between attempts of `write`, and attempts may overlap. The result is the same, to the byte, as
// that of Merge().
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// Which of `world_size` processes this is: 0 <= rank < world_size.
struct Rank {
  int64_t rank = 0;
  int64_t world_size = 1;
};

/// What a stage did. Numbers that do not apply to the stage are 0.
struct StageReport {
  std::string stage;          ///< "describe", "plan", "write", "publish"
  std::string plan_id;        ///< not of describe
  std::string directory;      ///< of the partials, or of the plan
  std::string destination;    ///< not of describe; absolute
  bool already_done = false;  ///< there was nothing to do
  uint64_t first_source = 0;  ///< of the slice
  uint64_t num_sources = 0;   ///< in the slice, or in the plan
  uint64_t num_episodes = 0;
  uint64_t num_frames = 0;
  uint64_t first_unit = 0;         ///< of the slice
  uint64_t num_units = 0;          ///< destination files in the slice, or in the plan
  uint64_t num_files_written = 0;  ///< by this run
  uint64_t num_files_skipped = 0;  ///< that were done before
  uint64_t payload_bytes = 0;      ///< of the sources concerned
  uint64_t size_bytes = 0;         ///< of the files written by this run; of all files, for publish
  uint64_t copied_bytes = 0;       ///< as in MergeReport, by this run
  uint64_t shared_bytes = 0;
  uint64_t encoded_bytes = 0;
  std::vector<ReportedFile> files;  ///< those that `write` wrote
  std::vector<Problem> warnings;
  std::vector<Skipped> skipped;  ///< what was left out so far, in the order of the sources
  std::vector<StageTime> stages;
  double seconds = 0;
  int num_workers = 0;
  double utilisation = 0;

  /// Some names differ from their members: they are those of the JSON lines (docs/cli.md).
  static void VisitFields(auto& self, auto&& visit) {
    visit("command", self.stage);
    visit("plan_id", self.plan_id);
    visit("directory", self.directory);
    visit("destination", self.destination);
    visit("already_done", self.already_done);
    visit("first_source", self.first_source);
    visit("num_sources", self.num_sources);
    visit("num_episodes", self.num_episodes);
    visit("num_frames", self.num_frames);
    visit("first_file", self.first_unit);
    visit("files", self.files);
    visit("num_files", self.num_units);
    visit("num_files_written", self.num_files_written);
    visit("num_files_skipped", self.num_files_skipped);
    visit("payload_bytes", self.payload_bytes);
    VisitWork(self, visit);
  }
  bool operator==(const StageReport&) const = default;
};

/// Describes this rank's slice of `sources`, cut by number, into a new folder below
/// `partial_directory`. A slice without sources makes no folder. Errors: those of Merge() for
/// sources; kInvalidArgument (E-rank).
Result<StageReport> DescribeSources(const std::vector<SourceSpec>& sources,
                                    const std::string& partial_directory, Rank rank,
                                    const MergeOptions& options,
                                    const ProgressCallback& progress = {},
                                    const std::atomic<bool>* stop = nullptr);

/// Combines all partials of `partial_directory`, in the order of their sources, and writes the plan
/// of the merge to `plan_directory`. kNotFound (E-partial-missing) if there are none; kCorrupt
/// where partials are missing, overlap or are damaged; kAlreadyExists (E-plan-differs) if another
/// plan is there. Errors for the destination are those of Merge().
Result<StageReport> PlanPartials(const std::string& partial_directory,
                                 const std::string& destination, const std::string& plan_directory,
                                 const MergeOptions& options, const ProgressCallback& progress = {},
                                 const std::atomic<bool>* stop = nullptr);

/// Describes all sources and plans in one call.
Result<StageReport> PlanSources(const std::vector<SourceSpec>& sources,
                                const std::string& destination, const std::string& plan_directory,
                                const MergeOptions& options, const ProgressCallback& progress = {},
                                const std::atomic<bool>* stop = nullptr);

/// Writes this rank's slice of the destination's files, cut by cost. Of `options` only num_workers,
/// trace_path and overwrite (beside the plan's own) count: all else is in the plan. kCorrupt
/// (E-source-changed) if a source is no longer what was planned.
Result<StageReport> WritePlanned(const std::string& plan_directory, Rank rank,
                                 const MergeOptions& options, const ProgressCallback& progress = {},
                                 const std::atomic<bool>* stop = nullptr);

/// Proves that every file of the plan is there, and makes the whole appear at the destination. Of
/// `options` only trace_path and overwrite (beside the plan's own) count. kCorrupt: E-incomplete
/// names what is missing; E-source-changed.
Result<StageReport> PublishPlanned(const std::string& plan_directory, const MergeOptions& options);

}  // namespace robomerge
