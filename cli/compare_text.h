// A comparison as text for people.
#pragma once

#include <string>

#include "robomerge/compare.h"

namespace robomerge::cli {

/// What differs, what settles it, and all flags together. Sources that could not be read are only
/// counted. `all`: with every source and every difference, however many there are.
std::string CompareText(const CompareReport& report, bool all);

}  // namespace robomerge::cli
