#include "inspect/notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "testing/built_dataset.h"

namespace robomerge {
namespace {

using test::MakeSchema;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The profile of a feature, given by rows.
FeatureProfile ProfileOf(const std::string& feature, const std::vector<std::vector<double>>& rows) {
  FeatureProfile profile{feature, {}};
  const uint64_t width = rows.front().size();
  std::vector<double> values;
  for (const std::vector<double>& row : rows) values.insert(values.end(), row.begin(), row.end());
  for (uint64_t element = 0; element < width; ++element) {
    const auto all = verify_internal::Moments::Of(values, element, width, rows.size());
    profile.elements.push_back(
        verify_internal::Profile::Of(all, values, element, width, rows.size(), /*episode=*/4));
  }
  return profile;
}

std::vector<std::pair<std::string, std::string>> KindsAndFound(const std::vector<Finding>& notes) {
  std::vector<std::pair<std::string, std::string>> said;
  for (const Finding& note : notes) said.emplace_back(note.kind, note.found);
  return said;
}

TEST(Notes, OrdinaryRowsHaveNone) {
  EXPECT_THAT(RowNotes(MakeSchema({}), "a", {ProfileOf("action", {{1, 2}, {2, 1}, {3, 5}})}),
              IsEmpty());
}

TEST(Notes, ConstantElementsAreNamedAndBookkeepingIsLeftOut) {
  Schema schema = MakeSchema({});
  Feature feature;
  feature.name = "arm";
  feature.entry = {{"dtype", "float32"}, {"shape", {3}}, {"names", {"base", "wrist", "gripper"}}};
  schema.features.push_back(feature);
  const std::vector<FeatureProfile> profiles = {ProfileOf("arm", {{1, 7, 3}, {2, 7, 3}}),
                                                ProfileOf("episode_index", {{0}, {0}}),
                                                ProfileOf("reward", {{0.5}, {0.5}})};
  EXPECT_THAT(KindsAndFound(RowNotes(schema, "a", profiles)),
              ElementsAre(Pair("N-constant", "2 of 3 elements: [1: wrist] 7, [2: gripper] 3"),
                          Pair("N-constant", "0.5")));
}

TEST(Notes, WhatIsNotFiniteIsCountedAndDoesNotHideTheRest) {
  std::vector<std::vector<double>> rows(3, {kNan});
  rows.push_back({kInfinity});
  for (int row = 0; row < 200; ++row) rows.push_back({row % 2 == 0 ? 1.0 : 2.0});
  rows.push_back({1000});
  EXPECT_THAT(KindsAndFound(RowNotes(MakeSchema({}), "a", {ProfileOf("force", rows)})),
              ElementsAre(Pair("N-not-finite",
                               "3 NaN and 1 infinite of 205, the first in episode 4, frame 0"),
                          Pair("N-outlier", "1000 where mean and std are 6.46766 and 70.2551")));
}

TEST(Notes, OnlyTheFirstElementsAreNamed) {
  const std::vector<double> row(8, 4.0);
  EXPECT_EQ(RowNotes(MakeSchema({}), "a", {ProfileOf("hand", {row, row})}).front().found,
            "8 of 8 elements: [0] 4, [1] 4, [2] 4, [3] 4, [4] 4 and 3 more");
}

TEST(Notes, PartsMakeTheProfileOfTheWhole) {
  const FeatureProfile whole = ProfileOf("x", {{1}, {kNan}, {3}, {-kInfinity}, {5}});
  verify_internal::ElementProfiles parts = ProfileOf("x", {{1}, {kNan}}).elements;
  verify_internal::Add(parts, ProfileOf("x", {{3}, {-kInfinity}, {5}}).elements);
  EXPECT_EQ(parts[0].num_nan, 1u);
  EXPECT_EQ(parts[0].num_infinite, 1u);
  EXPECT_EQ(parts[0].finite.count, 3);
  EXPECT_EQ(parts[0].finite.mean, whole.elements[0].finite.mean);
  EXPECT_EQ(parts[0].finite.max, 5);
}

TEST(Notes, CodecsAndClocksOfVideos) {
  Dataset dataset;
  dataset.schema = MakeSchema({"top", "wrist"});
  const auto video = [](const std::string& path, const std::string& codec,
                        const std::string& pixels, uint32_t timescale) {
    VideoFile file;
    file.path = path;
    file.stream.codec = codec;
    file.stream.pixel_format = pixels;
    file.stream.timescale = timescale;
    file.stream.num_frames = 2;
    file.stream.frame_ticks = timescale / 30;
    file.stream.length_ticks = 2 * file.stream.frame_ticks;
    return file;
  };
  dataset.video_keys = {
      {"top", {video("a", "h264", "yuv420p", 15360), video("b", "av1", "", 90000)}, {}},
      {"wrist",
       {video("c", "h264", "yuv420p10le", 15360), video("d", "hevc", "yuv420p", 12800)},
       {}}};
  EXPECT_THAT(KindsAndFound(VideoNotes(dataset)),
              ElementsAre(Pair("N-codec", "h264 yuv420p10le, in 2 files"),
                          Pair("N-clock", "a timescale of 12800 with frames of 426 ticks")));
}

}  // namespace
}  // namespace robomerge
