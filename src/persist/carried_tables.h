// What goes along with the rows of sources (docs/carried-files.md), as tables of a partial. A
// folder has them only if some source has any of it.
#pragma once

#include <memory>
#include <vector>

#include "model/partial.h"
#include "persist/columns.h"
#include "persist/table_folder.h"

namespace robomerge::persist {

struct SubtasksTable {
  Integers source, is_used;
  Texts subtask;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("subtask", subtask), visit("is_used", is_used);
  }
};

struct TextColumnsTable {
  Integers source, is_of_subtasks;
  Texts name;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("name", name), visit("is_of_subtasks", is_of_subtasks);
  }
};

/// One row per source, text column and episode: each number, and how many frames have it.
struct TextFramesTable {
  Integers source, column, episode;
  IntegerLists numbers, frames;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("column", column), visit("episode", episode);
    visit("numbers", numbers), visit("frames", frames);
  }
};

struct OtherFilesTable {
  Integers source, size_bytes, fingerprint;
  Texts path, left_out;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("path", path), visit("size_bytes", size_bytes);
    visit("fingerprint", fingerprint), visit("left_out", left_out);
  }
};

struct ModalitiesTable {
  Integers source, is_changed;
  Texts text;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("source", source), visit("text", text), visit("is_changed", is_changed);
  }
};

struct CarriedTables {
  SubtasksTable subtasks;
  TextColumnsTable text_columns;
  TextFramesTable text_frames;
  OtherFilesTable other_files;
  ModalitiesTable modalities;

  bool empty() const {
    return subtasks.source.empty() && text_columns.source.empty() && other_files.source.empty() &&
           modalities.source.empty();
  }
};

CarriedTables CarriedTablesOf(const std::vector<std::shared_ptr<const DescribedSource>>& sources);
/// Says in a header that there are these tables; nothing where they are empty.
void AddField(const CarriedTables& tables, json::Json& fields);
/// Adds the tables to a folder, unless all are empty.
void AddTables(CarriedTables& tables, TableFolderWriter& writer);
/// The tables of a folder; empty ones where it has none.
Result<CarriedTables> ReadCarriedTables(const TableFolder& folder);
/// The inverse of CarriedTablesOf(). REQUIRES: episodes and their rows are loaded.
Status LoadCarried(const TableFolder& folder, CarriedTables tables,
                   const std::vector<std::shared_ptr<Dataset>>& datasets);

}  // namespace robomerge::persist
