// The flags that say what is done to the sources.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/flags.h"

namespace robomerge::cli {

std::span<const Flag> RuleFlags();

/// Adds what `--FLAG VALUE` says to the rules.
Status AddToRules(Invocation& invocation, std::string_view flag, const std::string& value);

/// Those that the command line has, with their dashes.
std::vector<std::string> RuleFlagsIn(const Invocation& invocation);

}  // namespace robomerge::cli
