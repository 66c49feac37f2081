// What YAML takes a text without quotes for.
#pragma once

#include <string_view>

namespace robomerge {

/// "null", "true", "false", "a number" or "a date" if some reader of YAML, by version 1.1 or 1.2,
/// takes the text for that; empty if all of them take it for a text.
std::string_view MeaningOfPlain(std::string_view text);

/// Whether it is decimal digits that begin with no 0: YAML 1.1 reads 010 as 8.
bool IsPlainNumber(std::string_view text);

}  // namespace robomerge
