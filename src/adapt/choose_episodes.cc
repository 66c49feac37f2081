// Which episodes the rules of a selection keep, and why not the others.
#include <algorithm>
#include <cmath>

#include "adapt/adapt_internal.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "model/adaptation.h"

namespace robomerge {
namespace {

using Op = Condition::Op;

template <typename Value>
bool Holds(Op op, const Value& left, const Value& right) {
  switch (op) {
    case Op::kEqual:
      return left == right;
    case Op::kNotEqual:
      return left != right;
    case Op::kLess:
      return left < right;
    case Op::kLessOrEqual:
      return left <= right;
    case Op::kGreater:
      return left > right;
    case Op::kGreaterOrEqual:
      return left >= right;
  }
  return false;
}

// A float compares with the condition's number as its own type has it, a whole number exactly:
// above 2^53 not every one is a double.
template <typename Number>
bool HoldsFor(const Condition& condition, Number found) {
  using Common = std::conditional_t<std::is_integral_v<Number>, long double, Number>;
  return std::visit(Overloaded{[](const std::string&) { return false; }, [](bool) { return false; },
                               [&](auto wanted) {
                                 return Holds(condition.op, static_cast<Common>(found),
                                              static_cast<Common>(wanted));
                               }},
                    condition.value);
}

// A missing value fulfils no condition, and a NaN only `!=`.
bool Holds(const Condition& condition, const CellValue& cell) {
  return std::visit(Overloaded{[](std::monostate) { return false; },
                               [&](bool found) {
                                 const auto* wanted = std::get_if<bool>(&condition.value);
                                 return wanted != nullptr && Holds(condition.op, found, *wanted);
                               },
                               [&](const std::string& found) {
                                 const auto* wanted = std::get_if<std::string>(&condition.value);
                                 return wanted != nullptr && Holds(condition.op, found, *wanted);
                               },
                               [&](auto found) { return HoldsFor(condition, found); }},
                    cell);
}

std::string TextOf(const CellValue& cell) {
  return std::visit(Overloaded{[](std::monostate) { return std::string("nothing"); },
                               [](bool flag) { return std::string(flag ? "true" : "false"); },
                               [](const std::string& text) { return "`" + text + "`"; },
                               [](float real) { return FormatDouble(static_cast<double>(real)); },
                               [](double real) { return FormatDouble(real); },
                               [](auto whole) { return std::to_string(whole); }},
                    cell);
}

// What a value must be to be compared with the column; empty if the condition's is.
std::string WantedValue(const Feature& feature, const Condition& condition) {
  const std::string dtype = feature.dtype();
  const bool is_flag = std::holds_alternative<bool>(condition.value);
  const bool is_text = std::holds_alternative<std::string>(condition.value);
  if (dtype == "bool") return is_flag ? "" : "true or false";
  if (dtype == "string") return is_text ? "" : "a text, in double quotes if it looks like another";
  return is_flag || is_text ? "a number" : "";
}

// The finaliser of SplitMix64: one to one, so that keys of a source differ.
uint64_t Mixed(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

class Chooser {
 public:
  Chooser(const Dataset& dataset, const Adaptation& rules, const ReadLastRows& read_last_rows)
      : dataset_(dataset), rules_(rules), read_last_rows_(read_last_rows) {
    for (const Episode& episode : dataset.episodes)
      choices_.push_back({episode.number, episode.length_frames, true, {}});
  }

  Result<std::vector<EpisodeChoice>> Run() {
    ROBOMERGE_RETURN_NOT_OK(BrokenOnes());
    ROBOMERGE_RETURN_NOT_OK(ByNumber());
    ByTask();
    ByLength();
    ROBOMERGE_RETURN_NOT_OK(ByLastRow());
    Sample();
    return std::move(choices_);
  }

 private:
  static void LeaveOut(EpisodeChoice& choice, std::string reason) {
    if (!choice.is_chosen) return;
    choice.is_chosen = false;
    choice.reason = std::move(reason);
  }

  Status CheckRanges(const char* rule, const std::vector<EpisodeRange>& ranges) const {
    std::vector<Problem> problems;
    for (const EpisodeRange& range : ranges) {
      const bool has_first = Exists(range.first);
      if (has_first && (!range.last || Exists(*range.last))) continue;
      problems.push_back(adapt_internal::RuleProblem(
                             dataset_.root, rule, "",
                             StrCat("there is no episode ",
                                    has_first ? *range.last : range.last.value_or(range.first)))
                             .Expected(adapt_internal::NumbersText(choices_))
                             .Found(StrCat("`", EpisodesText({range}), "`"))
                             .Hint(has_first ? StrCat("leave the end open: `", range.first, "-`")
                                             : std::string(adapt_internal::kSeeEpisodes)));
    }
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  Status BrokenOnes() {
    if (rules_.left_out.empty()) return Status();
    ROBOMERGE_ASSIGN_OR_RETURN(broken_, ParseEpisodes(rules_.left_out));
    for (EpisodeChoice& choice : choices_) {
      if (IsBroken(choice.episode)) LeaveOut(choice, "it cannot be merged");
    }
    return Status();
  }

  bool IsBroken(uint64_t number) const {
    return std::any_of(broken_.begin(), broken_.end(),
                       [&](const EpisodeRange& range) { return range.Contains(number); });
  }

  // Reading may have passed over those that are broken.
  bool Exists(uint64_t number) const {
    return adapt_internal::Find(choices_, number) != nullptr || IsBroken(number);
  }

  Status ByNumber() {
    for (const bool excludes : {false, true}) {
      const std::string& text = excludes ? rules_.exclude_episodes : rules_.episodes;
      if (text.empty()) continue;
      const char* rule = excludes ? "exclude_episodes" : "episodes";
      ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<EpisodeRange> ranges, ParseEpisodes(text));
      ROBOMERGE_RETURN_NOT_OK(CheckRanges(rule, ranges));
      for (EpisodeChoice& choice : choices_) {
        const bool is_named =
            std::any_of(ranges.begin(), ranges.end(),
                        [&](const EpisodeRange& range) { return range.Contains(choice.episode); });
        if (is_named == excludes)
          LeaveOut(choice, excludes ? StrCat("in exclude_episodes ", text)
                                    : StrCat("not in episodes ", text));
      }
    }
    return Status();
  }

  static bool IsOfTask(const Episode& episode, const std::vector<std::string>& wishes) {
    const std::vector<std::string>& tasks = episode.tasks;
    return std::any_of(tasks.begin(), tasks.end(), [&](const std::string& task) {
      return std::any_of(wishes.begin(), wishes.end(),
                         [&](const std::string& wish) { return IsTaskMeant(wish, task); });
    });
  }

  void ByTask() {
    for (size_t at = 0; at < choices_.size(); ++at) {
      const Episode& episode = dataset_.episodes[at];
      if (!rules_.select_task.empty() && !IsOfTask(episode, rules_.select_task))
        LeaveOut(choices_[at], "no frame is of a selected task");
      if (!rules_.exclude_task.empty() && IsOfTask(episode, rules_.exclude_task))
        LeaveOut(choices_[at], "a frame is of an excluded task");
    }
  }

  void ByLength() {
    for (EpisodeChoice& choice : choices_) {
      const uint64_t length = choice.num_frames;
      if (rules_.min_frames && length < *rules_.min_frames)
        LeaveOut(choice, StrCat(length, " frames, fewer than ", *rules_.min_frames));
      if (rules_.max_frames && length > *rules_.max_frames)
        LeaveOut(choice, StrCat(length, " frames, more than ", *rules_.max_frames));
    }
  }

  Status ByLastRow() {
    for (const std::string& text : rules_.where) {
      ROBOMERGE_ASSIGN_OR_RETURN(const Condition condition, ParseCondition(text));
      const Feature* feature = dataset_.schema.Find(condition.column);
      if (feature != nullptr && (feature->is_camera() || feature->dtype() == "float16" ||
                                 feature->shape() != std::vector<int64_t>{1})) {
        return adapt_internal::RuleProblem(dataset_.root, "where", text,
                                           "only a column of single values can be compared")
            .Expected("whole numbers, float32, float64, bool or string, of shape [1]")
            .Found(StrCat("dtype ", feature->dtype(), ", shape ",
                          json::DumpLine(feature->entry.value("shape", Json()))));
      }
      if (const std::string wanted = feature ? WantedValue(*feature, condition) : std::string();
          !wanted.empty()) {
        return adapt_internal::RuleProblem(
                   dataset_.root, "where", text,
                   StrCat("value is none of the type of `", condition.column, "`"))
            .Expected(StrCat(wanted, ", for dtype ", feature->dtype()));
      }
      if (feature == nullptr) {
        for (EpisodeChoice& choice : choices_)
          LeaveOut(choice, StrCat("not ", text, ": the source has no such column"));
        continue;
      }
      ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<CellValue> cells,
                                 read_last_rows_(dataset_, condition.column));
      for (size_t at = 0; at < choices_.size(); ++at) {
        if (!Holds(condition, cells[at]))
          LeaveOut(choices_[at], StrCat("not ", text, ": ", TextOf(cells[at]), " in its last row"));
      }
    }
    return Status();
  }

  void Sample() {
    if (!rules_.sample) return;
    std::vector<std::pair<uint64_t, size_t>> keys;
    for (size_t at = 0; at < choices_.size(); ++at) {
      if (choices_[at].is_chosen)
        keys.emplace_back(Mixed((rules_.seed << 32) + choices_[at].episode), at);
    }
    std::sort(keys.begin(), keys.end());
    for (size_t at = *rules_.sample; at < keys.size(); ++at)
      LeaveOut(choices_[keys[at].second], StrCat("not in the sample of ", *rules_.sample));
  }

  const Dataset& dataset_;
  const Adaptation& rules_;
  const ReadLastRows& read_last_rows_;
  std::vector<EpisodeChoice> choices_;  // per episode of the dataset
  std::vector<EpisodeRange> broken_;
};

}  // namespace

namespace adapt_internal {

const EpisodeChoice* Find(const std::vector<EpisodeChoice>& choices, uint64_t number) {
  const auto place = std::ranges::lower_bound(choices, number, {}, &EpisodeChoice::episode);
  return place != choices.end() && place->episode == number ? &*place : nullptr;
}

std::string NumbersText(const std::vector<EpisodeChoice>& choices) {
  if (choices.empty()) return "no number: the source has no episodes";
  std::vector<uint64_t> numbers;
  for (const EpisodeChoice& choice : choices) numbers.push_back(choice.episode);
  constexpr size_t kMostBytes = 60;
  const std::string text = EpisodesText(RangesOf(numbers));
  return StrCat("episodes ", text.substr(0, kMostBytes), text.size() > kMostBytes ? "..." : "");
}

}  // namespace adapt_internal

Result<std::vector<EpisodeChoice>> ChooseEpisodes(const Dataset& dataset,
                                                  const Adaptation& adaptation,
                                                  const ReadLastRows& read_last_rows) {
  return Chooser(dataset, adaptation, read_last_rows).Run();
}

}  // namespace robomerge
