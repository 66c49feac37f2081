#include "model/feature.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/fold_case.h"

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

// A name, and the groups in which it stands: "left.arm." of {"left": {"arm": ["x"]}}.
struct GroupedName {
  Json name;
  std::string groups;
};

// Appends the texts of nested lists and objects, in their order. {"x": 0, "y": 1} names by
// position.
void AppendNames(const Json& names, const std::string& groups, std::vector<GroupedName>& all) {
  if (names.is_array()) {
    for (const Json& item : names) AppendNames(item, groups, all);
  } else if (names.is_object()) {
    const bool by_position =
        !names.empty() && std::all_of(names.begin(), names.end(),
                                      [](const Json& item) { return item.is_number_integer(); });
    std::vector<std::pair<int64_t, std::string>> placed;
    for (const auto& [key, item] : names.items()) {
      if (by_position)
        placed.emplace_back(item.get<int64_t>(), key);
      else
        AppendNames(item, groups + key + ".", all);
    }
    std::sort(placed.begin(), placed.end());
    for (const auto& [position, name] : placed) all.push_back({name, groups});
  } else {
    all.push_back({names, groups});
  }
}

bool NamesSide(const std::string& group) {
  const std::string folded = FoldCase(group);
  return folded.find("left") != std::string::npos || folded.find("right") != std::string::npos;
}

// Whether the groups say which element is meant: there are several, or all elements are of one
// side.
bool NeedsGroups(const std::vector<GroupedName>& all) {
  std::set<std::string> groups;
  for (const GroupedName& one : all) groups.insert(one.groups);
  return groups.size() > 1 || (!groups.empty() && NamesSide(*groups.begin()));
}

// "grip" and "pos" of "Grip.pos".
std::set<std::string> WordsOf(const std::string& name) {
  std::set<std::string> words;
  std::string word;
  for (const char letter : FoldCase(name) + ".") {
    const bool is_of_word = static_cast<unsigned char>(letter) >= 0x80 ||
                            std::isalnum(static_cast<unsigned char>(letter)) != 0;
    if (is_of_word) word += letter;
    if (!is_of_word && !word.empty()) words.insert(std::exchange(word, {}));
  }
  return words;
}

// Whether two names tell of one element: they are equal but for case and signs, or one says more.
bool MeanTheSame(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const std::set<std::string> words = WordsOf(a), others = WordsOf(b);
  if (words.empty() || others.empty()) return false;
  return std::ranges::includes(words, others) || std::ranges::includes(others, words);
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

bool Feature::HasDtype(std::string_view dtype) const {
  const auto found = entry.find("dtype");
  return found != entry.end() && found->is_string() &&
         found->get_ref<const std::string&>() == dtype;
}

std::vector<int64_t> Feature::shape() const {
  for (const std::string_view one : kDefaultFeatures) {
    if (name == one) return {1};
  }
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

Json FlatNames(const Json& names) {
  if (!names.is_array() && !names.is_object()) return names;
  std::vector<GroupedName> all;
  AppendNames(names, "", all);
  const bool needs_groups = NeedsGroups(all);
  Json flat = Json::array();
  for (GroupedName& one : all) {
    if (needs_groups && one.name.is_string())
      flat.push_back(one.groups + one.name.get<std::string>());
    else
      flat.push_back(std::move(one.name));
  }
  return flat;
}

Json PlainNames(const Json& names) {
  if (!names.is_array() && !names.is_object()) return names;
  std::vector<GroupedName> all;
  AppendNames(names, "", all);
  Json plain = Json::array();
  for (GroupedName& one : all) plain.push_back(std::move(one.name));
  return plain;
}

bool AreNamesAlike(const Json& a, const Json& b) {
  const Json one = FlatNames(a), other = FlatNames(b);
  if (one == other) return true;
  const auto is_list_of = [](const Json& list, const Json& written) {
    return list == PlainNames(list) && list == PlainNames(written) && written.is_object() &&
           written.size() > 1;
  };
  return is_list_of(a, b) || is_list_of(b, a);
}

std::vector<std::string> ElementNames(const Json& entry) {
  const std::vector<int64_t> shape = Feature{"", entry}.shape();
  const Json names = FlatNames(entry.value("names", Json()));
  std::vector<std::string> texts;
  if (shape.size() != 1 || !names.is_array()) return texts;
  for (const Json& name : names) {
    if (!name.is_string()) return {};
    texts.push_back(name.get<std::string>());
  }
  if (static_cast<int64_t>(texts.size()) != shape.front()) texts.clear();
  return texts;
}

std::string RepeatedName(const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) return name;
  }
  return "";
}

std::string MovedName(const std::vector<std::string>& own, const std::vector<std::string>& other) {
  for (size_t at = 0; at < own.size(); ++at) {
    if (at < other.size() && other[at] == own[at]) continue;
    if (std::ranges::find(other, own[at]) != other.end()) return own[at];
    if (at < other.size() && MeanTheSame(other[at], own[at])) continue;
    for (size_t there = 0; there < other.size(); ++there) {
      const bool is_taken = there < own.size() && MeanTheSame(other[there], own[there]);
      if (!is_taken && MeanTheSame(other[there], own[at])) return own[at];
    }
  }
  return "";
}

Json ComparableEntry(const Feature& feature) {
  for (const std::string_view name : kDefaultFeatures) {
    if (feature.name == name) return json::SortedByKey(DefaultFeatureEntry(name));
  }
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
  // LeRobot's converter left out `names` where it is null. What the axes of a picture are called
  // says nothing about the picture.
  entry["names"] =
      feature.is_camera() || !entry.contains("names") ? Json() : FlatNames(entry.at("names"));
  return json::SortedByKey(entry);
}

bool IsSameRobot(const Json& a, const Json& b) {
  if (!a.is_string() || !b.is_string()) return a == b;
  return FoldCase(a.get<std::string>()) == FoldCase(b.get<std::string>());
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

std::vector<std::string> Schema::image_keys() const {
  std::vector<std::string> keys;
  for (const Feature& feature : features) {
    if (feature.is_image()) keys.push_back(feature.name);
  }
  return keys;
}

std::string Schema::Fingerprint() const {
  Json all = Json::object();
  all["fps"] = fps;
  all["robot_type"] = robot_type;
  all["tools"] = tools;
  if (has_subtasks) all["has_subtasks"] = true;
  Json& entries = all["features"] = Json::array();
  for (const Feature& feature : features)
    entries.push_back(Json::array({feature.name, feature.entry}));
  return json::DumpLine(all);
}

}  // namespace robomerge
