#include "read/needed_files.h"

#include <algorithm>
#include <functional>

#include "adapt/adapt.h"
#include "base/foreign_file.h"
#include "base/text.h"

namespace robomerge {
namespace {

constexpr size_t kCommitDigits = 40;
constexpr std::string_view kFolder = "datasets--";

bool IsReadInPart(const Dataset& dataset, const ReadOptions& options) {
  return options.rules != nullptr && !HubAddressOf(dataset.root).empty();
}

bool AsksRows(const Adaptation& rules, bool is_told) {
  const bool asks_of_episodes = !rules.select_task.empty() || !rules.exclude_task.empty() ||
                                rules.min_frames || rules.max_frames;
  return !rules.where.empty() || (!is_told && asks_of_episodes);
}

std::vector<bool> Chosen(const Dataset& dataset, const Adaptation& rules,
                         const ReadLastRows& read_last_rows) {
  std::vector<bool> is_chosen(dataset.episodes.size());
  const Result<std::vector<EpisodeChoice>> choices = ChooseEpisodes(dataset, rules, read_last_rows);
  if (!choices.ok()) return is_chosen;
  for (size_t place = 0; place < is_chosen.size(); ++place)
    is_chosen[place] = (*choices)[place].is_chosen;
  if (std::ranges::all_of(is_chosen, std::identity())) is_chosen.clear();
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

Status CheckIsNoSnapshot(const io::FileSystem& file_system, const std::string& root) {
  const Result<std::string> real = file_system.RealPath(root);
  std::string address = HubAddressOf(root);
  if (address.empty() && real.ok()) address = HubAddressOf(*real);
  if (address.empty()) return Status();
  return Problem(Code::kInvalidArgument,
                 "a dataset in the cache of the Hub is not changed in place")
      .Kind("E-destination")
      .At(root)
      .Expected(StrCat("what the commit holds: ", address))
      .Hint("make a new dataset of it, with `-o DST`: robomerge merge " + ShellWord(root) +
            " -o DST");
}

std::vector<bool> EpisodesForRows(const Dataset& dataset, const ReadOptions& options,
                                  bool is_told) {
  if (!IsReadInPart(dataset, options)) return {};
  Adaptation rules = *options.rules;
  if (AsksRows(rules, is_told)) rules.sample.reset();
  rules.where.clear();
  if (!is_told) {
    rules.select_task.clear(), rules.exclude_task.clear();
    rules.min_frames.reset(), rules.max_frames.reset();
  }
  return Chosen(dataset, rules, options.read_last_rows);
}

bool VideosWaitForRows(const ReadOptions& options, bool is_told) {
  return options.missing_files != nullptr && !options.missing_files->empty() &&
         options.rules != nullptr && AsksRows(*options.rules, is_told);
}

std::vector<bool> EpisodesForVideos(const Dataset& dataset, const ReadOptions& options) {
  if (!IsReadInPart(dataset, options)) return {};
  return Chosen(dataset, *options.rules, options.read_last_rows);
}

std::vector<std::string> CamerasToRead(const Dataset& dataset, const ReadOptions& options) {
  const bool is_in_part = IsReadInPart(dataset, options);
  std::vector<std::string> cameras = dataset.schema.video_keys();
  std::erase_if(cameras, [&](const std::string& camera) {
    return options.Drops(camera) ||
           (is_in_part && !KeepsFeature(*options.rules, dataset.schema, camera));
  });
  return cameras;
}

}  // namespace robomerge
