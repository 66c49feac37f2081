// Finds the known word that is nearest to a mistyped one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace robomerge {

/// The fewest insertions, deletions, replacements and swaps of neighbours that make `left` into
/// `right` (optimal string alignment).
size_t EditDistance(std::string_view left, std::string_view right);

/// The candidate nearest to `word`, the first among equals; nullopt if none is near enough.
std::optional<std::string> NearestWord(std::string_view word,
                                       const std::vector<std::string>& candidates);

}  // namespace robomerge
