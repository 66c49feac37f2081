// Makes an Invocation of the words of a command line.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "robomerge/status.h"

namespace robomerge::cli {

/// Looks up a variable of the environment; nullopt if it is not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

/// Parses `words` (without the program's name). A flag wins over the environment, and the last of a
/// repeated flag wins. Reads no file. kInvalidArgument reports all unknown flags at once.
Result<Invocation> ParseCommandLine(std::vector<std::string> words, const Environment& environment);

/// How to report the errors of a command line that ParseCommandLine() refused: --json and --color,
/// as far as they can be recognised.
Invocation GuessOutput(const std::vector<std::string>& words);

}  // namespace robomerge::cli
