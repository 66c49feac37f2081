#include "adapt/adapt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapt/resolve.h"
#include "testing/built_dataset.h"

namespace robomerge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The rows say `success` in every second episode.
Result<std::vector<CellValue>> LastRows(const Dataset& dataset, const std::string& /*column*/) {
  std::vector<CellValue> cells;
  for (size_t episode = 0; episode < dataset.episodes.size(); ++episode)
    cells.emplace_back(episode % 2 == 0);
  return cells;
}

Json Vector(int64_t length, const std::vector<std::string>& names) {
  Json entry = Json::object();
  entry["dtype"] = "float32";
  entry["shape"] = Json::array({length});
  entry["names"] = names.empty() ? Json() : Json(names);
  return entry;
}

// Episodes of 10, 20, 30 and 40 frames; the first two are of task a, the others of b.
Dataset FourEpisodes() {
  Dataset dataset = test::MakeDataset(
      {.lengths = {10, 20, 30, 40}, .tasks = {"a", "b"}, .video_keys = {"cam", "wrist"}});
  for (const size_t episode : {2u, 3u}) {
    dataset.episodes[episode].tasks = {"b"};
    dataset.data_files[0].episodes[episode].task_frames = {
        {1, dataset.episodes[episode].length_frames}};
  }
  dataset.schema.features.push_back({"state", Vector(2, {"x", "y"})});
  dataset.data_files[0].physical_schema += "state optional list\n";
  dataset.statistics->push_back(
      {"state",
       {test::MakeStatistic("min", {-1, -2}), test::MakeStatistic("max", {1, 2}),
        test::MakeStatistic("mean", {0, 0.5}), test::MakeStatistic("std", {1, 1}),
        test::MakeStatistic("count", {100}, NumberKind::kInteger)}});
  Json flag = Json::object();
  flag["dtype"] = "bool";
  flag["shape"] = Json::array({1});
  dataset.schema.features.push_back({"next.success", flag});
  auto layout = std::make_shared<StatColumns>();
  layout->push_back({"state", "min", NumberKind::kFloat, 1, 2});
  layout->push_back({"action", "min", NumberKind::kFloat, 1, 1});
  EpisodeStatisticsBlock block;
  block.layout = layout;
  block.stride = 3;
  block.num_rows = 4;
  block.values = {0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32};
  dataset.episode_statistics = {block};
  return dataset;
}

std::vector<uint64_t> Chosen(const Adaptation& rules) {
  std::vector<uint64_t> chosen;
  const Dataset dataset = FourEpisodes();
  for (const EpisodeChoice& choice : ChooseEpisodes(dataset, rules, LastRows).value()) {
    EXPECT_EQ(choice.is_chosen, choice.reason.empty());
    if (choice.is_chosen) chosen.push_back(choice.episode);
  }
  return chosen;
}

Dataset Adapted(const Adaptation& rules) {
  Dataset dataset = FourEpisodes();
  const Status status = Adapt(rules, "kitchen", {LastRows}, dataset);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return dataset;
}

std::string Refusal(const Adaptation& rules) {
  Dataset dataset = FourEpisodes();
  const Status status = Adapt(rules, "", {LastRows}, dataset);
  return status.ok() ? "accepted" : status.ToString();
}

std::vector<std::string> Names(const Dataset& dataset) {
  std::vector<std::string> names;
  for (const Feature& feature : dataset.schema.features) names.push_back(feature.name);
  return names;
}

