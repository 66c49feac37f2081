// An adaptation as text: what ids hash and plan directories hold.
#pragma once

#include <optional>
#include <string>

#include "formats/json/fields.h"
#include "robomerge/source.h"

namespace robomerge {

/// The adaptation's fields as one line of JSON; "" for an empty one, which is written nowhere.
inline std::string AdaptationText(const Adaptation& adaptation) {
  return adaptation.empty() ? "" : json::DumpLine(json::ToJson(adaptation));
}

/// The inverse of AdaptationText(). Nothing if the text has a rule that this program does not know:
/// without that rule the result would not be the one that was asked for.
inline std::optional<Adaptation> AdaptationFromText(const std::string& text) {
  Adaptation adaptation;
  if (text.empty()) return adaptation;
  const Result<json::Json> rules = json::Parse(text, "");
  if (!rules.ok() || !rules->is_object()) return std::nullopt;
  size_t num_known = 0;
  Adaptation::VisitFields(adaptation, [&](const char* name, bool& value) {
    if (!rules->contains(name) || !rules->at(name).is_boolean()) return;
    value = rules->at(name).get<bool>();
    ++num_known;
  });
  return num_known == rules->size() ? std::optional(adaptation) : std::nullopt;
}

}  // namespace robomerge
