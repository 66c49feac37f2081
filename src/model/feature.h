// Features, and everything else in info.json that sources must agree on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json/json.h"

namespace robomerge {

using json::Json;

/// Frames per second as a fraction: integers stay exact, 29.97 is 2997/100.
struct FrameRate {
  uint64_t numerator = 0;
  uint64_t denominator = 1;

  /// The fraction with the smallest denominator (up to 100,000) that is exactly `fps` as a double;
  /// nothing if there is none, or if fps is not above 0 and at most 1e6 (format spec 1.3).
  static std::optional<FrameRate> From(double fps);
  /// Seconds from the first frame to frame `frame`, by one division, never by a sum.
  double Seconds(uint64_t frame) const {
    return static_cast<double>(frame * denominator) / static_cast<double>(numerator);
  }
  bool operator==(const FrameRate&) const = default;
};

/// One entry of info.json's `features`: {"dtype", "shape", "names", ["info"], ["fps"],
/// ["video_info"]} (format spec 1.4).
struct Feature {
  std::string name;
  Json entry;

  std::string dtype() const { return entry.value("dtype", std::string()); }
  bool is_video() const { return HasDtype("video"); }
  bool is_image() const { return HasDtype("image"); }
  bool is_camera() const { return is_video() || is_image(); }
  /// Empty when absent or malformed; [1] of the default features, whatever the entry says.
  std::vector<int64_t> shape() const;

 private:
  bool HasDtype(std::string_view dtype) const;
};

/// Whether a feature may have this name: it can be part of a path, and cannot lead out of a folder.
bool IsUsableFeatureName(std::string_view name);
/// Whether a video key may have this name, which is then also the name of a folder: 255 bytes at
/// most.
bool IsUsableVideoKey(std::string_view name);

/// The five features that every dataset has, in LeRobot's order (format spec 1.4).
inline constexpr std::string_view kDefaultFeatures[] = {"timestamp", "frame_index", "episode_index",
                                                        "index", "task_index"};
/// The canonical entry of one of them: {"dtype": ..., "shape": [1], "names": null}.
Json DefaultFeatureEntry(std::string_view name);

/// Encoder settings: no properties of the stream, so sources may differ in them (format spec 1.5).
inline constexpr std::string_view kEncoderKeys[] = {
    "video.g",           "video.crf",           "video.preset",
    "video.fast_decode", "video.extra_options", "video.video_backend"};

/// `names` as one list, whichever of these ways it is written in: ["x", "y"], [["x", "y"]],
/// {"motors": ["x", "y"]}, {"axes": ["x", "y"]}, {"x": 0, "y": 1}. Where there are several groups,
/// or the one that there is names a side, they go in front: "left.x".
Json FlatNames(const Json& names);

/// The same without groups.
Json PlainNames(const Json& names);

/// Whether two `names` of vectors say the same: they have the same FlatNames, or one of them is a
/// plain list of what the other has in groups.
bool AreNamesAlike(const Json& a, const Json& b);

/// The names of the elements of the vector that an entry of info.json declares. Empty unless there
/// is a text for each.
std::vector<std::string> ElementNames(const Json& entry);

/// A name that is there twice; empty if there is none.
std::string RepeatedName(const std::vector<std::string>& names);

/// A name of `own` that has another place in `other`, which may write it in other case or with more
/// words ("Grip", "grip.pos"); empty if there is none.
std::string MovedName(const std::vector<std::string>& own, const std::vector<std::string>& other);

/// The feature's entry without what must not decide whether two sources fit together: encoder
/// settings, the entry's own fps, the form of `names` and the axes of pictures, what is said of the
/// default features, and the measured properties of a stream (codec, pixel format, audio, ...),
/// which are read from the file itself. `video_info` is read as `info`, and old
/// spellings of the depth marker as info.is_depth_map (format spec 1.5, 3.1). Keys are sorted.
Json ComparableEntry(const Feature& feature);

/// `entry` with old spellings of the depth marker replaced by info.is_depth_map. Keeps the order of
/// keys.
Json CanonicalDepthMarker(Json entry);

/// The table of early 2026 whose rows the feature numbers (format spec 1.11).
inline constexpr std::string_view kSubtasksPath = "meta/subtasks.parquet";
inline constexpr std::string_view kSubtaskIndex = "subtask_index";

/// Whether two values of `robot_type` are the same robot: equal, or texts that differ in case only.
bool IsSameRobot(const Json& a, const Json& b);

/// What all sources must agree on, as one source states it, and `tools`.
struct Schema {
  Json fps;         ///< as written: 10 or 10.0
  Json robot_type;  ///< string or null
  std::vector<Feature> features;
  Json tools;                 ///< null when absent
  bool has_subtasks = false;  ///< a table gives `subtask_index` its meaning

  const Feature* Find(std::string_view name) const;
  FrameRate frame_rate() const;
  std::vector<std::string> video_keys() const;
  std::vector<std::string> image_keys() const;
  /// A text of all of it: equal texts mean equal schemas, key by key.
  std::string Fingerprint() const;
};

}  // namespace robomerge
