// Features and the rest of info.json that sources must agree on.
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
  /// nothing if fps is not positive and finite.
  static std::optional<FrameRate> From(double fps);
  /// Seconds from the first frame to frame `frame`: one division, never a sum.
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
  bool is_video() const { return dtype() == "video"; }
  bool is_image() const { return dtype() == "image"; }
  bool is_camera() const { return is_video() || is_image(); }
  /// Empty when absent or malformed.
  std::vector<int64_t> shape() const;
};

/// Whether a feature may have this name: one that can be part of a path and cannot lead out of a
/// folder.
bool IsUsableFeatureName(std::string_view name);
/// Whether a camera may have it: then it is also the name of a folder, of at most 255 bytes.
bool IsUsableVideoKey(std::string_view name);

/// The five features every dataset has, in LeRobot's order (DEFAULT_FEATURES).
inline constexpr std::string_view kDefaultFeatures[] = {"timestamp", "frame_index", "episode_index",
                                                        "index", "task_index"};
/// The canonical entry of one of them: {"dtype": ..., "shape": [1], "names": null}.
Json DefaultFeatureEntry(std::string_view name);

/// Encoder settings: no property of the stream, so they may differ between sources
/// (VIDEO_ENCODER_INFO_KEYS).
inline constexpr std::string_view kEncoderKeys[] = {
    "video.g",           "video.crf",           "video.preset",
    "video.fast_decode", "video.extra_options", "video.video_backend"};

/// `entry` with everything removed that must not decide whether two sources fit: encoder keys,
/// feature-level fps, and the measured properties of a stream (codec, pixel format, audio, ...),
/// which are read from the file itself instead. Legacy depth markers and `video_info` are folded
/// into info.is_depth_map. Keys sorted.
Json ComparableEntry(const Feature& feature);

/// `entry` with legacy depth markers folded into info.is_depth_map; key order kept.
Json CanonicalDepthMarker(Json entry);

/// What all sources must agree on, as one source states it.
struct Schema {
  Json fps;         ///< as written: 10 or 10.0
  Json robot_type;  ///< string or null
  std::vector<Feature> features;
  Json tools;  ///< null when absent

  const Feature* Find(std::string_view name) const;
  FrameRate frame_rate() const;
  std::vector<std::string> video_keys() const;
  /// Equal texts: the same schema, key for key.
  std::string Fingerprint() const;
};

}  // namespace robomerge
