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
    for (uint64_t episode = 0; episode < dataset.episodes.size(); ++episode)
      choices_.push_back({episode, dataset.episodes[episode].length_frames, true, {}});
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
      const uint64_t most = range.last.value_or(range.first);
      if (most < choices_.size()) continue;
      problems.push_back(
          adapt_internal::RuleProblem(dataset_.root, rule, "",
                                      StrCat("there is no episode ", std::max(range.first, most)))
              .Expected(choices_.empty() ? std::string("no number: the source has no episodes")
                                         : StrCat("episodes 0 to ", choices_.size() - 1))
              .Found(StrCat("`", EpisodesText({range}), "`"))
              .Hint(range.first < choices_.size()
                        ? StrCat("leave the end open (`", range.first,
                                 "-`), or give each source its own in a recipe")
                        : "give each source its own episodes in a recipe"));
    }
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  Status BrokenOnes() {
    if (rules_.left_out.empty()) return Status();
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<EpisodeRange> ranges,
                               ParseEpisodes(rules_.left_out));
    for (EpisodeChoice& choice : choices_) {
      const bool is_broken =
          std::any_of(ranges.begin(), ranges.end(),
                      [&](const EpisodeRange& range) { return range.Contains(choice.episode); });
      if (is_broken) LeaveOut(choice, "it cannot be merged");
    }
    return Status();
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

  bool IsOfTask(uint64_t episode, const std::vector<std::string>& wishes) const {
    const std::vector<std::string>& tasks = dataset_.episodes[episode].tasks;
    return std::any_of(tasks.begin(), tasks.end(), [&](const std::string& task) {
      return std::any_of(wishes.begin(), wishes.end(),
                         [&](const std::string& wish) { return IsTaskMeant(wish, task); });
    });
  }

  void ByTask() {
    for (EpisodeChoice& choice : choices_) {
      if (!rules_.select_task.empty() && !IsOfTask(choice.episode, rules_.select_task))
        LeaveOut(choice, "no frame is of a selected task");
      if (!rules_.exclude_task.empty() && IsOfTask(choice.episode, rules_.exclude_task))
        LeaveOut(choice, "a frame is of an excluded task");
    }
  }

  void ByLength() {
    for (EpisodeChoice& choice : choices_) {
      const uint64_t length = dataset_.episodes[choice.episode].length_frames;
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
      for (EpisodeChoice& choice : choices_) {
        const CellValue& cell = cells[choice.episode];
        if (!Holds(condition, cell))
          LeaveOut(choice, StrCat("not ", text, ": ", TextOf(cell), " in its last row"));
      }
    }
    return Status();
  }

  void Sample() {
    if (!rules_.sample) return;
    std::vector<std::pair<uint64_t, uint64_t>> keys;
    for (const EpisodeChoice& choice : choices_) {
      if (choice.is_chosen)
        keys.emplace_back(Mixed((rules_.seed << 32) + choice.episode), choice.episode);
    }
    std::sort(keys.begin(), keys.end());
    for (size_t at = *rules_.sample; at < keys.size(); ++at)
      LeaveOut(choices_[keys[at].second], StrCat("not in the sample of ", *rules_.sample));
  }

  const Dataset& dataset_;
  const Adaptation& rules_;
  const ReadLastRows& read_last_rows_;
  std::vector<EpisodeChoice> choices_;
};

}  // namespace

Result<std::vector<EpisodeChoice>> ChooseEpisodes(const Dataset& dataset,
                                                  const Adaptation& adaptation,
                                                  const ReadLastRows& read_last_rows) {
  return Chooser(dataset, adaptation, read_last_rows).Run();
}

}  // namespace robomerge
