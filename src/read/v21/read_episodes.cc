// meta/episodes.jsonl (format spec 6.1).
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "read/v21/json_lines.h"
#include "read/v21/read_v21.h"
#include "read/v30/read_v30.h"

namespace robomerge::v21 {
namespace {

using json::Json;

struct EpisodeLine {
  EpisodeClaim claim;
  std::vector<std::string> tasks;
  std::vector<std::string> other_keys;
};

// One text, or a list of texts; anything else says nothing.
bool TakeTasks(const Json& object, std::vector<std::string>& tasks) {
  const auto found = object.find("tasks");
  if (found == object.end()) return false;
  if (found->is_string()) tasks = {found->get<std::string>()};
  if (!found->is_array()) return found->is_string();
  for (const Json& task : *found) {
    if (!task.is_string()) return false;
    tasks.push_back(task.get<std::string>());
  }
  return !tasks.empty();
}

EpisodeLine LineOf(const Json& object) {
  EpisodeLine line;
  const std::optional<int64_t> length = WholeNumber(object, "length");
  if (length && *length >= 0) line.claim.length = static_cast<uint64_t>(*length);
  line.claim.has_tasks = TakeTasks(object, line.tasks);
  if (!line.claim.has_tasks) line.tasks.clear();
  for (const auto& [key, value] : object.items()) {
    if (key != kEpisodeIndex && key != "length" && key != "tasks") line.other_keys.push_back(key);
  }
  return line;
}

Status CheckTotal(const SourceInfo& info, uint64_t num_episodes, const std::string& root,
                  const std::string& path, std::vector<Problem>& warnings) {
  if (!info.total_episodes || *info.total_episodes == num_episodes) return Status();
  const std::string where = io::JoinPath(root, "meta/info.json") + ": total_episodes";
  if (num_episodes < *info.total_episodes) {
    return Problem(Code::kCorrupt, "episodes of info.json are not in episodes.jsonl")
        .Kind("E-totals")
        .At(where)
        .Expected(StrCat(WithSeparators(*info.total_episodes), " episodes (from info.json)"))
        .Found(StrCat(WithSeparators(num_episodes), " in ", path))
        .Hint(std::string(v30::kCopyTheRest) +
              ". If these episodes are all there ever were, set total_episodes to their number");
  }
  warnings.push_back(
      Problem(Code::kCorrupt, "a total of info.json is not the number of lines, which is taken")
          .Kind("W-totals")
          .At(where)
          .Expected(StrCat(WithSeparators(num_episodes), " (counted)"))
          .Found(WithSeparators(*info.total_episodes)));
  return Status();
}

void WarnOfKeys(const std::vector<EpisodeLine>& lines, const std::string& path,
                std::vector<Problem>& warnings) {
  std::set<std::string> keys;
  for (const EpisodeLine& line : lines) keys.insert(line.other_keys.begin(), line.other_keys.end());
  if (keys.empty()) return;
  const std::vector<std::string> names(keys.begin(), keys.end());
  warnings.push_back(
      Problem(Code::kUnsupported,
              StrCat("lines have keys that the format does not know, which are left out: ",
                     Join(names, ", ").substr(0, 200)))
          .Kind("W-jsonl-unknown-key")
          .At(path)
          .Expected("episode_index, tasks and length"));
}

void WarnOfGaps(const std::vector<std::pair<int64_t, size_t>>& order, const JsonLines& lines,
                std::vector<Problem>& warnings) {
  const auto gap = std::find_if(order.begin(), order.end(), [&](const auto& line) {
    return line.first != static_cast<int64_t>(&line - order.data());
  });
  if (gap == order.end()) return;
  warnings.push_back(
      Problem(Code::kCorrupt,
              "episodes are not numbered 0, 1, 2, ... without gaps; the result counts them anew")
          .Kind("W-episode-number")
          .At(lines.Where(gap->second))
          .Expected(StrCat("episode_index ", gap - order.begin()))
          .Found(std::to_string(gap->first)));
}

}  // namespace

Result<std::vector<EpisodeClaim>> ReadEpisodes(const io::FileSystem& file_system,
                                               const SourceInfo& info, const ReadOptions& options,
                                               Dataset& dataset) {
  const std::string path = io::JoinPath(dataset.root, "meta/episodes.jsonl");
  const Result<JsonLines> read = JsonLines::Read(file_system, path, dataset.warnings);
  std::vector<EpisodeClaim> claims;
  if (!read.ok() && read.status().code() == Code::kNotFound) {
    if (info.total_episodes == 0) return claims;
    return Problem(Code::kCorrupt, "episodes.jsonl is missing")
        .Kind("E-missing-file")
        .At(path)
        .Expected("the tasks and the length of each episode")
        .Hint(std::string(v30::kCopyTheRest));
  }
  ROBOMERGE_RETURN_NOT_OK(read.status());
  const JsonLines& lines = *read;
  std::vector<EpisodeLine> all(lines.size());
  std::vector<std::pair<int64_t, size_t>> order(lines.size());
  ROBOMERGE_RETURN_NOT_OK(lines.ParseAll(options.for_each, kEpisodeIndex,
                                         [&](size_t at, Json&& object, int64_t number) {
                                           all[at] = LineOf(object);
                                           order[at] = {number, at};
                                           return Status();
                                         }));
  KeepLast(lines, kEpisodeIndex, order, dataset.warnings);
  ROBOMERGE_RETURN_NOT_OK(CheckTotal(info, order.size(), dataset.root, path, dataset.warnings));
  WarnOfKeys(all, path, dataset.warnings);
  WarnOfGaps(order, lines, dataset.warnings);
  uint64_t num_bytes = lines.file().size_bytes;
  for (const auto& [number, at] : order) {
    Episode episode;
    episode.number = static_cast<uint64_t>(number);
    if (options.LeavesOut(episode.number)) continue;
    episode.tasks = std::move(all[at].tasks);
    episode.length_frames = all[at].claim.length.value_or(0);
    episode.row = static_cast<int64_t>(claims.size());
    claims.push_back(all[at].claim);
    dataset.episodes.push_back(std::move(episode));
  }
  dataset.episodes_files.push_back({path, lines.file().size_bytes, lines.file().modified_ns,
                                    lines.file().changed_ns, num_bytes});
  return claims;
}

}  // namespace robomerge::v21
