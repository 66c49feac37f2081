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
  return text.empty() ? std::optional(Adaptation()) : std::nullopt;
}

}  // namespace robomerge
