// What is to be written: every destination file with its sources, decided before the first byte moves.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/partial.h"

namespace robomerge {

/// One data file: the rows of a run of consecutive episodes of the destination, one row group each.
struct DataStep {
  FileId id;
  uint64_t first_episode = 0;
  uint64_t num_episodes = 0;
  uint64_t payload_bytes = 0;       ///< of the source files concerned
};

/// One video file: whole source files, one after another.
struct VideoStep {
  struct Input {
    uint32_t source = 0;
    uint32_t source_key = 0;  ///< index into the source Dataset's video_keys
    uint32_t video_file = 0;  ///< index into VideoKey::files
  };
  uint32_t key = 0;  ///< index into MergePlan::video_keys
  FileId id;
  bool is_copy = false;  ///< one input, moved as it is
  std::vector<Input> inputs;
  uint64_t num_episodes = 0;
  uint64_t payload_bytes = 0;
};

/// One episodes file: the rows of a run of consecutive episodes.
struct EpisodesStep {
  FileId id;
  uint64_t first_episode = 0;
  uint64_t num_episodes = 0;
};

/// Where an episode of the destination comes from and goes to.
struct PlannedEpisode {
  uint32_t source = 0;
  uint32_t source_episode = 0;
  uint32_t data_step = 0;
  uint32_t episodes_step = 0;
  uint64_t first_frame = 0;  ///< global: `index` of its first row, dataset_from_index
};

/// Where an episode's frames lie in the destination for one key.
struct PlannedFrames {
  uint32_t video_step = 0;
  double from_timestamp = 0;
  double to_timestamp = 0;
};

struct MergePlan {
  std::vector<std::shared_ptr<const DescribedSource>> sources;
  FrameRate rate;
  std::vector<std::string> tasks;
  std::vector<std::vector<uint32_t>> task_maps;  ///< [source][task_index there] -> task_index here
  std::vector<std::string> video_keys;           ///< in the order of the features
  std::vector<PlannedEpisode> episodes;
  std::vector<std::vector<PlannedFrames>> frames;  ///< [video key][episode]
  uint64_t num_frames = 0;

  std::vector<DataStep> data_steps;
  std::vector<VideoStep> video_steps;
  std::vector<EpisodesStep> episodes_steps;
  /// The source file whose physical schema (columns, types, Arrow and huggingface metadata) all data files take.
  uint32_t schema_source = 0;
  uint32_t schema_data_file = 0;

  std::string info_json;   ///< meta/info.json, whole
  std::string stats_json;  ///< meta/stats.json, whole; empty: there are no statistics
  StatLayout stat_columns;  ///< stats/<feature>/<stat> columns of the episodes tables, union in order of first appearance; width is not used
  std::vector<std::string> carried_columns;  ///< of the episodes tables, union in order of first appearance

  uint64_t payload_bytes = 0;
  std::vector<Problem> warnings;
  /// 16 hex digits that name the plan: equal for equal sources (paths, sizes, times) and options.
  std::string id;
};

}  // namespace robomerge
