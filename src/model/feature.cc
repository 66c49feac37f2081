#include "model/feature.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace robomerge {
namespace {

// Properties of the stream itself: the file decides, not info.json.
bool IsMeasured(std::string_view key) {
  return key == "video.codec" || key == "video.pix_fmt" || key == "video.fps" ||
         key == "video.channels" || key == "video.height" || key == "video.width" ||
         key == "has_audio" || key.starts_with("audio.");
}

bool IsEncoderKey(std::string_view key) {
  return std::find(std::begin(kEncoderKeys), std::end(kEncoderKeys), key) != std::end(kEncoderKeys);
}

// A copy with sorted keys, so that their order does not matter.
Json Sorted(const Json& value) {
  if (value.is_array()) {
    Json sorted = Json::array();
    for (const Json& item : value) sorted.push_back(Sorted(item));
    return sorted;
  }
  if (!value.is_object()) return value;
  std::vector<std::string> keys;
  for (const auto& [key, item] : value.items()) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  Json sorted = Json::object();
  for (const std::string& key : keys) sorted[key] = Sorted(value.at(key));
  return sorted;
}

bool TrueAt(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object.at(key).is_boolean() &&
         object.at(key).get<bool>();
}

}  // namespace

bool IsUsableFeatureName(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

bool IsUsableVideoKey(std::string_view name) {
  return IsUsableFeatureName(name) && name.size() <= 255;
}

std::optional<FrameRate> FrameRate::From(double fps) {
  if (!std::isfinite(fps) || fps <= 0 || fps > 1e6) return std::nullopt;
  for (uint64_t denominator = 1; denominator <= 100'000; ++denominator) {
    const double numerator = std::round(fps * static_cast<double>(denominator));
    if (numerator >= 1 && numerator / static_cast<double>(denominator) == fps) {
      return FrameRate{static_cast<uint64_t>(numerator), denominator};
    }
  }
  return std::nullopt;
}

std::vector<int64_t> Feature::shape() const {
  std::vector<int64_t> shape;
  if (!entry.contains("shape") || !entry.at("shape").is_array()) return shape;
  for (const Json& extent : entry.at("shape")) {
    if (!extent.is_number_integer()) return {};
    shape.push_back(extent.get<int64_t>());
  }
  return shape;
}

Json DefaultFeatureEntry(std::string_view name) {
  Json entry = Json::object();
  entry["dtype"] = name == "timestamp" ? "float32" : "int64";
  entry["shape"] = Json::array({1});
  entry["names"] = nullptr;
  return entry;
}

Json CanonicalDepthMarker(Json entry) {
  if (!entry.is_object()) return entry;
  // Old spellings: info["video.is_depth_map"] and video_info["video.is_depth_map"].
  const bool legacy =
      (entry.contains("info") && TrueAt(entry["info"], "video.is_depth_map")) ||
      (entry.contains("video_info") && TrueAt(entry["video_info"], "video.is_depth_map"));
  const bool had_marker =
      (entry.contains("info") && entry["info"].is_object() &&
       (entry["info"].contains("video.is_depth_map") || entry["info"].contains("is_depth_map"))) ||
      (entry.contains("video_info") && entry["video_info"].is_object() &&
       entry["video_info"].contains("video.is_depth_map"));
  const bool depth = legacy || (entry.contains("info") && TrueAt(entry["info"], "is_depth_map"));
  for (const char* place : {"info", "video_info"}) {
    if (entry.contains(place) && entry[place].is_object()) entry[place].erase("video.is_depth_map");
  }
  if (entry.contains("video_info") &&
      (entry["video_info"].is_null() || entry["video_info"].empty()))
    entry.erase("video_info");
  if (had_marker || depth) {
    if (!entry.contains("info") || !entry["info"].is_object()) entry["info"] = Json::object();
    entry["info"]["is_depth_map"] = depth;
  }
  return entry;
}

Json ComparableEntry(const Feature& feature) {
  Json entry = CanonicalDepthMarker(feature.entry);
  // The v2.1 converter writes fps into every feature (W-17); the dataset's fps is compared on its
  // own.
  entry.erase("fps");
  Json info = Json::object();
  for (const char* place : {"video_info", "info"}) {
    if (!entry.contains(place)) continue;
    if (entry[place].is_object()) {
      for (const auto& [key, value] : entry[place].items()) {
        if (!IsEncoderKey(key) && !IsMeasured(key)) info[key] = value;
      }
    }
    entry.erase(place);
  }
  if (!info.contains("is_depth_map")) info["is_depth_map"] = false;
  if (feature.is_camera()) entry["info"] = info;
  // LeRobot's converter left out `names` where it is null.
  if (!entry.contains("names")) entry["names"] = nullptr;
  return Sorted(entry);
}

const Feature* Schema::Find(std::string_view name) const {
  for (const Feature& feature : features) {
    if (feature.name == name) return &feature;
  }
  return nullptr;
}

FrameRate Schema::frame_rate() const {
  const std::optional<FrameRate> rate =
      fps.is_number() ? FrameRate::From(fps.get<double>()) : std::nullopt;
  ROBOMERGE_CHECK(rate.has_value());  // read/v30 refuses any other
  return *rate;
}

std::vector<std::string> Schema::video_keys() const {
  std::vector<std::string> keys;
  for (const Feature& feature : features) {
    if (feature.is_video()) keys.push_back(feature.name);
  }
  return keys;
}

std::string Schema::Fingerprint() const {
  Json all = Json::object();
  all["fps"] = fps;
  all["robot_type"] = robot_type;
  all["tools"] = tools;
  Json& entries = all["features"] = Json::array();
  for (const Feature& feature : features)
    entries.push_back(Json::array({feature.name, feature.entry}));
  return json::DumpLine(all);
}

}  // namespace robomerge
