// What a merge did or would do, what a verification found, and what a dataset holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "robomerge/status.h"

namespace robomerge {

/// One file of the destination.
struct ReportedFile {
  /// How the file is made. kCopy: a whole source file as it is. kSplice: payload as it is under a
  /// new index. kEncode: at least partly decoded and encoded. kWrite: metadata made by robomerge.
  /// kLink: a whole source file, of which it is a further name.
  enum class Mode { kCopy, kSplice, kEncode, kWrite, kLink };
  friend constexpr auto NamesOf(Mode) {
    return std::to_array<std::string_view>({"copy", "splice", "encode", "write", "link"});
  }

  std::string path;  ///< relative to the destination
  /// "data", "video", "episodes", "tasks", "info", "stats", "record", "carried"
  std::string kind;
  Mode mode = Mode::kWrite;
  uint64_t size_bytes = 0;  ///< of the file, exactly unless is_estimate
  /// The file holds statistics that are not measured yet: its size is about that.
  bool is_estimate = false;
  uint64_t num_episodes = 0;         ///< whose rows or frames lie in it
  std::vector<std::string> sources;  ///< source files, in order

  static void VisitFields(auto& self, auto&& visit) {
    visit("path", self.path);
    visit("kind", self.kind);
    visit("mode", self.mode);
    visit("size_bytes", self.size_bytes);
    visit("is_estimate", self.is_estimate);
    visit("num_episodes", self.num_episodes);
    visit("sources", self.sources);
  }
  bool operator==(const ReportedFile&) const = default;
};

struct StageTime {
  std::string stage;
  double seconds = 0;

  static void VisitFields(auto& self, auto&& visit) {
    visit("stage", self.stage);
    visit("seconds", self.seconds);
  }
  bool operator==(const StageTime&) const = default;
};

/// A source, or episodes of one, that a merge has left out (MergeOptions::skip_broken).
struct Skipped {
  uint64_t position = 0;         ///< of the source among those given, from 0
  std::string source;            ///< its location
  std::string name;              ///< as SourceSpec::name
  std::string episodes;          ///< "3,17-19", by the source's own numbers; empty: all of it
  std::vector<Problem> reasons;  ///< why a merge would refuse it

  bool is_whole() const { return episodes.empty(); }

  static void VisitFields(auto& self, auto&& visit) {
    visit("position", self.position);
    visit("source", self.source);
    visit("name", self.name);
    visit("episodes", self.episodes);
    visit("reasons", self.reasons);
  }
  bool operator==(const Skipped&) const = default;
};

/// The fields that the reports of a whole merge and of a single stage share.
void VisitWork(auto& self, auto&& visit) {
  visit("size_bytes", self.size_bytes);
  visit("copied_bytes", self.copied_bytes);
  visit("shared_bytes", self.shared_bytes);
  visit("encoded_bytes", self.encoded_bytes);
  visit("warnings", self.warnings);
  visit("skipped", self.skipped);
  visit("stages", self.stages);
  visit("seconds", self.seconds);
  visit("num_workers", self.num_workers);
  visit("utilisation", self.utilisation);
}

struct MergeReport {
  std::string destination;
  std::string plan_id;
  bool dry_run = false;
  bool already_done = false;  ///< the destination held this very result: nothing was written
  uint64_t num_sources = 0;
  uint64_t num_episodes = 0;
  uint64_t num_frames = 0;
  uint64_t num_tasks = 0;
  std::vector<ReportedFile> files;  ///< in the order of the plan
  uint64_t num_files_written = 0;   ///< by this run
  uint64_t num_files_skipped = 0;   ///< that an earlier run had written
  uint64_t size_bytes = 0;          ///< of all files
  uint64_t copied_bytes = 0;        ///< payload moved as it was, by this run
  /// Payload that needs no new space: its extents are shared with the source, or its file is.
  uint64_t shared_bytes = 0;
  /// Encoded anew: bookkeeping columns, regrouped rows, metadata tables.
  uint64_t encoded_bytes = 0;
  std::vector<Problem> warnings;  ///< kinds start with "W-"
  std::vector<Skipped> skipped;   ///< what was left out, in the order of the sources
  std::vector<StageTime> stages;
  double seconds = 0;
  int num_workers = 0;
  /// Busy time of the workers / (workers x wall time of the parallel stages).
  double utilisation = 0;
  double critical_path_seconds = 0;  ///< longest chain of nodes that had to wait for each other

