// The files of features that an edit adds, and whether they fit its source.
#pragma once

#include <vector>

#include "io/file_system.h"
#include "model/added_features.h"
#include "model/dataset.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// Reads the files, and gives `source` the rules and values by which Adapt() adds the features.
/// kInvalidArgument (E-feature-file) for files that are not there or hold no such values, and for
/// names and entries that do not fit them (E-rule); of a row that is there twice (E-feature-rows);
/// and if rules leave out episodes or frames (E-options).
Status TakeFeatures(const io::FileSystem& file_system, const std::vector<AddedFeature>& features,
                    SourceSpec& source);

/// kInvalidArgument (E-feature-rows) unless the values have a row for each frame of the dataset,
/// which no rule has changed yet.
Status CheckAddedRows(const AddedFeatures& added, const Dataset& dataset);

}  // namespace robomerge
