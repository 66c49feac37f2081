// Elements that are in degrees in some sources and in radians in others, by their ranges.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "compare/finding.h"

namespace robomerge::compare_internal {
namespace {

constexpr double kDegreesPerRadian = 57.29577951308232;
// Joints turn at most a few times. Less than a degree in radians is as good as no movement.
constexpr double kMostRadians = 2 * 3.14159265358979 + 0.1;
constexpr double kLeastRadians = 0.05;
constexpr double kLeastDegrees = 10;
// No two recordings move a joint equally far.
constexpr double kMostFactor = 2;

// How far an element goes from zero.
struct Reach {
  size_t source = 0;
  double least = 0, most = 0;
  double value() const { return std::max(std::fabs(least), std::fabs(most)); }
};

double MedianOf(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// A gripper that goes from 0 to 1 here and from 0 to 100 there says its opening in percent.
bool IsShare(const Reach& reach, double whole) {
  return reach.least >= -0.02 * whole && reach.most >= 0.9 * whole && reach.most <= 1.05 * whole;
}

// With three digits.
std::string Rounded(double number) {
  char digits[32];
  const auto end =
      std::to_chars(digits, digits + sizeof(digits), number, std::chars_format::general, 3).ptr;
  return std::string(digits, end);
}

// The element by its name, else by its place. A name that several elements have needs its place.
std::vector<std::string> ElementsOf(const Feature& feature, size_t num_elements) {
  const Json names =
      feature.entry.contains("names") ? FlatNames(feature.entry.at("names")) : Json();
  const bool have_names = names.is_array() && names.size() == num_elements;
  std::map<std::string, size_t> num_of_name;
  std::vector<std::string> elements;
  for (size_t at = 0; at < num_elements; ++at) {
    const bool is_named = have_names && names[at].is_string();
    elements.push_back(is_named ? names[at].get<std::string>() : StrCat("element ", at));
    ++num_of_name[elements.back()];
  }
  for (size_t at = 0; at < num_elements; ++at) {
    if (num_of_name[elements[at]] > 1) elements[at] += StrCat(" (element ", at, ")");
  }
  return elements;
}

// Puts each source under degrees or radians, and returns true if both are there and the ranges
// differ by about 180/pi.
bool Judge(const std::vector<Reach>& reaches, Split& split) {
  std::vector<double> radians, degrees;
  for (const Reach& reach : reaches) {
    if (!std::isfinite(reach.value()) || reach.value() < kLeastRadians) continue;
    if (reach.value() <= kMostRadians && !IsShare(reach, 1))
      radians.push_back(reach.value());
    else if (reach.value() >= kLeastDegrees && reach.value() <= 720 && !IsShare(reach, 100))
      degrees.push_back(reach.value());
  }
  if (radians.empty() || degrees.empty()) return false;
  const double factor = MedianOf(degrees) / MedianOf(radians) / kDegreesPerRadian;
  if (factor > kMostFactor || factor < 1 / kMostFactor) return false;
  for (const Reach& reach : reaches) {
    if (reach.value() >= kLeastRadians && reach.value() <= kMostRadians)
      split.Put(reach.source, "radians?");
    else if (reach.value() >= kLeastDegrees && reach.value() <= 720)
      split.Put(reach.source, "degrees?");
  }
  return split.differs();
}

}  // namespace

void CompareUnits(const Comparison& comparison, const std::string& name,
                  std::vector<Found>& found) {
  if (IsDefaultFeature(name)) return;
  std::vector<std::string> order;
  std::map<std::string, std::vector<Reach>> elements;
  for (size_t at = 0; at < comparison.sources.size(); ++at) {
    const Feature* const feature = comparison.FeatureOf(at, name);
    if (feature == nullptr || !feature->dtype().starts_with("float")) continue;
    const auto place = comparison.sources[at].ranges.find(feature->name);
    if (place == comparison.sources[at].ranges.end()) continue;
    const FeatureRange& range = place->second;
    const std::vector<std::string> own = ElementsOf(*feature, range.least.size());
    for (size_t element = 0; element < own.size() && element < range.most.size(); ++element) {
      std::vector<Reach>& reaches = elements[own[element]];
      if (reaches.empty()) order.push_back(own[element]);
      // Whoever judges takes one reach of a source, so a name that looks like a place counts once.
      if (!reaches.empty() && reaches.back().source == at) continue;
      reaches.push_back({at, range.least[element], range.most[element]});
    }
  }
  // Elements that split the sources in the same way are told together.
  std::vector<std::pair<Split, std::vector<std::string>>> groups;
  for (const std::string& element : order) {
    Split split(comparison.sources.size());
    if (!Judge(elements[element], split)) continue;
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& other) {
      return other.first.form_of == split.form_of && other.first.texts == split.texts;
    });
    if (group == groups.end())
      groups.emplace_back(std::move(split), std::vector<std::string>{element});
    else
      group->second.push_back(element);
  }
  for (auto& [split, names] : groups) {
    const std::vector<Reach>& reaches = elements[names.front()];
    for (uint32_t form = 0; form < split.texts.size(); ++form) {
      const auto example = std::find_if(reaches.begin(), reaches.end(), [&](const Reach& reach) {
        return split.form_of[reach.source] == form;
      });
      split.texts[form] += StrCat(" `", names.front(), "` ", Rounded(example->least), " to ",
                                  Rounded(example->most));
    }
    Found one{{}, std::move(split)};
    one.difference.kind = "D-units";
    one.difference.features = {name};
    one.difference.what = StrCat("degrees here and radians there? ", Quoted(names));
    one.difference.settlement = Settlement::kHint;
    one.difference.why =
        "judged by the ranges in stats.json, which differ by about 180/pi; no flag converts units";
    found.push_back(std::move(one));
  }
}

}  // namespace robomerge::compare_internal
