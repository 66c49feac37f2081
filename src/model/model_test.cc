#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "model/aggregate_statistics.h"
#include "model/distribution.h"
#include "model/feature.h"
#include "model/file_id.h"
#include "model/rope.h"
#include "robomerge/report.h"
#include "testing/built_dataset.h"

namespace robomerge {
namespace {

using ::testing::HasSubstr;

TEST(ReportedFile, EveryModeHasItsName) {
  static_assert(NamesOf(ReportedFile::Mode()).size() ==
                static_cast<size_t>(ReportedFile::Mode::kLink) + 1);
  EXPECT_EQ(NameOf(ReportedFile::Mode::kSplice), "splice");
}

TEST(FileId, TurnsToTheNextChunkAfterFilesPerChunk) {
  EXPECT_EQ((FileId{0, 0}.Next(2)), (FileId{0, 1}));
  EXPECT_EQ((FileId{0, 1}.Next(2)), (FileId{1, 0}));
  EXPECT_EQ((FileId{0, 999}.Next(1000)), (FileId{1, 0}));
}

TEST(Template, FillsPlaceholdersWithMinimumWidth) {
  EXPECT_EQ(ExpandTemplate(kDefaultDataPath, {1, 23}).value(), "data/chunk-001/file-023.parquet");
  EXPECT_EQ(
      ExpandTemplate("v/{video_key}/{chunk_index}-{file_index:06d}.mp4", {12345, 7}, "a.b").value(),
      "v/a.b/12345-000007.mp4");
}

TEST(Template, NeverLeadsOutOfTheFolder) {
  for (const char* bad : {"/etc/{file_index}", "../x", "a/../../x", "data/{video_key}/x", ""}) {
    EXPECT_FALSE(ExpandTemplate(bad, {0, 0}, "..").ok()) << bad;
  }
  EXPECT_TRUE(ExpandTemplate("a/..b/x", {0, 0}).ok());
}

TEST(Template, CostsNoMoreMemoryThanAPathCanHave) {
  std::string many;
  for (int time = 0; time < 10'000; ++time) many += "{video_key}";
  const Status status = ExpandTemplate(many, {0, 0}, std::string(10'000, 'k')).status();
  EXPECT_THAT(status.ToString(), HasSubstr("too long"));
  EXPECT_LT(status.ToString().size(), 1000u);
  EXPECT_FALSE(ExpandTemplate(std::string(4096, 'x'), {0, 0}).ok());
  EXPECT_TRUE(ExpandTemplate(std::string(4095, 'x'), {0, 0}).ok());
}

TEST(Template, RefusesNamesThatWouldEndAPathEarly) {
  EXPECT_FALSE(ExpandTemplate("v/{video_key}/x", {0, 0}, std::string("a\0b", 3)).ok());
  EXPECT_FALSE(ExpandTemplate(std::string("v\0/x", 4), {0, 0}).ok());
}

TEST(FeatureName, IsAPartOfAPath) {
  for (const char* bad : {"", ".", "..", "/", "a/b", "/etc", "../x"})
    EXPECT_FALSE(IsUsableFeatureName(bad)) << bad;
  EXPECT_FALSE(IsUsableFeatureName(std::string_view("a\0b", 3)));
  for (const char* good : {"observation.images.top", "...", "a b", "\\", "~"})
    EXPECT_TRUE(IsUsableFeatureName(good)) << good;
  EXPECT_TRUE(IsUsableFeatureName(std::string(256, 'x')));
  EXPECT_FALSE(IsUsableVideoKey(std::string(256, 'x')));
  EXPECT_TRUE(IsUsableVideoKey(std::string(255, 'x')));
}

TEST(QuantilePercent, TakesFewDigitsAndNothingElse) {
  EXPECT_EQ(QuantilePercent("q01"), 1);
  EXPECT_EQ(QuantilePercent("q99"), 99);
  EXPECT_EQ(QuantilePercent("q123456789"), 123456789);
  // More than a double can hold: std::stod would throw.
  EXPECT_EQ(QuantilePercent("q" + std::string(400, '9')), std::nullopt);
  for (const char* other : {"q", "", "mean", "q-1", "q1.5", "1"})
    EXPECT_EQ(QuantilePercent(other), std::nullopt) << other;
}

TEST(Template, RefusesUnknownPlaceholders) {
  for (const char* bad :
       {"{episode_index:06d}", "data/{file_index", "{file_index:x}", "{file_index:9999d}",
        "{file_index:1000000000d}", "{file_index:.999999999d}",
        "{file_index:099999999999999999999d}", "{file_index!r}", "{}", "{0}", "{{x}}"}) {
    EXPECT_THAT(ExpandTemplate(bad, {0, 0}).status().ToString(), HasSubstr("E-template")) << bad;
  }
}

TEST(FrameRate, KeepsDecimalsExact) {
  EXPECT_EQ(FrameRate::From(30), (FrameRate{30, 1}));
  EXPECT_EQ(FrameRate::From(29.97), (FrameRate{2997, 100}));
  EXPECT_EQ(FrameRate::From(30000.0 / 1001.0), (FrameRate{30000, 1001}));
  EXPECT_FALSE(FrameRate::From(0).has_value());
  EXPECT_FALSE(FrameRate::From(-1).has_value());
  EXPECT_EQ(FrameRate::From(30)->Seconds(10), 10.0 / 30);
}

Feature Video(const std::string& text) { return {"cam", json::Parse(text, "test").value()}; }

TEST(ComparableEntry, IgnoresWhatTheFileItselfSays) {
  const Feature a =
      Video(R"({"dtype":"video","shape":[64,96,3],"names":["height","width","channels"],
      "info":{"video.codec":"h264","video.fps":30,"video.crf":23,"video.is_depth_map":false,"has_audio":false}})");
  const Feature b =
      Video(R"({"shape":[64,96,3],"dtype":"video","names":["height","width","channels"],"fps":30.0,
      "video_info":{"video.codec":"av1","video.crf":30}})");
  EXPECT_EQ(ComparableEntry(a), ComparableEntry(b));
}

TEST(ComparableEntry, SeesDepthHoweverItIsSpelled) {
  const Feature canonical =
      Video(R"({"dtype":"video","shape":[64,96,1],"names":null,"info":{"is_depth_map":true}})");
  const Feature legacy = Video(
      R"({"dtype":"video","shape":[64,96,1],"names":null,"video_info":{"video.is_depth_map":true}})");
  const Feature none = Video(R"({"dtype":"video","shape":[64,96,1],"names":null})");
  EXPECT_EQ(ComparableEntry(canonical), ComparableEntry(legacy));
  EXPECT_NE(ComparableEntry(canonical), ComparableEntry(none));
  EXPECT_EQ(
      json::DumpLine(CanonicalDepthMarker(legacy.entry)),
      R"({"dtype": "video", "shape": [64, 96, 1], "names": null, "info": {"is_depth_map": true}})");
}

TEST(Rope, AnyBracketingFlattensInOrder) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<Rope<int>> parts;
    for (int i = 0; i < 40; ++i)
      parts.push_back(Rope<int>(i % 7 == 3 ? std::vector<int>{} : std::vector<int>{i, -i}));
    std::vector<int> expected;
    for (const auto& part : parts) {
      for (const int item : part.Flatten()) expected.push_back(item);
    }
    while (parts.size() > 1) {
      const size_t at = random() % (parts.size() - 1);
      parts[at] = Rope<int>::Concatenate(parts[at], parts[at + 1]);
      parts.erase(parts.begin() + static_cast<int64_t>(at) + 1);
    }
    EXPECT_EQ(parts.front().Flatten(), expected);
    EXPECT_EQ(parts.front().size(), expected.size());
  }
}

TEST(AggregateStatistics, FollowsTheFormula) {
  // numpy, of [0, 1, 2, 3] and [10, 20]: mean 6, std sqrt(50).
  const std::vector<FeatureStatistics> a = {
      test::MakeStatistics("x", 0, 3, 1.5, std::sqrt(1.25), 4)};
  const std::vector<FeatureStatistics> b = {test::MakeStatistics("x", 10, 20, 15, 5, 2)};
  const auto whole = AggregateStatistics({{&a, "a"}, {&b, "b"}}, nullptr).value();
  ASSERT_EQ(whole.size(), 1u);
  EXPECT_EQ(whole[0].Find("min")->values[0], 0);
  EXPECT_EQ(whole[0].Find("max")->values[0], 20);
  EXPECT_DOUBLE_EQ(whole[0].Find("mean")->values[0], 6);
  EXPECT_DOUBLE_EQ(whole[0].Find("std")->values[0], std::sqrt(298.0 / 6));
  EXPECT_EQ(whole[0].Find("count")->values[0], 6);
}

TEST(AggregateStatistics, OnePartIsKeptToTheBit) {
  const std::vector<FeatureStatistics> a = {
      test::MakeStatistics("x", 0, 3, 0.1, 0.30000000000000004, 7)};
  const auto whole = AggregateStatistics({{&a, "a"}}, nullptr).value();
  EXPECT_EQ(whole[0].Find("mean")->values, a[0].Find("mean")->values);
  EXPECT_EQ(whole[0].Find("std")->values, a[0].Find("std")->values);
}

TEST(AggregateStatistics, QuantilesAreAnEnvelopeAndNeedEveryPart) {
  std::vector<FeatureStatistics> a = {test::MakeStatistics("x", 0, 3, 1.5, 1, 4)}, b = a;
  for (const char* name : {"q01", "q50", "q99"})
    a[0].statistics.push_back(test::MakeStatistic(name, {2}));
  for (const char* name : {"q01", "q50"}) b[0].statistics.push_back(test::MakeStatistic(name, {1}));
  std::vector<DroppedQuantiles> dropped;
  const auto whole = AggregateStatistics({{&a, "a"}, {&b, "b"}}, &dropped).value();
  EXPECT_EQ(whole[0].Find("q01")->values[0], 1);
  EXPECT_EQ(whole[0].Find("q50")->values[0], 1);
  EXPECT_EQ(whole[0].Find("q99"), nullptr);
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].first_part_without, "b");
}

