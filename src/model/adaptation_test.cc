#include "model/adaptation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace robomerge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Episodes(std::string_view text) {
  const Result<std::vector<EpisodeRange>> ranges = ParseEpisodes(text);
  return ranges.ok() ? EpisodesText(*ranges) : ranges.status().ToString();
}

TEST(Episodes, AreSortedAndJoined) {
  EXPECT_EQ(Episodes("5"), "5");
  EXPECT_EQ(Episodes("20-,12,0-9"), "0-9,12,20-");
  EXPECT_EQ(Episodes("3, 1 ,2"), "1-3");
  EXPECT_EQ(Episodes("0-5,3-9,9"), "0-9");
  EXPECT_EQ(Episodes("4-,9,100-200"), "4-");
  EXPECT_EQ(Episodes("000007"), "7");
  EXPECT_EQ(Episodes("9223372036854775807"), "9223372036854775807");
}

TEST(Episodes, WhatIsNoListIsNamed) {
  for (const char* bad :
       {"", " ", "1,,2", "1,", ",", "-3", "9-3", "a", "1-2-3", "1..3", "0x1", "1.5", "+1",
        "9223372036854775808", "99999999999999999999", "1 2", "--"}) {
    const Result<std::vector<EpisodeRange>> ranges = ParseEpisodes(bad);
    ASSERT_FALSE(ranges.ok()) << bad;
    const Problem& problem = ranges.status().problems().front();
    EXPECT_EQ(problem.kind, "E-rule");
    EXPECT_THAT(problem.expected, HasSubstr("0-9,12,20-"));
  }
  EXPECT_EQ(ParseEpisodes("1,9-3").status().problems().front().found, "`9-3`");
}

TEST(Episodes, RangesContainBothEnds) {
  const EpisodeRange range{3, 5}, open{7, std::nullopt};
  EXPECT_TRUE(range.Contains(3) && range.Contains(5) && open.Contains(7) &&
              open.Contains(1u << 30));
  EXPECT_FALSE(range.Contains(2) || range.Contains(6) || open.Contains(6));
}

TEST(Trim, IsOneRange) {
  EXPECT_EQ(ParseTrim("10-250").value(), (EpisodeRange{10, 250}));
  EXPECT_EQ(ParseTrim("10-").value(), (EpisodeRange{10, std::nullopt}));
  EXPECT_EQ(ParseTrim("10").value(), (EpisodeRange{10, 10}));
  for (const char* bad : {"", "1,2", "5-4", "-5", "a-b"}) EXPECT_FALSE(ParseTrim(bad).ok()) << bad;
}

std::string Written(std::string_view text) {
  const Result<Condition> condition = ParseCondition(text);
  return condition.ok() ? ConditionText(*condition) : condition.status().ToString();
}

TEST(Condition, HasOneForm) {
  EXPECT_EQ(Written("next.success=true"), "next.success = true");
  EXPECT_EQ(Written("  a  ==  1.0 "), "a = 1");
  EXPECT_EQ(Written("a<=-0.50"), "a <= -0.5");
  EXPECT_EQ(Written("a >= 1e3"), "a >= 1000");
  EXPECT_EQ(Written("a!=+5"), "a != 5");
  EXPECT_EQ(Written("a > 18446744073709551616"), "a > 1.8446744073709552e+19");
  EXPECT_EQ(Written("my column = two words"), "my column = two words");
  EXPECT_EQ(Written("a = \"true\""), "a = \"true\"");
  EXPECT_EQ(Written("a = \"word\""), "a = word");
  EXPECT_EQ(Written("a = \"\""), "a = \"\"");
  EXPECT_EQ(Written("a = \" x\""), "a = \" x\"");
  EXPECT_EQ(Written("a = \"=x\""), "a = \"=x\"");
  EXPECT_EQ(Written("a = nan"), "a = nan");
  EXPECT_EQ(Written("a = b=c"), "a = b=c");
}

TEST(Condition, ValuesHaveTheirType) {
  EXPECT_EQ(ParseCondition("a = true")->value, (decltype(Condition::value)(true)));
  EXPECT_EQ(ParseCondition("a = 3")->value, (decltype(Condition::value)(int64_t{3})));
  EXPECT_EQ(ParseCondition("a = 3.5")->value, (decltype(Condition::value)(3.5)));
  EXPECT_EQ(ParseCondition("a = \"3\"")->value, (decltype(Condition::value)(std::string("3"))));
  EXPECT_EQ(ParseCondition("a = nan")->value, (decltype(Condition::value)(std::string("nan"))));
  EXPECT_EQ(ParseCondition("a <= 3")->op, Condition::Op::kLessOrEqual);
}

