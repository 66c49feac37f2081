#include "describe/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "testing/built_dataset.h"

namespace robomerge {
namespace {

using ::testing::HasSubstr;

Result<Partial> DescribeChanged(
    const test::DatasetShape& spec, const std::function<void(Dataset&)>& change = [](Dataset&) {}) {
  auto dataset = std::make_shared<Dataset>(test::MakeDataset(spec));
  change(*dataset);
  return Describe(dataset);
}

test::DatasetShape TwoEpisodes() { return {.lengths = {10, 20}, .video_keys = {"cam"}}; }

std::string Refusal(const std::function<void(Dataset&)>& change) {
  const Result<Partial> partial = DescribeChanged(TwoEpisodes(), change);
  return partial.ok() ? "accepted" : partial.status().ToString();
}

std::string Warnings(const Partial& partial) {
  std::string text;
  for (const Problem& warning : partial.warnings.Flatten())
    text += Status(warning).ToString() + "\n";
  return text;
}

TEST(Describe, ResolvesPlacesOfAHealthySource) {
  const Partial partial = DescribeChanged(TwoEpisodes()).value();
  const auto source = partial.sources.Flatten().front();
  EXPECT_EQ(partial.num_episodes, 2u);
  EXPECT_EQ(partial.num_frames, 30u);
  EXPECT_EQ(source->video_places[0][1].first_frame, 10u);
  EXPECT_EQ(source->data_places[1].rows->first_row, 10u);
  EXPECT_EQ(Warnings(partial), "");
}

TEST(Describe, RefusesRowsThatContradictTheEpisodesTable) {
  EXPECT_THAT(Refusal([](Dataset& dataset) { dataset.data_files[0].episodes[1].num_rows = 19; }),
              HasSubstr("E-rows"));
  EXPECT_THAT(Refusal([](Dataset& dataset) { dataset.data_files[0].episodes.pop_back(); }),
              HasSubstr("episode 1 has no rows"));
  EXPECT_THAT(Refusal([](Dataset& dataset) {
                dataset.data_files[0].episodes.push_back(dataset.data_files[0].episodes[0]);
              }),
              HasSubstr("do not stand together"));
  EXPECT_THAT(Refusal([](Dataset& dataset) {
                dataset.data_files[0].episodes.push_back(dataset.data_files[0].episodes[0]);
                dataset.data_files[0].episodes.back().episode_index = 7;
              }),
              HasSubstr("rows of episode 7"));
}

TEST(Describe, RefusesTasksThatAreNotInTheTable) {
  EXPECT_THAT(
      Refusal([](Dataset& dataset) { dataset.data_files[0].episodes[0].task_frames = {{1, 10}}; }),
      HasSubstr("E-tasks"));
  EXPECT_THAT(Refusal([](Dataset& dataset) { dataset.episodes[1].tasks = {"unheard of"}; }),
              HasSubstr("`unheard of`"));
}

TEST(Describe, RefusesVideosThatCannotHoldTheirEpisodes) {
  EXPECT_THAT(
      Refusal([](Dataset& dataset) { dataset.video_keys[0].files[0].stream.num_frames = 29; }),
      HasSubstr("E-video-frames"));
  EXPECT_THAT(Refusal([](Dataset& dataset) {
                mp4::StreamSummary& stream = dataset.video_keys[0].files[0].stream;
                stream.num_shown_frames = 0;
                stream.starts_at_zero = false;
                stream.own_file_reason = "its edit list shows no frame";
              }),
              HasSubstr("found 0 of 30 frames: its edit list hides the others"));
  EXPECT_THAT(Refusal([](Dataset& dataset) {
                dataset.video_keys[0].files[0].stream.num_shown_frames = 29;
              }),
              HasSubstr("E-video-frames"));
  EXPECT_THAT(Refusal([](Dataset& dataset) {
                mp4::StreamSummary& stream = dataset.video_keys[0].files[0].stream;
                stream = mp4::StreamSummary{};
                stream.own_file_reason = "it has no frames";
              }),
              HasSubstr("E-video-frames"));
  EXPECT_THAT(
      Refusal([](Dataset& dataset) { dataset.video_keys[0].files[0].stream.frame_ticks = 1024; }),
      HasSubstr("E-video-fps"));
  EXPECT_THAT(
      Refusal([](Dataset& dataset) { dataset.video_keys[0].segments[1].from_timestamp = 1e9; }),
      HasSubstr("E-video-frames"));
  EXPECT_THAT(Refusal([](Dataset& dataset) {
                dataset.video_keys[0].segments[1].from_timestamp = std::nan("");
              }),
              HasSubstr("E-episodes"));
}

TEST(Describe, AllProblemsAtOnce) {
  const Result<Partial> partial = DescribeChanged(TwoEpisodes(), [](Dataset& dataset) {
    dataset.data_files[0].episodes[1].num_rows = 19;
    dataset.episodes[1].tasks = {"unheard of"};
    dataset.video_keys[0].files[0].stream.num_frames = 29;
  });
  EXPECT_EQ(partial.status().problems().size(), 3u);
  EXPECT_EQ(partial.status().problems().front().source, "a");
}

TEST(Describe, MendsTimestampsThatAreOneFrameShort) {
  const Partial partial = DescribeChanged(TwoEpisodes(), [](Dataset& dataset) {
                            for (VideoSegment& segment : dataset.video_keys[0].segments)
                              segment.to_timestamp -= 1.0 / 30;
                          }).value();
  EXPECT_THAT(Warnings(partial), HasSubstr("W-episode-timestamps: timestamps of 2 of 2 episodes"));
}

TEST(Describe, SnapsDriftToTheFrameGrid) {
  const Partial partial = DescribeChanged(TwoEpisodes(), [](Dataset& dataset) {
                            dataset.video_keys[0].segments[1].from_timestamp += 0.004;
                          }).value();
  const auto source = partial.sources.Flatten().front();
  EXPECT_EQ(source->video_places[0][1].first_frame, 10u);
  EXPECT_EQ(source->video_places[0][1].from_timestamp, 10.0 / 30);
  EXPECT_THAT(Warnings(partial), HasSubstr("W-episode-timestamps"));
}

TEST(Describe, SaysWhichCodecItReallyIs) {
  const Partial partial = DescribeChanged(TwoEpisodes(), [](Dataset& dataset) {
                            for (Feature& feature : dataset.schema.features) {
                              if (feature.name == "cam")
                                feature.entry["info"]["video.codec"] = "av1";
                            }
                          }).value();
  EXPECT_THAT(Warnings(partial), HasSubstr("W-video-codec"));
  EXPECT_THAT(Warnings(partial), HasSubstr("found h264"));
}

TEST(Describe, SaysThatAVideoHasAnotherSize) {
  const Partial partial = DescribeChanged(TwoEpisodes(), [](Dataset& dataset) {
                            dataset.video_keys[0].files[0].stream.width = 128;
                          }).value();
  EXPECT_THAT(Warnings(partial), HasSubstr("W-video-size"));
}

TEST(Describe, TimesOffTheGridStayAsTheyAre) {
  const Partial partial = DescribeChanged(TwoEpisodes(), [](Dataset& dataset) {
                            dataset.video_keys[0].files[0].stream.frame_ticks = 0;
                            dataset.video_keys[0].segments[1].from_timestamp = 0.3345;
                          }).value();
  EXPECT_EQ(partial.sources.Flatten().front()->video_places[0][1].from_timestamp, 0.3345);
}

TEST(Describe, AggregatesEpisodesWhereThereIsNoStatsJson) {
  const auto add_statistics = [](Dataset& dataset) {
    dataset.statistics.reset();
    StatColumns layout;
    for (const char* stat : {"min", "max", "mean", "std", "count"})
      layout.push_back({"action", stat, NumberKind::kFloat, 1, 1});
    EpisodeStatisticsBlock block;
    block.layout = std::make_shared<const StatColumns>(layout);
    block.stride = 5;
    block.num_rows = 2;
    block.values = {0, 3, 1.5, 1, 10, 10, 20, 15, 5, 20};
    dataset.episode_statistics = {block};
  };
  const Partial partial = DescribeChanged(TwoEpisodes(), add_statistics).value();
  const auto source = partial.sources.Flatten().front();
  ASSERT_EQ(source->statistics->size(), 1u);
  EXPECT_EQ(source->statistics->front().Find("count")->values[0], 30);
  EXPECT_DOUBLE_EQ(source->statistics->front().Find("mean")->values[0], (1.5 * 10 + 15 * 20) / 30);
  EXPECT_THAT(Warnings(partial), HasSubstr("W-stats-missing"));
}

TEST(Describe, AcceptsASourceWithoutEpisodes) {
  const Partial partial =
      DescribeChanged({.lengths = {}, .tasks = {"still a task"}}, [](Dataset& dataset) {
        dataset.statistics.reset();
      }).value();
  EXPECT_EQ(partial.num_episodes, 0u);
  EXPECT_EQ(partial.tasks.tasks.size(), 1u);
  EXPECT_THAT(Warnings(partial), HasSubstr("W-empty-source"));
}

}  // namespace
}  // namespace robomerge
