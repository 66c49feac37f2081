// The values of features that an edit adds to its source.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "formats/parquet/column_change.h"

namespace robomerge {

struct AddedFeatures {
  /// By name: a row for each frame of the source, in the order of its episodes.
  std::map<std::string, std::shared_ptr<const parquet::ColumnValues>> columns;
};

}  // namespace robomerge
