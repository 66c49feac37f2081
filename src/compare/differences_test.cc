#include "compare/differences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "testing/built_dataset.h"

namespace robomerge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Difference = CompareReport::Difference;
using Settlement = CompareReport::Settlement;

Json Entry(const char* dtype, Json shape, Json names = nullptr) {
  Json entry = Json::object();
  entry["dtype"] = dtype;
  entry["shape"] = std::move(shape);
  entry["names"] = std::move(names);
  return entry;
}

Json Camera(Json info = Json::object(), Json shape = {48, 64, 3}) {
  Json entry = Entry("video", std::move(shape));
  entry["info"] = std::move(info);
  return entry;
}

// Sources a, b, c, ... with a feature `action` of one number, and what a test changes.
class Sources {
 public:
  explicit Sources(size_t number) : schemas_(number, test::MakeSchema()), facts_(number) {
    for (size_t at = 0; at < number; ++at) {
      facts_[at].root =
          number <= 26 ? std::string(1, static_cast<char>('a' + at)) : StrCat("kitchen_", at);
      facts_[at].version = "v3.0";
    }
  }
  Schema& schema(size_t at) { return schemas_[at]; }
  SourceFacts& facts(size_t at) { return facts_[at]; }
  // Sets the entry of a feature, or adds it in front of the default features.
  Sources& Put(size_t at, const std::string& name, Json entry) {
    for (Feature& feature : schemas_[at].features) {
      if (feature.name != name) continue;
      feature.entry = std::move(entry);
      return *this;
    }
    schemas_[at].features.insert(schemas_[at].features.begin(), {name, std::move(entry)});
    return *this;
  }
  std::vector<Difference> Compare() {
    for (size_t at = 0; at < facts_.size(); ++at)
      facts_[at].schema = std::make_shared<const Schema>(schemas_[at]);
    return DifferencesOf(facts_);
  }
  std::vector<std::string> Flags() { return FlagsOf(Compare()); }

 private:
  std::vector<Schema> schemas_;
  std::vector<SourceFacts> facts_;
};

std::vector<std::string> KindsOf(const std::vector<Difference>& differences) {
  std::vector<std::string> kinds;
  for (const Difference& one : differences)
    kinds.push_back(StrCat(one.kind, " ", NameOf(one.settlement)));
  return kinds;
}

std::vector<std::string> FormsOf(const Difference& difference) {
  std::vector<std::string> forms;
  for (const CompareReport::Form& form : difference.forms)
    forms.push_back(StrCat(form.num_sources, " ", form.what, ": ", Join(form.sources, " ")));
  return forms;
}

TEST(DifferencesOf, OneSourceAndEqualSourcesDoNotDiffer) {
  EXPECT_THAT(Sources(1).Compare(), IsEmpty());
  EXPECT_THAT(Sources(3).Compare(), IsEmpty());
  EXPECT_THAT(DifferencesOf({}), IsEmpty());
}

TEST(DifferencesOf, TheUsualFormIsThatOfMostSources) {
  Sources sources(3);
  sources.schema(0).robot_type = "so101";
  const std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-robot-type flag"));
  EXPECT_THAT(FormsOf(found[0]), ElementsAre("2 toy_arm: b", "1 so101: a"));
  EXPECT_THAT(FlagsOf(found), ElementsAre("--robot-type toy_arm"));
}

TEST(DifferencesOf, OnATieTheFirstSourcesFormIsTheUsualOne) {
  Sources sources(4);
  sources.schema(1).robot_type = sources.schema(2).robot_type = "so101";
  EXPECT_THAT(FormsOf(sources.Compare()[0]), ElementsAre("2 toy_arm: a", "2 so101: b c"));
  Sources other(3);
  other.schema(0).robot_type = "x y";
  other.schema(2).robot_type = "z";
  EXPECT_THAT(FormsOf(other.Compare()[0]), ElementsAre("1 x y: a", "1 toy_arm: b", "1 z: c"));
  EXPECT_THAT(other.Flags(), ElementsAre("--robot-type 'x y'"));
}

