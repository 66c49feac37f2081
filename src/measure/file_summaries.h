// The summaries of the data files of one dataset, in a scratch folder, and what they say together.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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

/// Writes the summary of a data file, without what its caller knows of it, to `out`.
using MeasureFileCall =
    std::function<Status(size_t data_file, io::OutputFile& out, Summary& summary)>;

/// Measures every data file, and combines the summaries; `num_frames` is the count. `scratch` is a
/// folder of `file_system` for the summaries, whose names are removed as soon as they are written.
/// Errors are those of `measure`; kCancelled if it is stopped.
Result<DatasetMeasures> MeasureFiles(io::FileSystem& file_system, const Dataset& dataset,
                                     const std::string& scratch,
                                     const MeasureDatasetOptions& options, uint64_t num_frames,
                                     const MeasureFileCall& measure);

}  // namespace robomerge::measure