TEST(Condition, WhatIsNoneIsNamed) {
  for (const char* bad :
       {"", "a", "a =", "= 3", "a => 3", "a =< 3", "a ! 3", "a = = 3", "a <> 3"}) {
    const Result<Condition> condition = ParseCondition(bad);
    ASSERT_FALSE(condition.ok()) << bad << " is " << ConditionText(*condition);
    EXPECT_THAT(condition.status().problems().front().expected, HasSubstr("COLUMN OP VALUE"))
        << bad;
  }
  for (const char* bad : {"a < true", "a >= word", "a > \"3\""}) {
    EXPECT_THAT(ParseCondition(bad).status().ToString(), HasSubstr("only numbers")) << bad;
  }
}

TEST(Pattern, StarsAndQuestionMarks) {
  EXPECT_TRUE(MatchesPattern("observation.images.*", "observation.images.wrist"));
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_TRUE(MatchesPattern("**a*", "bca"));
  EXPECT_TRUE(MatchesPattern("a*b*c", "aXbYbZc"));
  EXPECT_TRUE(MatchesPattern("?", "\xc3\xa9"));
  EXPECT_TRUE(MatchesPattern("caf?s", "caf\xc3\xa9s"));
  EXPECT_TRUE(MatchesPattern("", ""));
  EXPECT_FALSE(MatchesPattern("?", ""));
  EXPECT_FALSE(MatchesPattern("", "a"));
  EXPECT_FALSE(MatchesPattern("a*b", "abc"));
  EXPECT_FALSE(MatchesPattern("observation.images.*", "observation.state"));
  EXPECT_FALSE(MatchesPattern("wrist", "wrist2"));
  // Without backtracking over every star this would take for ever.
  std::string many;
  for (int i = 0; i < 50; ++i) many += "a*";
  EXPECT_FALSE(MatchesPattern(many + "b", std::string(2000, 'a')));
}

TEST(Pattern, OfTasksIsMarked) {
  EXPECT_TRUE(IsTaskMeant("glob:pick *", "pick the cube"));
  EXPECT_TRUE(IsTaskMeant("pick *", "pick *"));
  EXPECT_TRUE(IsTaskMeant("glob:pick *", "glob:pick *"));
  EXPECT_FALSE(IsTaskMeant("pick *", "pick the cube"));
}

std::string Normal(Adaptation adaptation) {
  const Result<Adaptation> normal = Normalize(std::move(adaptation));
  return normal.ok() ? AdaptationText(*normal) : normal.status().ToString();
}

TEST(Normalize, AnEmptyAdaptationStaysEmpty) { EXPECT_EQ(Normal({}), ""); }

TEST(Normalize, RulesThatKeepEverythingAreLeftOut) {
  Adaptation rules;
  rules.episodes = "3-,0-2";
  rules.min_frames = 0;
  rules.seed = 7;
  rules.trim = {{"4", "0-"}};
  EXPECT_EQ(Normal(rules), "");
}

TEST(Normalize, IsItsOwnNormalForm) {
  Adaptation rules;
  rules.episodes = "20-, 0-9,12";
  rules.where = {"b=2", "a = \"1\"", "b == 2.0"};
  rules.trim = {{"10", "5"}, {"9", "0010-20"}};
  rules.pad = {{"x", "07"}};
  rules.drop = {"b", "a", "b"};
  const Adaptation normal = Normalize(rules).value();
  EXPECT_EQ(normal.episodes, "0-9,12,20-");
  EXPECT_THAT(normal.where, ElementsAre("a = \"1\"", "b = 2"));
  EXPECT_THAT(normal.trim, ElementsAre(Rule{"9", "10-20"}, Rule{"10", "5-5"}));
  EXPECT_THAT(normal.pad, ElementsAre(Rule{"x", "7"}));
  EXPECT_THAT(normal.drop, ElementsAre("a", "b"));
  EXPECT_EQ(Normalize(normal).value(), normal);
}

// Makes rules whose lists are in a random order, some of them twice.
Adaptation Shuffled(std::mt19937& random) {
  Adaptation rules;
  const auto mix = [&](auto values) {
    const size_t repeated = random() % values.size();
    values.push_back(values[repeated]);
    std::shuffle(values.begin(), values.end(), random);
    return values;
  };
  using Texts = std::vector<std::string>;
  using Rules = std::vector<Rule>;
  for (const std::string& item : mix(Texts{"0-3", "2-9", "12", "20-", "31"}))
    rules.episodes += (rules.episodes.empty() ? "" : random() % 2 ? "," : ", ") + item;
  for (const std::string& item : mix(Texts{"5", "7", "6"}))
    rules.exclude_episodes += (rules.exclude_episodes.empty() ? "" : ",") + item;
  rules.select_task = mix(Texts{"a", "glob:b*", "c"});
  rules.exclude_task = mix(Texts{"d", "e"});
  rules.where = mix(Texts{"a=1", "b < 2", random() % 2 ? "a = 1.0" : " a  =1"});
  rules.trim = mix(Rules{{"4", "1-2"}, {"11", "3-"}, {"2", "7"}});
  rules.rename = mix(Rules{{"a", "b"}, {"b", "a"}, {"c", "d"}});
  rules.drop = mix(Texts{"x", "y*"});
  rules.fill = mix(Rules{{"f", "0"}, {"g", ""}});
  rules.cast = mix(Rules{{"f", "float32"}, {"g", "int64"}});
  rules.pad = mix(Rules{{"p", "7"}, {"q", random() % 2 ? "08" : "8"}});
  rules.replace_task = mix(Rules{{"a", "z"}, {"c", "z"}});
  rules.allow_mixed_size = mix(Texts{"m", "n"});
  return rules;
}

