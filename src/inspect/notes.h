// What is no fault of a dataset, but what people look for before they train on it.
#pragma once

#include <vector>

#include "model/dataset.h"
#include "robomerge/report.h"
#include "verify/verify.h"

namespace robomerge {

/// Of the videos: codecs that browsers do not play (N-codec), and frames that do not lie on k / fps
/// exactly (N-clock). One note per camera and kind, with the first file.
std::vector<Finding> VideoNotes(const Dataset& dataset);

/// Of the rows: elements that never change (N-constant), values that are no finite numbers
/// (N-not-finite), and elements whose smallest or largest value is more than 10 standard deviations
/// from their mean (N-outlier). One note per feature and kind, with its first elements. The five
/// bookkeeping features are left out.
std::vector<Finding> RowNotes(const Schema& schema, const std::string& root,
                              const std::vector<FeatureProfile>& profiles);

/// Elements of floats that go as far as angles in degrees do, where most of their feature go as far
/// as angles in radians (N-unit).
std::vector<Finding> UnitNotes(const Schema& schema, const std::string& root,
                               const std::vector<FeatureProfile>& profiles);

}  // namespace robomerge
