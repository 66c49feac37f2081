// The flags of docs/adapt.md: what is done to the sources. Each fills the field of Adaptation whose
// name it has.
#include "cli/rule_flags.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "cli/flags.h"
#include "robomerge/recipe.h"

namespace robomerge::cli {
namespace {

Problem WrongRule(const std::string& name, std::string expected, const std::string& found) {
  return Problem(Code::kInvalidArgument, "wrong value for `" + name + "`")
      .Kind("E-value")
      .Expected(std::move(expected))
      .Found("`" + found + "`");
}

// The faults of a rule that stands alone in `one`, as those of the flag `name`.
Status Check(const Adaptation& one, const std::string& name) {
  const Status status = CheckRules(one);
  if (status.ok()) return status;
  std::vector<Problem> problems;
  for (const Problem& fault : status.problems()) {
    problems.push_back(WrongRule(name, fault.expected, "").Found(fault.found).Hint(fault.hint));
  }
  return Status::Many(std::move(problems));
}

// "OLD=NEW", cut at the first `=`. `\=` is a sign of a name or value.
std::optional<Rule> Split(const std::string& text) {
  Rule rule;
  std::string* part = &rule.name;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text.compare(at, 2, "\\=") == 0) {
      *part += text[++at];
    } else if (text[at] == '=' && part == &rule.name) {
      part = &rule.value;
    } else {
      *part += text[at];
    }
  }
  return part == &rule.value ? std::optional(rule) : std::nullopt;
}

Status ListEpisodes(Invocation& invocation, const std::string&, const std::string&) {
  invocation.list_episodes = true;
  return Status();
}

template <auto Member>
Status RaiseRule(Invocation& invocation, const std::string&, const std::string&) {
  invocation.rules.adaptation.*Member = true;
  return Status();
}

template <auto Member>
Status SetText(Invocation& invocation, const std::string& value, const std::string& name) {
  Adaptation one;
  one.*Member = value;
  invocation.rules.adaptation.*Member = value;
  return Check(one, name);
}

template <auto Member>
Status AddEpisodes(Invocation& invocation, const std::string& value, const std::string& name) {
  Adaptation one;
  one.*Member = value;
  // An empty list would be that of all episodes.
  if (value.empty()) return WrongRule(name, "numbers and ranges, as 0-9,12,20-", value);
  std::string& all = invocation.rules.adaptation.*Member;
  all += (all.empty() ? "" : ",") + value;
  return Check(one, name);
}

template <auto Member>
Status SetCount(Invocation& invocation, const std::string& value, const std::string& name) {
  uint64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end)
    return WrongRule(name, "a whole number of at most 64 bits", value);
  Adaptation one;
  one.*Member = number;
  invocation.rules.adaptation.*Member = number;
  return Check(one, name);
}

template <auto Member>
Status AddText(Invocation& invocation, const std::string& value, const std::string& name) {
  Adaptation one;
  one.*Member = {value};
  (invocation.rules.adaptation.*Member).push_back(value);
  return Check(one, name);
}

template <auto Member>
Status AddPair(Invocation& invocation, const std::string& value, const std::string& name,
               const char* expected) {
  const std::optional<Rule> rule = Split(value);
  if (!rule)
    return WrongRule(name, expected, value).Hint("a `=` inside a name is written as `\\=`");
  Adaptation one;
  one.*Member = {*rule};
  (invocation.rules.adaptation.*Member).push_back(*rule);
  return Check(one, name);
}

Status AddRename(Invocation& invocation, const std::string& value, const std::string& name) {
  return AddPair<&Adaptation::rename>(
      invocation, value, name, "OLD=NEW, as observation.images.hand=observation.images.wrist");
}
Status AddFill(Invocation& invocation, const std::string& value, const std::string& name) {
  return AddPair<&Adaptation::fill>(invocation, value, name, "FEATURE=VALUE, as next.reward=0");
}
Status AddCast(Invocation& invocation, const std::string& value, const std::string& name) {
  return AddPair<&Adaptation::cast>(invocation, value, name,
                                    "FEATURE=DTYPE, as next.reward=float32");
}
Status AddPad(Invocation& invocation, const std::string& value, const std::string& name) {
  return AddPair<&Adaptation::pad>(invocation, value, name, "FEATURE=N, as observation.state=14");
}
Status AddTrim(Invocation& invocation, const std::string& value, const std::string& name) {
  return AddPair<&Adaptation::trim>(invocation, value, name, "EPISODE=FIRST-LAST, as 4=30-200");
}
Status AddReplacedTask(Invocation& invocation, const std::string& value, const std::string& name) {
  return AddPair<&Adaptation::replace_task>(invocation, value, name,
                                            "OLD=NEW, as pick it=pick the cube");
}

constexpr unsigned kReads = kMerge | kPlan | kDescribe | kAppend;
constexpr unsigned kTasks = kReads | kModifyTasks;
constexpr auto kSelect = Flag::Section::kSelect;
constexpr auto kReconcile = Flag::Section::kReconcile;

