// The tables of a plan directory. docs/formats/plan-directory.md describes every column.
#pragma once

#include "persist/columns.h"
#include "persist/problems_table.h"

namespace robomerge::persist {

struct OriginsTable {
  Texts root, name, adaptation;
  Integers first_episode, num_episodes, num_frames, metadata_fingerprint;
  IntegerLists task_map;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("root", root), visit("name", name), visit("adaptation", adaptation);
    visit("first_episode", first_episode), visit("num_episodes", num_episodes);
    visit("num_frames", num_frames);
    visit("metadata_fingerprint", metadata_fingerprint), visit("task_map", task_map);
  }
};

struct SourceFilesTable {
  Integers source, size_bytes, modified_ns;
  Texts path;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("path", path), visit("size_bytes", size_bytes),
        visit("modified_ns", modified_ns);
  }
};

struct UnitsTable {
  Texts path, kind;
  Integers num_episodes, cost_bytes, chunk_index, file_index, first_episode, payload_bytes,
      video_key, is_copy;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("path", path), visit("kind", kind), visit("num_episodes", num_episodes),
        visit("cost_bytes", cost_bytes);
    visit("chunk_index", chunk_index), visit("file_index", file_index),
        visit("first_episode", first_episode);
    visit("payload_bytes", payload_bytes), visit("video_key", video_key), visit("is_copy", is_copy);
  }
};

/// The source files of video units, in order. The table is called `extents`.
struct InputsTable {
  Integers unit, source, source_key, video_file;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("unit", unit), visit("source", source), visit("source_key", source_key),
        visit("video_file", video_file);
  }
};

/// The source files of units of kind `carried`, in the order of these units. The table exists only
/// if there are such units.
struct CarriedFilesTable {
  Integers unit, source, size_bytes;
  Texts path;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("unit", unit), visit("source", source), visit("path", path),
        visit("size_bytes", size_bytes);
  }
};

struct PlannedEpisodesTable {
  Integers source, source_episode, data_unit, episodes_unit, first_frame;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("source_episode", source_episode), visit("data_unit", data_unit);
    visit("episodes_unit", episodes_unit), visit("first_frame", first_frame);
  }
};

/// One row per video key and episode, key by key.
struct PlannedFramesTable {
  Integers video_key, episode, video_unit;
  Numbers from_timestamp, to_timestamp;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("video_key", video_key), visit("episode", episode), visit("video_unit", video_unit);
    visit("from_timestamp", from_timestamp), visit("to_timestamp", to_timestamp);
  }
};

struct TasksTable {
  Texts task;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("task", task);
  }
};

/// The table exists only if there is a unit of kind `subtasks`.
struct PlannedSubtasksTable {
  Texts subtask;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("subtask", subtask);
  }
};

/// One row per source: its subtask_index -> that of the destination.
struct SubtaskMapsTable {
  IntegerLists subtask_map;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("subtask_map", subtask_map);
  }
};

struct StatColumnsTable {
  Texts feature, statistic;
  Integers kind, list_depth;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("feature", feature), visit("statistic", statistic), visit("kind", kind),
        visit("list_depth", list_depth);
  }
};

/// Small files of the destination as whole texts.
struct TextsTable {
  Texts path, text;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("path", path), visit("text", text);
  }
};

}  // namespace robomerge::persist
