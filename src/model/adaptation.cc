#include "model/adaptation.h"

#include "formats/json/fields.h"

namespace robomerge {
namespace {

using json::Json;

bool Take(const Json& json, bool& value) {
  if (!json.is_boolean()) return false;
  value = json.get<bool>();
  return true;
}

bool Take(const Json& json, uint64_t& value) {
  if (!json.is_number_integer() || json < 0) return false;
  value = json.get<uint64_t>();
  return true;
}

bool Take(const Json& json, std::string& value) {
  if (!json.is_string()) return false;
  value = json.get<std::string>();
  return true;
}

bool Take(const Json& json, Rule& value) {
  return json.is_object() && json.size() == 2 && json.contains("name") && json.contains("value") &&
         Take(json.at("name"), value.name) && Take(json.at("value"), value.value);
}

template <typename Value>
bool Take(const Json& json, std::optional<Value>& value) {
  return Take(json, value.emplace());
}

template <typename Value>
bool Take(const Json& json, std::vector<Value>& values) {
  if (!json.is_array()) return false;
  for (const Json& each : json) {
    if (!Take(each, values.emplace_back())) return false;
  }
  return true;
}

}  // namespace

Json AdaptationJson(const Adaptation& adaptation) {
  const Json all = json::ToJson(adaptation), none = json::ToJson(Adaptation());
  Json there = Json::object();
  for (const auto& [name, value] : all.items()) {
    if (value != none.at(name)) there[name] = value;
  }
  return there;
}

std::string AdaptationText(const Adaptation& adaptation) {
  return adaptation.empty() ? "" : json::DumpLine(AdaptationJson(adaptation));
}

std::optional<Adaptation> AdaptationFromJson(const Json& rules) {
  Adaptation adaptation;
  if (!rules.is_object()) return std::nullopt;
  size_t num_known = 0;
  bool is_known = true;
  Adaptation::VisitFields(adaptation, [&](const char* name, auto& value) {
    if (!rules.contains(name)) return;
    ++num_known;
    is_known = is_known && Take(rules.at(name), value);
  });
  return is_known && num_known == rules.size() ? std::optional(adaptation) : std::nullopt;
}

std::optional<Adaptation> AdaptationFromText(const std::string& text) {
  if (text.empty()) return Adaptation();
  const Result<Json> rules = json::Parse(text, "");
  return rules.ok() ? AdaptationFromJson(*rules) : std::nullopt;
}

}  // namespace robomerge