TEST(DifferencesOf, WhatWouldPutValuesUnderWrongNamesIsNotProposed) {
  const auto names = [](std::vector<std::string> list) {
    const size_t number = list.size();
    return Entry("float32", {number}, Json(std::move(list)));
  };
  Sources longer(2);
  longer.Put(0, "arm", names({"x", "y", "z"})).Put(1, "arm", names({"x", "z"}));
  const std::vector<Difference> found = longer.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-shape nothing"));
  EXPECT_THAT(found[0].why, HasSubstr("`z`"));
  EXPECT_THAT(found[0].alternatives, ElementsAre("--drop arm"));
  longer.Put(1, "arm", names({"z", "u"}));
  EXPECT_THAT(longer.Flags(), IsEmpty());
  longer.Put(1, "arm", names({"u", "v", "w", "x"}));
  EXPECT_THAT(longer.Flags(), IsEmpty());
  longer.Put(1, "arm", names({"x", "u"}));
  EXPECT_THAT(longer.Flags(), ElementsAre("--pad arm=3", "--names-from-first"));
  // What the first source's order settles does not stand in the way.
  Sources three(3);
  three.Put(0, "arm", names({"x", "y", "z"})).Put(1, "arm", names({"z", "y", "x"}));
  three.Put(2, "arm", names({"x", "y"}));
  EXPECT_THAT(three.Flags(), ElementsAre("--reorder-by-name", "--pad arm=3", "--names-from-first"));
  // Not two orders of other words, which no flag tells apart.
  three.Put(1, "arm", names({"u", "v", "w"})).Put(2, "arm", names({"w", "v", "u"}));
  EXPECT_THAT(KindsOf(three.Compare()), ElementsAre("D-names nothing"));
}

TEST(DifferencesOf, ANameWithSignsOfPatternsIsLeftOutAlone) {
  Sources sources(2);
  sources.Put(0, "raw*", Entry("float32", {1}));
  EXPECT_THAT(sources.Flags(), ElementsAre("--drop 'raw\\*'"));
}

TEST(DifferencesOf, RobotTypesInAnotherCaseAreSettledByAMerge) {
  Sources sources(2);
  sources.schema(1).robot_type = "Toy_Arm";
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-robot-type merge"));
  sources.schema(0).robot_type = nullptr;
  EXPECT_THAT(sources.Flags(), ElementsAre("--robot-type Toy_Arm"));
}

TEST(DifferencesOf, TasksAreLikeInEveryAlphabet) {
  Sources sources(2);
  sources.facts(0).tasks = {"Öffne die Lade", "Открой"};
  sources.facts(1).tasks = {"öffne\u00a0die Lade.", "ОТКРОЙ!"};
  EXPECT_THAT(sources.Flags(), ElementsAre("--replace-task 'ОТКРОЙ!=Открой'", "--normalize-tasks"));
}

TEST(DifferencesOf, ARobotThatNobodyNamesIsGivenAName) {
  Sources sources(3);
  sources.schema(0).robot_type = "";
  sources.schema(1).robot_type = nullptr;
  EXPECT_THAT(sources.Flags(), ElementsAre("--robot-type toy_arm"));
  sources.schema(2).robot_type = "";
  EXPECT_THAT(sources.Flags(), ElementsAre("--robot-type unknown"));
}

TEST(DifferencesOf, SubtasksThatATableExplainsAreNotFilled) {
  Sources sources(2);
  sources.Put(0, "subtask_index", Entry("int64", {1})).Put(0, "reward", Entry("float32", {1}));
  std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-missing flag"));
  EXPECT_THAT(found[0].alternatives, ElementsAre("--fill reward=0 --fill subtask_index=0"));
  sources.schema(0).has_subtasks = true;
  found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-missing flag", "D-missing flag"));
  EXPECT_THAT(found[0].alternatives, ElementsAre("--fill reward=0"));
  EXPECT_THAT(found[1].alternatives, IsEmpty());
  EXPECT_THAT(FlagsOf(found), ElementsAre("--drop reward", "--drop subtask_index"));
}

TEST(DifferencesOf, FlagsHoldNoControlCharacters) {
  Sources sources(2);
  sources.Put(0, "a\tb", Entry("float32", {1})).facts(0).tasks = {"pick, it\x1b", "pick it\x1b"};
  EXPECT_THAT(sources.Flags(),
              ElementsAre(R"(--drop $'a\x09b')", R"(--replace-task $'pick it\x1b=pick, it\x1b')"));
}

