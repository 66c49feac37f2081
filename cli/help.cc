#include "cli/help.h"

#include <algorithm>
#include <optional>

#include "cli/rule_flags.h"

namespace robomerge::cli {
namespace {

constexpr std::string_view kSentence = "Merge LeRobot datasets into one";

constexpr std::string_view kExitCodes =
    "Exit codes (treat an unknown one as failure)\n"
    "  0    done; also if the reader of standard output went away\n"
    "  1    the sources or the destination are at fault: missing, damaged, unsupported,\n"
    "       not fitting together, already there\n"
    "  2    the command line is wrong\n"
    "  3    `verify` found that the dataset is not as it must be, or `compare` something to "
    "settle\n"
    "  4    the system refused to read or write\n"
    "  70   a bug of robomerge\n"
    "  130  cancelled\n";

constexpr std::string_view kSignals =
    "Signals\n"
    "  SIGINT, SIGTERM, SIGHUP  stop; the destination does not appear. A second SIGINT leaves at "
    "once\n"
    "  SIGUSR1          print one line of progress\n";

const CommandHelp* Find(Command command) {
  for (const CommandHelp& help : AllCommands()) {
    if (help.command == command) return &help;
  }
  return nullptr;
}

std::string FlagNames(const Flag& flag) {
  std::string names = flag.short_name == 0 ? "    " : std::string("-") + flag.short_name + ", ";
  names += "--" + std::string(flag.name);
  if (!flag.value.empty()) names += " " + std::string(flag.value);
  return names;
}

std::string Padded(std::string_view text, size_t width) {
  return std::string(text) + std::string(width > text.size() ? width - text.size() : 0, ' ');
}

bool IsShown(const Flag& flag, Command command, bool full) {
  // One screen has room for the flags of `merge` that not every command has.
  const bool is_of_merge = (flag.commands & kMerge) != 0 && (flag.commands & kPublish) == 0;
  if (command == kNoCommand) return full || (flag.in_short_help && is_of_merge);
  return (flag.commands & command) != 0 && (full || flag.in_short_help);
}

std::string ShortFlagList(Command command) {
  size_t width = 0;
  for (const Flag& flag : AllFlags()) {
    if (IsShown(flag, command, false)) width = std::max(width, FlagNames(flag).size());
  }
  std::string text;
  for (const Flag& flag : AllFlags()) {
    if (IsShown(flag, command, false))
      text += "  " + Padded(FlagNames(flag), width) + "  " + std::string(flag.help) + "\n";
  }
  return text;
}

void AppendIndented(std::string& text, std::string_view lines) {
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    text += "        " + std::string(lines.substr(0, end)) + "\n";
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

// Where all commands are shown together, says which ones the flag belongs to.
std::string OnlyFor(const Flag& flag) {
  std::string names;
  size_t num_commands = 0;
  for (const CommandHelp& help : AllCommands()) {
    if ((flag.commands & help.command) == 0) continue;
    names += (num_commands++ == 0 ? "" : ", ") + std::string(help.name);
  }
  return num_commands == AllCommands().size() ? "" : " [" + names + "]";
}

std::string FullFlagList(Command command, Flag::Section section) {
  std::string text;
  for (const Flag& flag : AllFlags()) {
    if (flag.section != section || !IsShown(flag, command, true)) continue;
    text += "  " + FlagNames(flag) + (command == kNoCommand ? OnlyFor(flag) : "") + "\n";
    AppendIndented(text, flag.help);
    AppendIndented(text, flag.detail);
  }
  return text;
}

// The lists of all sections, each under its heading.
std::string FullFlagLists(Command command) {
  std::string text = "\nFlags\n" + FullFlagList(command, Flag::Section::kGeneral);
  const std::string select = FullFlagList(command, Flag::Section::kSelect);
  if (select.empty()) return text;
  return text + "\nFlags that select episodes of every source (docs/adapt.md)\n" + select +
         "\nFlags that make sources agree (docs/adapt.md)\n" +
         FullFlagList(command, Flag::Section::kReconcile);
}

std::string EnvironmentList(Command command) {
  std::string text;
  for (const Flag& flag : AllFlags()) {
    if (flag.environment.empty() || !IsShown(flag, command, true)) continue;
    text +=
        "  " + Padded(flag.environment, 23) + "stands in for --" + std::string(flag.name) + "\n";
  }
  return "Environment\n" + text + "  " + Padded("NO_COLOR", 23) +
         "if not empty, no colours unless --color always\n";
}

// Commands that share a line of the short help.
struct Family {
  unsigned commands;
  std::string_view help;
};
constexpr Family kFamilies[] = {
    {kEdits | kSplit, "Edit a dataset"},
    {kGrows | kLog, "Grow a dataset in its place, and see what it is made of"},
    {kDescribe | kWrite | kPublish, "Merge in stages, on many machines"},
};

// The line that begins with `first`, if it shares one; empty if it stands on that of another.
std::optional<std::string> FamilyLine(Command first) {
  for (const Family& family : kFamilies) {
    if ((family.commands & first) == 0) continue;
    std::string names;
    bool is_first = false;
    for (const CommandHelp& help : AllCommands()) {
      if ((help.command & family.commands) == 0) continue;
      is_first = is_first || (names.empty() && help.command == first);
      names += (names.empty() ? "  " : ", ") + std::string(help.name);
    }
    return is_first ? names + "  " + std::string(family.help) + "\n" : std::string();
  }
  return std::nullopt;
}

// The beginning of both help texts.
std::string Beginning(Command command, bool is_short) {
  const CommandHelp* const chosen = Find(command);
  const CommandHelp& shown = chosen == nullptr ? AllCommands().front() : *chosen;
  std::string text = "Example: " + std::string(shown.example) + "\n\n";
  if (chosen != nullptr) {
    return text + std::string(chosen->help) + "\n\nUsage: robomerge " + std::string(chosen->name) +
           " " + std::string(chosen->arguments) + " [flags]\n";
  }
  // One screen has no line for what the first command says, too.
  if (!is_short) text += std::string(kSentence) + "\n";
  text += "Usage: robomerge COMMAND [flags]\n\nCommands\n";
  for (const CommandHelp& help : AllCommands()) {
    const std::optional<std::string> line = is_short ? FamilyLine(help.command) : std::nullopt;
    if (line) {
      text += *line;
      continue;
    }
    text += "  " + Padded(std::string(help.name) + " " + std::string(help.arguments), 21) + "  " +
            std::string(help.help) + "\n";
  }
  return text;
}

}  // namespace

std::string ShortHelp(Command command) {
  return Beginning(command, true) + "\nFlags\n" + ShortFlagList(command) +
         (IsShown(RuleFlags().front(), command, true)
              ? "`--help` shows all flags, also to select episodes and to make sources agree, "
                "and the exit codes\n"
              : "`--help` shows all flags and the exit codes\n");
}

std::string FullHelp(Command command) {
  std::string text = Beginning(command, false);
  const CommandHelp* const chosen = Find(command);
  text += chosen != nullptr ? "\n" + std::string(chosen->detail) + "\n"
                            : "  help COMMAND           Show all flags of a command\n"
                              "  completion SHELL       Print what makes bash, zsh or fish "
                              "complete the command line\n";
  text += FullFlagLists(command) + "\n" + EnvironmentList(command) + "\n" + std::string(kExitCodes);
  if (command != kInspect && command != kCompare && command != kStats)
    text += "\n" + std::string(kSignals);
  return text + "\nData goes to standard output, everything else to standard error.\n";
}

}  // namespace robomerge::cli
