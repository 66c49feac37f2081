// The tables of a partial: exactly what Plan() needs of every source.
#pragma once

#include "model/partial.h"
#include "persist/carried_tables.h"
#include "persist/columns.h"
#include "persist/problems_table.h"
#include "persist/table_folder.h"

namespace robomerge::persist {

/// One row per distinct schema, in order of first appearance.
struct SchemasTable {
  Texts schema;  ///< Schema::Fingerprint(), which is the text of the whole schema

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("schema", schema);
  }
};

/// Distinct lists of statistics; `layout` is the number of the list. For statistics of episodes,
/// `shape` holds the depth of the column's lists; for those of a dataset, the statistic's shape.
struct LayoutsTable {
  Integers layout;
  Texts feature, statistic;
  Integers kind;
  IntegerLists shape;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("layout", layout), visit("feature", feature), visit("statistic", statistic),
        visit("kind", kind), visit("shape", shape);
  }
};

struct SourcesTable {
  Texts root, name, adaptation;
  Integers schema, num_frames, payload_bytes, fingerprint;
  TextLists tasks, carried_columns;
  Integers episode_layout;     ///< of its episodes' statistics; -1: none
  Integers statistics_layout;  ///< of `statistics`
  NumberLists statistics;      ///< all values, one statistic after another
  IntegerLists used_tasks;     ///< numbers of the tasks that are part of the dataset

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("root", root), visit("name", name), visit("adaptation", adaptation);
    visit("schema", schema), visit("num_frames", num_frames), visit("payload_bytes", payload_bytes),
        visit("fingerprint", fingerprint);
    visit("tasks", tasks), visit("carried_columns", carried_columns),
        visit("episode_layout", episode_layout);
    visit("statistics_layout", statistics_layout), visit("statistics", statistics);
    visit("used_tasks", used_tasks);
  }
};

struct DataFilesTable {
  Integers source, chunk_index, file_index, size_bytes, modified_ns, uncompressed_bytes,
      has_huggingface_features;
  Texts path, physical_schema;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("chunk_index", chunk_index), visit("file_index", file_index),
        visit("path", path);
    visit("size_bytes", size_bytes), visit("modified_ns", modified_ns),
        visit("uncompressed_bytes", uncompressed_bytes);
    visit("physical_schema", physical_schema),
        visit("has_huggingface_features", has_huggingface_features);
  }
};

struct VideoFilesTable {
  Integers source, key, chunk_index, file_index, size_bytes, modified_ns;
  Integers source_bytes;  ///< of the file; size_bytes are of its cut, if it is cut
  Integers is_cut, must_begin_file;
  Texts path, codec, pixel_format, decoder_key, own_file_reason;
  Integers width, height, timescale, num_frames, length_ticks, frame_ticks, starts_at_zero,
      has_audio, num_other_tracks, has_trailing_bytes;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("key", key), visit("chunk_index", chunk_index),
        visit("file_index", file_index), visit("path", path);
    visit("size_bytes", size_bytes), visit("modified_ns", modified_ns), visit("codec", codec),
        visit("pixel_format", pixel_format);
    visit("width", width), visit("height", height), visit("timescale", timescale),
        visit("num_frames", num_frames);
    visit("length_ticks", length_ticks), visit("frame_ticks", frame_ticks),
        visit("starts_at_zero", starts_at_zero);
    visit("has_audio", has_audio), visit("num_other_tracks", num_other_tracks),
        visit("has_trailing_bytes", has_trailing_bytes);
    visit("decoder_key", decoder_key), visit("own_file_reason", own_file_reason);
    visit("source_bytes", source_bytes), visit("is_cut", is_cut),
        visit("must_begin_file", must_begin_file);
  }
};

struct EpisodesFilesTable {
  Integers source, size_bytes, modified_ns, uncompressed_bytes;
  Texts path;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("path", path), visit("size_bytes", size_bytes),
        visit("modified_ns", modified_ns);
    visit("uncompressed_bytes", uncompressed_bytes);
  }
};

/// One row per episode, with the place of its rows in its data file.
struct EpisodesTable {
  Integers source, length_frames, data_file, episodes_file, row, dataset_from_index, first_row,
      is_row_group, uncompressed_bytes;
  TextLists tasks;
  IntegerLists task_numbers, task_frames;  ///< each task_index, and how many frames have it

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("length_frames", length_frames), visit("tasks", tasks),
        visit("dataset_from_index", dataset_from_index);
    visit("data_file", data_file), visit("first_row", first_row),
        visit("is_row_group", is_row_group);
    visit("uncompressed_bytes", uncompressed_bytes), visit("task_numbers", task_numbers),
        visit("task_frames", task_frames);
    visit("episodes_file", episodes_file), visit("row", row);
  }
};

/// One row per source, video key and episode.
struct FramesTable {
  Integers source, key, video_file, first_frame;
  Numbers from_timestamp;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("key", key), visit("video_file", video_file),
        visit("first_frame", first_frame);
    visit("from_timestamp", from_timestamp);
  }
};

/// All sources of the merge, including those of other ranks, as this rank was given them.
struct ListTable {
  Texts root;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("root", root);
  }
};

struct PartialTables {
  SchemasTable schemas;
  LayoutsTable episode_layouts, statistics_layouts;
  SourcesTable sources;
  DataFilesTable data_files;
  VideoFilesTable video_files;
  EpisodesFilesTable episodes_files;
  EpisodesTable episodes;
  FramesTable frames;
  ProblemsTable warnings;
  CarriedTables carried;  ///< of a folder that is read
};

PartialTables ToTables(const Partial& partial);
Result<Partial> FromTables(const TableFolder& folder, PartialTables tables);

}  // namespace robomerge::persist
