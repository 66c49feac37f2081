// The normal form of an adaptation, and what in it cannot be.
#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "model/adaptation.h"
#include "model/feature.h"

namespace robomerge {
namespace {

constexpr std::string_view kNumberTypes[] = {"bool",   "int8",    "int16",   "int32",
                                             "int64",  "uint8",   "uint16",  "uint32",
                                             "uint64", "float16", "float32", "float64"};
// A row as LeRobot hands it out has its task under this name; columns of the others it knows by
// name, with tables and forms of their own.
constexpr std::string_view kNamesOfLeRobot[] = {"task", "subtask", kSubtaskIndex,
                                                "language_persistent", "language_events"};
// More than any robot has joints; a typing error must not need more memory than there is.
constexpr uint64_t kMostElements = 1'000'000;

bool IsOneOf(std::string_view text, const auto& all) {
  return std::find(std::begin(all), std::end(all), text) != std::end(all);
}

std::optional<uint64_t> WholeNumber(const std::string& text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

void SortOnce(auto& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

class Normalizer {
 public:
  explicit Normalizer(Adaptation& rules) : rules_(rules) {}

  std::vector<Problem> Run() {
    CheckTexts();
    if (!problems_.empty()) return std::move(problems_);
    NormalizeEpisodes("episodes", rules_.episodes);
    NormalizeEpisodes("exclude_episodes", rules_.exclude_episodes);
    // "0-" is every episode.
    if (rules_.episodes == "0-") rules_.episodes.clear();
    NormalizeTasks();
    NormalizeCounts();
    NormalizeConditions();
    NormalizeTrim();
    NormalizeFeatures();
    SortOnce(rules_.allow_mixed_size);
    return std::move(problems_);
  }

 private:
  Problem& Add(std::string what, const std::string& rule, const std::string& name = "") {
    return problems_.emplace_back(Problem(Code::kInvalidArgument, std::move(what))
                                      .Kind("E-rule")
                                      .At(name.empty() ? rule : rule + ": " + name));
  }
  void AddWrong(const std::string& rule, const std::string& name, std::string expected,
                const std::string& found) {
    Problem& problem = Add(StrCat("wrong value for the rule `", rule, "`"), rule, name);
    problem.expected = std::move(expected);
    problem.found = Shortened("`" + found + "`", Problem::kMostValueBytes);
  }
  // Of a text that could not be parsed.
  void AddWrong(const std::string& rule, const std::string& name, const Status& status) {
    for (Problem problem : status.problems())
      problems_.push_back(std::move(problem).At(name.empty() ? rule : rule + ": " + name));
  }

  // JSON and the tables of plans hold texts in UTF-8 alone. Only the texts of recorded tasks, and
  // what a feature is filled with, may be empty.
  void CheckTexts() {
    Adaptation::VisitFields(rules_, [&](const char* name, auto& value) {
      using Value = std::remove_cvref_t<decltype(value)>;
      const std::string rule = name;
      const bool is_of_tasks = rule.ends_with("_task");
      if constexpr (std::is_same_v<Value, std::string>) {
        CheckText(rule, value, true);
      } else if constexpr (std::is_same_v<Value, std::optional<std::string>>) {
        if (value) CheckText(rule, *value, false);
      } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
        for (const std::string& each : value) CheckText(rule, each, is_of_tasks);
      } else if constexpr (std::is_same_v<Value, std::vector<Rule>>) {
        for (const Rule& each : value) {
          CheckText(rule, each.name, is_of_tasks);
          CheckText(rule, each.value, rule == "fill");
        }
      }
    });
  }
  void CheckText(const std::string& rule, const std::string& text, bool may_be_empty) {
    if (!IsUtf8(text)) AddWrong(rule, "", "UTF-8", text);
    if (text.empty() && !may_be_empty) AddWrong(rule, "", "a text that is not empty", text);
  }

  void NormalizeEpisodes(const std::string& rule, std::string& text) {
    if (text.empty()) return;
    const Result<std::vector<EpisodeRange>> ranges = ParseEpisodes(text);
    if (ranges.ok()) {
      text = EpisodesText(*ranges);
    } else {
      AddWrong(rule, "", ranges.status());
    }
  }

  void NormalizeTasks() {
    SortOnce(rules_.select_task);
    SortOnce(rules_.exclude_task);
    for (const std::string& task : rules_.select_task) {
      if (!IsOneOf(task, rules_.exclude_task)) continue;
      Add("a task is selected and excluded", "exclude_task", task).hint =
          "leave out one of the two";
    }
    for (const Rule& rule : rules_.replace_task) {
      if (rule.name == rule.value)
        AddWrong("replace_task", rule.name, "another text than it has", rule.value);
    }
    Once("replace_task", rules_.replace_task, "task");
  }

  void NormalizeCounts() {
    if (rules_.min_frames == 0u) rules_.min_frames.reset();
    if (rules_.max_frames == 0u) AddWrong("max_frames", "", "a number of frames above 0", "0");
    if (rules_.sample == 0u) AddWrong("sample", "", "a number of episodes above 0", "0");
    if (!rules_.sample) rules_.seed = 0;
    if (rules_.min_frames && rules_.max_frames && *rules_.min_frames > *rules_.max_frames) {
      Problem& problem = Add("no episode can be so long", "min_frames");
      problem.expected = StrCat("at most max_frames, which is ", *rules_.max_frames);
      problem.found = StrCat(*rules_.min_frames);
    }
  }

  void NormalizeConditions() {
    for (std::string& text : rules_.where) {
      const Result<Condition> condition = ParseCondition(text);
      if (condition.ok()) {
        text = ConditionText(*condition);
      } else {
        AddWrong("where", text, condition.status());
      }
    }
    SortOnce(rules_.where);
  }

  void NormalizeTrim() {
    for (Rule& rule : rules_.trim) {
      const Result<std::vector<EpisodeRange>> episode = ParseEpisodes(rule.name);
      if (!episode.ok() || episode->size() != 1 || episode->front().first != episode->front().last)
        AddWrong("trim", rule.name, "the number of an episode", rule.name);
      else
        rule.name = EpisodesText(*episode);
      const Result<EpisodeRange> frames = ParseTrim(rule.value);
      if (frames.ok()) {
        rule.value = StrCat(frames->first, '-', frames->last ? StrCat(*frames->last) : "");
      } else {
        AddWrong("trim", rule.name, frames.status());
      }
    }
    // Every frame is no trim.
    std::erase_if(rules_.trim, [](const Rule& rule) { return rule.value == "0-"; });
    Once("trim", rules_.trim, "episode");
    // Numbers without leading zeros: the shorter one is less.
    std::sort(rules_.trim.begin(), rules_.trim.end(), [](const Rule& left, const Rule& right) {
      return std::pair(left.name.size(), left.name) < std::pair(right.name.size(), right.name);
    });
  }

  void NormalizeFeatures() {
    for (const Rule& rule : rules_.rename) {
      CheckChangeable("rename", rule.name, rule.name);
      CheckNewName("rename", rule.name, rule.value);
      if (rule.name == rule.value)
        AddWrong("rename", rule.name, "another name than it has", rule.value);
    }
    Once("rename", rules_.rename, "feature");
    CheckNewNames();
    SortOnce(rules_.drop);
    for (const std::string& name : rules_.drop) CheckChangeable("drop", name, name);
    for (const Rule& rule : rules_.cast) {
      CheckChangeable("cast", rule.name, rule.name);
      if (!IsOneOf(rule.value, kNumberTypes)) {
        AddWrong("cast", rule.name, Join({std::begin(kNumberTypes), std::end(kNumberTypes)}, ", "),
                 rule.value);
      }
    }
    for (Rule& rule : rules_.pad) {
      CheckChangeable("pad", rule.name, rule.name);
      const std::optional<uint64_t> length = WholeNumber(rule.value);
      if (length && *length > 0 && *length <= kMostElements) {
        rule.value = StrCat(*length);
      } else {
        AddWrong("pad", rule.name,
                 StrCat("a number of elements from 1 to ", WithSeparators(kMostElements)),
                 rule.value);
      }
    }
    for (const Rule& rule : rules_.add) CheckNewName("add", rule.name, rule.name);
    Once("add", rules_.add, "feature");
    Once("fill", rules_.fill, "feature");
    Once("cast", rules_.cast, "feature");
    Once("pad", rules_.pad, "feature");
  }

  void CheckChangeable(const std::string& rule, const std::string& name,
                       const std::string& feature) {
    if (!IsOneOf(feature, kDefaultFeatures)) return;
    Problem& problem = Add("a feature that every dataset has cannot be changed", rule, name);
    problem.expected =
        "a feature that is none of timestamp, frame_index, episode_index, index and "
        "task_index";
    problem.found = "`" + feature + "`";
  }

  void CheckNewName(const std::string& rule, const std::string& name, const std::string& new_name) {
    CheckChangeable(rule, name, new_name);
    if (!IsUsableFeatureName(new_name))
      AddWrong(rule, name, "a name that a feature can have, without `/`", new_name);
    if (!IsOneOf(new_name, kNamesOfLeRobot)) return;
    Problem& problem = Add("LeRobot gives this name a meaning of its own", rule, name);
    problem.expected = "a name to which LeRobot gives no meaning of its own";
    problem.found = "`" + new_name + "`";
  }

  // Two features may get one name: sources can have one of them each.
  void CheckNewNames() {
    for (const Rule& rule : rules_.rename) {
      const bool is_dropped = IsOneOf(rule.value, rules_.drop);
      const bool was_dropped =
          IsOneOf(rule.name, rules_.drop) &&
          std::none_of(rules_.rename.begin(), rules_.rename.end(),
                       [&](const Rule& other) { return other.value == rule.name; });
      if (!is_dropped && !was_dropped) continue;
      Problem& problem =
          Add("a feature is renamed and dropped", "drop", is_dropped ? rule.value : rule.name);
      problem.found = Shortened(StrCat("`", rule.name, "` becomes `", rule.value, "`"),
                                Problem::kMostValueBytes);
      problem.hint = "leave out one of the two rules; `drop` takes the new names";
    }
  }

  // Sorts rules for one thing each, and takes out repetitions.
  void Once(const std::string& rule, std::vector<Rule>& rules, std::string_view thing) {
    SortOnce(rules);
    for (size_t at = 1; at < rules.size(); ++at) {
      if (rules[at].name != rules[at - 1].name) continue;
      Problem& problem =
          Add(StrCat("two rules for one ", thing, " contradict each other"), rule, rules[at].name);
      problem.found = Shortened(StrCat("`", rules[at - 1].value, "` and `", rules[at].value, "`"),
                                Problem::kMostValueBytes);
      problem.hint = "leave out one of the two";
    }
  }

  Adaptation& rules_;
  std::vector<Problem> problems_;
};

}  // namespace

Result<Adaptation> Normalize(Adaptation adaptation) {
  std::vector<Problem> problems = Normalizer(adaptation).Run();
  if (problems.empty()) return adaptation;
  return Status::Many(std::move(problems));
}

}  // namespace robomerge
