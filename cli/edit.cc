#include "cli/edit.h"

#include <algorithm>

#include "base/text.h"
#include "cli/rule_flags.h"

namespace robomerge::cli {
namespace {

const CommandHelp& HelpOf(Command command) {
  const auto help = AllCommands();
  return *std::find_if(help.begin(), help.end(),
                       [&](const CommandHelp& one) { return one.command == command; });
}

Problem Wrong(Command command, const char* kind, std::string what) {
  const CommandHelp& help = HelpOf(command);
  return Problem(Code::kInvalidArgument, std::move(what))
      .Kind(kind)
      .Expected(StrCat("robomerge ", help.name, " ", help.arguments));
}

Status CheckPlaces(const Invocation& invocation) {
  const EditOptions& edit = invocation.edit;
  const auto wrong = [&](std::string what) {
    return Wrong(invocation.command, "E-flag", std::move(what));
  };
  if (edit.in_place && !invocation.destination.empty())
    return wrong("`-o` and `--in-place` exclude each other").Found("both");
  if (!edit.in_place && invocation.destination.empty()) {
    return Wrong(invocation.command, "E-no-destination", "neither `-o` nor `--in-place`")
        .Hint(
            "say with `-o DST` where the new dataset is to be made, or with `--in-place` that it "
            "takes the place of SRC");
  }
  if (edit.in_place && !invocation.paths.empty() && invocation.paths.front().starts_with("hf://")) {
    return wrong("a dataset on the Hub is not edited in place")
        .Found(StrCat("`", invocation.paths.front(), "`"))
        .Hint(invocation.command == kStats
                  ? StrCat("make a new one, which a merge measures: `robomerge merge ",
                           invocation.paths.front(),
                           " -o DST`, then `robomerge push DST` to the address")
                  : "make a new one with `-o DST`, then `robomerge push DST` to the address");
  }
  if (!edit.backup && !edit.in_place)
    return wrong("`--no-backup` without `--in-place`").Hint("with `-o` SRC stays as it is");
  if (invocation.options.overwrite && edit.in_place)
    return wrong("`--in-place` takes no `--overwrite`").Hint("leave it out");
  return Status();
}

// The feature that is added.
Status TakeAdded(Invocation& invocation, const std::vector<std::string>& words) {
  if (words.size() != 1) {
    return Wrong(kAddFeature, "E-path",
                 "`add-feature` takes one dataset and the name of one feature")
        .Found(words.empty() ? "the dataset alone" : StrCat(words.size() + 1, " words"));
  }
  if (invocation.values_path.empty()) {
    return Wrong(kAddFeature, "E-flag", "`add-feature` does not say where the values are")
        .Hint("name a .npy or .parquet file: --from FILE");
  }
  AddedFeature added{words.front(), invocation.values_path, {}, ""};
  const std::string& names = invocation.element_names;
  for (size_t begin = 0; !names.empty() && begin <= names.size();) {
    const size_t end = std::min(names.find(',', begin), names.size());
    std::string name = names.substr(begin, end - begin);
    name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
    name.erase(name.find_last_not_of(' ') + 1);
    const bool is_twice = std::ranges::find(added.names, name) != added.names.end();
    if (name.empty() || is_twice) {
      return Problem(Code::kInvalidArgument, "wrong value for `--names`")
          .Kind("E-value")
          .Expected("different names with a comma between them, as x,y,z")
          .Found("`" + names + "`");
    }
    added.names.push_back(name);
    begin = end + 1;
  }
  invocation.edit.add = {std::move(added)};
  invocation.edit.keep_file_numbers = true;
  if (invocation.edit.in_place) invocation.destination = invocation.paths.front();
  return Status();
}

}  // namespace

Status TakeEdit(Invocation& invocation) {
  const Command command = invocation.command;
  ROBOMERGE_RETURN_NOT_OK(CheckPlaces(invocation));
  if (invocation.paths.empty()) return Wrong(command, "E-no-sources", "no dataset to edit");
  std::vector<std::string> words(invocation.paths.begin() + 1, invocation.paths.end());
  invocation.paths.resize(1);
  if (command == kAddFeature) return TakeAdded(invocation, words);
  const char* flag = command == kDeleteEpisodes  ? "exclude-episodes"
                     : command == kTrimEpisode   ? "trim"
                     : command == kRenameFeature ? "rename"
                                                 : "drop";
  if (command == kModifyTasks) {
    if (!words.empty()) {
      return Wrong(command, "E-path", "`modify-tasks` takes one dataset")
          .Found(StrCat("`", words.front(), "`"));
    }
    if (invocation.rules.given.empty()) {
      return Wrong(command, "E-flag", "no task is changed")
          .Hint(
              "say what becomes of them: --set-task, --replace-task or "
              "--normalize-tasks");
    }
  } else if (command == kTrimEpisode) {
    if (words.size() != 1)
      return Wrong(command, "E-path", "`trim-episode` takes one dataset and one episode");
    if (invocation.frames.empty())
      return Wrong(command, "E-flag", "`trim-episode` does not say which frames stay");
    words.front() += "=" + invocation.frames;
  } else if (words.empty()) {
    return Wrong(command, "E-path",
                 StrCat("`", HelpOf(command).name, "` does not say ",
                        command == kDeleteEpisodes ? "which episodes" : "which features"));
  }
  std::vector<Problem> problems;
  for (const std::string& word : words) {
    const Status status = AddToRules(invocation, flag, word);
    problems.insert(problems.end(), status.problems().begin(), status.problems().end());
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  invocation.edit.keep_file_numbers = command != kDeleteEpisodes;
  if (invocation.edit.in_place) invocation.destination = invocation.paths.front();
  return Status();
}

Status TakeGrowth(Invocation& invocation) {
  const Command command = invocation.command;
  const std::string name(HelpOf(command).name);
  std::vector<std::string>& paths = invocation.paths;
  if (paths.empty()) return Wrong(command, "E-path", StrCat("`", name, "` has no dataset"));
  invocation.destination = paths.front();
  paths.erase(paths.begin());
  if (invocation.destination.starts_with("hf://")) {
    return Wrong(command, "E-flag", "a dataset on the Hub does not grow in place")
        .Found(StrCat("`", invocation.destination, "`"))
        .Hint("merge it with the sources (-o DST), then `robomerge push DST` to the address");
  }
  if (command == kRemoveSource) {
    if (paths.size() != 1) {
      return Wrong(command, "E-path", "`remove-source` takes a dataset and one source of it")
          .Found(StrCat(paths.size() + 1, " words"))
          .Hint("`robomerge log` lists the sources");
    }
    invocation.removed_source = paths.front();
    return Status();
  }
  if (paths.empty() && invocation.list_path.empty() && invocation.recipe_path.empty()) {
    return Wrong(command, "E-no-sources", "no sources to append")
        .Hint("name the dataset folders, or a file that lists them with `--from FILE`");
  }
  if (!invocation.names.empty() && !invocation.recipe_path.empty()) {
    return Wrong(command, "E-flag", "`--name` and `--recipe` exclude each other")
        .Hint("give `name` to the sources in the recipe");
  }
  return Status();
}

Status TakeConvert(Invocation& invocation) {
  if (invocation.paths.size() != 1) {
    return Wrong(kConvert, invocation.paths.empty() ? "E-no-sources" : "E-path",
                 "`convert` takes one dataset")
        .Found(StrCat(invocation.paths.size(), " paths"))
        .Hint("`merge` takes several, and `--codebase-version` as well");
  }
  ROBOMERGE_RETURN_NOT_OK(CheckPlaces(invocation));
  invocation.edit.converts = true;
  if (invocation.edit.in_place) invocation.destination = invocation.paths.front();
  return Status();
}

Status TakeStats(Invocation& invocation) {
  if (invocation.paths.size() != 1) {
    return Wrong(kStats, "E-path", "`stats` takes one dataset")
        .Found(StrCat(invocation.paths.size(), " paths"));
  }
  if (!invocation.edit.in_place && (!invocation.edit.backup || invocation.options.record_hashes)) {
    const char* flag = invocation.edit.backup ? "--record-hashes" : "--no-backup";
    return Wrong(kStats, "E-flag", StrCat("`", flag, "` without `--in-place`"))
        .Hint("leave it out");
  }
  if (!invocation.edit.in_place) return Status();
  ROBOMERGE_RETURN_NOT_OK(CheckPlaces(invocation));
  invocation.edit.keep_file_numbers = true;
  // Of what stays as it is nothing is copied.
  invocation.options.copy_mode = CopyMode::kLink;
  invocation.destination = invocation.paths.front();
  return Status();
}

Status CheckSplit(const Invocation& invocation) {
  if (invocation.paths.size() != 1) {
    return Wrong(kSplit, invocation.paths.empty() ? "E-no-sources" : "E-path",
                 "`split` takes one dataset")
        .Found(StrCat(invocation.paths.size(), " paths"));
  }
  if (invocation.destination.empty()) {
    return Wrong(kSplit, "E-no-destination", "`split` has no folder to make")
        .Hint("say with `-o DIR` where the datasets are to be");
  }
  return Status();
}

}  // namespace robomerge::cli
