#include "cli/quantity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace robomerge::cli {
namespace {

template <typename... Values>
std::string Printed(const char* format, Values... values) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

}  // namespace

std::string Separated(uint64_t number) {
  std::string text;
  const std::string digits = std::to_string(number);
  for (size_t at = 0; at < digits.size(); ++at) {
    if (at > 0 && (digits.size() - at) % 3 == 0) text += ',';
    text += digits[at];
  }
  return text;
}

std::string Counted(uint64_t number, std::string_view singular) {
  return Separated(number) + " " + std::string(singular) + (number == 1 ? "" : "s");
}

std::string BytesText(uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  static constexpr std::array<const char*, 6> kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  // A number that would be printed as 1000.0 is printed in the next unit.
  for (; value >= 999.95 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return Printed(value < 9.995 ? "%.2f %s" : "%.1f %s", value, kUnits[unit]);
}

std::string SecondsText(double seconds) {
  if (!(seconds > 0)) seconds = 0;
  if (seconds < 9.995) return Printed("%.2f s", seconds);
  if (seconds < 59.95) return Printed("%.1f s", seconds);
  // The limit keeps the conversion from overflowing.
  const auto whole = static_cast<uint64_t>(std::lround(std::min(seconds, 1e15)));
  if (whole < 3600)
    return Printed("%d min %02d s", static_cast<int>(whole / 60), static_cast<int>(whole % 60));
  return Separated(whole / 3600) + Printed(" h %02d min", static_cast<int>(whole / 60 % 60));
}

std::string PercentText(uint64_t part, uint64_t whole) {
  if (whole == 0 || part >= whole) return "100 %";
  const double fraction = static_cast<double>(part) / static_cast<double>(whole);
  return Printed("%d %%", std::min(99, static_cast<int>(fraction * 100)));
}

}  // namespace robomerge::cli
