// meta/info.json of the destination (format spec 1.3, 3.1, 3.5).
#include "base/text.h"
#include "plan/agreed_schema.h"
#include "plan/layout.h"

namespace robomerge::plan_internal {
namespace {

// The value of an encoder setting if all schemas agree (missing counts as null); else null, or {}
// for video.extra_options.
Json MergedEncoderKey(const std::vector<SchemaClass>& schemas, const std::string& feature,
                      const std::string& key, bool& agree) {
  const auto value_in = [&](const SchemaClass& schema) {
    const Json& entry = schema.schema->Find(feature)->entry;
    if (!entry.contains("info") || !entry.at("info").is_object() || !entry.at("info").contains(key))
      return Json();
    return entry.at("info").at(key);
  };
  const Json first = value_in(schemas.front());
  agree = true;
  for (const SchemaClass& schema : schemas) agree &= value_in(schema) == first;
  if (agree) return first;
  return key == "video.extra_options" ? Json::object() : Json();
}

// Afterwards all six encoder settings are there: those of the first source in their places, missing
// ones before is_depth_map in a fixed order (W-23).
void MergeEncoderKeys(const std::vector<SchemaClass>& schemas, const std::string& feature,
                      Json& entry, std::vector<Problem>& warnings) {
  if (!entry.contains("info") || !entry["info"].is_object()) entry["info"] = Json::object();
  std::vector<std::string> nulled;
  Json merged = Json::object();
  for (const std::string_view key : kEncoderKeys) {
    bool agree = false;
    merged[std::string(key)] = MergedEncoderKey(schemas, feature, std::string(key), agree);
    // LeRobot writes the name of its reader, whatever the sources say.
    if (key == "video.video_backend")
      merged[std::string(key)] = "pyav";
    else if (!agree)
      nulled.push_back(StrCat("'", key, "'"));
  }
  Json info = Json::object();
  const auto add_missing = [&] {
    for (const auto& [key, value] : merged.items()) {
      if (!entry["info"].contains(key) && !info.contains(key)) info[key] = value;
    }
  };
  for (const auto& [key, value] : entry["info"].items()) {
    if (key == "is_depth_map") add_missing();
    info[key] = merged.contains(key) ? merged.at(key) : value;
  }
  add_missing();
  entry["info"] = std::move(info);
  if (!nulled.empty()) {
    warnings.push_back(
        Problem(Code::kIncompatible,
                StrCat("Merging heterogeneous or incomplete video encoder metadata for feature ",
                       feature, ". Setting these keys to null: [", Join(nulled, ", "), "]."))
            .Kind("W-video-encoder"));
  }
}

// Makes info.json true for the streams of the destination (format spec 3.5).
void CorrectStreamFacts(const MergePlan& plan, uint32_t key, Json& info) {
  const mp4::StreamSummary* first = nullptr;
  bool drops_audio = false;
  const auto look_at = [&](const auto& video) {
    if constexpr (requires { video.key; }) {
      if (video.key != key) return;
      if (first == nullptr) first = &VideoFileOf(plan, VideoInputsOf(video).front()).stream;
      drops_audio |= !video.is_copy;
    }
  };
  for (const Step& step : plan.steps) std::visit(look_at, step);
  if (first == nullptr) return;
  if (info.contains("video.codec")) info["video.codec"] = first->codec;
  if (info.contains("video.pix_fmt") && !first->pixel_format.empty())
    info["video.pix_fmt"] = first->pixel_format;
  if (drops_audio && info.contains("has_audio")) {
    info["has_audio"] = false;
    std::vector<std::string> audio_keys;
    for (const auto& [name, value] : info.items()) {
      if (name.starts_with("audio.")) audio_keys.push_back(name);
    }
    for (const std::string& name : audio_keys) info.erase(name);
  }
}

Json MergedFeatures(const std::vector<SchemaClass>& schemas, MergePlan& plan) {
  const AgreedSchema agreed = AgreementOf(schemas);
  Json features = Json::object();
  uint32_t video_key = 0;
  for (const Feature& feature : schemas.front().schema->features) {
    Json entry = feature.is_camera() ? CanonicalDepthMarker(feature.entry) : feature.entry;
    for (const std::string_view name : kDefaultFeatures) {
      if (feature.name == name) entry = DefaultFeatureEntry(name);
    }
    if (const SchemaClass* const names = agreed.NamesFrom(feature.name))
      entry["names"] = names->schema->Find(feature.name)->entry.at("names");
    if (feature.is_video()) {
      MergeEncoderKeys(schemas, feature.name, entry, plan.warnings);
      CorrectStreamFacts(plan, video_key++, entry["info"]);
    }
    features[feature.name] = std::move(entry);
  }
  return features;
}

}  // namespace

std::string MakeInfo(const Layout& layout, const std::vector<SchemaClass>& schemas,
                     const MergeOptions& options, MergePlan& plan) {
  const Schema& first = *schemas.front().schema;
  const InfoParts parts{&first, MergedFeatures(schemas, plan)};
  Json info = layout.Info(parts, options, plan);
  bool tools_agree = true;
  for (const SchemaClass& schema : schemas) tools_agree &= schema.schema->tools == first.tools;
  if (!tools_agree) {
    plan.warnings.push_back(
        Problem(Code::kIncompatible, "sources differ in `tools`, which are left out")
            .Kind("W-tools")
            .At(schemas.front().first_root + "/meta/info.json: tools"));
  } else if (!first.tools.is_null() && !first.tools.empty()) {
    info["tools"] = first.tools;
  }
  return json::Dump(info);
}

}  // namespace robomerge::plan_internal
