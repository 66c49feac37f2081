// The flags that say what is done to the sources.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/flags.h"

namespace robomerge::cli {

std::span<const Flag> RuleFlags();

/// Those that the command line has, with their dashes.
std::vector<std::string> RuleFlagsIn(const Invocation& invocation);

}  // namespace robomerge::cli