TEST(DifferencesOf, AnotherFpsIsSettledByNothing) {
  Sources sources(3);
  sources.schema(1).fps = 60;
  std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-fps nothing"));
  EXPECT_THAT(FormsOf(found[0]), ElementsAre("2 30: a", "1 60: b"));
  EXPECT_THAT(found[0].why, HasSubstr("60 to 30 would drop every second row"));
  sources.schema(1).fps = 25;
  EXPECT_THAT(sources.Compare()[0].why, HasSubstr("30 to 25 would have to make up frames"));
  sources.schema(1).fps = 30.0;
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-form merge"));
}

TEST(DifferencesOf, ALikeNameIsARename) {
  Sources sources(3);
  sources.Put(0, "wrist", Camera()).Put(1, "wrist", Camera()).Put(2, "cam_wrist", Camera());
  const std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-rename flag"));
  EXPECT_THAT(FormsOf(found[0]), ElementsAre("2 `wrist`: a", "1 `cam_wrist`: c"));
  EXPECT_THAT(FlagsOf(found), ElementsAre("--rename cam_wrist=wrist"));
}

TEST(DifferencesOf, TheOnlyCameraThatIsLeftIsARenameAndOneOfAnotherSizeIsNot) {
  Sources sources(2);
  sources.Put(0, "top", Camera()).Put(1, "fixed", Camera());
  EXPECT_THAT(sources.Flags(), ElementsAre("--rename fixed=top"));
  Sources sides(2);
  sides.Put(0, "left", Camera()).Put(1, "right", Camera());
  EXPECT_THAT(sides.Flags(), ElementsAre("--drop left", "--drop right"));
  sources.Put(1, "fixed", Camera(Json::object(), {96, 64, 3}));
  EXPECT_THAT(sources.Flags(), ElementsAre("--drop top", "--drop fixed"));
}

TEST(DifferencesOf, WhichOfTwoCamerasIsMeantIsLeftToTheUser) {
  Sources sources(2);
  sources.Put(0, "top", Camera()).Put(0, "left", Camera());
  sources.Put(1, "one", Camera()).Put(1, "two", Camera());
  const std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-missing flag", "D-missing flag"));
  EXPECT_EQ(found[0].alternatives.size(), 4u);
  sources.Put(0, "cam_1", Camera()).Put(1, "cam_2", Camera());
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-missing flag", "D-missing flag"));
}

TEST(DifferencesOf, ALikeNameLeavesOneCameraForTheOther) {
  Sources sources(2);
  sources.Put(0, "top", Camera()).Put(0, "wrist", Camera());
  sources.Put(1, "fixed", Camera()).Put(1, "wrist_cam", Camera());
  EXPECT_THAT(sources.Flags(), ElementsAre("--rename wrist_cam=wrist", "--rename fixed=top"));
}

TEST(DifferencesOf, AVectorWithAnUnlikeNameIsNoRename) {
  Sources sources(2);
  sources.Put(0, "observation.velocity", Entry("float32", {6}));
  sources.Put(1, "observation.effort", Entry("float32", {6}));
  const std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-missing flag", "D-missing flag"));
  EXPECT_THAT(found[0].alternatives, ElementsAre("--rename observation.effort=observation.velocity",
                                                 "--fill observation.velocity=0"));
}

TEST(DifferencesOf, NamesOfVectorsAreAlikeIfOneHasAllWordsOfTheOther) {
  const auto flags = [](const char* one, const char* other) {
    Sources sources(2);
    sources.Put(0, one, Entry("float32", {6})).Put(1, other, Entry("float32", {6}));
    return sources.Flags().front();
  };
  EXPECT_EQ(flags("observation.state", "state"), "--rename state=observation.state");
  EXPECT_EQ(flags("next.rewards", "reward"), "--rename reward=next.rewards");
  EXPECT_EQ(flags("state.joint_pos", "state.joint_vel"), "--drop state.joint_pos");
  EXPECT_EQ(flags("next.success", "next.done"), "--drop next.success");
  EXPECT_EQ(flags("arm_left", "arm_right"), "--drop arm_left");
  EXPECT_EQ(flags("pos_1", "pos_2"), "--drop pos_1");
}

