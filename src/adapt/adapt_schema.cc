// The rules for features: what info.json says afterwards, and what becomes of each feature.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <set>

#include "adapt/adapt_internal.h"
#include "base/foreign_file.h"
#include "base/text.h"
#include "model/adaptation.h"

namespace robomerge::adapt_internal {
namespace {

bool IsDefault(std::string_view name) {
  return std::find(std::begin(kDefaultFeatures), std::end(kDefaultFeatures), name) !=
         std::end(kDefaultFeatures);
}

bool IsNumeric(const Feature& feature) {
  const std::string dtype = feature.dtype();
  return dtype.starts_with("float") || dtype.starts_with("int") || dtype.starts_with("uint");
}

class SchemaChange {
 public:
  SchemaChange(const Adaptation& rules, const std::string& root, Schema& schema)
      : rules_(rules), root_(root), schema_(schema) {}

  Result<std::vector<FeatureChange>> Run() {
    for (const Rule& rule : rules_.rename) Rename(rule);
    CheckNames();
    for (const std::string& pattern : rules_.drop) Drop(pattern);
    for (const Rule& rule : rules_.add) AddFeature(rule);
    for (const Rule& rule : rules_.fill) Fill(rule);
    for (const Rule& rule : rules_.cast) Cast(rule);
    if (rules_.reorder_by_name) Reorder();
    for (const Rule& rule : rules_.pad) Pad(rule);
    if (rules_.names_from_first) TakeNames();
    for (const std::string& camera : rules_.allow_mixed_size) TakeSize(camera);
    if (rules_.robot_type) schema_.robot_type = *rules_.robot_type;
    if (!problems_.empty()) return Status::Many(std::move(problems_));
    return std::move(changes_);
  }

 private:
  void Refuse(const char* rule, const std::string& name, std::string what,
              std::string expected = {}, std::string found = {}, std::string hint = {}) {
    problems_.push_back(RuleProblem(root_, rule, name, std::move(what))
                            .Expected(std::move(expected))
                            .Found(std::move(found))
                            .Hint(std::move(hint)));
  }

  Feature* Find(const std::string& name) {
    const auto found = std::find_if(schema_.features.begin(), schema_.features.end(),
                                    [&](const Feature& feature) { return feature.name == name; });
    return found == schema_.features.end() ? nullptr : &*found;
  }

  // The change of the feature that is now called so.
  FeatureChange& ChangeOf(const std::string& name) {
    const auto known = std::find_if(changes_.begin(), changes_.end(),
                                    [&](const FeatureChange& change) { return change.to == name; });
    if (known != changes_.end()) return *known;
    return changes_.emplace_back(FeatureChange{name, name, {}, {}, false});
  }

  // All renames are from the source's own names, so that two features can change places.
  void Rename(const Rule& rule) {
    const auto found =
        std::find_if(schema_.features.begin(), schema_.features.end(),
                     [&](const Feature& feature) { return feature.name == rule.name; });
    if (found == schema_.features.end()) return;  // of another source
    if (IsDefault(rule.name) || IsDefault(rule.value)) {
      return Refuse("rename", rule.name, "the features that every dataset has keep their names");
    }
    if (rule.name == kSubtaskIndex || rule.value == kSubtaskIndex) {
      return Refuse("rename", rule.name,
                    "LeRobot knows `subtask_index` by its name, and its table goes with it");
    }
    if (found->dtype() == "language") {
      return Refuse("rename", rule.name,
                    "LeRobot knows columns of language by their names, which they keep");
    }
    if (!IsUsableFeatureName(rule.value) || (found->is_video() && !IsUsableVideoKey(rule.value))) {
      return Refuse("rename", rule.name, "a feature cannot have this name",
                    "a name without `/`, and for a camera at most 255 bytes",
                    "`" + rule.value + "`");
    }
    renamed_.push_back(rule);
    changes_.push_back({rule.name, rule.value, {}, {}, false});
  }

