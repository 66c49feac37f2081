// An adaptation as JSON: what ids hash, plan directories and records hold, and recipes say.
#pragma once

#include <optional>
#include <string>

#include "formats/json/json.h"
#include "robomerge/source.h"

namespace robomerge {

/// The rules that are there, in the order in which they are applied.
json::Json AdaptationJson(const Adaptation& adaptation);

/// As one line; "" for an empty adaptation, which is written nowhere.
std::string AdaptationText(const Adaptation& adaptation);

/// The inverse of AdaptationJson(). Nothing if there is a rule that this program does not know, or
/// of another type: without that rule the result would not be the one that was asked for.
std::optional<Adaptation> AdaptationFromJson(const json::Json& rules);

/// The inverse of AdaptationText().
std::optional<Adaptation> AdaptationFromText(const std::string& text);

}  // namespace robomerge