TEST(DifferencesOf, NumbersAndSidesInsideAWordTellCamerasApart) {
  const auto flags = [](const char* one, const char* other) {
    Sources sources(2);
    sources.Put(0, one, Camera()).Put(1, other, Camera());
    return sources.Flags().front();
  };
  for (const auto& [one, other] : {std::pair("cam1", "cam2"),
                                   {"wrist1", "wrist2"},
                                   {"leftwrist", "rightwrist"},
                                   {"wristLeft", "wrist_right"},
                                   {"cam_1", "cam2"},
                                   {"d435_top", "d405_top"}})
    EXPECT_EQ(flags(one, other), StrCat("--drop ", one));
  EXPECT_EQ(flags("cam1", "camera_1"), "--rename camera_1=cam1");
  EXPECT_EQ(flags("wrist1", "wrist"), "--rename wrist=wrist1");
  EXPECT_EQ(flags("wrist_left", "leftwrist"), "--rename leftwrist=wrist_left");
}

TEST(DifferencesOf, SeveralNamesOfOneFeatureAreOneDifference) {
  Sources sources(5);
  for (const size_t at : {0, 1, 2}) sources.Put(at, "wrist", Camera());
  sources.Put(3, "cam_wrist", Camera()).Put(4, "wrist_2", Camera());
  sources.Put(4, "wrist", Camera());  // so `wrist_2` is another camera
  const std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-rename flag", "D-missing flag"));
  EXPECT_THAT(FlagsOf(found), ElementsAre("--rename cam_wrist=wrist", "--drop wrist_2"));
  sources.schema(4).features.erase(sources.schema(4).features.begin());
  EXPECT_THAT(sources.Flags(), ElementsAre("--rename cam_wrist=wrist", "--rename wrist_2=wrist"));
}

TEST(DifferencesOf, WhatIsRenamedIsComparedUnderItsNewName) {
  Sources sources(3);
  sources.Put(0, "state", Entry("float32", {2}, {"x", "y"}));
  sources.Put(1, "state", Entry("float32", {2}, {"x", "y"}));
  sources.Put(2, "my_state", Entry("float32", {2}, {"y", "x"}));
  EXPECT_THAT(sources.Flags(), ElementsAre("--rename my_state=state", "--reorder-by-name"));
}

TEST(DifferencesOf, AMissingFeatureIsDroppedOrFilled) {
  Sources sources(3);
  sources.Put(0, "done", Entry("bool", {1})).Put(1, "done", Entry("bool", {1}));
  const std::vector<Difference> found = sources.Compare();
  EXPECT_THAT(FormsOf(found[0]), ElementsAre("2 with it: a", "1 without it: c"));
  EXPECT_THAT(FlagsOf(found), ElementsAre("--drop done"));
  EXPECT_THAT(found[0].alternatives, ElementsAre("--fill done=false"));
}

TEST(DifferencesOf, ManyMissingFeaturesAreOneDifferenceAndOneFlag) {
  Sources sources(3);
  for (int at = 0; at < 9; ++at) sources.Put(2, StrCat("sensor ", at), Entry("float32", {1}));
  const std::vector<Difference> found = sources.Compare();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].features.size(), 9u);
  EXPECT_THAT(FlagsOf(found), ElementsAre("--keep-common"));
}

TEST(DifferencesOf, WhatIsLeftOutIsSettledByThat) {
  Sources sources(3);
  sources.Put(0, "reward", Entry("float32", {1})).Put(1, "reward", Entry("float64", {1}));
  const std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-missing flag", "D-dtype flag"));
  EXPECT_THAT(FlagsOf(found), ElementsAre("--drop reward"));
}

TEST(DifferencesOf, WhatIsLeftOutIsLeftOutUnderAllItsNames) {
  Sources sources(3);
  sources.Put(0, "state", Entry("float32", {2}, {"x", "y"}));
  sources.Put(1, "my.state", Entry("float32", {2}, {"y", "x"}));
  const std::vector<Difference> found = sources.Compare();
  EXPECT_THAT(FlagsOf(found), ElementsAre("--drop state", "--drop my.state"));
  ASSERT_THAT(KindsOf(found), ElementsAre("D-rename flag", "D-missing flag", "D-names flag"));
  EXPECT_THAT(found[1].alternatives, ElementsAre("--rename my.state=state --fill state=0"));
}

TEST(DifferencesOf, NumbersAreCastAndOtherTypesAreNot) {
  Sources sources(3);
  sources.Put(1, "action", Entry("float64", {1}));
  EXPECT_THAT(sources.Flags(), ElementsAre("--cast action=float32"));
  sources.Put(1, "action", Entry("string", {1}));
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-dtype nothing"));
}

