// From the words of a command line to an Invocation.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "robomerge/status.h"

namespace robomerge::cli {

/// Looks a variable of the environment up; nothing if it is not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

/// Understands `words` (without the program's name). Flags win over the environment, the last of a
/// repeated flag wins. Reads no file. Errors: kInvalidArgument, all unknown flags at once.
Result<Invocation> ParseCommandLine(std::vector<std::string> words, const Environment& environment);

/// How to report what is wrong with a command line that ParseCommandLine() refused: --json,
/// --color, as far as they can be made out.
Invocation GuessOutput(const std::vector<std::string>& words);

}  // namespace robomerge::cli
