// An adaptation as text: what ids hash and plan directories hold.
#pragma once

#include <optional>
#include <string>

#include "formats/json/fields.h"
#include "robomerge/source.h"

namespace robomerge {

/// Its fields as one line of JSON; "" for an empty one, which is written nowhere.
inline std::string AdaptationText(const Adaptation& adaptation) {
  return adaptation.empty() ? "" : json::DumpLine(json::ToJson(adaptation));
}

/// What AdaptationText() made the text of. Nothing if it has a rule that this program does not
/// know: to go on without it would make another result than was asked for.
inline std::optional<Adaptation> AdaptationFromText(const std::string& text) {
  return text.empty() ? std::optional(Adaptation()) : std::nullopt;
}

}  // namespace robomerge