  // Applies all renames at once.
  void CheckNames() {
    std::set<std::string> names;
    for (Feature& feature : schema_.features) {
      const auto rule = std::find_if(renamed_.begin(), renamed_.end(),
                                     [&](const Rule& one) { return one.name == feature.name; });
      if (rule != renamed_.end()) feature.name = rule->value;
      if (names.insert(feature.name).second) continue;
      const bool by_this = rule != renamed_.end();
      Refuse("rename", by_this ? rule->name : feature.name,
             StrCat("two features would be called `", feature.name, "`"),
             "a name that the source has not", {},
             StrCat("give the other one another name too (--rename ",
                    ShellWord(StrCat(feature.name, "=", feature.name, "_2")),
                    "), or leave it out before: robomerge remove-feature ", ShellWord(root_), " ",
                    ShellWord(feature.name), " -o DST"));
    }
  }

  void Drop(const std::string& pattern) {
    std::vector<std::string> names;
    for (const Feature& feature : schema_.features) {
      if (!MatchesPattern(pattern, feature.name)) continue;
      if (!IsDefault(feature.name))
        names.push_back(feature.name);
      else if (pattern == feature.name)
        Refuse("drop", pattern, "the features that every dataset has cannot be left out");
    }
    for (const std::string& name : names) {
      FeatureChange& change = ChangeOf(name);
      change.to.clear();
      if (name == kSubtaskIndex) schema_.has_subtasks = false;
      std::erase_if(schema_.features, [&](const Feature& feature) { return feature.name == name; });
    }
  }

  const Json* EntryOf(const std::string& name) {
    for (const Rule& rule : rules_.entry) {
      if (rule.name != name) continue;
      const Result<Json> entry = json::Parse(rule.value, "");
      if (entry.ok()) return &entries_.emplace_back(*entry);
    }
    return nullptr;
  }

  void AddFeature(const Rule& rule) {
    const Json* entry = EntryOf(rule.name);
    if (Find(rule.name) != nullptr) {
      return Refuse("add", rule.name, "a feature of this name exists already",
                    "a name that the source has not", "`" + rule.name + "`",
                    StrCat("remove it first: robomerge remove-feature SRC ", rule.name));
    }
    if (entry == nullptr) return Refuse("add", rule.name, "the feature has no entry of info.json");
    schema_.features.push_back({rule.name, *entry});
    changes_.push_back({"", rule.name, {}, {}, false, true});
  }

  void Fill(const Rule& rule) {
    if (Find(rule.name) != nullptr) return;
    const Json* entry = EntryOf(rule.name);
    if (entry == nullptr) {
      return Refuse("fill", rule.name, "no source has a feature of this name",
                    FeatureNames(schema_));
    }
    const Feature feature{rule.name, *entry};
    if (feature.is_camera()) {
      return Refuse("fill", rule.name, "a camera cannot be filled", {}, {},
                    StrCat("leave it out of all sources: --drop ", rule.name));
    }
    const std::optional<FillValue> value = ValueOf(feature, rule.value);
    if (!value) {
      return Refuse("fill", rule.name, "value does not fit the feature's type",
                    "a value of dtype " + feature.dtype(), "`" + rule.value + "`");
    }
    schema_.features.push_back(feature);
    changes_.push_back({"", rule.name, *value, {}, false});
  }

  static std::optional<FillValue> ValueOf(const Feature& feature, const std::string& text) {
    const std::string dtype = feature.dtype();
    if (dtype == "string") return FillValue(text);
    if (dtype == "bool") {
      if (text == "true" || text == "false") return FillValue(text == "true");
      return std::nullopt;
    }
    const char* const end = text.data() + text.size();
    if (dtype.starts_with("float")) {
      double number = 0;
      const auto parsed = std::from_chars(text.data(), end, number);
      if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
      return FillValue(number);
    }
    int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || !IsNumeric(feature)) return std::nullopt;
    const bool is_unsigned = dtype.starts_with("uint");
    const int bits = std::atoi(dtype.c_str() + (is_unsigned ? 4 : 3));
    if (bits < 64) {
      const int64_t most = (int64_t{1} << (is_unsigned ? bits : bits - 1)) - 1;
      if (number > most || number < (is_unsigned ? 0 : -most - 1)) return std::nullopt;
    } else if (is_unsigned && number < 0) {
      return std::nullopt;
    }
    return FillValue(number);
  }

