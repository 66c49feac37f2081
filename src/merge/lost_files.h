// What a dataset that is made anew in its place would lose.
#pragma once

#include <string>
#include <vector>

#include "model/partial.h"
#include "model/plan.h"
#include "robomerge/status.h"

namespace robomerge {

/// For an edit without a backup: kInvalidArgument (E-destination) if `tree`, the files of the
/// dataset at `destination`, holds some that are not of the dataset and do not go along with it.
/// They would be nowhere. `source` is the dataset as it was read, under the rules of the edit.
Status CheckNothingIsLost(const std::vector<SourceFile>& tree, const DescribedSource& source,
                          const std::string& destination);

/// For a dataset whose payload stays as it is: kInvalidArgument (E-destination) if pictures lie in
/// files beside its tables, which the result does not have.
Status CheckHoldsItsPictures(const Dataset& dataset);

}  // namespace robomerge
