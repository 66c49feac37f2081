// Statistics of features, measured over the rows of a dataset.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/dataset.h"
#include "model/statistics.h"
#include "robomerge/status.h"

namespace robomerge {

/// Measures a numeric feature over all rows: min, max, mean, std (of the population), count (of
/// frames), and the quantiles q01, q10, q50, q90 and q99 with numpy's linear interpolation, in
/// float64. A matrix is reduced to its last dimension, as LeRobot does (format spec 1.7).
///
/// Decodes that one column of every data file, and holds it. kCorrupt if it cannot be decoded,
/// holds no numbers, or not as many in every row as the feature's shape has.
Result<FeatureStatistics> MeasureFeature(const io::FileSystem& file_system, const Dataset& dataset,
                                         const Feature& feature);

/// The same of ranges of rows, for those of the features that can be measured: one list for each
/// range, whose parts are those of `places`. REQUIRES: no rule has changed the columns.
Result<std::vector<std::vector<FeatureStatistics>>> MeasureRows(
    const io::FileSystem& file_system, const Dataset& dataset,
    const std::vector<std::vector<RowsElsewhere>>& places,
    const std::vector<std::string>& features);

/// Measures those features whose rows can be decoded. Fails only if the system refuses to read.
Result<std::vector<FeatureStatistics>> MeasureEach(const io::FileSystem& file_system,
                                                   const Dataset& dataset,
                                                   const std::vector<std::string>& features);

/// kCorrupt (E-data-file), with the column and the row, unless the numbers of a data file can be
/// decoded.
Status CheckDecodes(const io::FileSystem& file_system, const std::string& path);

}  // namespace robomerge