TEST(AggregateStatistics, KindsSurviveOnlyWhereAllAgree) {
  const std::vector<FeatureStatistics> integer = {
      test::MakeStatistics("x", 0, 3, 1.5, 1, 4, NumberKind::kInteger)};
  const std::vector<FeatureStatistics> real = {test::MakeStatistics("x", 0, 3, 1.5, 1, 4)};
  EXPECT_EQ(
      AggregateStatistics({{&integer, "a"}, {&integer, "b"}}, nullptr).value()[0].Find("min")->kind,
      NumberKind::kInteger);
  EXPECT_EQ(
      AggregateStatistics({{&integer, "a"}, {&real, "b"}}, nullptr).value()[0].Find("min")->kind,
      NumberKind::kFloat);
}

TEST(AggregateStatistics, RefusesOtherShapesByName) {
  const std::vector<FeatureStatistics> a = {test::MakeStatistics("x", 0, 3, 1.5, 1, 4)};
  std::vector<FeatureStatistics> b = a;
  for (Statistic& statistic : b[0].statistics) {
    if (statistic.name != "count") statistic.shape = {2}, statistic.values = {1, 2};
  }
  EXPECT_THAT(AggregateStatistics({{&a, "one"}, {&b, "two"}}, nullptr).status().ToString(),
              HasSubstr("two"));
}

