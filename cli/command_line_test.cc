#include "cli/command_line.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "cli/help.h"

namespace robomerge::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Invocation> Parse(std::vector<std::string> words,
                         const std::map<std::string, std::string>& environment = {}) {
  return ParseCommandLine(std::move(words),
                          [&](const std::string& name) -> std::optional<std::string> {
                            const auto found = environment.find(name);
                            if (found == environment.end()) return std::nullopt;
                            return found->second;
                          });
}

Problem FirstProblem(std::vector<std::string> words,
                     const std::map<std::string, std::string>& environment = {}) {
  const Result<Invocation> invocation = Parse(std::move(words), environment);
  if (invocation.ok()) return Problem(Code::kInternal, "was understood");
  return invocation.status().problems().front();
}

TEST(CommandLine, PushTakesADatasetAndAnAddress) {
  const Result<Invocation> push =
      Parse({"push", "kitchen", "hf://datasets/lab/kitchen", "--private", "--branch", "trial"});
  ASSERT_TRUE(push.ok());
  EXPECT_EQ(push->command, kPush);
  EXPECT_THAT(push->paths, ElementsAre("kitchen", "hf://datasets/lab/kitchen"));
  EXPECT_TRUE(push->is_private);
  EXPECT_EQ(push->branch, "trial");
  EXPECT_EQ(FirstProblem({"push", "kitchen"}).kind, "E-path");
  EXPECT_EQ(FirstProblem({"merge", "a", "-o", "b", "--private"}).kind, "E-flag");
}

TEST(CommandLine, TakesSourcesInOrderWhereverFlagsStand) {
  const auto invocation = Parse({"merge", "b", "-j4", "a", "-o", "out", "--copy-mode=share", "c",
                                 "--chunk-size", "7", "-qn"});
  ASSERT_TRUE(invocation.ok()) << invocation.status().ToString();
  EXPECT_EQ(invocation->command, kMerge);
  EXPECT_THAT(invocation->paths, ElementsAre("b", "a", "c"));
  EXPECT_EQ(invocation->destination, "out");
  EXPECT_EQ(invocation->options.num_workers, 4);
  EXPECT_EQ(invocation->options.copy_mode, CopyMode::kShare);
  EXPECT_EQ(invocation->options.chunk_size, 7);
  EXPECT_TRUE(invocation->quiet);
  EXPECT_TRUE(invocation->options.dry_run);
}

TEST(CommandLine, DefaultsAreTheLibrarys) {
  const auto invocation = Parse({"merge", "a", "-o", "b"});
  ASSERT_TRUE(invocation.ok());
  const MergeOptions defaults;
  EXPECT_EQ(invocation->options.num_workers, defaults.num_workers);
  EXPECT_EQ(invocation->options.data_files_size_in_mb, defaults.data_files_size_in_mb);
  EXPECT_EQ(invocation->options.video_files_size_in_mb, defaults.video_files_size_in_mb);
  EXPECT_EQ(invocation->options.chunk_size, defaults.chunk_size);
  EXPECT_EQ(invocation->options.sync, defaults.sync);
  EXPECT_EQ(invocation->options.concatenate_videos, defaults.concatenate_videos);
  EXPECT_EQ(invocation->options.concatenate_data, defaults.concatenate_data);
  EXPECT_FALSE(invocation->options.dry_run);
}

TEST(CommandLine, SwitchesReachTheirOptions) {
  const auto invocation =
      Parse({"merge", "a", "-o", "b", "--no-sync", "--no-concatenate-videos",
             "--no-concatenate-data", "--json", "-vv", "--trace", "t", "--data-files-size-in-mb",
             "0.5", "--video-files-size-in-mb=20", "--color", "never", "--progress", "always"});
  ASSERT_TRUE(invocation.ok()) << invocation.status().ToString();
  EXPECT_FALSE(invocation->options.sync);
  EXPECT_FALSE(invocation->options.concatenate_videos);
  EXPECT_FALSE(invocation->options.concatenate_data);
  EXPECT_TRUE(invocation->json);
  EXPECT_EQ(invocation->verbosity, 2);
  EXPECT_EQ(invocation->options.trace_path, "t");
  EXPECT_EQ(invocation->options.data_files_size_in_mb, 0.5);
  EXPECT_EQ(invocation->options.video_files_size_in_mb, 20);
  EXPECT_EQ(invocation->color, When::kNever);
  EXPECT_EQ(invocation->progress, When::kAlways);
}

TEST(CommandLine, SourcesMayBeCalledLikeAnything) {
  const auto invocation =
      Parse({"merge", "plan", "merge", "[a,b]", "-o", "[x]", "--", "-odd", "--json"});
  ASSERT_TRUE(invocation.ok()) << invocation.status().ToString();
  EXPECT_THAT(invocation->paths, ElementsAre("plan", "merge", "[a,b]", "-odd", "--json"));
  EXPECT_EQ(invocation->destination, "[x]");
  EXPECT_FALSE(invocation->json);
}

