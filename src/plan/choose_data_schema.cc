// Which form the columns of all data files take.
#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>
#include <tuple>

#include "plan/kept_files.h"
#include "plan/plan_internal.h"

namespace robomerge::plan_internal {
namespace {

// The leaves of each column as a physical schema (DataFile::physical_schema) tells them.
std::map<std::string, std::vector<std::string>> FormsOf(const std::string& physical_schema) {
  std::map<std::string, std::vector<std::string>> forms;
  std::istringstream lines(physical_schema);
  for (std::string line; std::getline(lines, line);) {
    const std::string column(ColumnOfForm(line));
    if (column.size() < line.size()) forms[column].push_back(line.substr(column.size() + 1));
  }
  return forms;
}

// The leaves that can hold anything: one of which a writer saw only nulls may have no type.
size_t NumTypedLeaves(const std::string& physical_schema) {
  size_t num_leaves = 0;
  std::istringstream lines(physical_schema);
  for (std::string line; std::getline(lines, line);) num_leaves += line.ends_with(" null") ? 0 : 1;
  return num_leaves;
}

// Whether `other` may hold nulls at a level where `form` may not.
bool LacksNulls(std::string_view form, std::string_view other) {
  constexpr std::string_view kNext = " / ";
  while (!form.empty() && !other.empty()) {
    if (form.starts_with("required") && other.starts_with("optional")) return true;
    const size_t end = form.find(kNext), other_end = other.find(kNext);
    if (end == std::string_view::npos || other_end == std::string_view::npos) return false;
    form.remove_prefix(end + kNext.size());
    other.remove_prefix(other_end + kNext.size());
  }
  return false;
}

}  // namespace

void ChooseDataSchema(MergePlan& plan) {
  // The physical schema of most bytes, so that as little as possible must be decoded; of several
  // such the first. Before all others come files that say which columns are images (W-13), and
  // before those that keep pictures without their group.
  struct Candidate {
    bool has_huggingface_features = false;
    size_t num_leaves = 0;
    uint64_t bytes = 0;
    uint32_t source = 0, file = 0;
  };
  std::map<std::pair<bool, std::string>, size_t> position;
  std::vector<Candidate> candidates;
  for (uint32_t source = 0; source < plan.sources.size(); ++source) {
    const std::vector<DataFile>& files = plan.sources[source]->dataset->data_files;
    for (uint32_t file = 0; file < files.size(); ++file) {
      if (files[file].episodes.empty()) continue;
      const bool has_features = files[file].has_huggingface_features;
      const std::string& schema = files[file].physical_schema;
      const auto [entry, is_new] = position.try_emplace({has_features, schema}, candidates.size());
      if (is_new) {
        const size_t num_leaves = NumTypedLeaves(schema);
        candidates.push_back({has_features, num_leaves, 0, source, file});
      }
      candidates[entry->second].bytes += files[file].size_bytes;
    }
  }
  // Files that stay as they are decide for the others.
  const auto rank = [&](const Candidate& one) {
    return std::tuple(IsKept(plan, one.source), one.num_leaves, one.has_huggingface_features,
                      one.bytes);
  };
  const auto most = std::max_element(
      candidates.begin(), candidates.end(),
      [&](const Candidate& left, const Candidate& right) { return rank(left) < rank(right); });
  if (most == candidates.end()) return;
  plan.schema_source = most->source;
  plan.schema_data_file = most->file;
  if (candidates.size() == 1) return;
  std::vector<std::map<std::string, std::vector<std::string>>> all_forms;
  for (const Candidate& one : candidates) {
    all_forms.push_back(
        FormsOf(plan.sources[one.source]->dataset->data_files[one.file].physical_schema));
  }
  for (const auto& [column, forms] : all_forms[static_cast<size_t>(most - candidates.begin())]) {
    if (column == "index" || column == "episode_index" || column == "task_index" ||
        IsTextColumn(plan, column))
      continue;
    const bool lacks_nulls = std::any_of(all_forms.begin(), all_forms.end(), [&](const auto& all) {
      const auto others = all.find(column);
      if (others == all.end() || others->second.size() != forms.size()) return false;
      for (size_t leaf = 0; leaf < forms.size(); ++leaf) {
        if (LacksNulls(forms[leaf], others->second[leaf])) return true;
      }
      return false;
    });
    if (lacks_nulls) plan.nullable_columns.push_back(column);
  }
}

}  // namespace robomerge::plan_internal
