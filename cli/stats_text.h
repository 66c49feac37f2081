// What `stats` shows.
#pragma once

#include <string>

#include "robomerge/stats.h"

namespace robomerge::cli {

/// A table for each feature: a line for each element, of at most 80 columns. Long names are cut in
/// their middle.
std::string StatsText(const StatsReport& report);

}  // namespace robomerge::cli
