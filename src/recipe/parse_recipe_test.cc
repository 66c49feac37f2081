#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "robomerge/recipe.h"

namespace robomerge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Recipe Parsed(std::string_view text, const std::string& path = "r.yaml") {
  const Result<Recipe> recipe = ParseRecipe(text, path);
  EXPECT_TRUE(recipe.ok()) << recipe.status().ToString();
  return recipe.ok() ? *recipe : Recipe();
}

// "line: what; expected; found; hint" of every problem.
std::vector<std::string> Faults(std::string_view text) {
  const Result<Recipe> recipe = ParseRecipe(text, "r.yaml");
  if (recipe.ok()) return {"none"};
  const Status status = recipe.status();
  std::vector<std::string> faults;
  for (const Problem& problem : status.problems()) {
    EXPECT_TRUE(problem.kind == "E-recipe" || problem.kind == "E-rule") << problem.kind;
    EXPECT_EQ(problem.code, Code::kInvalidArgument);
    EXPECT_TRUE(problem.where.starts_with("r.yaml: line ")) << problem.where;
    faults.push_back(problem.where.substr(problem.where.find("line ") + 5) + ": " + problem.what +
                     "; " + problem.expected + "; " + problem.found + "; " + problem.hint);
  }
  return faults;
}

// The only fault.
std::string Fault(std::string_view text) {
  const std::vector<std::string> faults = Faults(text);
  EXPECT_EQ(faults.size(), 1u) << testing::PrintToString(faults);
  return faults.front();
}

TEST(Recipe, OfThePageIsUnderstood) {
  const Recipe recipe = Parsed(R"(
output: kitchen                 # a comment
robot_type: so101
rename: {observation.images.cam_wrist: observation.images.wrist}
drop: [next.reward]
sources:
  - kitchen_1
  - path: kitchen_2
    name: second kitchen
    episodes: 0-9,12
    rename: {observation.images.hand: observation.images.wrist}
    trim: {4: 10-250}
)",
                               "plans/r.yaml");
  EXPECT_EQ(recipe.destination, "plans/kitchen");
  ASSERT_EQ(recipe.sources.size(), 2u);
  const SourceSpec &first = recipe.sources[0], &second = recipe.sources[1];
  EXPECT_EQ(first.location, "plans/kitchen_1");
  EXPECT_EQ(first.name, "");
  EXPECT_EQ(first.adaptation.robot_type, "so101");
  EXPECT_THAT(first.adaptation.drop, ElementsAre("next.reward"));
  EXPECT_THAT(first.adaptation.rename,
              ElementsAre(Rule{"observation.images.cam_wrist", "observation.images.wrist"}));
  EXPECT_EQ(second.location, "plans/kitchen_2");
  EXPECT_EQ(second.name, "second kitchen");
  EXPECT_EQ(second.adaptation.episodes, "0-9,12");
  EXPECT_EQ(second.adaptation.robot_type, "so101");
  EXPECT_THAT(second.adaptation.trim, ElementsAre(Rule{"4", "10-250"}));
  EXPECT_EQ(second.adaptation.rename.size(), 2u);
}

