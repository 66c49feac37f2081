// What the texts of an adaptation mean: lists of episodes, conditions, patterns.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/overloaded.h"
#include "base/text.h"
#include "model/adaptation.h"

namespace robomerge {
namespace {

constexpr uint64_t kMostNumber = std::numeric_limits<int64_t>::max();

Problem WrongValue(std::string what, std::string expected, std::string_view found) {
  return Problem(Code::kInvalidArgument, std::move(what))
      .Kind("E-rule")
      .Expected(std::move(expected))
      .Found(StrCat("`", found, "`"));
}

std::string_view WithoutBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number <= kMostNumber ? std::optional(number) : std::nullopt;
}

// "12", "0-9" or "20-". Nothing if it is none of these, or ends before it begins.
std::optional<EpisodeRange> Range(std::string_view text) {
  const size_t dash = text.find('-');
  const std::optional<uint64_t> first = Number(WithoutBlanks(text.substr(0, dash)));
  if (!first) return std::nullopt;
  if (dash == std::string_view::npos) return EpisodeRange{*first, *first};
  const std::string_view end = WithoutBlanks(text.substr(dash + 1));
  if (end.empty()) return EpisodeRange{*first, std::nullopt};
  const std::optional<uint64_t> last = Number(end);
  return last && *last >= *first ? std::optional(EpisodeRange{*first, last}) : std::nullopt;
}

std::string RangeText(const EpisodeRange& range) {
  if (!range.last) return StrCat(range.first, '-');
  return *range.last == range.first ? StrCat(range.first) : StrCat(range.first, '-', *range.last);
}

// Where the operator of a condition begins, and which it is.
struct FoundOp {
  size_t at = 0, length = 0;
  Condition::Op op = Condition::Op::kEqual;
};

std::optional<FoundOp> FindOp(std::string_view text) {
  const size_t at = text.find_first_of("=<>!");
  if (at == std::string_view::npos) return std::nullopt;
  if (text.substr(at, 2) == "==") return FoundOp{at, 2, Condition::Op::kEqual};
  // The longer ones come first: "<=" begins with "<".
  for (const auto op :
       {Condition::Op::kNotEqual, Condition::Op::kLessOrEqual, Condition::Op::kGreaterOrEqual,
        Condition::Op::kEqual, Condition::Op::kLess, Condition::Op::kGreater}) {
    if (text.substr(at).starts_with(NameOf(op))) return FoundOp{at, NameOf(op).size(), op};
  }
  return std::nullopt;
}

bool IsQuoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"';
}

decltype(Condition::value) ValueOf(std::string_view text) {
  if (IsQuoted(text)) return std::string(text.substr(1, text.size() - 2));
  if (text == "true" || text == "false") return text == "true";
  std::string_view digits = text;
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  const char* const end = digits.data() + digits.size();
  int64_t whole = 0;
  if (const auto parsed = std::from_chars(digits.data(), end, whole);
      parsed.ec == std::errc() && parsed.ptr == end)
    return whole;
  uint64_t large = 0;
  if (const auto parsed = std::from_chars(digits.data(), end, large);
      parsed.ec == std::errc() && parsed.ptr == end)
    return large;
  double number = 0;
  const auto parsed = std::from_chars(digits.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(number))
    return std::string(text);
  // Below 2^53 every whole number is a double, so that both mean the same.
  if (std::fabs(number) < 9007199254740992.0 && number == std::floor(number))
    return static_cast<int64_t>(number);
  return number;
}

std::string ValueText(const decltype(Condition::value)& value) {
  return std::visit(Overloaded{[](bool flag) { return std::string(flag ? "true" : "false"); },
                               [](int64_t number) { return std::to_string(number); },
                               [](uint64_t number) { return std::to_string(number); },
                               [](double number) { return FormatDouble(number); },
                               [](const std::string& text) {
                                 const bool is_plain =
                                     !text.empty() && WithoutBlanks(text) == text &&
                                     !IsQuoted(text) && text.find_first_of("=<>!") != 0 &&
                                     std::holds_alternative<std::string>(ValueOf(text));
                                 return is_plain ? text : "\"" + text + "\"";
                               }},
                    value);
}

}  // namespace

