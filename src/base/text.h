// Text for messages: joining, numbers with separators, sizes with units.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace robomerge {

namespace text_internal {

// Not a stream: constructing one costs more than everything that most callers join.
template <typename Part>
void Append(const Part& part, std::string& out) {
  if constexpr (std::is_same_v<Part, char>) {
    out += part;
  } else if constexpr (std::is_integral_v<Part>) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof(digits), part).ptr);
  } else {
    out += std::string_view(part);
  }
}

}  // namespace text_internal

/// Returns the arguments one after another: text, characters, integers. Floating-point numbers go
/// through FormatDouble.
template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  std::string out;
  (text_internal::Append(parts, out), ...);
  return out;
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

/// The length of the UTF-8 sequence at the start of `text`, or 0 if there is no valid one (RFC
/// 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
size_t Utf8Length(std::string_view text);

/// Whether `text` is UTF-8, as tables and JSON need it.
bool IsUtf8(std::string_view text);

}  // namespace robomerge
