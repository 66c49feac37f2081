// The steps of a plan. Each makes one destination file, from nothing but the plan and the sources.
//
// A new kind of file is a new alternative of Step. The functions below are what it must answer;
// WriteStep (write/write_step.cc) writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/file_id.h"

namespace robomerge {

struct MergePlan;
struct VideoFile;

/// One data file: the rows of a range of consecutive episodes of the destination, one row group
/// each.
struct DataStep {
  static constexpr std::string_view kKind = "data";
  FileId id;
  uint64_t first_episode = 0;
  uint64_t num_episodes = 0;
  uint64_t payload_bytes = 0;  ///< of the source files; of each its episodes' share
  /// One source file, moved as it is: nothing of it would change. Only where a plan keeps files
  /// (MergePlan::keeps_first), which no plan folder does.
  bool is_copy = false;
};

/// v2.1: the rows of one episode as a file of their own, one row group.
struct EpisodeDataStep {
  static constexpr std::string_view kKind = "episode_data";
  static constexpr uint64_t num_episodes = 1;
  uint64_t episode = 0;
  int64_t chunk_index = 0;
  uint64_t payload_bytes = 0;  ///< of the source file, the episode's share
  bool is_copy = false;        ///< as in DataStep
};

/// One video file: whole source files, one after another.
struct VideoStep {
  static constexpr std::string_view kKind = "video";
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

/// v2.1: the frames of one episode as a file of their own, from time 0 on.
struct EpisodeVideoStep {
  static constexpr std::string_view kKind = "episode_video";
  static constexpr uint64_t num_episodes = 1;
  uint32_t key = 0;  ///< index into MergePlan::video_keys
  uint64_t episode = 0;
  int64_t chunk_index = 0;
  bool is_copy = false;  ///< the source file, moved as it is
  VideoStep::Input input;
  uint64_t payload_bytes = 0;
};

/// One episodes file: the rows of a range of consecutive episodes.
struct EpisodesStep {
  static constexpr std::string_view kKind = "episodes";
  FileId id;
  uint64_t first_episode = 0;
  uint64_t num_episodes = 0;
};

/// v2.1: a line for each episode of the destination, with its tasks and length.
struct EpisodesLinesStep {
  static constexpr std::string_view kKind = "episodes_jsonl";
  static constexpr std::string_view kPath = "meta/episodes.jsonl";
  uint64_t num_episodes = 0;
};

/// v2.1: a line for each episode of the destination, with its statistics.
struct EpisodesStatsStep {
  static constexpr std::string_view kKind = "episodes_stats_jsonl";
  static constexpr std::string_view kPath = "meta/episodes_stats.jsonl";
  uint64_t num_episodes = 0;
};

/// The tasks table, from MergePlan::tasks.
struct TasksStep {
  static constexpr std::string_view kKind = "tasks";
  static constexpr std::string_view kPath = "meta/tasks.parquet";
};

/// v2.1: the same as lines.
struct TasksLinesStep {
  static constexpr std::string_view kKind = "tasks_jsonl";
  static constexpr std::string_view kPath = "meta/tasks.jsonl";
};

/// The table of subtasks, from MergePlan::subtasks.
struct SubtasksStep {
  static constexpr std::string_view kKind = "subtasks";
  static constexpr std::string_view kPath = "meta/subtasks.parquet";
};

struct InfoStep {
  static constexpr std::string_view kKind = "info";
  static constexpr std::string_view kPath = "meta/info.json";
  std::string text;  ///< the file, whole
};

struct StatsStep {
  static constexpr std::string_view kKind = "stats";
  static constexpr std::string_view kPath = "meta/stats.json";
  /// The file, whole; where rows are measured (MergePlan::stats), the entries that do not follow
  /// from them.
  std::string text;
};

struct RecordStep {
  static constexpr std::string_view kKind = "record";
  static constexpr std::string_view kPath = "meta/robomerge.json";
  std::string text;  ///< the file, whole
};

/// meta/modality.json where rules have changed it; else it is carried.
struct ModalityStep {
  static constexpr std::string_view kKind = "modality";
  static constexpr std::string_view kPath = "meta/modality.json";
  std::string text;  ///< the file, whole
};

/// A file of a source, carried into the destination as it is.
struct CarriedFileStep {
  static constexpr std::string_view kKind = "carried";
  uint32_t source = 0;
  std::string source_path;  ///< relative to the source's root
  uint64_t size_bytes = 0;
  std::string path;  ///< relative to the destination
};

/// A plan's steps are in the order of these alternatives, and all of one version
/// (MergePlan::version). There is exactly one tasks, one info and one record step, and at most one
/// stats, subtasks and modality step.
using Step = std::variant<DataStep, EpisodeDataStep, VideoStep, EpisodeVideoStep, EpisodesStep,
                          EpisodesLinesStep, EpisodesStatsStep, TasksStep, TasksLinesStep, InfoStep,
                          StatsStep, RecordStep, SubtasksStep, ModalityStep, CarriedFileStep>;

/// The path of the file that `step` makes, relative to the destination; distinct within a plan.
std::string PathOf(const MergePlan& plan, const Step& step);
std::vector<std::string> PathsOf(const MergePlan& plan);

/// "data", "video", ...: the name of the alternative in reports and plan directories.
std::string_view KindOf(const Step& step);

/// How many episodes have rows or frames in the file.
uint64_t NumEpisodes(const Step& step);

/// Bytes of data, video and carried source files that go into the file.
uint64_t PayloadBytes(const Step& step);

/// What the step costs, in payload bytes that could be moved in the same time. Decides the order of
/// steps and the slices of ranks, and is the unit of progress.
uint64_t CostBytes(const Step& step);

/// The whole file, if the plan holds it (info, stats and record); else null.
const std::string* TextOf(const Step& step);

/// Whether the step writes what data steps measure.
bool NeedsMeasures(const MergePlan& plan, const Step& step);
/// Whether the step needs what others have come to: what they measured, or their hashes. In a merge
/// on many machines `publish` writes it.
bool IsLate(const MergePlan& plan, const Step& step);

/// The sources that must be read to write the file, ascending.
std::vector<uint32_t> SourcesOf(const MergePlan& plan, const Step& step);

/// The source files whose payload goes into the file, in order, without those of sources that the
/// plan does not hold.
std::vector<std::string> SourceFilesOf(const MergePlan& plan, const Step& step);

/// The source files of a video step, or of an episode's video; none for other steps.
std::vector<VideoStep::Input> VideoInputsOf(const Step& step);
/// The range of episodes whose rows are in a data step, or an episode's file; nothing for others.
struct StepEpisodes {
  uint64_t first = 0, num = 0;
};
std::optional<StepEpisodes> DataEpisodesOf(const Step& step);

/// The source of which the step moves one data or video file as it is, if it does.
std::optional<uint32_t> CopiedSourceOf(const MergePlan& plan, const Step& step);

/// The file of a video step's input. REQUIRES: the plan holds its source.
const VideoFile& VideoFileOf(const MergePlan& plan, const VideoStep::Input& input);

}  // namespace robomerge
