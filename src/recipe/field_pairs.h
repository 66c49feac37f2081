// Two values of one type, field by field.
#pragma once

#include <type_traits>
#include <vector>

namespace robomerge {

/// Calls act(name, field of `left`, field of `right`) for every field that `visit_fields` names.
/// The types of both fields are the same.
void ForEachPair(auto& left, const auto& right, auto&& visit_fields, auto&& act) {
  std::vector<const void*> fields;
  visit_fields(right, [&](const char*, const auto& field) { fields.push_back(&field); });
  size_t at = 0;
  visit_fields(left, [&](const char* name, auto& field) {
    act(name, field, *static_cast<const std::remove_cvref_t<decltype(field)>*>(fields[at++]));
  });
}

}  // namespace robomerge
