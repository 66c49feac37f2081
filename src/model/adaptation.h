// An adaptation as JSON: what ids hash, plan directories and records hold. Its one normal form. And
// what its texts mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "formats/json/json.h"
#include "robomerge/source.h"

namespace robomerge {

/// The rules that are there, in the order in which they are applied.
json::Json AdaptationJson(const Adaptation& adaptation);

/// As one line; "" for an empty adaptation, which is written nowhere.
std::string AdaptationText(const Adaptation& adaptation);

/// The inverse of AdaptationJson(). Nothing if there is a rule that this program does not know, or
/// of another type: without that rule the result would not be the one that was asked for.
std::optional<Adaptation> AdaptationFromJson(const json::Json& rules);

/// The inverse of AdaptationText().
std::optional<Adaptation> AdaptationFromText(const std::string& text);

/// The form in which equal wishes are equal texts: lists of episodes as "0-9,12,20-", conditions as
/// "COLUMN OP VALUE", rules sorted where their order does not matter, and each once. A rule that
/// keeps everything ("0-", at least 0 frames, a seed without a sample) is left out.
///
/// kInvalidArgument (E-rule) reports every value that cannot be, and all rules that contradict each
/// other. `where` of each problem is what the rule is called: "episodes", or "rename: OLD".
Result<Adaptation> Normalize(Adaptation adaptation);

/// Consecutive episodes of a source, or frames of an episode; both ends are included.
struct EpisodeRange {
  uint64_t first = 0;
  std::optional<uint64_t> last;  ///< nothing: to the end

  bool Contains(uint64_t number) const { return number >= first && (!last || number <= *last); }
  bool operator==(const EpisodeRange&) const = default;
};

/// The ranges of "0-9,12,20-": sorted, and with a gap between each and the next.
Result<std::vector<EpisodeRange>> ParseEpisodes(std::string_view text);
/// The ranges of these numbers, which are ascending.
std::vector<EpisodeRange> RangesOf(const std::vector<uint64_t>& numbers);
/// The inverse of ParseEpisodes().
std::string EpisodesText(const std::vector<EpisodeRange>& ranges);
/// The frames that a `trim` keeps: "10-250", "10-" or "10".
Result<EpisodeRange> ParseTrim(std::string_view text);

/// A condition of `where`. Only `=` and `!=` go with a bool or a text.
struct Condition {
  enum class Op { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

  std::string column;
  Op op = Op::kEqual;
  std::variant<bool, int64_t, uint64_t, double, std::string> value;

  bool operator==(const Condition&) const = default;
};

constexpr auto NamesOf(Condition::Op) {
  return std::to_array<std::string_view>({"=", "!=", "<", "<=", ">", ">="});
}

/// "COLUMN OP VALUE". VALUE is `true` or `false`, a number, or a text; in double quotes it is a
/// text in any case. A whole number is an int64_t, also if written as 1.0, and a uint64_t
/// if it is too large for that.
Result<Condition> ParseCondition(std::string_view text);
/// The inverse of ParseCondition().
std::string ConditionText(const Condition& condition);

/// Whether `text` is what `pattern` says: `*` stands for any characters, `?` for one; after `\`
/// they and `\` stand for themselves.
bool MatchesPattern(std::string_view pattern, std::string_view text);
/// The pattern that only `text` matches.
std::string PatternOf(std::string_view text);
/// Whether a task is meant by `wish`: its text, or "glob:" and a pattern.
bool IsTaskMeant(std::string_view wish, std::string_view task);

}  // namespace robomerge
