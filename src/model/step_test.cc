#include "model/step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/plan.h"
#include "testing/built_dataset.h"

namespace robomerge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const DescribedSource> Source(const std::string& root) {
  auto source = std::make_shared<DescribedSource>();
  source->dataset = std::make_shared<const Dataset>(
      test::MakeDataset({.root = root, .lengths = {3, 4}, .video_keys = {"cam"}}));
  source->data_places.resize(2);
  return source;
}

// A step of every kind, from three sources of two episodes each.
MergePlan EveryKind() {
  MergePlan plan;
  plan.sources = {Source("/a"), Source("/b"), Source("/c")};
  plan.video_keys = {"cam"};
  for (uint32_t episode = 0; episode < 6; ++episode)
    plan.episodes.push_back({episode / 2, episode % 2, 0, 2, 0});
  plan.schema_source = 2;
  plan.steps = {DataStep{{0, 1}, 1, 3, 1000},
                VideoStep{0, {1, 2}, false, {{1, 0, 0}, {0, 0, 0}}, 4, 2000},
                EpisodesStep{{0, 0}, 2, 4},
                TasksStep(),
                InfoStep{"info"},
                StatsStep{"stats"},
                RecordStep{"record"},
                CarriedFileStep{1, "notes/a.txt", 500, "meta/a.txt"}};
  return plan;
}

template <typename Answer>
auto OfEvery(const MergePlan& plan, Answer answer) {
  std::vector<decltype(answer(plan.steps.front()))> answers;
  for (const Step& step : plan.steps) answers.push_back(answer(step));
  return answers;
}

TEST(Step, EveryKindHasAnAnswerToEachQuestion) {
  const MergePlan plan = EveryKind();
  EXPECT_THAT(
      PathsOf(plan),
      ElementsAre("data/chunk-000/file-001.parquet", "videos/cam/chunk-001/file-002.mp4",
                  "meta/episodes/chunk-000/file-000.parquet", "meta/tasks.parquet",
                  "meta/info.json", "meta/stats.json", "meta/robomerge.json", "meta/a.txt"));
  EXPECT_THAT(OfEvery(plan, KindOf), ElementsAre("data", "video", "episodes", "tasks", "info",
                                                 "stats", "record", "carried"));
  EXPECT_THAT(OfEvery(plan, NumEpisodes), ElementsAre(3, 4, 4, 0, 0, 0, 0, 0));
  EXPECT_THAT(OfEvery(plan, PayloadBytes), ElementsAre(1000, 2000, 0, 0, 0, 0, 0, 500));
  EXPECT_THAT(OfEvery(plan, CostBytes), ElementsAre(1000, 2000, 4 * 16384, 0, 0, 0, 0, 500));
  const auto sources = [&](const Step& step) { return SourcesOf(plan, step); };
  EXPECT_THAT(OfEvery(plan, sources),
              ElementsAre(ElementsAre(0, 1, 2),  // the last one for its schema
                          ElementsAre(0, 1), ElementsAre(1, 2), IsEmpty(), IsEmpty(), IsEmpty(),
                          IsEmpty(), ElementsAre(1)));
  const auto files = [&](const Step& step) { return SourceFilesOf(plan, step); };
  EXPECT_THAT(OfEvery(plan, files), ElementsAre(ElementsAre("/a/data/chunk-000/file-000.parquet",
                                                            "/b/data/chunk-000/file-000.parquet"),
                                                ElementsAre("/b/videos/cam/chunk-000/file-000.mp4",
                                                            "/a/videos/cam/chunk-000/file-000.mp4"),
                                                IsEmpty(), IsEmpty(), IsEmpty(), IsEmpty(),
                                                IsEmpty(), ElementsAre("/b/notes/a.txt")));
}

TEST(Step, NamesFilesOfTheSourcesThatThePlanHolds) {
  MergePlan plan = EveryKind();
  plan.sources[1] = nullptr;
  EXPECT_THAT(SourceFilesOf(plan, plan.steps[0]),
              ElementsAre("/a/data/chunk-000/file-000.parquet"));
  EXPECT_THAT(SourceFilesOf(plan, plan.steps[1]),
              ElementsAre("/a/videos/cam/chunk-000/file-000.mp4"));
  EXPECT_THAT(SourceFilesOf(plan, plan.steps[7]), IsEmpty());
  EXPECT_THAT(SourcesOf(plan, plan.steps[1]), ElementsAre(0, 1));
}

TEST(Step, IsLateIfItNeedsWhatOthersHaveComeTo) {
  MergePlan plan = EveryKind();
  const auto is_late = [&](const Step& step) { return IsLate(plan, step); };
  EXPECT_THAT(OfEvery(plan, is_late), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0));
  plan.record_hashes = true;
  EXPECT_THAT(OfEvery(plan, is_late), ElementsAre(0, 0, 0, 0, 0, 0, 1, 0));
  plan.stats = StatsMode::kExact;
  EXPECT_THAT(OfEvery(plan, is_late), ElementsAre(0, 0, 1, 0, 0, 1, 1, 0));
}

TEST(Step, IsFoundByItsKind) {
  MergePlan plan = EveryKind();
  EXPECT_EQ(FindStep<StatsStep>(plan)->text, "stats");
  plan.steps.erase(plan.steps.begin() + 5);
  EXPECT_EQ(FindStep<StatsStep>(plan), nullptr);
}

}  // namespace
}  // namespace robomerge
