// All rows of one dataset -> their statistics, and how their values are distributed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/for_each.h"
#include "io/file_system.h"
#include "measure/summary.h"
#include "model/dataset.h"
#include "model/measured.h"
#include "robomerge/status.h"

namespace robomerge::measure {

struct DatasetMeasures {
  MeasuredRows rows;
  /// Of episodes whose stated statistics are not those of their rows, or are missing; by episode.
  std::vector<EpisodeCorrection> corrections;
  /// [feature of rows.features][element][bin]: values in bins of equal width from the least to the
  /// greatest. Empty where the feature cannot be measured.
  std::vector<std::vector<std::vector<uint64_t>>> histograms;
};

struct MeasureDatasetOptions {
  size_t num_bins = 8;
  uint64_t buffer_bytes = uint64_t{16} << 20;        ///< as RowsToMeasure::buffer_bytes
  ForEach for_each = OneByOne;                       ///< over data files
  std::function<void(const DataFile&)> on_measured;  ///< called by several at once
  std::function<bool()> is_stopped = [] { return false; };
};

/// `scratch` is an empty folder of `file_system` for summaries (about two bytes for a float32).
/// Their names are removed as soon as they are written. kCancelled if it is stopped; kCorrupt if a
/// data file is; features that cannot be decoded say so in `rows`. REQUIRES: no rule has changed
/// the columns.
Result<DatasetMeasures> MeasureDataset(io::FileSystem& file_system, const Dataset& dataset,
                                       const std::string& scratch,
                                       const MeasureDatasetOptions& options);

}  // namespace robomerge::measure
