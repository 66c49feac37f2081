// What goes along with the rows follows the rules for features (docs/carried-files.md).
#include <algorithm>
#include <set>

#include "adapt/adapt_internal.h"
#include "base/text.h"
#include "model/text_columns.h"

namespace robomerge::adapt_internal {
namespace {

constexpr std::string_view kModality = "meta/modality.json";
constexpr const char* kSections[] = {"state", "action", "video", "annotation"};

// Whether elements have other places; those of a padding come behind all others.
bool MovesElements(const FeatureChange& change) {
  for (size_t at = 0; at < change.elements.size(); ++at) {
    if (change.elements[at] >= 0 && change.elements[at] != static_cast<int32_t>(at)) return true;
  }
  return false;
}

void FollowTextColumns(const std::vector<FeatureChange>& changes, Dataset& dataset) {
  for (size_t at = dataset.text_columns.size(); at-- > 0;) {
    const FeatureChange* change = FindChange(changes, dataset.text_columns[at].name);
    if (change == nullptr) continue;
    dataset.text_columns[at].name = change->to;
    if (!change->to.empty()) continue;
    if (dataset.text_columns[at].is_of_subtasks) {
      dataset.subtasks.clear();
      dataset.is_subtask_used.clear();
    }
    const auto place = static_cast<std::ptrdiff_t>(at);
    dataset.text_columns.erase(dataset.text_columns.begin() + place);
    for (DataFile& file : dataset.data_files) {
      for (EpisodeRows& rows : file.episodes)
        rows.text_frames.erase(rows.text_frames.begin() + place);
    }
  }
}

Problem ModalityWarning(const Dataset& dataset, std::string what) {
  return Problem(Code::kIncompatible, std::move(what))
      .Kind("W-modality")
      .Source(dataset.root)
      .At(StrCat(dataset.root, "/", kModality));
}

// Changes the entries of one section. Returns whether something changed.
bool FollowSection(const std::vector<FeatureChange>& changes, const std::string& section,
                   Json& entries, std::vector<std::string>& removed,
                   std::vector<std::string>& moved) {
  bool is_changed = false;
  std::vector<std::string> gone;
  for (auto& [name, entry] : entries.items()) {
    const FeatureChange* change = FindChange(changes, ModalityColumn(section, name, entry));
    if (change == nullptr) continue;
    if (change->to.empty()) {
      gone.push_back(name);
      continue;
    }
    if (MovesElements(*change)) moved.push_back(StrCat(section, ".", name));
    if (change->to == change->from) continue;
    if (!entry.is_object()) entry = Json::object();
    entry["original_key"] = change->to;
    is_changed = true;
  }
  for (const std::string& name : gone) {
    entries.erase(name);
    removed.push_back(StrCat(section, ".", name));
  }
  return is_changed || !gone.empty();
}

void FollowModality(const std::vector<FeatureChange>& changes, Dataset& dataset) {
  // What is no JSON cannot be followed.
  for (OtherFile& file : dataset.other_files) {
    if (file.path == kModality && file.left_out.empty())
      file.left_out = "no JSON, and rules change features";
  }
  if (!dataset.modality) return;
  Result<Json> parsed = json::Parse(dataset.modality->text, std::string(kModality));
  if (!parsed.ok()) return;
  bool is_changed = false;
  std::vector<std::string> removed, moved;
  for (const char* section : kSections) {
    if (!parsed->contains(section) || !parsed->at(section).is_object()) continue;
    is_changed |= FollowSection(changes, section, (*parsed)[section], removed, moved);
  }
  if (!moved.empty()) {
    dataset.modality.reset();
    dataset.other_files.push_back({std::string(kModality), 0, 0,
                                   StrCat("elements of ", Join(moved, ", "), " change places")});
    return;
  }
  if (!removed.empty()) {
    dataset.warnings.push_back(ModalityWarning(
        dataset, StrCat("entries of modality.json for features that are left out are removed: ",
                        Join(removed, ", ").substr(0, 200))));
  }
  if (!is_changed) return;
  dataset.modality->text = json::Dump(*parsed) + "\n";
  dataset.modality->is_changed = true;
}

}  // namespace

void FollowFeatures(const std::vector<FeatureChange>& changes, Dataset& dataset) {
  FollowTextColumns(changes, dataset);
  FollowModality(changes, dataset);
}

}  // namespace robomerge::adapt_internal