TEST(DifferencesOf, TheTypeThatNumbersAreCastToLosesNothing) {
  const auto flag = [](std::vector<const char*> dtypes) {
    Sources sources(dtypes.size());
    for (size_t at = 0; at < dtypes.size(); ++at) sources.Put(at, "x", Entry(dtypes[at], {1}));
    return Join(sources.Flags(), " ");
  };
  EXPECT_EQ(flag({"int64", "float32"}), "--cast x=float32");
  EXPECT_EQ(flag({"int64", "int64", "float64", "float32", "float32"}), "--cast x=float32");
  EXPECT_EQ(flag({"int64", "float64", "float32"}), "--cast x=float64");
  EXPECT_EQ(flag({"int32", "int64", "int64"}), "--cast x=int64");
  EXPECT_EQ(flag({"int64", "bool", "int64"}), "--cast x=bool");
  EXPECT_EQ(flag({"bool", "float32", "int8"}), "--cast x=bool");
  EXPECT_EQ(flag({"bool", "string"}), "");
}

TEST(DifferencesOf, VectorsArePaddedToTheLongest) {
  Sources sources(3);
  for (const int at : {0, 1, 2})
    sources.Put(static_cast<size_t>(at), "action", Entry("float32", {4 + at}));
  EXPECT_THAT(sources.Flags(), ElementsAre("--pad action=6"));
  sources.Put(0, "action", Entry("float32", {4}, {"a", "b", "c", "d"}));
  EXPECT_THAT(sources.Flags(), ElementsAre("--pad action=6", "--names-from-first"));
  sources.Put(0, "action", Entry("float32", {2, 2}));
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-shape nothing"));
}

TEST(DifferencesOf, SizesOfPicturesMayBeMixedButNotTheirChannels) {
  Sources sources(2);
  sources.Put(0, "my cam", Camera()).Put(1, "my cam", Camera(Json::object(), {96, 64, 3}));
  EXPECT_THAT(sources.Flags(), ElementsAre("--allow-mixed-size 'my cam'"));
  sources.Put(1, "my cam", Camera(Json::object(), {3, 48, 64}));
  EXPECT_THAT(sources.Flags(), ElementsAre("--allow-mixed-size 'my cam'"));
  sources.Put(1, "my cam", Camera(Json::object(), {48, 64, 1}));
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-size nothing"));
}

TEST(DifferencesOf, NamesInAnotherOrderAreReorderedAndOtherWordsReplaced) {
  Sources sources(2);
  sources.Put(0, "action", Entry("float32", {2}, {"x", "y"}));
  sources.Put(1, "action", Entry("float32", {2}, {"y", "x"}));
  EXPECT_THAT(sources.Flags(), ElementsAre("--reorder-by-name"));
  sources.Put(1, "action", Entry("float32", {2}, {"u", "v"}));
  EXPECT_THAT(sources.Flags(), ElementsAre("--names-from-first"));
}

TEST(DifferencesOf, NamesInAnotherFormOrMissingAreSettledByAMerge) {
  Json motors = Json::object();
  motors["motors"] = {"x", "y"};
  Json positions = Json::object();
  positions["y"] = 1;
  positions["x"] = 0;
  Json nested = Json::array();
  nested.push_back(Json::array({"x", "y"}));
  for (const Json& written : {motors, positions, nested}) {
    Sources sources(2);
    sources.Put(0, "action", Entry("float32", {2}, {"x", "y"}));
    sources.Put(1, "action", Entry("float32", {2}, written));
    EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-form merge")) << written;
    sources.Put(1, "action", Entry("float32", {2}));
    EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-names merge"));
  }
}

TEST(DifferencesOf, DepthAndItsUnitAreSettledByNothing) {
  Sources sources(2);
  sources.Put(0, "top", Camera({{"is_depth_map", true}, {"depth_unit", "mm"}}));
  sources.Put(1, "top", Camera({{"is_depth_map", true}}));
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-depth-unit nothing"));
  sources.Put(1, "top", Camera({{"video.is_depth_map", true}, {"depth_unit", "mm"}}));
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-form merge"));
  sources.Put(1, "top", Camera({{"depth_unit", "mm"}}));
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-depth nothing"));
}

TEST(DifferencesOf, WhatElseAMergeComparesIsSaid) {
  Sources sources(2);
  sources.Put(0, "top", Camera({{"lens", "wide"}})).Put(1, "top", Camera());
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-entry nothing"));
}

