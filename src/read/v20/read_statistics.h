// What v2.0 says otherwise than v2.1: statistics of the whole dataset alone (format spec 6.1).
#pragma once

#include "model/dataset.h"

namespace robomerge::v20 {

/// stats.json of v2.0 has no counts. Those of cameras, which nothing else tells, are taken to be of
/// all frames (W-stats-count); what has numbers is measured from the rows.
void CompleteStatistics(Dataset& dataset);

}  // namespace robomerge::v20