TEST(CheckStatistics, NamesWhatIsMissing) {
  FeatureStatistics feature = test::MakeStatistics("x", 0, 3, 1.5, 1, 4);
  EXPECT_TRUE(CheckStatistics(feature, "here").ok());
  feature.statistics.erase(feature.statistics.begin() + 3);
  EXPECT_THAT(CheckStatistics(feature, "here").ToString(), HasSubstr("lack `std`"));
}

TEST(Distribution, MatchesNumpy) {
  // numpy on [0, 0, 0, 2, 5]: mean 1.4, std 1.9595917942265424, quantile(.9) 3.8, quantile(.5) 0.
  const Distribution distribution({{0, 3}, {2, 1}, {5, 1}});
  EXPECT_EQ(distribution.count(), 5u);
  EXPECT_EQ(distribution.mean(), 1.4);
  EXPECT_DOUBLE_EQ(distribution.deviation(), 1.9595917942265424);
  EXPECT_DOUBLE_EQ(distribution.Quantile(0.9), 3.8);
  EXPECT_EQ(distribution.Quantile(0.5), 0);
  EXPECT_EQ(distribution.Quantile(1), 5);
  EXPECT_EQ(distribution.Quantile(1e7), 5);  // q1000000000
}

TEST(Distribution, RangeIsTheSameAsItsValues) {
  std::vector<std::pair<int64_t, uint64_t>> values;
  for (int64_t value = 0; value < 101; ++value) values.emplace_back(value, 1);
  const Distribution counted(std::move(values)), range = Distribution::Range(101);
  EXPECT_EQ(range.mean(), counted.mean());
  EXPECT_DOUBLE_EQ(range.deviation(), counted.deviation());
  EXPECT_EQ(range.max(), 100);
  for (const double fraction : {0.01, 0.1, 0.5, 0.99})
    EXPECT_NEAR(range.Quantile(fraction), counted.Quantile(fraction), 1e-12);
}

