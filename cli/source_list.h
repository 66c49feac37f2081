// The file that --from names: one source per line.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "robomerge/status.h"

namespace robomerge::cli {

/// Reads source paths, one per line, in order. Blank lines and lines that begin with '#' are
/// skipped; blanks around a path and a carriage return at the end of a line are dropped.
/// kInvalidArgument for a NUL byte, a line of more than 4,096 bytes, and more than a million
/// sources: an endless list ends. `name` is what messages call the list.
Result<std::vector<std::string>> ReadSourceList(std::istream& lines, const std::string& name);

/// As above, from a file; "-" is standard input.
Result<std::vector<std::string>> ReadSourceListFile(const std::string& path);

}  // namespace robomerge::cli
