// The plan of a merge: every destination file with its sources, decided before the first byte
// moves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "formats/json/json.h"
#include "model/partial.h"
#include "model/recorded_source.h"
#include "model/step.h"
#include "robomerge/options.h"

namespace robomerge {

/// A file of a source as it was when the plan was made.
struct SourceFile {
  std::string path;  ///< relative to the source's root
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;
  /// When the system last changed anything about the file; 0 if it is not known. Plan folders do
  /// not keep it, since it also follows from a changed permission.
  int64_t changed_ns = 0;
  bool operator==(const SourceFile&) const = default;
};

/// What a plan keeps of a source, so that a writer elsewhere can find it and see whether it has
/// changed.
struct Origin {
  std::string root;            ///< absolute
  std::string name;            ///< as SourceSpec::name
  Adaptation adaptation;       ///< what is done to it
  uint64_t first_episode = 0;  ///< its first one in the destination
  uint64_t num_episodes = 0;
  uint64_t num_frames = 0;
  std::vector<SourceFile> files;      ///< episodes, data and video files
  uint64_t metadata_fingerprint = 0;  ///< of what info.json, tasks and statistics say
  /// info.json, tasks and statistics. Empty in a plan that was read from a folder.
  std::vector<SourceFile> metadata_files;
};

/// Where an episode of the destination comes from and goes to.
struct PlannedEpisode {
  uint32_t source = 0;
  uint32_t source_episode = 0;
  uint32_t data_step = 0;      ///< index into MergePlan::steps
  uint32_t episodes_step = 0;  ///< index into MergePlan::steps
  uint64_t first_frame = 0;    ///< `index` of its first row: dataset_from_index
};

/// Where an episode's frames lie in the destination for one video key. Times are seconds.
struct PlannedFrames {
  uint32_t video_step = 0;  ///< index into MergePlan::steps
  double from_timestamp = 0;
  double to_timestamp = 0;
};

struct MergePlan {
  /// One per source. In a plan that was loaded, null for those that this process has not read.
  std::vector<std::shared_ptr<const DescribedSource>> sources;
  std::vector<Origin> origins;  ///< one per source
  /// In which the destination is written.
  CodebaseVersion version = CodebaseVersion::kV30;
  FrameRate rate;
  std::vector<std::string> tasks;
  std::vector<std::vector<uint32_t>> task_maps;  ///< [source][its task_index] -> that in `tasks`
  /// Columns besides task_index whose numbers change with those of tasks or subtasks.
  std::vector<TextColumn> text_columns;
  std::vector<std::string> subtasks;
  std::vector<std::vector<uint32_t>>
      subtask_maps;                     ///< as task_maps; empty if there are no subtasks
  std::vector<std::string> video_keys;  ///< in the order of the features
  std::vector<PlannedEpisode> episodes;
  std::vector<std::vector<PlannedFrames>> frames;  ///< [video key][episode]
  uint64_t num_frames = 0;

  std::vector<Step> steps;  ///< one per destination file, in the order of Step's alternatives
  /// The data file of a source whose physical schema (columns, types, Arrow and `huggingface`
  /// metadata) all data files take.
  uint32_t schema_source = 0;
  uint32_t schema_data_file = 0;
  /// The columns of that schema that some source lets hold nulls where it does not. The result
  /// does.
  std::vector<std::string> nullable_columns;

  /// The stats/<feature>/<stat> columns of the episodes tables: their union in order of first
  /// appearance. `width` is not used.
  StatColumns stat_columns;
  /// The carried columns of the episodes tables: their union in order of first appearance.
  std::vector<std::string> carried_columns;

  /// The destination takes the place of the first source: payload files of that which need no
  /// change stay as they are, under their names, and the others' come behind.
  bool keeps_first = false;
  /// What stands for the first source in the record: where its episodes come from. Empty: itself.
  std::vector<RecordedSource> recorded;
  /// What an earlier record says was left out, as it is written there; null: nothing.
  json::Json recorded_skipped;
  /// kExact: what episodes and stats steps write is measured by the data steps, which come first.
  StatsMode stats = StatsMode::kFold;
  uint64_t payload_bytes = 0;
  /// 1, or the block size in which payload is laid out so that extents can be shared. All writers
  /// must agree on it.
  uint64_t alignment_bytes = 1;
  /// Whether the record holds the hash of every file (HasRecordedHash), so that it is written last.
  bool record_hashes = false;
  std::vector<Problem> warnings;
  SkipBroken skip_broken = SkipBroken::kNothing;
  std::vector<Skipped> skipped;  ///< in the order of the sources
  /// 16 hex digits that name the result: as `id`, but independent of where the sources lie and when
  /// they were written. Kept in meta/robomerge.json.
  std::string content_id;
  /// 16 hex digits that name the plan: a fingerprint of the sources (absolute paths, sizes, times)
  /// and of everything that decides the destination's bytes.
  std::string id;
};

/// Whether the column is one of MergePlan::text_columns.
inline bool IsTextColumn(const MergePlan& plan, std::string_view name) {
  return std::any_of(plan.text_columns.begin(), plan.text_columns.end(),
                     [&](const TextColumn& column) { return column.name == name; });
}

/// The plan's first step of that kind; null if there is none.
template <typename One>
const One* FindStep(const MergePlan& plan) {
  for (const Step& step : plan.steps) {
    if (const One* one = std::get_if<One>(&step)) return one;
  }
  return nullptr;
}

}  // namespace robomerge