TEST(Recipe, EveryRuleAndOptionIsTaken) {
  const Recipe recipe = Parsed(R"(
output: /abs/out
num_workers: 3
data_files_size_in_mb: 0.5
video_files_size_in_mb: 20
chunk_size: 10
concatenate_videos: false
concatenate_data: False
copy_mode: share
overwrite: true
sync: false
tmp_root: tmp
stats: fold
codebase_version: 2.1
padding: false
skip_broken: episodes
skipped: list.jsonl
verify: true
episodes: [1, 3-4, 7]
exclude_episodes: 5
select_task: pick the cube
exclude_task: ["glob:* fails", ""]
min_frames: 5
max_frames: 100
where: next.success = true
sample: 10
seed: 3
trim: {0: 5, 1: "3-"}
compact: true
retime: true
rename: {a: b}
drop: ["*.depth", x]
keep_common: true
fill: {f: 0.5, g: yes, h: "", i: text}
cast: {c: float32}
pad: {p: 7}
reorder_by_name: true
names_from_first: true
robot_type: arm
set_task: "yes"
replace_task: {"null": nothing}
normalize_tasks: true
prefix_tasks: true
allow_mixed_size: [cam]
record_hashes: true
sources: [a]
)");
  EXPECT_EQ(recipe.destination, "/abs/out");
  EXPECT_EQ(recipe.options.num_workers, 3);
  EXPECT_EQ(recipe.options.data_files_size_in_mb, 0.5);
  EXPECT_EQ(recipe.options.chunk_size, 10);
  EXPECT_FALSE(recipe.options.concatenate_videos || recipe.options.concatenate_data);
  EXPECT_EQ(recipe.options.copy_mode, CopyMode::kShare);
  EXPECT_TRUE(recipe.options.overwrite && recipe.verify && !recipe.options.sync);
  EXPECT_EQ(recipe.options.staging_root, "tmp");
  EXPECT_EQ(recipe.options.stats, StatsMode::kFold);
  EXPECT_EQ(recipe.options.codebase_version, CodebaseVersion::kV21);
  EXPECT_FALSE(recipe.options.padding);
  EXPECT_EQ(recipe.options.skip_broken, SkipBroken::kEpisodes);
  EXPECT_EQ(recipe.options.skipped_path, "list.jsonl");
  EXPECT_TRUE(recipe.options.record_hashes);
  const Adaptation& rules = recipe.sources.at(0).adaptation;
  EXPECT_EQ(rules.episodes, "1,3-4,7");
  EXPECT_EQ(rules.exclude_episodes, "5");
  EXPECT_THAT(rules.select_task, ElementsAre("pick the cube"));
  EXPECT_THAT(rules.exclude_task, ElementsAre("glob:* fails", ""));
  EXPECT_THAT(rules.trim, ElementsAre(Rule{"0", "5"}, Rule{"1", "3-"}));
  EXPECT_THAT(rules.fill,
              ElementsAre(Rule{"f", "0.5"}, Rule{"g", "yes"}, Rule{"h", ""}, Rule{"i", "text"}));
  EXPECT_THAT(rules.replace_task, ElementsAre(Rule{"null", "nothing"}));
  EXPECT_EQ(rules.set_task, "yes");
  EXPECT_EQ(rules.seed, 3u);
  // No key was left out of this test.
  size_t num_keys = 0;
  for (const RecipeKey& key : RecipeKeys()) num_keys += key.is_common ? 1 : 0;
  EXPECT_EQ(recipe.given.size() + recipe.common.given.size() + 1, num_keys);
}

TEST(Recipe, JsonIsARecipeToo) {
  const Recipe recipe = Parsed(
      R"({"output": "o", "sources": [{"path": "a", "trim": {"4": "1-2"}, "episodes": [0, 4]}]})");
  EXPECT_EQ(recipe.destination, "o");
  EXPECT_EQ(recipe.sources.at(0).adaptation.episodes, "0,4");
}

TEST(Recipe, ASourcesOwnRuleWins) {
  const Recipe recipe = Parsed(R"(
min_frames: 5
keep_common: true
rename: {a: x, b: y}
drop: [c]
sources:
  - path: one
    min_frames: 9
    keep_common: false
    rename: {a: z}
    drop: [d]
  - two
)");
  const Adaptation &one = recipe.sources[0].adaptation, &two = recipe.sources[1].adaptation;
  EXPECT_EQ(one.min_frames, 9u);
  EXPECT_FALSE(one.keep_common);
  EXPECT_THAT(one.rename, ElementsAre(Rule{"b", "y"}, Rule{"a", "z"}));
  EXPECT_THAT(one.drop, ElementsAre("c", "d"));
  EXPECT_EQ(two.min_frames, 5u);
  EXPECT_TRUE(two.keep_common);
  EXPECT_THAT(two.drop, ElementsAre("c"));
}

TEST(Recipe, UnknownKeysHaveASuggestion) {
  EXPECT_THAT(Fault("renmae: {a: b}\n"),
              AllOf(HasSubstr("1: unknown key `renmae`"), HasSubstr("`rename`")));
  EXPECT_THAT(Fault("sources:\n- path: a\n  epsiodes: 1\n"),
              AllOf(HasSubstr("3: "), HasSubstr("`episodes`")));
  EXPECT_THAT(Fault("no_sync: true\n"), HasSubstr("`sync: false`"));
  EXPECT_THAT(Fault("name: x\n"), HasSubstr("stands at a source"));
  EXPECT_THAT(Fault("sources:\n- path: a\n  output: b\n"), HasSubstr("at the top"));
  EXPECT_THAT(Fault("entry: {a: b}\n"), HasSubstr("unknown key"));
  EXPECT_THAT(Fault("qqqqqqqqq: 1\n"), HasSubstr("one of output, "));
  EXPECT_THAT(Fault("output:kitchen\n"), HasSubstr("this is no recipe"));
  EXPECT_THAT(Fault("{output:kitchen}\n"), HasSubstr("blank after the colon"));
}

