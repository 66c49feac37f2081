// Columns besides task_index whose numbers stand for texts, in a merge of several sources
// (docs/carried-files.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/dataset.h"

namespace robomerge {

/// What becomes of the numbers of each source: [source][number] -> number in the result.
struct TextMaps {
  const std::vector<std::vector<uint32_t>>* tasks = nullptr;
  const std::vector<std::vector<uint32_t>>* subtasks = nullptr;
};

/// The frames of an episode by the number that they have in a column of `dataset`; null if the
/// column is none of its text columns.
const NumberFrames* TextFramesOf(const Dataset& dataset, const EpisodeRows& rows,
                                 std::string_view column);

/// The columns that follow their table: of every source they are text columns of dtype int64, and
/// each number in them is one of that source's table. Of these, those in which some number changes.
std::vector<TextColumn> ChangedTextColumns(const std::vector<const Dataset*>& sources,
                                           const TextMaps& maps);

/// A column of whole numbers called `annotation...` that does not follow the tasks, and why: what
/// the first such source lacks.
struct Unfollowed {
  std::string column;
  std::string reason;
  size_t source = 0;
};
std::vector<Unfollowed> UnfollowedAnnotations(const std::vector<const Dataset*>& sources);

/// Why the numbers of subtasks of some source would have to change, and cannot; nullopt if all is
/// well.
std::optional<Unfollowed> UnfollowedSubtasks(const std::vector<const Dataset*>& sources,
                                             const TextMaps& maps);

/// Rows of an episode that name a subtask which is not in the table of subtasks.
struct UnknownSubtask {
  const DataFile* file = nullptr;
  const EpisodeRows* rows = nullptr;
  int64_t number = 0;
};
std::vector<UnknownSubtask> UnknownSubtasks(const Dataset& dataset);

/// The columns that the content of meta/modality.json names as annotations.
std::vector<std::string> AnnotationColumns(const Json& modality);

/// The column that an entry of a section of modality.json means: its `original_key`, or what GR00T
/// takes without one.
std::string ModalityColumn(std::string_view section, const std::string& entry_name,
                           const Json& entry);

}  // namespace robomerge