  void Cast(const Rule& rule) {
    Feature* feature = Find(rule.name);
    if (feature == nullptr || feature->dtype() == rule.value) return;
    if (IsDefault(rule.name))
      return Refuse("cast", rule.name, "the features that every dataset has keep their types");
    if (!IsNumeric(*feature)) {
      return Refuse("cast", rule.name, "only numbers can be cast", "a feature of numbers",
                    "dtype " + feature->dtype());
    }
    if (rule.value == "float16" || feature->dtype() == "float16") {
      return Refuse("cast", rule.name, "float16 cannot be cast, nor be what is cast to",
                    "another type of numbers", StrCat(feature->dtype(), " to ", rule.value));
    }
    FeatureChange& change = ChangeOf(rule.name);
    feature->entry["dtype"] = rule.value;
    if (change.from.empty()) {
      const std::optional<FillValue> value = std::visit(
          [&](const auto& one) -> std::optional<FillValue> {
            using One = std::decay_t<decltype(one)>;
            if constexpr (std::is_same_v<One, double>) {
              if (rule.value.starts_with("float")) return FillValue(one);
              return ValueOf(*feature, std::to_string(std::llrint(one)));
            } else if constexpr (std::is_same_v<One, int64_t>) {
              return ValueOf(*feature, std::to_string(one));
            } else {
              return std::nullopt;
            }
          },
          change.fill);
      if (!value)
        return Refuse("cast", rule.name, "the value that fills it does not fit the type",
                      rule.value);
      change.fill = *value;
      return;
    }
    change.is_cast = true;
  }

  void Reorder() {
    for (Feature& feature : schema_.features) {
      if (feature.is_camera()) continue;
      const Json* entry = EntryOf(feature.name);
      if (entry == nullptr) continue;
      const std::vector<std::string> own = ElementNames(feature.entry);
      std::vector<std::string> wanted = ElementNames(*entry);
      // The first source's padding comes behind what is reordered.
      while (wanted.size() > own.size() && wanted.back() == StrCat("pad_", wanted.size() - 1))
        wanted.pop_back();
      if (own == wanted ||
          !std::is_permutation(own.begin(), own.end(), wanted.begin(), wanted.end()))
        continue;
      if (const auto twice = RepeatedName(own); !twice.empty()) {
        Refuse("reorder_by_name", "",
               StrCat("names of elements do not say where these belong: `", feature.name, "` has `",
                      twice, "` more than once"),
               Join(wanted, ", "), Join(own, ", "),
               StrCat("leave the feature out (--drop ", ShellWord(PatternOf(feature.name)),
                      "), or give each element a name of its own in info.json"));
        continue;
      }
      FeatureChange& change = ChangeOf(feature.name);
      for (const std::string& name : wanted) {
        change.elements.push_back(
            static_cast<int32_t>(std::find(own.begin(), own.end(), name) - own.begin()));
      }
      feature.entry["names"] = wanted;
    }
  }

