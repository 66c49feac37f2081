#include "read/needed_files.h"

#include <algorithm>

#include "adapt/adapt.h"
#include "base/text.h"

namespace robomerge {
namespace {

constexpr size_t kCommitDigits = 40;
constexpr std::string_view kFolder = "datasets--";

bool IsReadInPart(const Dataset& dataset, const ReadOptions& options) {
  return options.rules != nullptr && !HubAddressOf(dataset.root).empty();
}

std::vector<bool> Chosen(const Dataset& dataset, const Adaptation& rules,
                         const ReadLastRows& read_last_rows) {
  std::vector<bool> is_chosen(dataset.episodes.size());
  const Result<std::vector<EpisodeChoice>> choices = ChooseEpisodes(dataset, rules, read_last_rows);
  if (!choices.ok()) return is_chosen;
  for (size_t episode = 0; episode < is_chosen.size(); ++episode)
    is_chosen[episode] = (*choices)[episode].is_chosen;
  return is_chosen;
}

}  // namespace

std::string HubAddressOf(std::string_view root) {
  while (root.ends_with('/')) root.remove_suffix(1);
  std::string_view names[3];
  for (std::string_view& name : names) {
    const size_t slash = root.rfind('/');
    name = slash == std::string_view::npos ? root : root.substr(slash + 1);
    root = slash == std::string_view::npos ? std::string_view() : root.substr(0, slash);
  }
  auto& [commit, snapshots, repository] = names;
  if (commit.size() != kCommitDigits ||
      commit.find_first_not_of("0123456789abcdef") != std::string_view::npos ||
      snapshots != "snapshots" || !repository.starts_with(kFolder))
    return "";
  repository.remove_prefix(kFolder.size());
  // No name has two dashes in a row.
  const size_t dashes = repository.find("--");
  if (dashes == std::string_view::npos) return "";
  return StrCat("hf://datasets/", repository.substr(0, dashes), "/", repository.substr(dashes + 2),
                "@", commit);
}

std::vector<bool> CandidateEpisodes(const Dataset& dataset, const ReadOptions& options,
                                    bool tasks_are_known) {
  if (!IsReadInPart(dataset, options)) return std::vector<bool>(dataset.episodes.size(), true);
  Adaptation rules = *options.rules;
  if (!rules.where.empty() || !tasks_are_known) rules.sample.reset();
  rules.where.clear();
  if (!tasks_are_known) rules.select_task.clear(), rules.exclude_task.clear();
  return Chosen(dataset, rules, options.read_last_rows);
}

std::vector<bool> NeededEpisodes(const Dataset& dataset, const ReadOptions& options) {
  if (!IsReadInPart(dataset, options)) return std::vector<bool>(dataset.episodes.size(), true);
  return Chosen(dataset, *options.rules, options.read_last_rows);
}

bool IsCameraNeeded(const Dataset& dataset, const ReadOptions& options, std::string_view camera) {
  if (!IsReadInPart(dataset, options)) return true;
  return KeepsFeature(*options.rules, dataset.schema, camera);
}

}  // namespace robomerge
