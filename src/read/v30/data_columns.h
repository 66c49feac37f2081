// What the columns of a data file must be (format spec 1.4, 1.8).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/parquet/footer.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge::v30 {

/// The first leaf of the top-level column of that name.
std::optional<size_t> FindLeaf(const parquet::Footer& footer, std::string_view column);

/// The columns must be the features that are no video, each once, in a form that LeRobot can read
/// as the feature: E-data-columns, all problems at once. With `is_lenient`, columns that a merge
/// makes anew may be missing, and others may be there.
Status CheckColumns(const parquet::Footer& footer, const Schema& schema, const std::string& path,
                    bool is_lenient = false);
/// Fills in what the footer says of the file as a whole.
void TakeFooter(const parquet::Footer& footer, DataFile& data);

/// The rows of each episode, in file order, and how they number and time their frames: by the
/// footer's statistics where they leave no doubt, or always by the rows with `decodes_times`.
/// kCorrupt where statistics contradict both rows and episodes table. Without a column
/// episode_index all rows are of episode `otherwise`, and without task_index none has a task.
/// REQUIRES: CheckColumns() found nothing.
Result<std::vector<EpisodeRows>> ScanRows(const io::RandomAccessFile& file,
                                          const parquet::Footer& footer, const Dataset& dataset,
                                          bool decodes_times, int64_t otherwise = 0);

/// Cells of pictures may name files instead of holding bytes. A merge takes the bytes from there
/// (W-picture-files), so the files must be there, and in the dataset's folder: E-missing-picture.
Result<bool> CheckPictures(const io::FileSystem& file_system, const io::RandomAccessFile& file,
                           const parquet::Footer& footer, const Dataset& dataset,
                           std::vector<Problem>& warnings);

/// Whether LeRobot can make columns of the features as info.json declares them.
Status CheckDeclarations(const Schema& schema, const std::string& info_path);

}  // namespace robomerge::v30
