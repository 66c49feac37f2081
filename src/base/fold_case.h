#pragma once

#include <string>
#include <string_view>

namespace robomerge {

/// `text`, which is UTF-8, in lower case: letters of Latin, Greek and Cyrillic, each for itself (a
/// final sigma is a sigma). By a table, so that it is the same on every machine, whatever the
/// locale.
std::string FoldCase(std::string_view text);

/// How many bytes of a blank (a space, a line feed, a no-break space, ...) `text` begins with.
size_t BlankLength(std::string_view text);

/// FoldCase() with one space for several blanks, and none at the ends.
std::string FoldText(std::string_view text);

}  // namespace robomerge
