#include "cli/completion.h"

#include <algorithm>
#include <vector>

#include "cli/flags.h"
#include "robomerge/fields.h"

namespace robomerge::cli {
namespace {

constexpr std::string_view kShells[] = {"bash", "zsh", "fish"};

// What a value is completed with.
enum class Values { kNone, kFiles, kFolders, kWords };

Values ValuesOf(const Flag& flag) {
  if (flag.value == "FILE") return Values::kFiles;
  if (flag.value == "DIR" || flag.value == "DST") return Values::kFolders;
  return flag.value == "WHEN" || flag.value == "HOW" ? Values::kWords : Values::kNone;
}

template <typename Words>
std::string Joined(const Words& words, std::string_view between = " ") {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string WordsOf(const Flag& flag) {
  if (flag.name == "stats") return Joined(NamesOf(StatsMode()));
  return flag.value == "HOW" ? Joined(NamesOf(CopyMode())) : Joined(NamesOf(When()));
}

std::vector<std::string_view> NamesOfCommands() {
  std::vector<std::string_view> names;
  for (const CommandHelp& command : AllCommands()) names.push_back(command.name);
  return names;
}

bool TakesFolders(const CommandHelp& command) {
  return command.command != kWrite && command.command != kPublish;
}

// "-o", "--output".
std::vector<std::string> NamesOfFlag(const Flag& flag) {
  std::vector<std::string> names;
  if (flag.short_name != 0) names.push_back(std::string("-") + flag.short_name);
  names.push_back("--" + std::string(flag.name));
  return names;
}

// `text` with a backslash before each of `special`, in single quotes.
std::string Quoted(std::string_view text, std::string_view special = "") {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'') {
      quoted += "'\\''";
    } else {
      if (special.find(letter) != std::string_view::npos) quoted += '\\';
      quoted += letter;
    }
  }
  return quoted + "'";
}

// Patterns of "COMMAND FLAG" for the flag: with its commands only if other commands have another
// flag of that name.
std::vector<std::string> PatternsOf(const Flag& flag) {
  std::vector<std::string> commands;
  const auto has_its_name = [&](const Flag& other) { return other.name == flag.name; };
  if (std::ranges::count_if(AllFlags(), has_its_name) == 1) {
    commands.emplace_back("*");
  } else {
    for (const CommandHelp& command : AllCommands()) {
      if ((flag.commands & command.command) != 0) commands.emplace_back(command.name);
    }
  }
  std::vector<std::string> patterns;
  for (const std::string& command : commands) {
    for (const std::string& name : NamesOfFlag(flag)) patterns.push_back(command + "\\ " + name);
  }
  return patterns;
}

// The patterns of all flags whose values are completed in this way; for kWords, with these words.
std::vector<std::string> FlagsWith(Values values, const std::string& words = "") {
  std::vector<std::string> patterns;
  for (const Flag& flag : AllFlags()) {
    if (flag.value.empty() || ValuesOf(flag) != values) continue;
    if (values == Values::kWords && WordsOf(flag) != words) continue;
    for (std::string& pattern : PatternsOf(flag)) patterns.push_back(std::move(pattern));
  }
  return patterns;
}

std::string ForBash() {
  const auto reply = [](const std::string& how) {
    return "mapfile -t COMPREPLY < <(compgen " + how + " -- \"$word\")";
  };
  const auto one_of = [&](const std::string& words) { return reply("-W '" + words + "'"); };
  const std::string names = Joined(NamesOfCommands());
  std::string text =
      "_robomerge() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} flags= "
      "at=folders\n"
      "  if [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
      "  if [ \"$word\" = = ]; then word=; fi\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then " +
      one_of(names + " help completion --help --version") +
      "; return; fi\n"
      "  case \"${COMP_WORDS[1]} $before\" in\n";
  const auto add = [&](const std::vector<std::string>& flags, const std::string& action) {
    if (!flags.empty()) text += "    " + Joined(flags, "|") + ") " + action + "; return ;;\n";
  };
  add(FlagsWith(Values::kFiles), "compopt -o filenames; " + reply("-f"));
  add(FlagsWith(Values::kFolders), "compopt -o filenames; " + reply("-d"));
  for (const std::string& words :
       {Joined(NamesOf(When())), Joined(NamesOf(CopyMode())), Joined(NamesOf(StatsMode()))}) {
    add(FlagsWith(Values::kWords, words), one_of(words));
  }
  add(FlagsWith(Values::kNone), ":");
  text +=
      "  esac\n"
      "  case ${COMP_WORDS[1]} in\n"
      "    help) " +
      one_of(names) + "; return ;;\n    completion) " + one_of(Joined(kShells)) + "; return ;;\n";
  for (const CommandHelp& command : AllCommands()) {
    std::vector<std::string> flags;
    for (const Flag& flag : AllFlags()) {
      if ((flag.commands & command.command) != 0) flags.push_back("--" + std::string(flag.name));
    }
    text += "    " + std::string(command.name) + ") flags='" + Joined(flags) + "'" +
            (TakesFolders(command) ? "" : " at=nothing") + " ;;\n";
  }
  return text +
         "  esac\n"
         "  if [[ $word == -* ]]; then " +
         reply("-W \"$flags\"") + "\n  elif [ $at = folders ]; then compopt -o filenames; " +
         reply("-d") + "\n  fi\n}\ncomplete -F _robomerge robomerge\n";
}

std::string ZshAction(const Flag& flag) {
  switch (ValuesOf(flag)) {
    case Values::kFiles:
      return "_files";
    case Values::kFolders:
      return "_files -/";
    case Values::kWords:
      return "(" + WordsOf(flag) + ")";
    case Values::kNone:
      break;
  }
  return " ";
}

std::string ForZsh() {
  std::string text = "#compdef robomerge\n_robomerge() {\n  local -a commands=(\n";
  for (const CommandHelp& command : AllCommands()) {
    text += "    " + Quoted(std::string(command.name) + ":" + std::string(command.help)) + "\n";
  }
  text +=
      "    'help:Show all flags of a command' 'completion:Print what makes a shell complete'\n"
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    if [[ $PREFIX == -* ]]; then compadd -- --help --version; else _describe command "
      "commands; fi\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n"
      "    help) compadd -- " +
      Joined(NamesOfCommands()) + " ;;\n    completion) compadd -- " + Joined(kShells) + " ;;\n";
  for (const CommandHelp& command : AllCommands()) {
    text += "    " + std::string(command.name) + ") _arguments -s -S \\\n";
    for (const Flag& flag : AllFlags()) {
      if ((flag.commands & command.command) == 0) continue;
      const std::vector<std::string> names = NamesOfFlag(flag);
      const bool repeats = flag.repeats || flag.name == "verbose";
      for (const std::string& name : names) {
        std::string spec = repeats ? "*" : "(" + Joined(names) + ")";
        spec += name + (!flag.value.empty() && name.starts_with("--") ? "=" : "");
        text += "      " + Quoted(spec);
        text += "'['" + Quoted(flag.help, "[]:\\") + "']'";
        if (!flag.value.empty()) {
          text += Quoted(":" + std::string(flag.value) + ":" + ZshAction(flag));
        }
        text += " \\\n";
      }
    }
    text += TakesFolders(command) ? "      '*:dataset:_files -/' ;;\n" : "      ;;\n";
  }
  return text +
         "  esac\n}\n"
         "if [[ $funcstack[1] == _robomerge ]]; then _robomerge \"$@\"; else compdef _robomerge "
         "robomerge; fi\n";
}

std::string ForFish() {
  const std::string begin = "complete -c robomerge ";
  const std::string first = "-n __fish_use_subcommand ";
  const auto only_for = [](std::string_view commands) {
    return "-n '__fish_seen_subcommand_from " + std::string(commands) + "' ";
  };
  const auto described = [](std::string_view help) { return " -d " + Quoted(help, "\\"); };
  std::string text = begin + "-f\n";
  std::vector<std::string_view> with_folders;
  for (const CommandHelp& command : AllCommands()) {
    text += begin + first + "-a " + std::string(command.name) + described(command.help) + "\n";
    if (TakesFolders(command)) with_folders.push_back(command.name);
  }
  text += begin + first + "-a help -d 'Show all flags of a command'\n";
  text += begin + first + "-a completion -d 'Print what makes a shell complete'\n";
  text += begin + first + "-l help\n" + begin + first + "-s V -l version\n";
  text += begin + only_for("help") + "-a '" + Joined(NamesOfCommands()) + "'\n";
  text += begin + only_for("completion") + "-a '" + Joined(kShells) + "'\n";
  text += begin + only_for(Joined(with_folders)) + "-a '(__fish_complete_directories)'\n";
  for (const Flag& flag : AllFlags()) {
    std::vector<std::string_view> commands;
    for (const CommandHelp& command : AllCommands()) {
      if ((flag.commands & command.command) != 0) commands.push_back(command.name);
    }
    text += begin + only_for(Joined(commands)) + "-l " + std::string(flag.name);
    if (flag.short_name != 0) text += std::string(" -s ") + flag.short_name;
    switch (flag.value.empty() ? Values::kNone : ValuesOf(flag)) {
      case Values::kFiles:
        text += " -r -F";
        break;
      case Values::kFolders:
        text += " -x -a '(__fish_complete_directories)'";
        break;
      case Values::kWords:
        text += " -x -a '" + WordsOf(flag) + "'";
        break;
      case Values::kNone:
        if (!flag.value.empty()) text += " -x";
        break;
    }
    text += described(flag.help) + "\n";
  }
  return text;
}

}  // namespace

std::span<const std::string_view> CompletedShells() { return kShells; }

std::string CompletionScript(std::string_view shell) {
  if (shell == "fish") return ForFish();
  return shell == "zsh" ? ForZsh() : ForBash();
}

}  // namespace robomerge::cli