TEST(Normalize, EqualWishesInAnyOrderAreEqualTexts) {
  std::mt19937 random(14);
  const std::string first = Normal(Shuffled(random));
  EXPECT_THAT(first, AllOf(HasSubstr("\"0-9,12,20-\""), HasSubstr("\"5-7\"")));
  for (int time = 0; time < 200; ++time) ASSERT_EQ(Normal(Shuffled(random)), first);
}

std::vector<std::string> Places(Adaptation rules) {
  std::vector<std::string> places;
  const Status status = Normalize(std::move(rules)).status();
  for (const Problem& problem : status.problems()) {
    EXPECT_EQ(problem.kind, "E-rule");
    EXPECT_EQ(problem.code, Code::kInvalidArgument);
    places.push_back(problem.where);
  }
  return places;
}

TEST(Normalize, ContradictionsAreAllReported) {
  Adaptation rules;
  rules.rename = {{"a", "x"}, {"a", "y"}, {"b", "x"}, {"c", "c"}};
  rules.fill = {{"f", "0"}, {"f", "1"}};
  rules.cast = {{"f", "float"}};
  rules.pad = {{"p", "many"}, {"q", "0"}, {"r", "1000001"}, {"s", "-1"}};
  rules.select_task = {"t"};
  rules.exclude_task = {"t"};
  rules.min_frames = 9;
  rules.max_frames = 8;
  rules.sample = 0;
  EXPECT_THAT(Places(rules),
              ElementsAre("exclude_task: t", "sample", "min_frames", "rename: c", "rename: a",
                          "cast: f", "pad: p", "pad: q", "pad: r", "pad: s", "fill: f"));
}

TEST(Normalize, FeaturesOfDifferentSourcesMayGetOneName) {
  Adaptation rules;
  rules.rename = {{"hand", "wrist"}, {"cam", "wrist"}};
  EXPECT_EQ(Normalize(rules).value().rename.size(), 2u);
}

TEST(Normalize, AFeatureIsNotBothRenamedAndDropped) {
  Adaptation rules;
  rules.rename = {{"a", "b"}};
  rules.drop = {"b"};
  EXPECT_THAT(Places(rules), ElementsAre("drop: b"));
  rules.drop = {"a"};
  EXPECT_THAT(Places(rules), ElementsAre("drop: a"));
  rules.rename = {{"a", "b"}, {"c", "a"}};  // `a` is what was `c`
  EXPECT_THAT(Places(rules), ElementsAre("drop: a"));
  rules.drop = {"c*"};
  EXPECT_THAT(Places(rules), ElementsAre());
}

TEST(Normalize, WhatEveryDatasetHasStays) {
  Adaptation rules;
  rules.rename = {{"timestamp", "t"}, {"a", "index"}};
  rules.drop = {"task_index"};
  rules.cast = {{"frame_index", "int32"}};
  rules.pad = {{"episode_index", "2"}};
  EXPECT_THAT(Places(rules), ElementsAre("rename: timestamp", "rename: a", "drop: task_index",
                                         "cast: frame_index", "pad: episode_index"));
}

TEST(Normalize, TextsAreUtf8AndNotEmpty) {
  Adaptation rules;
  rules.set_task = "\xff";
  rules.robot_type = "";
  rules.drop = {""};
  rules.rename = {{"a", ""}};
  rules.replace_task = {{"", "something"}};
  rules.fill = {{"f", ""}};
  EXPECT_THAT(Places(rules), ElementsAre("rename", "drop", "robot_type", "set_task"));
}

TEST(Normalize, ValuesOfTrimAreNamed) {
  Adaptation rules;
  rules.trim = {{"four", "1-2"}, {"4-5", "1"}, {"6", "2-1"}, {"7", "1"}, {"07", "2"}};
  EXPECT_THAT(Places(rules), ElementsAre("trim: four", "trim: 4-5", "trim: 6", "trim: 7"));
}

}  // namespace
}  // namespace robomerge
