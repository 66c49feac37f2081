// Values as JSON by the fields that they name (robomerge/fields.h).
#pragma once

#include <string>
#include <type_traits>

#include "formats/json/json.h"
#include "robomerge/fields.h"

namespace robomerge::json {

/// A value that names its fields becomes an object, an enum its name, an empty optional null.
template <typename Value>
Json ToJson(const Value& value);

/// A visitor that adds each field to `object`.
inline auto AddTo(Json& object) {
  return [&object](const char* name, const auto& field) { object[name] = ToJson(field); };
}

template <typename Value>
Json ToJson(const Value& value) {
  if constexpr (HasFields<Value>) {
    Json object = Json::object();
    Value::VisitFields(value, AddTo(object));
    return object;
  } else if constexpr (HasNames<Value>) {
    return NameOf(value);
  } else if constexpr (requires { value.has_value(); }) {
    return value ? ToJson(*value) : Json(nullptr);
  } else if constexpr (!std::is_same_v<Value, std::string> && requires { value.begin(); }) {
    Json array = Json::array();
    for (const auto& each : value) array.push_back(ToJson(each));
    return array;
  } else {
    return value;
  }
}

}  // namespace robomerge::json