TEST(CommandLine, PlanIsADryRun) {
  const auto invocation = Parse({"plan", "a", "-o", "b"});
  ASSERT_TRUE(invocation.ok());
  EXPECT_TRUE(invocation->options.dry_run);
}

TEST(CommandLine, FlagWinsOverEnvironmentOverDefault) {
  const std::map<std::string, std::string> environment = {{"ROBOMERGE_NUM_WORKERS", "3"},
                                                          {"ROBOMERGE_TRACE", "out.json"}};
  const auto from_environment = Parse({"merge", "a", "-o", "b"}, environment);
  ASSERT_TRUE(from_environment.ok());
  EXPECT_EQ(from_environment->options.num_workers, 3);
  EXPECT_EQ(from_environment->options.trace_path, "out.json");
  EXPECT_EQ(Parse({"merge", "a", "-o", "b", "-j", "5"}, environment)->options.num_workers, 5);
  EXPECT_EQ(Parse({"merge", "a", "-o", "b"}, {{"ROBOMERGE_NUM_WORKERS", ""}})->options.num_workers,
            0);
  EXPECT_TRUE(Parse({"publish", "--plan", "a"}, {{"ROBOMERGE_NUM_WORKERS", "many"}}).ok());
  EXPECT_TRUE(Parse({"inspect", "a", "--read-data"})->read_data);
  const Problem problem =
      FirstProblem({"merge", "a", "-o", "b"}, {{"ROBOMERGE_NUM_WORKERS", "many"}});
  EXPECT_THAT(problem.what, HasSubstr("ROBOMERGE_NUM_WORKERS"));
  EXPECT_EQ(problem.found, "`many`");
}

TEST(CommandLine, LastOfARepeatedFlagWins) {
  EXPECT_EQ(Parse({"merge", "a", "-o", "b", "-o", "c"})->destination, "c");
}

TEST(CommandLine, WrongWordsGetTheNearestRightOne) {
  EXPECT_THAT(FirstProblem({"mrege", "a"}).hint, HasSubstr("`robomerge merge`"));
  EXPECT_THAT(FirstProblem({"merge", "a", "-o", "b", "--num-wokers", "2"}).hint,
              HasSubstr("`--num-workers`"));
  EXPECT_THAT(FirstProblem({"merge", "a", "-o", "b", "--dry"}).hint, HasSubstr("`--dry-run`"));
  EXPECT_THAT(FirstProblem({"merge", "a", "-o", "b", "--color", "neverr"}).hint,
              HasSubstr("`never`"));
  EXPECT_THAT(FirstProblem({"--json", "merge"}).hint, HasSubstr("flags follow the command"));
  EXPECT_THAT(FirstProblem({"inspect", "a", "--trace", "b"}).what, HasSubstr("`--trace`"));
}

TEST(CommandLine, AllUnknownFlagsAreToldAtOnce) {
  const auto invocation = Parse({"merge", "a", "--one", "-o", "b", "-z"});
  ASSERT_FALSE(invocation.ok());
  EXPECT_EQ(invocation.status().problems().size(), 2u);
}

TEST(CommandLine, EverythingWrongIsAnInvalidArgument) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"merge"},
      {"merge", "a"},
      {"merge", "-o", "b"},
      {"merge", "a", "-o"},
      {"merge", "a", "-o", ""},
      {"merge", "a", "-o", "b", "-j", "many"},
      {"merge", "a", "-o", "b", "-j", "-1"},
      {"merge", "a", "-o", "b", "-j", "99999999999999999999"},
      {"merge", "a", "-o", "b", "--chunk-size", "0"},
      {"merge", "a", "-o", "b", "--chunk-size", "1001"},
      {"merge", "a", "-o", "b", "--data-files-size-in-mb", "-1"},
      {"merge", "a", "-o", "b", "--data-files-size-in-mb", "nan"},
      {"merge", "a", "-o", "b", "--video-files-size-in-mb", "inf"},
      {"merge", "a", "-o", "b", "--video-files-size-in-mb", "2MB"},
      {"merge", "a", "-o", "b", "--copy-mode", "move"},
      {"merge", "a", "-o", "b", "--json=no"},
      {"merge", "a", "-o", "b", "--trace="},
      {"merge", "", "-o", "b"},
      {"inspect"},
      {"inspect", "a", "b"},
      {"prove", "a"}};
  for (const std::vector<std::string>& words : wrong) {
    EXPECT_EQ(FirstProblem(words).code, Code::kInvalidArgument) << testing::PrintToString(words);
  }
}

