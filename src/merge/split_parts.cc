#include "merge/split_parts.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "base/path.h"
#include "base/text.h"
#include "model/adaptation.h"
#include "model/step.h"
#include "verify/read_record.h"

namespace robomerge {
namespace {

// Of a hundred, in millionths.
constexpr uint64_t kOnePercent = 1'000'000;
constexpr uint64_t kAll = 100 * kOnePercent;
constexpr size_t kMostNameBytes = 100;

Problem WrongInto(std::string what, std::string expected, const std::string& found) {
  return Problem(Code::kInvalidArgument, std::move(what))
      .Kind("E-value")
      .Expected(std::move(expected))
      .Found(StrCat("`", found, "`"));
}

// "80%", "33.3%", in millionths of a hundred.
std::optional<uint64_t> ParsePercent(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  const std::string_view decimals = text.substr(std::min(point + 1, text.size()));
  if (digits.empty() || decimals.size() > 6 || (point < text.size() && decimals.empty()))
    return std::nullopt;
  digits += std::string(decimals) + std::string(6 - decimals.size(), '0');
  uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number == 0 || number > kAll)
    return std::nullopt;
  return number;
}

bool IsNameOfFolder(const std::string& name) {
  return IsPlainPath(name) && name.find('/') == std::string::npos && !name.starts_with(".") &&
         name.size() <= kMostNameBytes;
}

// Cuts where the sums of the parts say, so that parts of a hundred leave nothing out.
std::vector<SplitPart> PartsOfHundred(const std::vector<Rule>& into, size_t num_episodes) {
  std::vector<SplitPart> parts;
  uint64_t sum = 0;
  size_t first = 0;
  for (const Rule& rule : into) {
    sum += ParsePercent(rule.value).value_or(0);
    const size_t end = num_episodes * sum / kAll;
    SplitPart& part = parts.emplace_back(SplitPart{rule.name, {}});
    for (; first < end; ++first) part.episodes.push_back(first);
  }
  return parts;
}

Result<std::vector<SplitPart>> PartsByNumbers(const std::vector<Rule>& into,
                                              const Dataset& dataset) {
  std::vector<Problem> problems;
  std::map<uint64_t, size_t> positions;
  for (size_t at = 0; at < dataset.episodes.size(); ++at)
    positions.emplace(dataset.episodes[at].number, at);
  std::vector<const Rule*> taken(dataset.episodes.size(), nullptr);
  std::vector<SplitPart> parts;
  for (const Rule& rule : into) {
    SplitPart& part = parts.emplace_back(SplitPart{rule.name, {}});
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<EpisodeRange> ranges, ParseEpisodes(rule.value));
    for (const EpisodeRange& range : ranges) {
      const uint64_t end = range.last.value_or(range.first);
      if (!positions.contains(range.first) || !positions.contains(end)) {
        problems.push_back(
            Problem(Code::kInvalidArgument, StrCat("split `", rule.name, "` has no such episode"))
                .Kind("E-rule")
                .At(dataset.root)
                .Expected(StrCat("episodes from ", positions.begin()->first, " to ",
                                 positions.rbegin()->first))
                .Found(EpisodesText({range})));
        continue;
      }
      for (auto at = positions.find(range.first);
           at != positions.end() && range.Contains(at->first); ++at) {
        const Rule*& other = taken[at->second];
        if (other != nullptr) {
          problems.push_back(Problem(Code::kInvalidArgument, "an episode is in two splits")
                                 .Kind("E-rule")
                                 .At(dataset.root)
                                 .Expected("each in one")
                                 .Found(StrCat("episode ", at->first, " in `", other->name,
                                               "` and `", rule.name, "`")));
          break;
        }
        other = &rule;
        part.episodes.push_back(at->second);
      }
    }
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  return parts;
}

// A name of a folder for tasks: their letters and digits, joined by `_`.
std::string NameForTasks(const std::vector<std::string>& tasks) {
  std::string name;
  for (const char letter : Join(tasks, " and ")) {
    const unsigned char byte = static_cast<unsigned char>(letter);
    const bool is_upper = letter >= 'A' && letter <= 'Z';
    const bool is_kept =
        (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || byte >= 0x80;
    if (is_upper || is_kept)
      name += is_upper ? static_cast<char>(letter - 'A' + 'a') : letter;
    else if (!name.empty() && name.back() != '_')
      name += '_';
  }
  constexpr size_t kMost = 60;
  size_t end = std::min(name.size(), kMost);
  // Not within a character of UTF-8.
  while (end < name.size() && end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80)
    --end;
  while (end > 0 && name[end - 1] == '_') --end;
  return end == 0 ? "no_task" : name.substr(0, end);
}

// In the order in which they occur first. Names that are taken get a number.
std::vector<SplitPart> PartsByTask(const Dataset& dataset) {
  std::map<std::vector<std::string>, size_t> part_of;
  std::set<std::string> names;
  std::vector<SplitPart> parts;
  for (size_t at = 0; at < dataset.episodes.size(); ++at) {
    std::vector<std::string> tasks = dataset.episodes[at].tasks;
    std::sort(tasks.begin(), tasks.end());
    const auto [found, is_new] = part_of.emplace(tasks, parts.size());
    if (is_new) {
      const std::string base = NameForTasks(tasks);
      std::string name = base;
      for (size_t number = 2; !names.insert(name).second; ++number)
        name = StrCat(base, "_", number);
      parts.push_back({name, {}});
    }
    parts[found->second].episodes.push_back(at);
  }
  return parts;
}

Result<std::vector<SplitPart>> PartsBySource(const io::FileSystem& file_system,
                                             const Dataset& dataset) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<RecordedSource> sources,
                             RecordedSourcesOf(file_system, dataset.root));
  std::set<std::string> names;
  std::vector<SplitPart> parts;
  size_t first = 0;
  for (const RecordedSource& source : sources) {
    if (source.num_episodes > dataset.episodes.size() - first) {
      first = 0;  // not a record of these episodes
      break;
    }
    std::string name = source.name;
    if (!name.empty() && !IsNameOfFolder(name)) {
      return Problem(Code::kInvalidArgument,
                     StrCat("the name of a source, `", name, "`, is no name of a folder"))
          .Kind("E-rule")
          .At(io::JoinPath(dataset.root, std::string(RecordStep::kPath)))
          .Hint("name the splits by their episodes (--into); `robomerge log` has the numbers");
    }
    if (name.empty() || names.contains(name)) name = StrCat("source_", &source - sources.data());
    for (size_t number = 2; !names.insert(name).second; ++number)
      name = StrCat("source_", &source - sources.data(), "_", number);
    SplitPart part{name, {}};
    for (const size_t end = first + source.num_episodes; first < end; ++first)
      part.episodes.push_back(first);
    if (!part.episodes.empty()) parts.push_back(std::move(part));
  }
  if (first == dataset.episodes.size() && !parts.empty()) return parts;
  return Problem(Code::kInvalidArgument, "the dataset does not say from which sources it is")
      .Kind("E-rule")
      .At(io::JoinPath(dataset.root, std::string(RecordStep::kPath)))
      .Expected(StrCat("the record of a merge, of ", dataset.episodes.size(), " episodes"))
      .Hint("split it by episodes (--into) or by tasks (--by-task)");
}

}  // namespace

