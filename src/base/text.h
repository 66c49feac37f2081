// Text for messages: joining, numbers with separators, sizes with units.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace robomerge {

/// Returns the arguments, streamed one after another.
template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

/// Returns "1,234,567".
std::string WithSeparators(uint64_t number);

/// Returns a size for people: "812 B", "4.5 kB", "272.3 MB", "1.05 GB" (powers of 1000).
std::string FormatBytes(uint64_t bytes);

/// Returns a duration for people: "0.12 s", "12.3 s", "4 min 05 s", "2 h 03 min".
std::string FormatSeconds(double seconds);

/// Returns the parts with `separator` between them.
std::string Join(const std::vector<std::string>& parts, std::string_view separator);

/// Returns the shortest decimal text that reads back as `number`, as Python's repr() writes it.
std::string FormatDouble(double number);

}  // namespace robomerge