TEST(SharedLayouts, EqualOnesAreOne) {
  const auto layout = [](uint32_t width) {
    return std::make_shared<const StatColumns>(
        StatColumns{{"action", "min", NumberKind::kFloat, 1, width}});
  };
  SharedLayouts layouts;
  const auto first = layouts.Share(layout(6)), other = layouts.Share(layout(7));
  EXPECT_EQ(layouts.Share(layout(6)), first);
  EXPECT_EQ(layouts.Share(layout(7)), other);
  EXPECT_NE(first, other);
  for (uint32_t width = 8; width < 100; ++width) layouts.Share(layout(width));
  const auto late = layout(200);
  EXPECT_EQ(layouts.Share(late), late);
}

TEST(Distribution, AStatisticThatCanBeTrueIsKeptAndAnyOtherReplaced) {
  // 100, 101, ..., 110.
  EXPECT_EQ(TrueStatistic("q10", 100.7, 100, 1, 11), 100.7);
  EXPECT_EQ(TrueStatistic("q10", 104.0, 100, 1, 11), 101.0);
  EXPECT_DOUBLE_EQ(TrueStatistic("q99", 7.0, 100, 1, 11), 109.9);
  EXPECT_EQ(TrueStatistic("min", 0.0, 100, 1, 11), 100.0);
  EXPECT_EQ(TrueStatistic("max", 110.0, 100, 1, 11), 110.0);
  EXPECT_EQ(TrueStatistic("mean", std::nan(""), 100, 1, 11), 105.0);
  EXPECT_EQ(TrueStatistic("std", 2.0, 100, 1, 11), std::sqrt(10.0));
  EXPECT_EQ(TrueStatistic("std", 3.0, 7, 0, 11), 0.0);
  EXPECT_EQ(TrueStatistic("q50", 7.0 + 1e-10, 7, 0, 11), 7.0 + 1e-10);
  EXPECT_EQ(TrueStatistic("kurtosis", 5.0, 100, 1, 11), 5.0);
}

}  // namespace
}  // namespace robomerge