Result<std::vector<EpisodeRange>> ParseEpisodes(std::string_view text) {
  std::vector<EpisodeRange> ranges;
  for (std::string_view rest = text;;) {
    const size_t comma = rest.find(',');
    const std::string_view item = WithoutBlanks(rest.substr(0, comma));
    const std::optional<EpisodeRange> range = Range(item);
    if (!range) {
      return WrongValue("not a list of episodes",
                        "numbers and ranges, both ends included, as 0-9,12,20-", item);
    }
    ranges.push_back(*range);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  std::sort(ranges.begin(), ranges.end(), [](const EpisodeRange& left, const EpisodeRange& right) {
    return left.first < right.first;
  });
  std::vector<EpisodeRange> joined;
  for (const EpisodeRange& range : ranges) {
    if (joined.empty() || (joined.back().last && *joined.back().last + 1 < range.first)) {
      joined.push_back(range);
    } else if (joined.back().last) {
      joined.back().last =
          range.last ? std::optional(std::max(*joined.back().last, *range.last)) : std::nullopt;
    }
  }
  return joined;
}

std::vector<EpisodeRange> RangesOf(const std::vector<uint64_t>& numbers) {
  std::vector<EpisodeRange> ranges;
  for (const uint64_t number : numbers) {
    if (!ranges.empty() && *ranges.back().last + 1 == number)
      ranges.back().last = number;
    else
      ranges.push_back({number, number});
  }
  return ranges;
}

std::string EpisodesText(const std::vector<EpisodeRange>& ranges) {
  std::string text;
  for (const EpisodeRange& range : ranges) text += (text.empty() ? "" : ",") + RangeText(range);
  return text;
}

Result<EpisodeRange> ParseTrim(std::string_view text) {
  if (const std::optional<EpisodeRange> range = Range(WithoutBlanks(text))) return *range;
  return WrongValue("not a range of frames",
                    "the first and the last frame that are kept, as 10-250", text);
}

Result<Condition> ParseCondition(std::string_view text) {
  const auto wrong = [&] {
    return WrongValue("not a condition",
                      "COLUMN OP VALUE, as next.success = true; OP is =, !=, <, <=, > or >=", text);
  };
  const std::optional<FoundOp> found = FindOp(text);
  if (!found) return wrong();
  Condition condition;
  condition.column = WithoutBlanks(text.substr(0, found->at));
  condition.op = found->op;
  const std::string_view value = WithoutBlanks(text.substr(found->at + found->length));
  if (condition.column.empty()) return wrong();
  if (value.empty()) return wrong().Hint("an empty text is written as \"\"");
  if (value.find_first_of("=<>!") == 0)
    return wrong().Hint("a text that begins with =, <, > or ! is written in double quotes");
  condition.value = ValueOf(value);
  const bool has_order = !std::holds_alternative<bool>(condition.value) &&
                         !std::holds_alternative<std::string>(condition.value);
  if (!has_order && condition.op != Condition::Op::kEqual &&
      condition.op != Condition::Op::kNotEqual) {
    return WrongValue("only numbers are compared with <, <=, > and >=",
                      "= or !=, or a number: nothing else has an order", text);
  }
  return condition;
}

std::string ConditionText(const Condition& condition) {
  return StrCat(condition.column, ' ', NameOf(condition.op), ' ', ValueText(condition.value));
}

namespace {

// A sign of a pattern that stands for itself.
bool IsEscape(std::string_view pattern, size_t at) {
  return at + 1 < pattern.size() && pattern[at] == '\\' &&
         std::string_view("*?\\").find(pattern[at + 1]) != std::string_view::npos;
}

}  // namespace

std::string PatternOf(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

bool MatchesPattern(std::string_view pattern, std::string_view text) {
  const auto first_length = [](std::string_view rest) {
    return std::max<size_t>(1, Utf8Length(rest));
  };
  size_t at = 0, read = 0;
  // Where the last star stands, and how much of the text it may have taken.
  size_t star = std::string_view::npos, taken = 0;
  while (read < text.size()) {
    const size_t length = first_length(text.substr(read));
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = read;
    } else if (at < pattern.size() && pattern[at] == '?') {
      ++at;
      read += length;
    } else if (IsEscape(pattern, at) && pattern[at + 1] == text[read]) {
      at += 2;
      ++read;
    } else if (at < pattern.size() && !IsEscape(pattern, at) && pattern[at] == text[read]) {
      ++at;
      ++read;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      taken += first_length(text.substr(taken));
      read = taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool IsTaskMeant(std::string_view wish, std::string_view task) {
  constexpr std::string_view kPattern = "glob:";
  return wish == task ||
         (wish.starts_with(kPattern) && MatchesPattern(wish.substr(kPattern.size()), task));
}

}  // namespace robomerge
