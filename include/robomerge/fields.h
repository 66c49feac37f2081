// The names of fields and of enum values, written once, beside the type. JSON lines, Python
// objects, plan directories and records are all made from them.
//
//   struct StageTime {
//     std::string stage;
//     double seconds = 0;
//     static void VisitFields(auto& self, auto&& visit) {
//       visit("stage", self.stage);
//       visit("seconds", self.seconds);
//     }
//   };
//
// `self` may be const or not: the same list serves writing and reading. The order is that of the
// JSON lines; names never change (docs/cli.md). For an enum whose values count from 0,
// NamesOf(value) returns an array of the names in the order of the values.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace robomerge {

template <typename T>
concept HasFields = requires(T& value) { T::VisitFields(value, [](const char*, auto&) {}); };

template <typename T>
concept HasNames = std::is_enum_v<T> && requires(T value) { NamesOf(value); };

/// REQUIRES: `value` is one of the enum's values.
template <HasNames Enum>
constexpr std::string_view NameOf(Enum value) {
  return NamesOf(value)[static_cast<size_t>(value)];
}

template <HasNames Enum>
constexpr std::optional<Enum> FromName(std::string_view name) {
  size_t value = 0;
  for (const std::string_view each : NamesOf(Enum())) {
    if (each == name) return static_cast<Enum>(value);
    ++value;
  }
  return std::nullopt;
}

/// "auto, share, copy or link": all names, for messages.
template <HasNames Enum>
std::string ListOfNames() {
  const auto names = NamesOf(Enum());
  std::string list;
  for (size_t at = 0; at < names.size(); ++at) {
    if (at > 0) list += at + 1 == names.size() ? " or " : ", ";
    list += names[at];
  }
  return list;
}

}  // namespace robomerge