constexpr Flag kRuleFlags[] = {
    {"episodes", 0, "LIST", kReads, false, "Keep these episodes, as 0-9,12,20-",
     "By each source's own numbers; both ends are included.", "",
     AddEpisodes<&Adaptation::episodes>, kSelect, true},
    {"exclude-episodes", 0, "LIST", kReads, false, "Keep all but these episodes", "", "",
     AddEpisodes<&Adaptation::exclude_episodes>, kSelect, true},
    {"select-task", 0, "TEXT", kReads, false, "Keep episodes with a frame of this task",
     "`glob:pick *` is a pattern. Several flags add up.", "", AddText<&Adaptation::select_task>,
     kSelect, true},
    {"exclude-task", 0, "TEXT", kReads, false,
     "Keep all but the episodes with a frame of this task", "", "",
     AddText<&Adaptation::exclude_task>, kSelect, true},
    {"min-frames", 0, "N", kReads, false, "Keep episodes of at least N frames", "", "",
     SetCount<&Adaptation::min_frames>, kSelect},
    {"max-frames", 0, "N", kReads, false, "Keep episodes of at most N frames", "", "",
     SetCount<&Adaptation::max_frames>, kSelect},
    {"where", 0, "CONDITION", kReads, false,
     "Keep episodes whose last row says so, as 'next.success = true'",
     "COLUMN OP VALUE, with OP one of = != < <= > >=. Several flags must all hold.", "",
     AddText<&Adaptation::where>, kSelect, true},
    {"sample", 0, "N", kReads, false, "Keep N of what is then left of each source, at random",
     "The same ones everywhere, in their order.", "", SetCount<&Adaptation::sample>, kSelect},
    {"seed", 0, "S", kReads, false, "Make --sample choose others (default 0)", "", "",
     SetCount<&Adaptation::seed>, kSelect},
    {"trim", 0, "EPISODE=RANGE", kReads, false, "Keep only these frames of an episode, as 4=30-200",
     "Counted from 0, both ends included; of what is chosen by the flags above.", "", AddTrim,
     kSelect, true},
    {"compact", 0, "", kReads, false, "Leave out frames of videos that belong to no episode", "",
     "", RaiseRule<&Adaptation::compact>, kSelect},

    {"list-episodes", 0, "", kMerge | kPlan, false,
     "Print which episodes are chosen and why others are not; write nothing", "", "", ListEpisodes,
     kSelect},

    {"rename", 0, "OLD=NEW", kReads, false, "Give a feature another name",
     "The flags below take the new names. A = inside a name is written as \\=.", "", AddRename,
     kReconcile, true},
    {"drop", 0, "FEATURE", kReads, false, "Leave a feature out; * and ? are patterns", "", "",
     AddText<&Adaptation::drop>, kReconcile, true},
    {"keep-common", 0, "", kReads, false, "Leave out every feature that some source has not", "",
     "", RaiseRule<&Adaptation::keep_common>, kReconcile},
    {"fill", 0, "FEATURE=VALUE", kReads, false,
     "Give sources without the feature this value in every row", "", "", AddFill, kReconcile, true},
    {"cast", 0, "FEATURE=DTYPE", kReads, false, "Store numbers in another type",
     "Rounded to the nearest; what does not fit is an error.", "", AddCast, kReconcile, true},
    {"pad", 0, "FEATURE=N", kReads, false, "Make vectors N long, with zeros at the end", "", "",
     AddPad, kReconcile, true},
    {"reorder-by-name", 0, "", kReads, false,
     "Put the elements of vectors into the order of the first source's names", "", "",
     RaiseRule<&Adaptation::reorder_by_name>, kReconcile},
    {"names-from-first", 0, "", kReads, false,
     "Take the first source's words for the same elements", "", "",
     RaiseRule<&Adaptation::names_from_first>, kReconcile},
    {"robot-type", 0, "TEXT", kReads, false, "State the robot type", "", "",
     SetText<&Adaptation::robot_type>, kReconcile},
    {"set-task", 0, "TEXT", kTasks, false, "Give all episodes one task", "", "",
     SetText<&Adaptation::set_task>, kReconcile},
    {"replace-task", 0, "OLD=NEW", kTasks, false, "Give a task another text",
     "Two that become equal are one. A = inside OLD is written as \\=.", "", AddReplacedTask,
     kReconcile, true},
    {"normalize-tasks", 0, "", kTasks, false,
     "Join tasks that differ only in case, blanks or a final full stop", "", "",
     RaiseRule<&Adaptation::normalize_tasks>, kReconcile},
    {"prefix-tasks", 0, "", kReads, false, "Put the source's name before its tasks", "", "",
     RaiseRule<&Adaptation::prefix_tasks>, kReconcile},
    {"allow-mixed-size", 0, "CAMERA", kReads, false, "Keep pictures of different sizes", "", "",
     AddText<&Adaptation::allow_mixed_size>, kReconcile, true},
};

}  // namespace

Status AddToRules(Invocation& invocation, std::string_view flag, const std::string& value) {
  const auto* const found = std::find_if(std::begin(kRuleFlags), std::end(kRuleFlags),
                                         [&](const Flag& one) { return one.name == flag; });
  invocation.rules.given.insert(KeyOf(*found));
  return found->set(invocation, value, StrCat("--", flag));
}

std::span<const Flag> RuleFlags() { return kRuleFlags; }

std::vector<std::string> RuleFlagsIn(const Invocation& invocation) {
  std::vector<std::string> names;
  for (const Flag& flag : kRuleFlags) {
    if (invocation.rules.given.contains(KeyOf(flag))) names.push_back(StrCat("--", flag.name));
  }
  return names;
}

}  // namespace robomerge::cli