TEST(CommandLine, HelpAndVersionNeedNothingElse) {
  EXPECT_EQ(Parse({"-h"})->wish, Invocation::Wish::kShortHelp);
  EXPECT_EQ(Parse({"--help"})->wish, Invocation::Wish::kFullHelp);
  EXPECT_EQ(Parse({"--version"})->wish, Invocation::Wish::kVersion);
  EXPECT_EQ(Parse({"-Vv"})->verbosity, 1);
  EXPECT_EQ(Parse({"help", "merge"})->wish, Invocation::Wish::kFullHelp);
  EXPECT_EQ(Parse({"help", "merge"})->command, kMerge);
  EXPECT_EQ(Parse({"completion", "zsh"})->shell, "zsh");
  EXPECT_EQ(Parse({"completion", "tcsh"}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Parse({"merge", "--wrong", "-h"})->wish, Invocation::Wish::kShortHelp);
  EXPECT_EQ(Parse({"inspect", "--help"})->command, kInspect);
}

TEST(CommandLine, OutputOfARefusedLineIsGuessed) {
  EXPECT_TRUE(GuessOutput({"merge", "--wrong", "--json"}).json);
  EXPECT_FALSE(GuessOutput({"merge", "--", "--json"}).json);
  EXPECT_EQ(GuessOutput({"merge", "--color", "always"}).color, When::kAlways);
  EXPECT_EQ(GuessOutput({"merge", "--color=never"}).color, When::kNever);
  EXPECT_EQ(GuessOutput({"merge", "--color"}).color, When::kAuto);
}

TEST(CommandLine, VerifyTakesADatasetAndItsSourcesAfterAgainst) {
  EXPECT_EQ(Parse({"verify", "merged"})->paths, (std::vector<std::string>{"merged"}));
  const Result<Invocation> against = Parse({"verify", "merged", "--against", "a", "b", "-j", "3"});
  ASSERT_TRUE(against.ok()) << against.status().ToString();
  EXPECT_EQ(against->paths, (std::vector<std::string>{"merged", "a", "b"}));
  EXPECT_TRUE(against->against);
  EXPECT_EQ(against->options.num_workers, 3);
  EXPECT_TRUE(Parse({"verify", "merged", "--from", "list.txt"}).ok());
  EXPECT_FALSE(Parse({"verify"}).ok());
  EXPECT_FALSE(Parse({"verify", "merged", "a"}).ok());
  EXPECT_FALSE(Parse({"verify", "merged", "--against"}).ok());
  EXPECT_TRUE(Parse({"merge", "a", "-o", "merged", "--verify"})->verify);
}

TEST(Help, ShortHelpFitsOneScreenAndBeginsWithAnExample) {
  for (const Command command : {kNoCommand, kMerge, kPlan, kInspect, kCompare, kVerify, kDescribe,
                                kWrite, kPublish, kPush}) {
    const std::string help = ShortHelp(command);
    EXPECT_TRUE(help.starts_with("Example: robomerge ")) << help;
    EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 24) << help;
  }
}

TEST(Help, FullHelpNamesEveryFlagAndItsEnvironment) {
  const std::string help = FullHelp(kNoCommand);
  for (const Flag& flag : AllFlags()) {
    EXPECT_THAT(help, HasSubstr("--" + std::string(flag.name)));
    EXPECT_THAT(help, HasSubstr(std::string(flag.environment)));
    EXPECT_EQ(FullHelp(kInspect).find("--" + std::string(flag.name)) != std::string::npos,
              (flag.commands & kInspect) != 0);
  }
}

