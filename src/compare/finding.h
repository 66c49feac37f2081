// What the comparisons of differences.cc, features.cc, ... share.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compare/facts.h"
#include "robomerge/compare.h"

namespace robomerge::compare_internal {

using Difference = CompareReport::Difference;
using Remedy = CompareReport::Remedy;
using Settlement = CompareReport::Settlement;

/// Which source has which form of something.
struct Split {
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit Split(size_t num_sources) : form_of(num_sources, kNone) {}
  void Put(size_t source, const std::string& text);
  bool differs() const { return texts.size() > 1; }

  std::vector<std::string> texts;  ///< of the forms, in order of first appearance
  std::vector<uint32_t> form_of;   ///< per source; kNone: it does not apply

 private:
  std::map<std::string, uint32_t> numbers_;
};

/// A difference before it is counted. `forms` of the difference is empty, or counted already.
struct Found {
  Difference difference;
  Split split;
};

/// The features of a schema under the names that they will have.
struct View {
  const Schema* schema = nullptr;
  uint64_t num_sources = 0;
  std::map<std::string, const Feature*> features;
};

/// All sources, with equal schemas once.
struct Comparison {
  explicit Comparison(const std::vector<SourceFacts>& sources_in);

  /// The split of sources by what `form` says of their feature of that name; nothing where it says
  /// nothing, or where there is no such feature.
  Split SplitBy(const std::string& feature,
                const std::function<std::optional<std::string>(const Feature&)>& form) const;
  /// The form that most sources have; among equals that of the first source that has one of them.
  uint32_t UsualOf(const Split& split) const;
  /// How many sources have each form.
  std::vector<uint64_t> CountsOf(const Split& split) const;
  const Feature* FeatureOf(size_t source, const std::string& name) const;
  const std::vector<SourceFacts>& sources;
  std::vector<View> views;
  std::vector<size_t> view_of;             ///< per source
  std::vector<std::string> feature_names;  ///< of all views, in order of first appearance
  /// What FindRenames() takes for a feature of this name, under the names that it has.
  std::map<std::string, std::vector<std::string>> other_names;
};

/// The keys of all remedies, in the order in which a merge applies them (docs/adapt.md).
inline constexpr std::string_view kKeys[] = {"rename",           "drop",
                                             "keep_common",      "cast",
                                             "reorder_by_name",  "pad",
                                             "names_from_first", "robot_type",
                                             "replace_task",     "normalize_tasks",
                                             "allow_mixed_size"};

bool IsDefaultFeature(std::string_view name);
bool IsNumber(const std::string& dtype);
/// "`a`, `b`": the first few.
std::string Quoted(const std::vector<std::string>& names, size_t most = 4);
Remedy MakeRemedy(std::string key, std::string name = "", std::string value = "");
/// The flags in one line.
std::string FlagLine(const std::vector<Remedy>& remedies);

/// What leaves the feature out of all sources, under whatever name they have it. It stands instead
/// of its renames: a feature is renamed or left out.
std::vector<Remedy> LeaveOut(const Comparison& comparison, const std::string& feature);

/// Finds likely renames and applies them to the views.
void FindRenames(Comparison& comparison, std::vector<Found>& found,
                 std::map<std::string, std::vector<std::string>>& doubtful);
/// Features that not all sources have. `doubtful`: what FindRenames() leaves to the user, by
/// feature. Returns the remedies of each that is to be left out.
std::map<std::string, std::vector<Remedy>> FindMissing(
    const Comparison& comparison, const std::map<std::string, std::vector<std::string>>& doubtful,
    std::vector<Found>& found);
/// How a feature that several sources have differs between them.
void CompareFeature(const Comparison& comparison, const std::string& name,
                    std::vector<Found>& found);
/// The streams of a camera, and what info.json says of them.
void CompareStreams(const Comparison& comparison, const std::string& name,
                    std::vector<Found>& found);
/// What is said of the dataset as a whole.
void CompareDatasets(const Comparison& comparison, std::vector<Found>& found);
/// Texts of tasks that differ in case, blanks or punctuation only.
void CompareTasks(const Comparison& comparison, std::vector<Found>& found);
/// Elements that are in degrees in some sources and in radians in others, by their ranges.
void CompareUnits(const Comparison& comparison, const std::string& name, std::vector<Found>& found);

}  // namespace robomerge::compare_internal
