#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/suggestion.h"
#include "cli/completion.h"
#include "cli/edit.h"
#include "cli/rule_flags.h"

namespace robomerge::cli {
namespace {

constexpr std::string_view kSeeHelp = "`robomerge -h` shows an example and the flags";

const CommandHelp* FindCommand(std::string_view name) {
  for (const CommandHelp& command : AllCommands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

bool Applies(const Flag& flag, Command command) {
  if (command != kNoCommand) return (flag.commands & command) != 0;
  return flag.name == "help" || flag.name == "version" || flag.name == "verbose";
}

// "merge, plan, ... or publish".
std::string CommandNames() {
  std::string names;
  for (const CommandHelp& command : AllCommands()) {
    const bool is_last = &command == &AllCommands().back();
    names += (names.empty() ? "" : is_last ? " or " : ", ") + std::string(command.name);
  }
  return names;
}

Problem UnknownCommand(const std::string& word) {
  std::vector<std::string> names = {"help", "completion"};
  for (const CommandHelp& command : AllCommands()) names.emplace_back(command.name);
  const auto nearest = NearestWord(word, names);
  return Problem(Code::kInvalidArgument, "unknown command `" + word + "`")
      .Kind("E-command")
      .Expected(CommandNames())
      .Hint(nearest ? "did you mean `robomerge " + *nearest + "`?" : std::string(kSeeHelp));
}

Problem UnknownFlag(const std::string& word, Command command) {
  const std::string typed = word.substr(0, word.find('='));
  Problem problem = Problem(Code::kInvalidArgument, "unknown flag `" + typed + "`")
                        .Kind("E-flag")
                        .Hint(std::string(kSeeHelp));
  if (!typed.starts_with("--")) return problem;
  if (command == kNoCommand) {
    problem.hint = "flags follow the command, as in `robomerge merge SRC... -o DST`";
    return problem;
  }
  std::vector<std::string> names;
  for (const Flag& flag : AllFlags()) {
    if (Applies(flag, command)) names.emplace_back(flag.name);
  }
  if (const auto nearest = NearestWord(std::string_view(typed).substr(2), names)) {
    problem.hint = "did you mean `--" + *nearest + "`?";
  }
  return problem;
}

// One flag of the table, bound to CLI11.
struct Bound {
  const Flag* flag;
  std::string name;  ///< "--num-workers"
  CLI::Option* option;
  std::vector<std::string> values;
};

class Parser {
 public:
  Parser(Command command, const Environment& environment)
      : command_(command), environment_(environment) {
    app_.set_help_flag();
    app_.allow_extras();
    short_help_ = app_.add_flag("-h");
    bound_.reserve(AllFlags().size());  // CLI11 keeps references to the values
    for (const Flag& flag : AllFlags()) {
      if (Applies(flag, command)) Bind(flag);
    }
  }

  Result<Invocation> Parse(std::vector<std::string> words) {
    Invocation invocation;
    invocation.command = command_;
    // CLI11 returns "--" among the words that it does not know, and the order of these words does
    // not tell what followed it.
    const auto dashes = std::find(words.begin(), words.end(), "--");
    std::vector<std::string> paths_after(dashes == words.end() ? dashes : dashes + 1, words.end());
    words.erase(dashes, words.end());
    ROBOMERGE_RETURN_NOT_OK(RefuseEmptyValues(words));
    try {
      std::reverse(words.begin(), words.end());  // as CLI11 wants it
      app_.parse(std::move(words));
    } catch (const CLI::Error& error) {
      std::string what = error.what();
      return Problem(Code::kInvalidArgument, "cannot understand the command line")
          .Kind("E-flag")
          .Found(std::move(what))
          .Hint(std::string(kSeeHelp));
    }
    if (short_help_->count() > 0) {
      invocation.wish = Invocation::Wish::kShortHelp;
      return invocation;
    }
    for (const Bound& bound : bound_) {
      if (bound.flag->name == "verbose") {
        invocation.verbosity = static_cast<int>(bound.option->count());
      }
    }
    for (const Bound& bound : bound_) {
      if (bound.option->count() > 0 &&
          (bound.flag->name == "help" || bound.flag->name == "version")) {
        ROBOMERGE_RETURN_NOT_OK(bound.flag->set(invocation, "", bound.name));
        return invocation;
      }
    }
    invocation.verbosity = 0;
    ROBOMERGE_RETURN_NOT_OK(TakePaths(invocation));
    invocation.paths.insert(invocation.paths.end(), paths_after.begin(), paths_after.end());
    std::vector<Problem> problems;
    for (const Bound& bound : bound_) {
      const Status status = TakeValue(bound, invocation);
      problems.insert(problems.end(), status.problems().begin(), status.problems().end());
    }
    if (!problems.empty()) return Status::Many(std::move(problems));
    return invocation;
  }

 private:
  void Bind(const Flag& flag) {
    Bound& bound = bound_.emplace_back(Bound{&flag, "--" + std::string(flag.name), nullptr, {}});
    const std::string names =
        flag.short_name == 0 ? bound.name : std::string("-") + flag.short_name + "," + bound.name;
    if (flag.value.empty()) {
      bound.option = app_.add_flag(names);
    } else {
      // One value for each time that the flag is given.
      bound.option = app_.add_option(names, bound.values)->expected(1)->allow_extra_args(false);
      bound.option->multi_option_policy(flag.repeats ? CLI::MultiOptionPolicy::TakeAll
                                                     : CLI::MultiOptionPolicy::TakeLast);
    }
  }

  // CLI11 would take the next word for the value of `--trace=`.
  Status RefuseEmptyValues(const std::vector<std::string>& words) const {
    for (const std::string& word : words) {
      if (!word.starts_with("--") || word.find('=') != word.size() - 1) continue;
      return Problem(Code::kInvalidArgument,
                     "flag `" + word.substr(0, word.size() - 1) + "` has an empty value")
          .Kind("E-flag");
    }
    return Status();
  }

  Status TakePaths(Invocation& invocation) const {
    std::vector<Problem> problems;
    for (const std::string& word : app_.remaining()) {
      if (word.size() > 1 && word.front() == '-') {
        problems.push_back(UnknownFlag(word, command_));
      } else if (word.empty()) {
        problems.push_back(
            Problem(Code::kInvalidArgument, "a path is empty").Kind("E-path").Found("``"));
      } else {
        invocation.paths.push_back(word);
      }
    }
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  Status TakeValue(const Bound& bound, Invocation& invocation) const {
    const Flag& flag = *bound.flag;
    const auto set = [&](const std::string& value, const std::string& name) {
      (flag.section == Flag::Section::kGeneral ? invocation.given : invocation.rules.given)
          .insert(KeyOf(flag));
      return flag.set(invocation, value, name);
    };
    if (bound.option->count() > 0) {
      if (!flag.value.empty()) {
        std::vector<Problem> problems;
        for (const std::string& value : bound.values) {
          const Status status = set(value, bound.name);
          problems.insert(problems.end(), status.problems().begin(), status.problems().end());
        }
        return problems.empty() ? Status() : Status::Many(std::move(problems));
      }
      for (const std::string& result : bound.option->results()) {
        if (result != "true") {
          return Problem(Code::kInvalidArgument, "flag `" + bound.name + "` takes no value")
              .Kind("E-flag")
              .Found("`" + result + "`");
        }
        ROBOMERGE_RETURN_NOT_OK(set("", bound.name));
      }
      return Status();
    }
    if (flag.environment.empty()) return Status();
    const std::optional<std::string> value = environment_(std::string(flag.environment));
    if (!value || value->empty()) return Status();
    return set(*value, std::string(flag.environment));
  }

  const Command command_;
  const Environment& environment_;
  CLI::App app_;
  CLI::Option* short_help_ = nullptr;
  std::vector<Bound> bound_;
};

Problem MissingFlag(const std::string& flag, const std::string& usage, const std::string& hint) {
  return Problem(Code::kInvalidArgument, "no `--" + flag + "`")
      .Kind("E-flag")
      .Expected("robomerge " + usage)
      .Hint(hint);
}

Status CheckStagePaths(const Invocation& invocation) {
  if (invocation.command == kDescribe) {
    if (!invocation.partial_directory.empty()) return Status();
    return MissingFlag("partial", "describe SRC... --partial DIR",
                       "say with `--partial DIR` where descriptions are to be kept");
  }
  const std::string name = invocation.command == kWrite ? "write" : "publish";
  if (!invocation.paths.empty()) {
    return Problem(Code::kInvalidArgument, "`" + name + "` takes no sources: they are in the plan")
        .Kind("E-path")
        .Expected("robomerge " + name + " --plan DIR")
        .Found("`" + invocation.paths.front() + "`");
  }
  if (!invocation.plan_directory.empty()) return Status();
  return MissingFlag("plan", name + " --plan DIR",
                     "name with `--plan DIR` what `robomerge plan` has made");
}

// Checks the paths of `plan --partial`.
Status CheckPartialPaths(const Invocation& invocation) {
  if (invocation.plan_directory.empty()) {
    return MissingFlag("plan", "plan --partial DIR -o DST --plan DIR",
                       "say with `--plan DIR` where the plan is to be made");
  }
  // What is done to the sources is done when they are described.
  std::vector<std::string> flags = RuleFlagsIn(invocation);
  if (invocation.options.retime) flags.insert(flags.begin(), "--retime");
  if (invocation.options.skip_broken != SkipBroken::kNothing) flags.emplace_back("--skip-broken");
  if (!invocation.recipe_path.empty()) flags.insert(flags.begin(), "--recipe");
  std::vector<Problem> problems;
  for (const std::string& flag : flags) {
    problems.push_back(Problem(Code::kInvalidArgument, "`plan --partial` takes no `" + flag + "`")
                           .Kind("E-flag")
                           .Expected("robomerge describe SRC... --partial DIR " + flag)
                           .Hint("describe the sources with `" + flag + "`, and plan without it"));
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  if (invocation.paths.empty() && invocation.list_path.empty()) return Status();
  return Problem(Code::kInvalidArgument, "`plan` takes sources or `--partial`, not both")
      .Kind("E-path")
      .Expected("robomerge plan --partial DIR -o DST --plan DIR");
}

// The first path is the dataset to verify. It is compared with the others.
Status CheckVerifyPaths(const Invocation& invocation) {
  const auto wrong = [](std::string what) {
    return Problem(Code::kInvalidArgument, std::move(what))
        .Kind("E-path")
        .Expected("robomerge verify DST [--against SRC...]");
  };
  if (invocation.paths.empty()) return wrong("no dataset to verify");
  const size_t num_sources = invocation.paths.size() - 1;
  if (num_sources > 0 && !invocation.against) {
    return wrong("`verify` takes one dataset")
        .Found(std::to_string(invocation.paths.size()) + " paths")
        .Hint("name the sources after `--against`");
  }
  if (invocation.against && num_sources == 0 && invocation.list_path.empty()) {
    return wrong("no sources to compare with")
        .Hint("the dataset comes first, then `--against` and its sources");
  }
  return Status();
}

Status CheckReportPaths(const Invocation& invocation) {
  if (invocation.paths.size() != 1) {
    return Problem(Code::kInvalidArgument, "`report` takes one dataset")
        .Kind("E-path")
        .Expected("robomerge report DST -o FILE")
        .Found(std::to_string(invocation.paths.size()) + " paths");
  }
  if (!invocation.destination.empty()) return Status();
  return Problem(Code::kInvalidArgument, "no file for the report")
      .Kind("E-no-destination")
      .Expected("robomerge report DST -o FILE")
      .Hint("say with `-o FILE` where the page is to be written, as in `-o report.html`");
}

Status CheckMergePaths(const Invocation& invocation) {
  const std::string name = invocation.command == kPlan       ? "plan"
                           : invocation.command == kDescribe ? "describe"
                                                             : "merge";
  const bool is_from_partials =
      invocation.command == kPlan && !invocation.partial_directory.empty();
  if (is_from_partials) ROBOMERGE_RETURN_NOT_OK(CheckPartialPaths(invocation));
  if (invocation.recipe_path.empty() && invocation.rules.given.contains("seed") &&
      !invocation.rules.adaptation.sample) {
    return Problem(Code::kInvalidArgument, "`--seed` without `--sample`")
        .Kind("E-flag")
        .Expected("--sample N --seed S");
  }
  // A recipe may name sources and destination; it is not read here.
  if (!invocation.recipe_path.empty()) {
    return invocation.command == kDescribe ? CheckStagePaths(invocation) : Status();
  }
  if (!is_from_partials && invocation.paths.empty() && invocation.list_path.empty()) {
    return Problem(Code::kInvalidArgument, "no sources")
        .Kind("E-no-sources")
        .Expected("robomerge " + name +
                  (invocation.command == kDescribe ? " SRC... --partial DIR" : " SRC... -o DST"))
        .Hint("name the dataset folders, or a file that lists them with `--from FILE`");
  }
  if (invocation.command == kDescribe) return CheckStagePaths(invocation);
  if (invocation.destination.empty() && !invocation.list_episodes) {
    return Problem(Code::kInvalidArgument, "no destination")
        .Kind("E-no-destination")
        .Expected("robomerge " + name + " SRC... -o DST")
        .Hint("say with `-o DST` where the merged dataset is to be made");
  }
  return Status();
}

Result<Invocation> ParseCompletion(const std::vector<std::string>& words) {
  Invocation invocation;
  const auto shells = CompletedShells();
  if (words.size() != 1 || std::find(shells.begin(), shells.end(), words[0]) == shells.end()) {
    return Problem(Code::kInvalidArgument, "`completion` takes the name of a shell")
        .Kind("E-command")
        .Expected("robomerge completion bash, zsh or fish")
        .Found(words.empty() ? "nothing" : "`" + words[0] + "`");
  }
  invocation.wish = Invocation::Wish::kCompletion;
  invocation.shell = words[0];
  return invocation;
}

}  // namespace

Result<Invocation> ParseCommandLine(std::vector<std::string> words,
                                    const Environment& environment) {
  const CommandHelp* command = nullptr;
  if (!words.empty() && words.front() == "completion") {
    words.erase(words.begin());
    return ParseCompletion(words);
  }
  if (!words.empty() && words.front() == "help") {  // `help merge` is `merge --help`
    words.erase(words.begin());
    words.push_back("--help");
  }
  if (!words.empty() && !words.front().starts_with("-")) {
    command = FindCommand(words.front());
    if (command == nullptr) return UnknownCommand(words.front());
    words.erase(words.begin());
  }
  const Command chosen = command == nullptr ? kNoCommand : command->command;
  ROBOMERGE_ASSIGN_OR_RETURN(Invocation invocation,
                             Parser(chosen, environment).Parse(std::move(words)));
  if (invocation.wish != Invocation::Wish::kRun) return invocation;
  if (chosen == kNoCommand) {
    return Problem(Code::kInvalidArgument, "no command")
        .Kind("E-command")
        .Expected(CommandNames())
        .Hint(std::string(kSeeHelp));
  }
  if (chosen == kStats) {
    ROBOMERGE_RETURN_NOT_OK(TakeStats(invocation));
    return invocation;
  }
  if (chosen == kInspect || chosen == kLog) {
    if (invocation.paths.size() == 1) return invocation;
    const std::string name(command->name);
    return Problem(Code::kInvalidArgument, "`" + name + "` takes one dataset")
        .Kind("E-path")
        .Expected("robomerge " + name + " " + std::string(command->arguments))
        .Found(std::to_string(invocation.paths.size()) + " paths");
  }
  if (chosen == kReport) {
    ROBOMERGE_RETURN_NOT_OK(CheckReportPaths(invocation));
    return invocation;
  }
  if (chosen == kPush) {
    if (invocation.paths.size() == 2) return invocation;
    return Problem(Code::kInvalidArgument, "`push` takes a dataset and an address on the Hub")
        .Kind("E-path")
        .Expected("robomerge push DST hf://datasets/OWNER/NAME")
        .Found(std::to_string(invocation.paths.size()) + " paths");
  }
  if (chosen == kCompare) {
    if (!invocation.paths.empty() || !invocation.list_path.empty()) return invocation;
    return Problem(Code::kInvalidArgument, "no sources")
        .Kind("E-no-sources")
        .Expected("robomerge compare SRC...")
        .Hint("name the dataset folders, or a file that lists them with `--from FILE`");
  }
  if (chosen == kSplit) {
    ROBOMERGE_RETURN_NOT_OK(CheckSplit(invocation));
    return invocation;
  }
  if ((chosen & kGrows) != 0) {
    ROBOMERGE_RETURN_NOT_OK(TakeGrowth(invocation));
    return invocation;
  }
  if ((chosen & kEdits) != 0) {
    ROBOMERGE_RETURN_NOT_OK(TakeEdit(invocation));
    return invocation;
  }
  if (chosen == kVerify) {
    ROBOMERGE_RETURN_NOT_OK(CheckVerifyPaths(invocation));
    return invocation;
  }
  if (chosen == kConvert) {
    ROBOMERGE_RETURN_NOT_OK(TakeConvert(invocation));
    return invocation;
  }
  const bool is_by_plan = chosen == kWrite || chosen == kPublish;
  ROBOMERGE_RETURN_NOT_OK(is_by_plan ? CheckStagePaths(invocation) : CheckMergePaths(invocation));
  if (chosen == kPlan && invocation.plan_directory.empty()) invocation.options.dry_run = true;
  return invocation;
}

Invocation GuessOutput(const std::vector<std::string>& words) {
  Invocation guess;
  for (size_t at = 0; at < words.size() && words[at] != "--"; ++at) {
    if (words[at] == "--json") guess.json = true;
    const bool is_split = words[at] == "--color" && at + 1 < words.size();
    const std::string value = is_split                            ? words[at + 1]
                              : words[at].starts_with("--color=") ? words[at].substr(8)
                                                                  : "";
    if (value == "always") guess.color = When::kAlways;
    if (value == "never") guess.color = When::kNever;
  }
  return guess;
}

}  // namespace robomerge::cli
