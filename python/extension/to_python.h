// Values of include/robomerge as Python dicts, tuples, texts and numbers.
#pragma once

#include <nanobind/nanobind.h>

#include <string_view>

#include "robomerge/fields.h"

namespace robomerge::python {

/// `text` is UTF-8. Other bytes, which a path may hold, become surrogates that os.fsencode() turns
/// back into these bytes.
nanobind::str TextToPython(std::string_view text);

/// A struct with VisitFields becomes a dict by the names of its fields, a vector a tuple, an enum
/// its name, and an empty optional None.
template <typename Value>
nanobind::object ToPython(const Value& value) {
  namespace nb = nanobind;
  if constexpr (HasFields<Value>) {
    nb::dict dict;
    Value::VisitFields(value,
                       [&](const char* name, const auto& field) { dict[name] = ToPython(field); });
    return dict;
  } else if constexpr (HasNames<Value>) {
    return TextToPython(NameOf(value));
  } else if constexpr (std::is_convertible_v<Value, std::string_view>) {
    return TextToPython(value);
  } else if constexpr (requires { value.has_value(); }) {
    return value ? ToPython(*value) : nb::none();
  } else if constexpr (requires { value.begin(); }) {
    nb::list list;
    for (const auto& each : value) list.append(ToPython(each));
    return nb::tuple(list);
  } else {
    return nb::cast(value);
  }
}

}  // namespace robomerge::python
