#include "inspect/notes.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "base/text.h"
#include "io/file_system.h"

namespace robomerge {
namespace {

constexpr size_t kMostElements = 5;
constexpr double kFarInDeviations = 10;
// Joints turn at most a few times. Less is as good as no movement.
constexpr double kMostRadians = 2 * 3.14159265358979 + 0.1, kLeastRadians = 0.05;
constexpr double kLeastDegrees = 10, kMostDegrees = 720;

Finding Note(const char* kind, std::string what, std::string where, std::string column,
             std::string found) {
  Finding note;
  note.kind = kind;
  note.what = std::move(what);
  note.where = std::move(where);
  note.column = std::move(column);
  note.found = std::move(found);
  return note;
}

// Six digits: enough to recognise a value.
std::string Short(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", number);
  return text;
}

// Chromium, Firefox and Safari play these in 8 bit 4:2:0; other forms only some of them, or none.
bool BrowsersPlay(const mp4::StreamSummary& stream) {
  const bool is_codec = stream.codec == "h264" || stream.codec == "vp9" || stream.codec == "av1";
  return is_codec && (stream.pixel_format.empty() || stream.pixel_format == "yuv420p");
}

// "3: gripper", or "3" where the elements have no names.
std::string ElementName(const Feature* feature, size_t element, size_t num_elements) {
  const std::string number = std::to_string(element);
  if (feature == nullptr) return number;
  const Json names = feature->entry.value("names", Json());
  if (!names.is_array() || names.size() != num_elements || !names[element].is_string())
    return number;
  return StrCat(number, ": ", names[element].get<std::string>());
}

// "2 of 7 elements: [3: gripper] 0.5, [5: wrist] 1", for those of which `say` says anything; empty
// if there is none.
std::string ElementsText(const Feature* feature, const verify_internal::ElementProfiles& elements,
                         const std::function<std::string(const verify_internal::Profile&)>& say) {
  std::string list;
  size_t num_found = 0;
  for (size_t at = 0; at < elements.size(); ++at) {
    const std::string said = say(elements[at]);
    if (said.empty()) continue;
    if (num_found < kMostElements) {
      if (!list.empty()) list += ", ";
      if (elements.size() > 1) list += StrCat("[", ElementName(feature, at, elements.size()), "] ");
      list += said;
    }
    ++num_found;
  }
  if (num_found > kMostElements) list += StrCat(" and ", num_found - kMostElements, " more");
  if (num_found == 0 || elements.size() == 1) return list;
  return StrCat(num_found, " of ", elements.size(), " elements: ", list);
}

std::string ConstantText(const verify_internal::Profile& profile) {
  // Integers from there on may differ and be the same as double.
  constexpr double kExact = 9007199254740992;  // 2^53
  const bool is_constant =
      profile.finite.count > 1 && profile.num_nan + profile.num_infinite == 0 &&
      profile.finite.min == profile.finite.max && std::fabs(profile.finite.min) < kExact;
  return is_constant ? Short(profile.finite.min) : "";
}

std::string NotFiniteText(const verify_internal::Profile& profile) {
  std::string text;
  if (profile.num_nan > 0) text = StrCat(profile.num_nan, " NaN");
  if (profile.num_infinite > 0)
    text += StrCat(text.empty() ? "" : " and ", profile.num_infinite, " infinite");
  if (text.empty()) return text;
  const auto num_finite = static_cast<uint64_t>(profile.finite.count);
  text += StrCat(" of ", num_finite + profile.num_nan + profile.num_infinite);
  if (!profile.first_not_finite) return text;
  return StrCat(text, ", the first in episode ", profile.first_not_finite->episode, ", frame ",
                profile.first_not_finite->frame);
}

// How far an element goes from zero.
double Reach(const verify_internal::Profile& profile) {
  if (profile.finite.count == 0) return 0;
  return std::max(std::fabs(profile.finite.min), std::fabs(profile.finite.max));
}

// A gripper that goes from 0 to 100 says its opening in percent.
bool IsShare(const verify_internal::Profile& profile) {
  const double most = profile.finite.max;
  return profile.finite.min >= -2 && most >= 90 && most <= 105;
}

std::string DegreesText(const verify_internal::Profile& profile) {
  const double reach = Reach(profile);
  if (reach < kLeastDegrees || reach > kMostDegrees || IsShare(profile)) return "";
  return StrCat(Short(profile.finite.min), " to ", Short(profile.finite.max));
}

std::string OutlierText(const verify_internal::Profile& profile) {
  const verify_internal::Moments& finite = profile.finite;
  if (finite.count == 0) return "";
  const double deviation = std::sqrt(finite.squares / finite.count);
  const double below = finite.mean - finite.min, above = finite.max - finite.mean;
  if (!(std::max(below, above) > kFarInDeviations * deviation) || deviation == 0) return "";
  return StrCat(Short(above >= below ? finite.max : finite.min), " where mean and std are ",
                Short(finite.mean), " and ", Short(deviation));
}

}  // namespace

std::vector<Finding> VideoNotes(const Dataset& dataset) {
  std::vector<Finding> notes;
  const FrameRate rate = dataset.schema.frame_rate();
  for (const VideoKey& key : dataset.video_keys) {
    const auto add = [&](const char* kind, const char* what, const auto& is_such,
                         const auto& found) {
      const auto first = std::find_if(key.files.begin(), key.files.end(), is_such);
      if (first == key.files.end()) return;
      const auto count = std::count_if(key.files.begin(), key.files.end(), is_such);
      notes.push_back(
          Note(kind, what, first->path, key.name,
               StrCat(found(first->stream), count == 1 ? "" : ", in ",
                      count == 1 ? "" : std::to_string(count), count == 1 ? "" : " files")));
    };
    add(
        "N-codec", "not every browser plays these videos",
        [](const VideoFile& file) { return !file.is_broken && !BrowsersPlay(file.stream); },
        [](const mp4::StreamSummary& stream) {
          return StrCat(stream.codec, stream.pixel_format.empty() ? "" : " ", stream.pixel_format);
        });
    add(
        "N-clock", "frames do not lie on k / fps exactly",
        [&rate](const VideoFile& file) {
          return file.stream.num_frames > 0 &&
                 !file.stream.OnFrameGrid(rate.numerator, rate.denominator);
        },
        [](const mp4::StreamSummary& stream) {
          return StrCat("a timescale of ", stream.timescale, " with frames ",
                        stream.frame_ticks == 0 ? std::string("that vary")
                                                : StrCat("of ", stream.frame_ticks, " ticks"));
        });
  }
  return notes;
}

std::vector<Finding> RowNotes(const Schema& schema, const std::string& root,
                              const std::vector<FeatureProfile>& profiles) {
  std::vector<Finding> notes;
  for (const FeatureProfile& profile : profiles) {
    if (std::ranges::find(kDefaultFeatures, profile.feature) != std::end(kDefaultFeatures))
      continue;
    const Feature* feature = schema.Find(profile.feature);
    const auto add = [&](const char* kind, const char* what, const auto& say) {
      std::string found = ElementsText(feature, profile.elements, say);
      if (!found.empty())
        notes.push_back(
            Note(kind, what, io::JoinPath(root, "data"), profile.feature, std::move(found)));
    };
    add("N-not-finite", "values are no finite numbers", NotFiniteText);
    add("N-constant", "values never change", ConstantText);
    add("N-outlier", "values lie more than 10 standard deviations from their mean", OutlierText);
  }
  return notes;
}

std::vector<Finding> UnitNotes(const Schema& schema, const std::string& root,
                               const std::vector<FeatureProfile>& profiles) {
  std::vector<Finding> notes;
  for (const FeatureProfile& profile : profiles) {
    const Feature* feature = schema.Find(profile.feature);
    if (feature == nullptr || !feature->dtype().starts_with("float") ||
        std::ranges::find(kDefaultFeatures, profile.feature) != std::end(kDefaultFeatures))
      continue;
    const auto num_moving = std::ranges::count_if(
        profile.elements, [](const auto& one) { return Reach(one) >= kLeastRadians; });
    const auto num_radians = std::ranges::count_if(profile.elements, [](const auto& one) {
      return Reach(one) >= kLeastRadians && Reach(one) <= kMostRadians;
    });
    if (num_radians < 3 || 2 * num_radians <= num_moving) continue;
    std::string found = ElementsText(feature, profile.elements, DegreesText);
    if (found.empty()) continue;
    notes.push_back(Note("N-unit", "degrees where most elements are in radians?",
                         io::JoinPath(root, "data"), profile.feature, std::move(found)));
  }
  return notes;
}

}  // namespace robomerge
