// stats.json as a text.
#pragma once

#include <string>
#include <vector>

#include "model/plan.h"
#include "model/statistics.h"

namespace robomerge {

/// The file that holds these statistics.
std::string StatisticsText(const std::vector<FeatureStatistics>& features);

/// The file of a plan whose rows are measured: `measured` features, `folded` ones, and of the
/// others the entries of its stats step; in the order of the features in its info.json.
std::string MeasuredStatisticsText(const MergePlan& plan,
                                   const std::vector<FeatureStatistics>& measured,
                                   const std::vector<FeatureStatistics>& folded);

/// `stated`, the content of a stats.json, with the entries of `measured` features in the place of
/// theirs, or at the end. `schema` has the features.
std::string WithMeasured(Json stated, const Schema& schema,
                         const std::vector<FeatureStatistics>& measured);

/// A text of about the size of that file, which is not known before the rows are measured.
std::string EstimatedStatisticsText(const MergePlan& plan);

/// The features of the plan's info.json.
Schema SchemaOf(const MergePlan& plan);

}  // namespace robomerge
