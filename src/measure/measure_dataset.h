// All rows of one dataset -> their statistics, and how their values are distributed.
#pragma once

#include <string>

#include "io/file_system.h"
#include "measure/file_summaries.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge::measure {

/// `scratch` is an empty folder of `file_system` for summaries (about two bytes for a float32).
/// Their names are removed as soon as they are written. kCancelled if it is stopped; kCorrupt if a
/// data file is; features that cannot be decoded say so in `rows`. REQUIRES: no rule has changed
/// the columns.
Result<DatasetMeasures> MeasureDataset(io::FileSystem& file_system, const Dataset& dataset,
                                       const std::string& scratch,
                                       const MeasureDatasetOptions& options);

}  // namespace robomerge::measure