TEST(DifferencesOf, WhatIsSaidOfVideosIsSettledByAMerge) {
  Sources sources(2);
  sources.Put(0, "top", Camera({{"video.codec", "av1"}, {"video.g", 2}}));
  sources.Put(1, "top", Camera({{"video.codec", "h264"}}));
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-codec merge", "D-encoder merge"));
  Json old = Entry("video", {48, 64, 3});
  old["video_info"] = {{"video.codec", "av1"}, {"video.g", 2}};
  sources.Put(1, "top", old);
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-form merge"));
}

TEST(DifferencesOf, TheFileSaysWhichCodecItIs) {
  Sources sources(3);
  for (const size_t at : {0, 1, 2}) sources.Put(at, "top", Camera({{"video.codec", "av1"}}));
  sources.facts(0).streams["top"] = {"av1", "yuv420p", 64, 48};
  sources.facts(1).streams["top"] = {"h264", "yuv420p10le", 64, 48};
  const std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-codec merge", "D-pixel-format merge"));
  EXPECT_THAT(FormsOf(found[0]), ElementsAre("2 av1: a", "1 h264 (info.json says av1): b"));
  sources.facts(1).streams["top"] = {"av1", "yuv420p", 128, 96};
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-size hint"));
}

TEST(DifferencesOf, FpsOfFeaturesIsOneDifferenceForAll) {
  Sources sources(2);
  for (Feature& feature : sources.schema(1).features) feature.entry["fps"] = 30;
  const std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-feature-fps merge"));
  EXPECT_EQ(found[0].features.size(), 6u);
}

TEST(DifferencesOf, WhatIsSaidOfTheDatasetAsAWhole) {
  Sources sources(2);
  sources.facts(1).version = "v3.1";
  sources.schema(1).tools = Json::array({1});
  std::swap(sources.schema(1).features[0], sources.schema(1).features[1]);
  EXPECT_THAT(KindsOf(sources.Compare()),
              ElementsAre("D-tools merge", "D-order merge", "D-version merge"));
  Sources tables(2);
  for (const size_t at : {0, 1}) tables.Put(at, "subtask_index", Entry("int64", {1}));
  tables.schema(0).has_subtasks = true;
  EXPECT_THAT(KindsOf(tables.Compare()), ElementsAre("D-subtasks flag"));
  EXPECT_THAT(tables.Flags(), ElementsAre("--drop subtask_index"));
}

TEST(DifferencesOf, KeysOfAnEntryInAnotherOrder) {
  Sources sources(2);
  Json entry = Json::object();
  entry["shape"] = {1};
  entry["dtype"] = "float32";
  entry["names"] = nullptr;
  sources.Put(1, "action", entry);
  EXPECT_THAT(KindsOf(sources.Compare()), ElementsAre("D-form merge"));
}

TEST(DifferencesOf, TasksThatDifferLittleAreAHint) {
  Sources sources(4);
  sources.facts(0).tasks = {"Pick the cup.", "open"};
  sources.facts(1).tasks = {"pick  the cup"};
  sources.facts(2).tasks = {"Pick the cup.", "close"};
  std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-tasks hint"));
  EXPECT_THAT(FormsOf(found[0]), ElementsAre("2 `Pick the cup.`: a", "1 `pick  the cup`: b"));
  EXPECT_THAT(FlagsOf(found), ElementsAre("--normalize-tasks"));
  sources.facts(3).tasks = {"Pick, the cup"};
  EXPECT_THAT(sources.Flags(),
              ElementsAre("--replace-task 'Pick, the cup=Pick the cup.'", "--normalize-tasks"));
  sources.facts(1).tasks = {"pick=the cup"};
  found = sources.Compare();
  EXPECT_THAT(FlagsOf(found), ElementsAre("--replace-task 'pick\\=the cup=Pick the cup.'",
                                          "--replace-task 'Pick, the cup=Pick the cup.'"));
  // Which no flag can say.
  sources.facts(1).tasks = {"pick the cup\\"};
  found = sources.Compare();
  EXPECT_THAT(FlagsOf(found), ElementsAre("--replace-task 'Pick, the cup=Pick the cup.'"));
  EXPECT_EQ(found[0].remedies.size(), 2u);
}