  void Pad(const Rule& rule) {
    Feature* feature = Find(rule.name);
    if (feature == nullptr) return;
    const std::vector<int64_t> shape = feature->shape();
    const int64_t length = std::stoll(rule.value);
    if (IsDefault(rule.name) || !IsNumeric(*feature) || shape.size() != 1) {
      return Refuse("pad", rule.name, "only vectors of numbers can be padded",
                    "a feature of numbers with one dimension",
                    StrCat("dtype ", feature->dtype(), ", shape ",
                           json::DumpLine(feature->entry.value("shape", Json()))));
    }
    if (shape.front() > length) {
      return Refuse("pad", rule.name, "the vector is longer than it should become",
                    StrCat("at most ", length, " elements"), std::to_string(shape.front()),
                    StrCat("pad to the longest: --pad ", rule.name, "=", shape.front()));
    }
    if (shape.front() == length) return;
    if (shape.front() == 1) {
      return Refuse("pad", rule.name, "a single number is no vector",
                    "a feature of at least 2 elements", "shape [1]");
    }
    const std::vector<std::string> names = ElementNames(feature->entry);
    FeatureChange& change = ChangeOf(rule.name);
    if (change.elements.empty() && !change.from.empty()) {
      for (int64_t at = 0; at < shape.front(); ++at)
        change.elements.push_back(static_cast<int32_t>(at));
    }
    if (!change.from.empty()) change.elements.resize(static_cast<size_t>(length), -1);
    feature->entry["shape"] = Json::array({length});
    if (names.empty()) return;
    Json all = names;
    for (int64_t at = shape.front(); at < length; ++at) {
      std::string name = StrCat("pad_", at);
      while (std::find(names.begin(), names.end(), name) != names.end()) name += '_';
      all.push_back(std::move(name));
    }
    feature->entry["names"] = std::move(all);
  }

  // Other words for as many elements.
  void TakeNames() {
    for (Feature& feature : schema_.features) {
      const Json* entry = EntryOf(feature.name);
      if (entry == nullptr || IsDefault(feature.name) || !entry->contains("names")) continue;
      if (entry->value("shape", Json()) != feature.entry.value("shape", Json())) continue;
      const std::vector<std::string> own = ElementNames(feature.entry);
      const std::vector<std::string> first = ElementNames(*entry);
      if (const auto moved = MovedName(own, first); !moved.empty()) {
        Refuse(
            "names_from_first", "",
            StrCat("elements of `", feature.name, "` have the first source's names in another ",
                   "place, so that they would be called what they are not: `", moved, "`"),
            Join(first, ", "), Join(own, ", "),
            std::is_permutation(own.begin(), own.end(), first.begin(), first.end())
                ? "move them with their names: --reorder-by-name"
                : "leave the feature out, or write the source anew: the same names must stand in "
                  "the same places");
        continue;
      }
      feature.entry["names"] = entry->at("names");
    }
  }

  // The result declares the first source's size; pictures of others stay as they are.
  void TakeSize(const std::string& camera) {
    Feature* feature = Find(camera);
    const Json* entry = EntryOf(camera);
    if (feature != nullptr && feature->is_camera() && entry != nullptr)
      feature->entry["shape"] = entry->at("shape");
  }

  const Adaptation& rules_;
  const std::string& root_;
  Schema& schema_;
  std::vector<Rule> renamed_;
  std::deque<Json> entries_;
  std::vector<FeatureChange> changes_;
  std::vector<Problem> problems_;
};

}  // namespace

Problem RuleProblem(const std::string& root, const std::string& rule, const std::string& name,
                    std::string what) {
  Problem problem = Problem(Code::kInvalidArgument, std::move(what))
                        .Kind("E-rule")
                        .Source(root)
                        .At(name.empty() ? rule : StrCat(rule, ": ", name));
  // The place is that of the rule, which may hold for many sources.
  if (!root.empty())
    problem.context.push_back(
        Shortened(StrCat("applying rules to ", root), Problem::kMostPathBytes));
  return problem;
}

std::string FeatureNames(const Schema& schema) {
  std::vector<std::string> names;
  for (const Feature& feature : schema.features) names.push_back(feature.name);
  return StrCat("one of ", Join(names, ", "));
}

const FeatureChange* FindChange(const std::vector<FeatureChange>& changes,
                                const std::string& from) {
  const auto found = std::find_if(changes.begin(), changes.end(),
                                  [&](const FeatureChange& one) { return one.from == from; });
  return found == changes.end() ? nullptr : &*found;
}

Result<std::vector<FeatureChange>> ChangeSchema(const Adaptation& adaptation,
                                                const std::string& root, Schema& schema) {
  return SchemaChange(adaptation, root, schema).Run();
}

}  // namespace robomerge::adapt_internal