Status CheckSplitRules(const SplitRules& rules) {
  if (!rules.into.empty() + rules.by_task + rules.by_source != 1) {
    return Problem(Code::kInvalidArgument, "a split goes by one thing")
        .Kind("E-flag")
        .Expected("--into NAME=EPISODES for each split, --by-task or --by-source");
  }
  std::vector<Problem> problems;
  std::set<std::string> names;
  size_t num_percents = 0;
  uint64_t percents = 0;
  for (const Rule& into : rules.into) {
    if (!IsNameOfFolder(into.name)) {
      problems.push_back(WrongInto("the name of a split is the name of a folder",
                                   "at most 100 bytes, without `/` and no `.` in front",
                                   into.name.substr(0, kMostNameBytes)));
    } else if (!names.insert(into.name).second) {
      problems.push_back(WrongInto("two splits of one name", "a name for each", into.name));
    }
    const bool is_percent = into.value.ends_with('%');
    num_percents += is_percent ? 1 : 0;
    const std::optional<uint64_t> percent = ParsePercent(into.value);
    percents += percent.value_or(0);
    if (is_percent ? !percent : !ParseEpisodes(into.value).ok()) {
      problems.push_back(WrongInto(StrCat("split `", into.name, "` does not say which episodes"),
                                   "episodes as 0-39,50 or 80-, or a part as 80%", into.value));
    }
  }
  if (num_percents != 0 && num_percents != rules.into.size()) {
    problems.push_back(Problem(Code::kInvalidArgument, "some splits are parts, others episodes")
                           .Kind("E-value")
                           .Expected("all as 80%, or all as 0-39"));
  }
  if (percents > kAll) {
    problems.push_back(Problem(Code::kInvalidArgument, "splits are more than the whole")
                           .Kind("E-value")
                           .Expected("100% in all, at most"));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Result<std::vector<SplitPart>> SplitPartsOf(const io::FileSystem& file_system,
                                            const SplitRules& rules, const Dataset& dataset) {
  if (rules.by_task) return PartsByTask(dataset);
  if (rules.by_source) return PartsBySource(file_system, dataset);
  Result<std::vector<SplitPart>> parts = rules.into.front().value.ends_with('%')
                                             ? PartsOfHundred(rules.into, dataset.episodes.size())
                                             : PartsByNumbers(rules.into, dataset);
  if (!parts.ok()) return parts;
  std::vector<Problem> problems;
  for (const SplitPart& part : *parts) {
    if (!part.episodes.empty()) continue;
    problems.push_back(Problem(Code::kInvalidArgument, StrCat("split `", part.name, "` is empty"))
                           .Kind("E-nothing-selected")
                           .At(dataset.root)
                           .Expected("at least one episode")
                           .Found(StrCat("none of ", dataset.episodes.size())));
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  return parts;
}

}  // namespace robomerge