TEST(DifferencesOf, DegreesAndRadiansAreToldByTheirRanges) {
  Sources sources(3);
  const auto joints = [&](size_t at, double first, double second) {
    sources.Put(at, "state", Entry("float32", {2}, {"pan", "lift"}));
    sources.facts(at).ranges["state"] = {{-first, -second}, {first * 0.9, second * 0.8}};
  };
  joints(0, 1.2, 1.5);
  joints(1, 1.4, 90);
  joints(2, 1.0, 1.3);
  const std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-units hint"));
  EXPECT_THAT(found[0].what, HasSubstr("`lift`"));
  EXPECT_THAT(FormsOf(found[0]),
              ElementsAre("2 radians? `lift` -1.5 to 1.2: a", "1 degrees? `lift` -90 to 72: b"));
  EXPECT_THAT(found[0].remedies, IsEmpty());
  joints(1, 1.4, 11);  // 7 times as far is no change of units
  EXPECT_THAT(sources.Compare(), IsEmpty());
}

TEST(DifferencesOf, ElementsOfOneNameAreJudgedByTheirPlaces) {
  const auto compare = [](std::vector<std::string> names) {
    const size_t number = names.size();
    std::vector<double> small(number, 1.5), large(number, 80), none(number, 0);
    small[0] = 80;  // in degrees everywhere
    large[2] = 1.4;
    Sources sources(2);
    for (size_t at = 0; at < 2; ++at) {
      sources.Put(at, "action", Entry("float32", {number}, Json(names)));
      sources.facts(at).ranges["action"] = {none, at == 0 ? small : large};
    }
    const std::vector<Difference> found = sources.Compare();
    return found.size() == 1 ? found[0].what : "";
  };
  const char* const kAsked = "degrees here and radians there? ";
  EXPECT_EQ(compare({"x", "y", "x", "y"}), StrCat(kAsked, "`y (element 1)`, `y (element 3)`"));
  EXPECT_EQ(compare({"x", "x", "z", "x"}), StrCat(kAsked, "`x (element 1)`, `x (element 3)`"));
  EXPECT_EQ(compare({"x", "x", "x (element 1)", "y"}), StrCat(kAsked, "`x (element 1)`, `y`"));
}

TEST(DifferencesOf, AGripperInPercentIsNotInDegrees) {
  Sources sources(2);
  for (const size_t at : {0, 1}) {
    sources.Put(at, "state", Entry("float32", {1}));
    sources.facts(at).ranges["state"] = {{0}, {at == 0 ? 1 : 100.}};
  }
  EXPECT_THAT(sources.Compare(), IsEmpty());
}

TEST(DifferencesOf, OfManySourcesOnlyThoseThatDepartAreNamed) {
  Sources sources(500);
  sources.schema(17).robot_type = "so101";
  sources.Put(99, "reward", Entry("float32", {1})).Put(330, "action", Entry("float64", {1}));
  const std::vector<Difference> found = sources.Compare();
  ASSERT_THAT(KindsOf(found), ElementsAre("D-robot-type flag", "D-missing flag", "D-dtype flag"));
  EXPECT_THAT(FormsOf(found[0]), ElementsAre("499 toy_arm: kitchen_0", "1 so101: kitchen_17"));
}

TEST(FlagsThatSettle, AreThoseOfSchemasByHowManySourcesHaveThem) {
  Sources sources(3);
  sources.Put(0, "cam_wrist", Camera()).Put(1, "wrist", Camera());
  const auto schemas = [&](size_t number) {
    std::vector<SchemaClass> classes;
    for (size_t at = 0; at < number; ++at) {
      classes.push_back({std::make_shared<const Schema>(sources.schema(at)), "", at,
                         sources.facts(at).root, at == 1 ? 5u : 1u});
    }
    return classes;
  };
  EXPECT_THAT(FlagsThatSettle(schemas(2)).flags, ElementsAre("--rename cam_wrist=wrist"));
  EXPECT_TRUE(FlagsThatSettle(schemas(2)).settle_all);
  EXPECT_THAT(FlagsThatSettle(schemas(1)).flags, IsEmpty());
  sources.Put(2, "wrist", Camera());
  sources.schema(2).fps = 60;
  EXPECT_THAT(FlagsThatSettle(schemas(3)).flags, ElementsAre("--rename cam_wrist=wrist"));
  EXPECT_FALSE(FlagsThatSettle(schemas(3)).settle_all);
}

}  // namespace
}  // namespace robomerge