TEST(CommandLine, RulesReachTheirFields) {
  const auto invocation = Parse({"merge",
                                 "a",
                                 "-o",
                                 "b",
                                 "--episodes",
                                 "0-3",
                                 "--episodes=9",
                                 "--exclude-episodes",
                                 "1",
                                 "--select-task",
                                 "[a,b]",
                                 "--select-task",
                                 "glob:c*",
                                 "--exclude-task",
                                 "",
                                 "--min-frames",
                                 "3",
                                 "--max-frames",
                                 "9",
                                 "--where",
                                 "a = 1",
                                 "--where",
                                 "b > 2",
                                 "--sample",
                                 "4",
                                 "--seed",
                                 "5",
                                 "--compact",
                                 "--rename",
                                 "a=b=c",
                                 "--rename",
                                 R"(x\=y=z\=w)",
                                 "--drop",
                                 "d*",
                                 "--keep-common",
                                 "--fill",
                                 "f=",
                                 "--cast",
                                 "f=float32",
                                 "--pad",
                                 "p=7",
                                 "--reorder-by-name",
                                 "--names-from-first",
                                 "--robot-type",
                                 "arm",
                                 "--set-task",
                                 "t",
                                 "--replace-task",
                                 R"(a \= b=c = d)",
                                 "--normalize-tasks",
                                 "--prefix-tasks",
                                 "--allow-mixed-size",
                                 "cam"});
  ASSERT_TRUE(invocation.ok()) << invocation.status().ToString();
  const Adaptation& rules = invocation->rules.adaptation;
  EXPECT_EQ(rules.episodes, "0-3,9");
  EXPECT_EQ(rules.exclude_episodes, "1");
  EXPECT_THAT(rules.select_task, ElementsAre("[a,b]", "glob:c*"));
  EXPECT_THAT(rules.exclude_task, ElementsAre(""));
  EXPECT_EQ(rules.min_frames, 3u);
  EXPECT_EQ(rules.max_frames, 9u);
  EXPECT_THAT(rules.where, ElementsAre("a = 1", "b > 2"));
  EXPECT_EQ(rules.sample, 4u);
  EXPECT_EQ(rules.seed, 5u);
  EXPECT_THAT(rules.rename, ElementsAre(Rule{"a", "b=c"}, Rule{"x=y", "z=w"}));
  EXPECT_THAT(rules.drop, ElementsAre("d*"));
  EXPECT_THAT(rules.fill, ElementsAre(Rule{"f", ""}));
  EXPECT_THAT(rules.cast, ElementsAre(Rule{"f", "float32"}));
  EXPECT_THAT(rules.pad, ElementsAre(Rule{"p", "7"}));
  EXPECT_EQ(rules.robot_type, "arm");
  EXPECT_EQ(rules.set_task, "t");
  EXPECT_THAT(rules.replace_task, ElementsAre(Rule{"a = b", "c = d"}));
  EXPECT_THAT(rules.allow_mixed_size, ElementsAre("cam"));
  EXPECT_TRUE(rules.compact && rules.keep_common && rules.reorder_by_name &&
              rules.names_from_first && rules.normalize_tasks && rules.prefix_tasks);
  EXPECT_EQ(invocation->options, Parse({"merge", "a", "-o", "b"})->options);
}

// Every rule but those that only a recipe, or an option, states has a flag of its name.
TEST(CommandLine, EveryRuleHasItsFlag) {
  std::set<std::string> keys;
  for (const Flag& flag : AllFlags()) keys.insert(KeyOf(flag));
  for (const RecipeKey& key : RecipeKeys()) {
    if (key.name == "sources" || key.name == "path" || key.name == "name") continue;
    EXPECT_TRUE(keys.contains(key.name)) << key.name;
  }
}

TEST(CommandLine, EveryWrongRuleIsReported) {
  const auto status =
      Parse({"merge",        "a",       "-o",         "b", "--episodes", "9-3",
             "--rename",     "a",       "--fill",     "x", "--pad",      "p=none",
             "--cast",       "c=float", "--where",    "x", "--sample",   "0",
             "--min-frames", "-1",      "--set-task", "",  "--rename",   "timestamp=t",
             "--episodes",   ""})
          .status();
  EXPECT_EQ(status.problems().size(), 11u);
  for (const Problem& problem : status.problems()) {
    EXPECT_EQ(problem.kind, "E-value");
    EXPECT_THAT(problem.what, HasSubstr("wrong value for `--"));
    EXPECT_FALSE(problem.expected.empty() || problem.found.empty()) << problem.what;
  }
}

TEST(CommandLine, ASeedNeedsASample) {
  EXPECT_THAT(FirstProblem({"merge", "a", "-o", "b", "--seed", "3"}).what, HasSubstr("--sample"));
  EXPECT_TRUE(Parse({"merge", "--recipe", "r", "--seed", "3"}).ok());
}

TEST(CommandLine, ARecipeMayNameSourcesAndDestination) {
  const auto invocation = Parse({"merge", "--recipe", "r.yaml"});
  ASSERT_TRUE(invocation.ok()) << invocation.status().ToString();
  EXPECT_EQ(invocation->recipe_path, "r.yaml");
  EXPECT_TRUE(Parse({"plan", "--recipe", "r.yaml"})->options.dry_run);
  EXPECT_TRUE(Parse({"describe", "--recipe", "r.yaml", "--partial", "p"}).ok());
  EXPECT_THAT(FirstProblem({"describe", "--recipe", "r.yaml"}).what, HasSubstr("--partial"));
  EXPECT_THAT(FirstProblem({"verify", "a", "--recipe", "r.yaml"}).what, HasSubstr("unknown flag"));
}

TEST(CommandLine, PartialsAreAdaptedWhenTheyAreDescribed) {
  const auto status = Parse({"plan", "--partial", "p", "-o", "b", "--plan", "d", "--retime",
                             "--recipe", "r", "--drop", "x"})
                          .status();
  EXPECT_EQ(status.problems().size(), 3u);
  EXPECT_THAT(status.ToString(), HasSubstr("takes no `--drop`"));
}

}  // namespace
}  // namespace robomerge::cli
