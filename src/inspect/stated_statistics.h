// Statistics that a dataset states, held against those that its rows have.
#pragma once

#include <vector>

#include "measure/measure_dataset.h"
#include "model/dataset.h"
#include "robomerge/report.h"

namespace robomerge {

/// At most one finding per feature and place: "V-stats" of stats.json, "V-statistics" of the
/// episodes. Each names the worst element. docs/statistics.md has the tolerances.
std::vector<Finding> HoldStated(const Dataset& dataset, const measure::DatasetMeasures& measures);

}  // namespace robomerge