TEST(ChooseEpisodes, EachRuleKeepsWhatItSays) {
  EXPECT_THAT(Chosen({}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Chosen({.episodes = "1-2"}), ElementsAre(1, 2));
  EXPECT_THAT(Chosen({.episodes = "2-"}), ElementsAre(2, 3));
  EXPECT_THAT(Chosen({.exclude_episodes = "0,3"}), ElementsAre(1, 2));
  EXPECT_THAT(Chosen({.select_task = {"glob:b*"}}), ElementsAre(2, 3));
  EXPECT_THAT(Chosen({.exclude_task = {"b"}}), ElementsAre(0, 1));
  EXPECT_THAT(Chosen({.min_frames = 20, .max_frames = 30}), ElementsAre(1, 2));
  EXPECT_THAT(Chosen({.where = {"next.success = true"}}), ElementsAre(0, 2));
  EXPECT_THAT(Chosen({.where = {"next.success != true"}}), ElementsAre(1, 3));
  EXPECT_THAT(Chosen({.where = {"reward > 0"}}), ElementsAre());
}

TEST(ChooseEpisodes, ASampleIsOfWhatIsLeftAndDependsOnTheSeedAlone) {
  // Keys by the published algorithm, computed with Python's integers.
  EXPECT_THAT(Chosen({.sample = 2, .seed = 0}), ElementsAre(1, 3));
  EXPECT_THAT(Chosen({.sample = 2, .seed = 7}), ElementsAre(1, 2));
  EXPECT_THAT(Chosen({.min_frames = 20, .sample = 9}), ElementsAre(1, 2, 3));
  EXPECT_THAT(Chosen({.sample = 0}), ElementsAre());
}

TEST(ChooseEpisodes, EpisodesThatThereAreNotAreNamed) {
  const Dataset dataset = FourEpisodes();
  const Status status = ChooseEpisodes(dataset, {.episodes = "2-7"}, LastRows).status();
  EXPECT_THAT(status.ToString(), HasSubstr("there is no episode 7"));
  EXPECT_THAT(status.ToString(), HasSubstr("episodes 0-3"));
  EXPECT_THAT(status.problems().front().context, ElementsAre("applying rules to " + dataset.root));
  EXPECT_FALSE(ChooseEpisodes(dataset, {.exclude_episodes = "4"}, LastRows).ok());
}

TEST(Adapt, KeptEpisodesAreNumberedAnewAndKnowTheirOwnNumbers) {
  const Dataset dataset = Adapted({.episodes = "1,3"});
  ASSERT_EQ(dataset.episodes.size(), 2u);
  EXPECT_EQ(dataset.episodes[1].number, 3u);
  EXPECT_EQ(dataset.episodes[1].length_frames, 40u);
  ASSERT_EQ(dataset.data_files[0].episodes.size(), 2u);
  EXPECT_EQ(dataset.data_files[0].episodes[1].episode_index, 1);
  EXPECT_EQ(dataset.data_files[0].episodes[1].first_row, 60u);
  EXPECT_DOUBLE_EQ(dataset.video_keys[0].segments[1].from_timestamp, 2);
  EXPECT_THAT(dataset.episode_statistics[0].values, ElementsAre(10, 11, 12, 30, 31, 32));
  EXPECT_EQ(dataset.num_frames(), 60u);
}

TEST(Adapt, TasksOfKeptEpisodesAlone) {
  const Dataset dataset = Adapted({.exclude_task = {"a"}});
  EXPECT_FALSE(dataset.IsTaskUsed(0));
  EXPECT_TRUE(dataset.IsTaskUsed(1));
  EXPECT_TRUE(Adapted({}).IsTaskUsed(1));
}

TEST(Adapt, ARenamedFeatureIsRenamedEverywhere) {
  const Dataset dataset = Adapted({.rename = {{"cam", "front"}, {"state", "observation.state"}}});
  EXPECT_EQ(dataset.schema.Find("state"), nullptr);
  EXPECT_NE(dataset.schema.Find("observation.state"), nullptr);
  EXPECT_EQ(dataset.video_keys[0].name, "front");
  EXPECT_EQ(dataset.episode_statistics[0].layout->front().feature, "observation.state");
  EXPECT_EQ(dataset.statistics->back().feature, "observation.state");
  EXPECT_THAT(dataset.data_files[0].physical_schema, HasSubstr("observation.state optional list"));
  ASSERT_EQ(dataset.column_changes->columns.size(), 1u);  // a video has no column
  EXPECT_EQ(dataset.column_changes->columns[0].source_column, "state");
}

TEST(Adapt, TwoFeaturesMayChangeTheirNames) {
  const Dataset dataset = Adapted({.rename = {{"cam", "wrist"}, {"wrist", "cam"}}});
  EXPECT_EQ(dataset.video_keys[0].name, "wrist");
  EXPECT_EQ(dataset.video_keys[1].name, "cam");
}

TEST(Adapt, ADroppedFeatureIsNowhere) {
  const Dataset dataset = Adapted({.drop = {"state", "wr*"}});
  EXPECT_THAT(Names(dataset), ElementsAre("action", "cam", "timestamp", "frame_index",
                                          "episode_index", "index", "task_index", "next.success"));
  ASSERT_EQ(dataset.video_keys.size(), 1u);
  EXPECT_EQ(dataset.episode_statistics[0].stride, 1u);
  EXPECT_THAT(dataset.episode_statistics[0].values, ElementsAre(2, 12, 22, 32));
  EXPECT_THAT(dataset.column_changes->left_out, ElementsAre("state"));
}

TEST(Adapt, AFilledFeatureHasItsStatistics) {
  Adaptation rules;
  rules.fill = {{"reward", "2"}};
  rules.entry = {{"reward", R"({"dtype": "float32", "shape": [1], "names": null})"}};
  const Dataset dataset = Adapted(rules);
  EXPECT_EQ(dataset.schema.features.back().name, "reward");
  EXPECT_EQ(std::get<double>(dataset.column_changes->columns[0].fill), 2);
  EXPECT_THAT(dataset.episode_statistics[0].values,
              ElementsAre(0, 1, 2, 2, 10, 11, 12, 2, 20, 21, 22, 2, 30, 31, 32, 2));
  EXPECT_EQ(dataset.statistics->back().Find("std")->values.front(), 0);
  EXPECT_EQ(dataset.statistics->back().Find("count")->values.front(), 100);
}

TEST(Adapt, PaddedVectorsEndInZeros) {
  const Dataset dataset = Adapted({.pad = {{"state", "4"}}});
  const Feature& feature = *dataset.schema.Find("state");
  EXPECT_THAT(feature.shape(), ElementsAre(4));
  EXPECT_EQ(feature.entry.at("names"), Json({"x", "y", "pad_2", "pad_3"}));
  EXPECT_THAT(dataset.column_changes->columns[0].elements, ElementsAre(0, 1, -1, -1));
  EXPECT_THAT(dataset.statistics->back().Find("max")->values, ElementsAre(1, 2, 0, 0));
  EXPECT_EQ(dataset.episode_statistics[0].stride, 5u);
}

TEST(Adapt, ReorderedVectorsHaveTheOrderOfTheEntry) {
  Adaptation rules;
  rules.reorder_by_name = true;
  rules.entry = {{"state", R"({"dtype": "float32", "shape": [2], "names": ["y", "x"]})"}};
  const Dataset dataset = Adapted(rules);
  EXPECT_THAT(dataset.column_changes->columns[0].elements, ElementsAre(1, 0));
  EXPECT_THAT(dataset.statistics->back().Find("min")->values, ElementsAre(-2, -1));
  EXPECT_EQ(dataset.schema.Find("state")->entry.at("names"), Json({"y", "x"}));
}

TEST(Adapt, WhatIsCastIsMeasuredAnew) {
  const Dataset dataset = Adapted({.cast = {{"state", "float64"}}});
  EXPECT_EQ(dataset.schema.Find("state")->dtype(), "float64");
  EXPECT_TRUE(dataset.column_changes->columns[0].is_cast);
  EXPECT_NE(dataset.statistics->back().feature, "state");
  EXPECT_EQ(dataset.episode_statistics[0].stride, 1u);
}

TEST(Adapt, TasksAreReplacedJoinedAndNamed) {
  const Dataset replaced = Adapted({.replace_task = {{"a", "b"}}});
  EXPECT_THAT(replaced.tasks, ElementsAre("b", "b"));
  EXPECT_THAT(replaced.episodes[0].tasks, ElementsAre("b"));
  EXPECT_THAT(Adapted({.set_task = "all"}).episodes[3].tasks, ElementsAre("all"));
  EXPECT_THAT(Adapted({.prefix_tasks = true}).tasks, ElementsAre("kitchen: a", "kitchen: b"));
}

TEST(Adapt, EveryWrongUseHasItsSentence) {
  EXPECT_THAT(Refusal({.rename = {{"index", "i"}}}), HasSubstr("keep their names"));
  EXPECT_THAT(Refusal({.rename = {{"cam", "a/b"}}}), HasSubstr("cannot have this name"));
  EXPECT_THAT(Refusal({.rename = {{"cam", "wrist"}}}), HasSubstr("two features would be called"));
  EXPECT_THAT(Refusal({.drop = {"timestamp"}}), HasSubstr("cannot be left out"));
  EXPECT_THAT(Refusal({.fill = {{"reward", "0"}}}), HasSubstr("no source has a feature"));
  EXPECT_THAT(Refusal({.cast = {{"cam", "float32"}}}), HasSubstr("only numbers can be cast"));
  EXPECT_THAT(Refusal({.pad = {{"state", "1"}}}), HasSubstr("longer than it should become"));
  EXPECT_THAT(Refusal({.pad = {{"cam", "9"}}}), HasSubstr("only vectors of numbers"));
  Adaptation filled;
  filled.fill = {{"reward", "much"}};
  filled.entry = {{"reward", R"({"dtype": "int8", "shape": [1]})"}};
  EXPECT_THAT(Refusal(filled), HasSubstr("does not fit the feature's type"));
  filled.fill = {{"reward", "128"}};
  EXPECT_THAT(Refusal(filled), HasSubstr("does not fit the feature's type"));
}

// -- Rules that need other sources.

SourceSpec Source(const std::string& location, const Adaptation& rules) {
  SourceSpec spec(location);
  spec.adaptation = rules;
  return spec;
}

RuleFacts Facts(const std::vector<std::pair<std::string, Json>>& features,
                const std::vector<std::string>& tasks = {}) {
  RuleFacts facts{test::MakeSchema(), tasks};
  for (const auto& [name, entry] : features) facts.schema.features.push_back({name, entry});
  return facts;
}

TEST(ResolveRules, CommonFeaturesAreKeptUnderTheirNewNames) {
  Adaptation rules;
  rules.keep_common = true;
  rules.rename = {{"hand", "gripper"}};
  const auto resolved = ResolveRules({Source("a", rules), Source("b", rules)},
                                     {Facts({{"gripper", Vector(2, {})}, {"extra", Vector(2, {})}}),
                                      Facts({{"hand", Vector(2, {})}, {"other", Vector(2, {})}})})
                            .value();
  EXPECT_THAT(resolved[0].adaptation.drop, ElementsAre("extra"));
  EXPECT_THAT(resolved[1].adaptation.drop, ElementsAre("other"));
}

TEST(ResolveRules, WhatIsFilledIsDeclaredAsInTheFirstSourceThatHasIt) {
  const Adaptation rules{.fill = {{"reward", "0"}}};
  const auto resolved = ResolveRules({Source("a", rules), Source("b", rules)},
                                     {Facts({}), Facts({{"reward", Vector(3, {})}})})
                            .value();
  EXPECT_EQ(Json::parse(resolved[0].adaptation.entry.at(0).value), Vector(3, {}));
  EXPECT_TRUE(resolved[1].adaptation.entry.empty());
}

TEST(ResolveRules, TheFirstSpellingOfATaskStays) {
  const Adaptation rules{.normalize_tasks = true};
  const auto resolved =
      ResolveRules({Source("a", rules), Source("b", rules)},
                   {Facts({}, {"Pick the cube", "wipe", "Öffne"}),
                    Facts({}, {"pick\u00a0 the cube.", "Wipe", "sweep", "öffne"})})
          .value();
  EXPECT_TRUE(resolved[0].adaptation.replace_task.empty());
  EXPECT_THAT(resolved[1].adaptation.replace_task,
              ElementsAre(Rule{"pick\u00a0 the cube.", "Pick the cube"}, Rule{"Wipe", "wipe"},
                          Rule{"öffne", "Öffne"}));
}

TEST(ResolveRules, ReplacedTextsAreNormalizedToo) {
  const Adaptation rules{.replace_task = {{"a", "WIPE."}}, .normalize_tasks = true};
  const auto resolved = ResolveRules({Source("a", {}), Source("b", rules)},
                                     {Facts({}, {"wipe"}), Facts({}, {"a", "Wipe", "a."})})
                            .value();
  EXPECT_THAT(resolved[1].adaptation.replace_task,
              ElementsAre(Rule{"a", "wipe"}, Rule{"Wipe", "wipe"}));
}

TEST(ResolveRules, TheSpellingOfATaskThatIsNotSelectedDoesNotStay) {
  const Adaptation rules{.exclude_task = {"Wipe"}, .normalize_tasks = true};
  const auto resolved = ResolveRules({Source("a", rules), Source("b", rules)},
                                     {Facts({}, {"Wipe"}), Facts({}, {"wipe.", "wipe"})})
                            .value();
  EXPECT_THAT(resolved[0].adaptation.replace_task, ElementsAre(Rule{"Wipe", "wipe."}));
  EXPECT_THAT(resolved[1].adaptation.replace_task, ElementsAre(Rule{"wipe", "wipe."}));
}

TEST(ResolveRules, ARuleThatMatchesInNoSourceIsAnError) {
  const auto refusal = [](const Adaptation& rules) {
    const Status status =
        ResolveRules({Source("a", rules), Source("b", {})}, {Facts({}, {"t"}), Facts({})}).status();
    return status.ok() ? "accepted" : status.ToString();
  };
  EXPECT_THAT(refusal({.rename = {{"acton", "x"}}}), HasSubstr("rename: acton"));
  EXPECT_THAT(refusal({.drop = {"stat*"}}), HasSubstr("drop: stat*"));
  EXPECT_THAT(refusal({.cast = {{"action", "float32"}}}), HasSubstr("cast: action"));
  EXPECT_THAT(refusal({.fill = {{"action", "0"}}}), HasSubstr("every source is already so"));
  EXPECT_THAT(refusal({.replace_task = {{"u", "v"}}}), HasSubstr("such as `t`"));
  EXPECT_THAT(refusal({.select_task = {"glob:u*"}}), HasSubstr("select_task: glob:u*"));
  EXPECT_THAT(refusal({.where = {"done = true"}}), HasSubstr("where: done = true"));
  EXPECT_THAT(refusal({.drop = {"time*"}}), HasSubstr("drop: time*"));
  EXPECT_THAT(refusal({.drop = {"*index"}}), HasSubstr("matches nothing in its source"));
  EXPECT_EQ(refusal({.rename = {{"action", "x"}}}), "accepted");
  EXPECT_EQ(refusal({.drop = {"act*"}}), "accepted");
}

TEST(ResolveRules, WhatMatchesNothingSaysWhereAndWhatWouldMatch) {
  const auto refusal = [](const Adaptation& a, const Adaptation& b) {
    const auto status = ResolveRules({Source("a", a), Source("b", b), Source("c", {})},
                                     {Facts({}, {"t"}), Facts({}, {"u"}), Facts({}, {"u"})})
                            .status();
    return status.ok() ? Problem(Code::kInternal, "accepted") : status.problems().front();
  };
  Problem problem = refusal({.replace_task = {{"u", "v"}}}, {});
  EXPECT_EQ(problem.what, "rule matches nothing in its source");
  EXPECT_THAT(problem.context, ElementsAre("applying rules to a"));
  problem = refusal({.replace_task = {{"x", "v"}}}, {.replace_task = {{"x", "v"}}});
  EXPECT_EQ(problem.what, "rule matches nothing in any of its 2 sources");
  EXPECT_TRUE(problem.context.empty());
  problem = refusal({.set_task = "s", .replace_task = {{"t", "v"}}}, {});
  EXPECT_EQ(problem.expected, "the task that `set_task` sets before: `s`");
  problem = refusal({.allow_mixed_size = {"action"}}, {});
  EXPECT_EQ(problem.expected, "a camera; the source has none");
  EXPECT_EQ(refusal({.drop = {"x*"}}, {}).expected, "one of action");
}

TEST(ResolveRules, ACommonRuleMayMatchInOneSource) {
  const Adaptation rules{.drop = {"reward"}};
  EXPECT_TRUE(ResolveRules({Source("a", rules), Source("b", rules)},
                           {Facts({}), Facts({{"reward", Vector(1, {})}})})
                  .ok());
}

RowFacts Facts() {
  RowFacts facts{LastRows};
  facts.count_numbers = [](const Dataset&, const std::string&,
                           const std::vector<size_t>& episodes) {
    return std::vector<NumberFrames>(episodes.size(), NumberFrames{{0, 5}});
  };
  facts.measure = [](const Dataset&, const std::vector<size_t>& episodes,
                     const std::vector<std::string>&) {
    return std::vector<std::vector<FeatureStatistics>>(
        episodes.size(), {{"state", {test::MakeStatistic("min", {7, 8})}}});
  };
  return facts;
}

TEST(Trim, RowsFramesAndStatisticsAreThoseOfTheRange) {
  Dataset dataset = FourEpisodes();
  Adaptation rules;
  rules.episodes = "1-";
  rules.trim = {{"1", "3-12"}};
  ASSERT_TRUE(Adapt(rules, "", Facts(), dataset).ok());
  EXPECT_EQ(dataset.episodes[0].length_frames, 10u);
  EXPECT_EQ(dataset.episodes[0].dataset_from_index, 13);
  const EpisodeRows& rows = dataset.data_files[0].episodes[0];
  EXPECT_EQ(rows.first_row, 13u);
  EXPECT_EQ(rows.num_rows, 10u);
  EXPECT_EQ(rows.first_frame, 3u);
  EXPECT_TRUE(rows.is_retimed && !rows.is_row_group);
  EXPECT_THAT(rows.task_frames, ElementsAre(std::pair(0, 10)));
  EXPECT_DOUBLE_EQ(dataset.video_keys[0].segments[0].from_timestamp, 13.0 / 30);
  EXPECT_DOUBLE_EQ(dataset.video_keys[0].segments[0].to_timestamp, 23.0 / 30);
  // What cannot be measured is not known of this episode alone.
  ASSERT_EQ(dataset.episode_statistics.size(), 2u);
  EXPECT_THAT(dataset.episode_statistics[0].values, ElementsAre(7, 8));
  EXPECT_THAT(dataset.episode_statistics[1].values, ElementsAre(20, 21, 22, 30, 31, 32));
}

TEST(Adapt, ATaskThatOnlyAnEpisodeNamesStaysInTheTable) {
  Dataset dataset = FourEpisodes();
  dataset.episodes[0].tasks = {"a", "b"};  // as an annotator wrote it; its rows have task a
  Adaptation rules;
  rules.episodes = "0";
  ASSERT_TRUE(Adapt(rules, "", Facts(), dataset).ok());
  EXPECT_TRUE(dataset.IsTaskUsed(0));
  EXPECT_TRUE(dataset.IsTaskUsed(1));
  Dataset other = FourEpisodes();
  ASSERT_TRUE(Adapt(rules, "", Facts(), other).ok());
  EXPECT_FALSE(other.IsTaskUsed(1));
}

TEST(Trim, AnEpisodeMayBeginInAnotherFile) {
  Dataset dataset = FourEpisodes();
  dataset.data_files.push_back(dataset.data_files[0]);
  dataset.data_files[1].episodes.clear();
  EpisodeRows& last = dataset.data_files[0].episodes[3];
  last.num_rows = 10;
  last.more = {{1, 0, 30}};
  last.task_frames = {{0, 1}, {1, 39}};
  dataset.episodes[3].tasks = {"a", "b"};
  Adaptation rules;
  rules.trim = {{"3", "20-24"}};
  ASSERT_TRUE(Adapt(rules, "", Facts(), dataset).ok());
  EXPECT_EQ(dataset.episodes[3].data_file, 1u);
  EXPECT_EQ(dataset.data_files[0].episodes.size(), 3u);
  ASSERT_EQ(dataset.data_files[1].episodes.size(), 1u);
  EXPECT_EQ(dataset.data_files[1].episodes[0].first_row, 10u);
  EXPECT_EQ(dataset.data_files[1].episodes[0].total_rows(), 5u);
  EXPECT_THAT(dataset.episodes[3].tasks, ElementsAre("a"));
}

TEST(Trim, WrongOnesAreToldAtOnce) {
  Dataset dataset = FourEpisodes();
  Adaptation rules;
  rules.exclude_episodes = "2";
  rules.trim = {{"0", "5-10"}, {"1", "20-"}, {"2", "0-1"}, {"4", "0-1"}};
  const Status status = Adapt(rules, "", Facts(), dataset);
  ASSERT_EQ(status.problems().size(), 4u);
  EXPECT_THAT(status.problems()[0].what, HasSubstr("no frame 10"));
  EXPECT_THAT(status.problems()[1].expected, HasSubstr("0 to 19"));
  EXPECT_THAT(status.problems()[2].what, HasSubstr("not chosen"));
  EXPECT_THAT(status.problems()[3].what, HasSubstr("no episode 4"));
}

// As FourEpisodes(), in which every row has subtask 1, and of the last episode 0; rows of the first
// name task `v` by an annotation.
Dataset WithTexts() {
  Dataset dataset = FourEpisodes();
  dataset.tasks.emplace_back("v");
  Json entry = DefaultFeatureEntry("index");
  for (const char* name : {"subtask_index", "annotation.ok"})
    dataset.schema.features.push_back({name, entry});
  dataset.schema.has_subtasks = true;
  dataset.subtasks = {"reach", "grasp", "unused"};
  dataset.text_columns = {{"subtask_index", true}, {"annotation.ok", false}};
  for (EpisodeRows& rows : dataset.data_files[0].episodes) {
    const int64_t subtask = rows.episode_index == 3 ? 0 : 1, task = rows.episode_index == 0 ? 2 : 0;
    rows.text_frames = {{{subtask, rows.num_rows}}, {{task, rows.num_rows}}};
  }
  dataset.modality = Modality{
      R"({"state": {"arm": {"start": 0, "end": 1, "original_key": "state"}}, )"
      R"("video": {"top": {"original_key": "cam"}}, "annotation": {"ok": {}}, "more": 1})"};
  return dataset;
}

TEST(CarriedAlong, ASelectionKeepsTheTextsOfItsRows) {
  Dataset dataset = WithTexts();
  ASSERT_TRUE(Adapt({.episodes = "0,2"}, "", Facts(), dataset).ok());
  EXPECT_THAT(dataset.is_subtask_used, ElementsAre(false, true, false));
  EXPECT_THAT(dataset.is_task_used, ElementsAre(true, true, true));
  dataset = WithTexts();
  ASSERT_TRUE(Adapt({.episodes = "3"}, "", Facts(), dataset).ok());
  EXPECT_THAT(dataset.is_subtask_used, ElementsAre(true, false, false));
  EXPECT_THAT(dataset.is_task_used, ElementsAre(true, true, false));
}

TEST(CarriedAlong, OneTaskForAllLeavesWhatAnnotationsName) {
  Dataset dataset = WithTexts();
  ASSERT_TRUE(Adapt({.set_task = "new"}, "", Facts(), dataset).ok());
  EXPECT_THAT(dataset.tasks, ElementsAre("new", "new", "v"));
}

TEST(CarriedAlong, ModalityFollowsFeatures) {
  Dataset dataset = WithTexts();
  ASSERT_TRUE(Adapt({.rename = {{"state", "arm"}, {"annotation.ok", "annotation.fine"}},
                     .drop = {"cam", "subtask_index"}},
                    "", Facts(), dataset)
                  .ok());
  EXPECT_EQ(
      json::DumpLine(json::Parse(dataset.modality->text, "").value()),
      R"({"state": {"arm": {"start": 0, "end": 1, "original_key": "arm"}}, )"
      R"("video": {}, "annotation": {"ok": {"original_key": "annotation.fine"}}, "more": 1})");
  EXPECT_TRUE(dataset.modality->is_changed);
  EXPECT_THAT(dataset.text_columns, ElementsAre(TextColumn{"annotation.fine", false}));
  EXPECT_THAT(dataset.data_files[0].episodes[0].text_frames, ::testing::SizeIs(1));
  EXPECT_FALSE(dataset.schema.has_subtasks);
  EXPECT_TRUE(dataset.subtasks.empty());
  EXPECT_EQ(dataset.warnings.back().kind, "W-modality");
  EXPECT_THAT(dataset.warnings.back().what, HasSubstr("video.top"));
}

TEST(CarriedAlong, ModalityStaysAsItIsWhereNoRuleTouchesIt) {
  Dataset dataset = WithTexts();
  const std::string before = dataset.modality->text;
  ASSERT_TRUE(Adapt({.drop = {"wrist"}, .pad = {{"state", "4"}}}, "", Facts(), dataset).ok());
  EXPECT_EQ(dataset.modality->text, before);
  EXPECT_FALSE(dataset.modality->is_changed);
}

TEST(CarriedAlong, ModalityIsLeftOutWhereElementsMove) {
  Dataset dataset = WithTexts();
  const Rule entry{"state", R"({"dtype": "float32", "shape": [2], "names": ["y", "x"]})"};
  ASSERT_TRUE(Adapt({.reorder_by_name = true, .entry = {entry}}, "", Facts(), dataset).ok());
  EXPECT_FALSE(dataset.modality);
  ASSERT_THAT(dataset.other_files, ::testing::SizeIs(1));
  EXPECT_THAT(dataset.other_files[0].left_out, HasSubstr("state.arm"));
}

TEST(CarriedAlong, SubtaskIndexKeepsItsName) {
  for (const Rule& rule : {Rule{"subtask_index", "x"}, Rule{"state", "subtask_index"}}) {
    Dataset dataset = WithTexts();
    const Status status = Adapt({.rename = {rule}}, "", Facts(), dataset);
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.ToString(), HasSubstr("by its name"));
  }
}

}  // namespace
}  // namespace robomerge
