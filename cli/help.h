// The help texts, made from the table of flags.
#pragma once

#include <string>

#include "cli/flags.h"

namespace robomerge::cli {

/// One screen: an example, the commands, and the flags that are most used.
std::string ShortHelp(Command command);

/// All flags with their details, the environment and the exit codes.
std::string FullHelp(Command command);

}  // namespace robomerge::cli