TEST(Recipe, WrongTypesSayWhatIsExpectedAndFound) {
  EXPECT_THAT(Fault("min_frames: many\n"), AllOf(HasSubstr("whole number"), HasSubstr("`many`")));
  for (const char* bad : {"-1", "1.5", "010", "0x10", "1_000", "\"5\"", "[5]", "{a: b}", "", "~",
                          "99999999999999999999", "true"}) {
    EXPECT_THAT(Fault("min_frames: " + std::string(bad) + "\n"), HasSubstr("whole number")) << bad;
  }
  for (const char* bad : {"1", "\"true\"", "maybe", "[true]", ""})
    EXPECT_THAT(Fault("compact: " + std::string(bad) + "\n"), HasSubstr("true or false")) << bad;
  EXPECT_THAT(Fault("compact: yes\n"), HasSubstr("write `true`"));
  EXPECT_THAT(Fault("compact: Off\n"), HasSubstr("write `false`"));
  EXPECT_THAT(Fault("copy_mode: fast\n"), HasSubstr("auto, share, copy or link"));
  EXPECT_THAT(Fault("copy_mode: [auto]\n"), HasSubstr("a list"));
  EXPECT_THAT(Fault("chunk_size: 1001\n"), HasSubstr("from 1 to 1000"));
  for (const char* bad : {"0", "-3", ".inf", "much", "[1]"})
    EXPECT_THAT(Fault("data_files_size_in_mb: " + std::string(bad) + "\n"),
                HasSubstr("a number above 0"))
        << bad;
  EXPECT_THAT(Fault("rename: [a, b]\n"),
              AllOf(HasSubstr("a list"), HasSubstr("{old.name: new.name}")));
  EXPECT_THAT(Fault("rename: {}\n"), HasSubstr("a mapping"));
  EXPECT_THAT(Fault("drop: {a: b}\n"), HasSubstr("a mapping"));
  EXPECT_THAT(Fault("drop: []\n"), HasSubstr("at least one"));
  EXPECT_THAT(Fault("sources: kitchen\n"), HasSubstr("a list of dataset folders"));
  EXPECT_THAT(Fault("sources: []\n"), HasSubstr("a list of dataset folders"));
  EXPECT_THAT(Fault("sources:\n- name: a\n"), AllOf(HasSubstr("2: "), HasSubstr("no `path`")));
  EXPECT_THAT(Fault("sources: [[a]]\n"), HasSubstr("a list"));
  EXPECT_THAT(Fault("- a\n- b\n"), HasSubstr("this is no recipe"));
  EXPECT_THAT(Fault("pad: {a: seven}\n"), HasSubstr("`pad: a`"));
  EXPECT_THAT(Fault("fill: {a: ~}\n"), HasSubstr("empty text"));
  EXPECT_THAT(Fault("fill: {a: [1]}\n"), HasSubstr("a list"));
}

TEST(Recipe, EpisodesAreANumberAListOrAText) {
  const auto episodes = [](const std::string& text) {
    return Parsed("episodes: " + text + "\nsources: [a]\n").sources.at(0).adaptation.episodes;
  };
  EXPECT_EQ(episodes("5"), "5");
  EXPECT_EQ(episodes("[0, 3]"), "0,3");
  EXPECT_EQ(episodes("\"0-9,12\""), "0-9,12");
  EXPECT_EQ(episodes("\n- 1\n- 5-7"), "1,5-7");
  for (const char* bad :
       {"[]", "~", "", "010", "1.5", "true", "{a: b}", "[[1]]", "2020-10-10", "1:30"})
    EXPECT_THAT(Fault("episodes: " + std::string(bad) + "\n"),
                HasSubstr("wrong value for `episodes`"))
        << bad;
  EXPECT_THAT(Fault("compact: true\nepisodes: 9-3\n"),
              AllOf(HasSubstr("2: episodes: "), HasSubstr("`9-3`")));
}

TEST(Recipe, WhatYamlTakesForSomethingElseIsWrittenInQuotes) {
  for (const char* text : {"no", "Yes", "on", "OFF", "true", "null", "~", "1", "-1.5", "1e3",
                           "0x1F", "0o7", ".inf", ".NaN", "1_000", "12:30", "2024-01-05", "010"}) {
    const std::string quoted = text;
    EXPECT_THAT(Fault("drop: [" + quoted + "]\n"), HasSubstr("in quotes: \"" + quoted + "\""))
        << text;
    EXPECT_THAT(Fault("set_task: " + quoted + "\n"), HasSubstr("in quotes: \"" + quoted + "\""))
        << text;
    EXPECT_THAT(Fault("replace_task: {" + quoted + ": x}\n"),
                HasSubstr("in quotes: \"" + quoted + "\""))
        << text;
    EXPECT_EQ(
        Parsed("set_task: \"" + quoted + "\"\nsources: [a]\n").sources.at(0).adaptation.set_task,
        text);
  }
  for (const char* text :
       {"nothing", "1st", "10 cups", "v1.2.3", "e5", "0-9", "yes please", "1.2.3", "now"})
    EXPECT_EQ(Parsed("set_task: " + std::string(text) + "\nsources: [a]\n")
                  .sources.at(0)
                  .adaptation.set_task,
              text);
  EXPECT_THAT(Fault("select_task:\n- pick: the cube\n"),
              AllOf(HasSubstr("2: "), HasSubstr("in quotes")));
  EXPECT_THAT(Fault("set_task:\n"), HasSubstr("empty text"));
  EXPECT_THAT(Fault("set_task: \"\"\n"), HasSubstr("not empty"));
  EXPECT_THAT(Fault("rename: {a:b}\n"), HasSubstr("blank after the colon"));
}

