// What goes along with the rows of a dataset (docs/carried-files.md): the columns whose numbers
// mean texts, and the small files that are not of the format.
#pragma once

#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge {

/// A file that is larger does not go along, nor do more files of one dataset.
inline constexpr uint64_t kMostCarriedBytes = uint64_t{1} << 20;
inline constexpr size_t kMostCarriedFiles = 64;

/// Reads meta/modality.json and lists the other small files. What cannot go along is listed with
/// the reason. Fails only if the system refuses.
Status ReadCarriedFiles(const io::FileSystem& file_system, Dataset& dataset);

/// Finds the text columns: `subtask_index` if there is a table of subtasks, and the columns of
/// whole numbers that modality.json names as annotations.
void FindTextColumns(Dataset& dataset);

}  // namespace robomerge