  static void VisitFields(auto& self, auto&& visit) {
    visit("destination", self.destination);
    visit("dry_run", self.dry_run);
    visit("num_sources", self.num_sources);
    visit("num_episodes", self.num_episodes);
    visit("num_frames", self.num_frames);
    visit("num_tasks", self.num_tasks);
    visit("plan_id", self.plan_id);
    visit("already_done", self.already_done);
    visit("files", self.files);
    visit("num_files_written", self.num_files_written);
    visit("num_files_skipped", self.num_files_skipped);
    VisitWork(self, visit);
    visit("critical_path_seconds", self.critical_path_seconds);
  }
  bool operator==(const MergeReport&) const = default;
};

/// One thing that is not as it must be. Fields that do not apply stay empty.
struct Finding {
  std::string kind;  ///< stable: "V-index", "V-frame-bytes", ...; docs/errors.md lists them
  std::string what;  ///< one sentence, lower case, no period
  std::optional<uint64_t> episode;
  std::string column;             ///< column, statistic or camera
  std::optional<uint64_t> frame;  ///< within the episode
  std::string expected;
  std::string found;
  std::string where;  ///< a path that can be pasted, then the place inside it

  static void VisitFields(auto& self, auto&& visit) {
    visit("kind", self.kind);
    visit("what", self.what);
    visit("episode", self.episode);
    visit("column", self.column);
    visit("frame", self.frame);
    visit("where", self.where);
    visit("expected", self.expected);
    visit("found", self.found);
  }
  bool operator==(const Finding&) const = default;
};

struct VerifyReport {
  std::string destination;
  uint64_t num_sources = 0;
  uint64_t num_episodes = 0;
  uint64_t num_rows = 0;          ///< whose columns were decoded or compared
  uint64_t num_video_frames = 0;  ///< whose time was checked; with sources, their bytes too
  uint64_t checked_bytes = 0;     ///< of payload, counted in the destination only
  /// Held against the hashes that the record keeps of them; 0 if it keeps none.
  uint64_t num_hashed_files = 0;
  /// False if the destination contradicts itself so much that not everything could be checked.
  bool is_complete = true;
  std::vector<Finding> findings;  ///< the first VerifyOptions::most_findings, in dataset order
  uint64_t num_findings = 0;      ///< all of them
  int num_workers = 0;
  double seconds = 0;

  static void VisitFields(auto& self, auto&& visit) {
    visit("destination", self.destination);
    visit("num_sources", self.num_sources);
    visit("num_episodes", self.num_episodes);
    visit("num_rows", self.num_rows);
    visit("num_video_frames", self.num_video_frames);
    visit("checked_bytes", self.checked_bytes);
    visit("num_hashed_files", self.num_hashed_files);
    visit("is_complete", self.is_complete);
    visit("findings", self.findings);
    visit("num_findings", self.num_findings);
    visit("num_workers", self.num_workers);
    visit("seconds", self.seconds);
  }
  bool operator==(const VerifyReport&) const = default;
  bool ok() const { return num_findings == 0; }
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

    static void VisitFields(auto& self, auto&& visit) {
      visit("name", self.name);
      visit("dtype", self.dtype);
      visit("shape", self.shape);
    }
    bool operator==(const Feature&) const = default;
  };
  std::vector<Feature> features;
  struct File {
    std::string path;  ///< relative to the root
    std::string kind;  ///< "data", "video", "episodes"
    uint64_t size_bytes = 0;
    uint64_t num_rows = 0;  ///< rows, or frames of a video
    std::string what;       ///< one clause: row groups, codec and size, ...

    static void VisitFields(auto& self, auto&& visit) {
      visit("path", self.path);
      visit("kind", self.kind);
      visit("size_bytes", self.size_bytes);
      visit("num_rows", self.num_rows);
      visit("what", self.what);
    }
    bool operator==(const File&) const = default;
  };
  std::vector<File> files;
  std::vector<Problem> problems;  ///< for which a merge would refuse it
  std::vector<Problem> warnings;
  /// What is no fault, but worth to know before training: "N-constant", "N-codec", ...
  std::vector<Finding> notes;
  /// With InspectOptions::read_data, what Verify() finds and `problems` and `warnings` do not say:
  /// the first InspectOptions::most_findings.
  std::vector<Finding> findings;
  uint64_t num_findings = 0;  ///< all of them

  static void VisitFields(auto& self, auto&& visit) {
    visit("root", self.root);
    visit("version", self.version);
    visit("fps", self.fps);
    visit("robot_type", self.robot_type);
    visit("num_episodes", self.num_episodes);
    visit("num_frames", self.num_frames);
    visit("tasks", self.tasks);
    visit("features", self.features);
    visit("files", self.files);
    visit("warnings", self.warnings);
    visit("problems", self.problems);
    visit("notes", self.notes);
    visit("findings", self.findings);
    visit("num_findings", self.num_findings);
  }
  bool operator==(const InspectReport&) const = default;
};

}  // namespace robomerge