TEST(Recipe, AllFaultsAreReportedAtOnce) {
  EXPECT_THAT(
      Faults("outptu: x\nmin_frames: many\nsources:\n- path: a\n  drop: [no]\n- {name: b}\n"),
      ElementsAre(HasSubstr("1: "), HasSubstr("2: "), HasSubstr("5: "), HasSubstr("6: ")));
}

TEST(Recipe, RulesThatCannotBeNameTheirLine) {
  EXPECT_THAT(Faults("rename:\n  a: x\n  b: index\ncast: {c: float}\npad:\n  p: 0\n"),
              ElementsAre(HasSubstr("3: rename: b: a feature"), HasSubstr("4: cast: c"),
                          HasSubstr("6: pad: p")));
  EXPECT_THAT(Fault("where:\n- a = 1\n- b < true\n"), HasSubstr("3: where: b < true"));
  EXPECT_THAT(Fault("trim:\n  4: 9-3\n"), HasSubstr("2: trim: 4"));
  // Once, however many sources there are; and of the source's own line where it has one.
  EXPECT_THAT(Fault("min_frames: 9\nmax_frames: 3\nsources: [a, b, c]\n"),
              HasSubstr("1: min_frames"));
  EXPECT_THAT(Fault("max_frames: 3\nsources:\n- a\n- path: b\n  min_frames: 9\n"),
              HasSubstr("5: min_frames"));
  EXPECT_THAT(Fault("drop: [x]\nsources:\n- path: b\n  rename: {a: x}\n"), HasSubstr("1: drop: x"));
}

TEST(Recipe, NumbersHaveThe64BitsOfFlags) {
  const Recipe recipe = Parsed("sample: 3\nseed: 18446744073709551615\n");
  EXPECT_EQ(recipe.common.adaptation.seed, ~uint64_t{0});
  EXPECT_THAT(Fault("sample: 3\nseed: 18446744073709551616\n"),
              HasSubstr("0 to 18446744073709551615"));
}

TEST(Recipe, ASeedNeedsASample) {
  EXPECT_THAT(Fault("min_frames: 1\nseed: 3\n"),
              AllOf(HasSubstr("2: "), HasSubstr("`seed` without `sample`")));
  EXPECT_THAT(Fault("sources:\n- path: a\n  seed: 3\n"), HasSubstr("3: "));
  EXPECT_EQ(Faults("seed: 3\nsources:\n- path: a\n  sample: 3\n- b\n"),
            std::vector<std::string>{"none"});
}

TEST(Recipe, PathsStartAtItsFolder) {
  EXPECT_EQ(Parsed("sources: [a]\n").sources[0].location, "a");
  EXPECT_EQ(Parsed("sources: [a, /b]\n", "/x/r.yaml").sources[0].location, "/x/a");
  EXPECT_EQ(Parsed("sources: [/b]\n", "/x/r.yaml").sources[0].location, "/b");
  EXPECT_EQ(Parsed("sources: [../a]\n", "x/r.yaml").sources[0].location, "x/../a");
}

TEST(Recipe, MessagesStayShort) {
  const std::string name(5000, 'x');
  for (const std::string& text :
       {"rename: {" + name + ": index}\n", "drop: [" + std::string(5000, '1') + "]\n",
        name + ": 1\n", "drop: [" + name + "b]\nrename: {a: " + name + "b}\n",
        "min_frames: " + name + "\n", "where: [" + name + "]\n", "episodes: " + name + "\n"}) {
    EXPECT_LT(Fault(text).size(), 2000u) << Fault(text);
  }
  std::string many;
  for (int key = 0; key < 3000; ++key) many += "key_" + std::to_string(key) + ": 1\n";
  EXPECT_EQ(Faults(many).size(), 1000u);
}

}  // namespace
}  // namespace robomerge
