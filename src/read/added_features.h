// The files of features that an edit adds, and whether they fit its source.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/added_features.h"
#include "model/dataset.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// A feature as a user names it, for TakeFeatures().
struct FeatureFile {
  std::string name;
  std::string path;
  std::vector<std::string> names;
  std::string entry;
};

/// Reads the files, and gives `source` the rules and values by which Adapt() adds the features.
/// kInvalidArgument (E-feature-file) for files that are not there or hold no such values, and for
/// names and entries that do not fit them (E-rule); of a row that is there twice (E-feature-rows).
Status TakeFeatures(const io::FileSystem& file_system, const std::vector<FeatureFile>& files,
                    SourceSpec& source);

/// kInvalidArgument (E-feature-rows) unless the values have a row for each frame of the dataset,
/// which no rule has changed yet.
Status CheckAddedRows(const AddedFeatures& added, const Dataset& dataset);

}  // namespace robomerge
