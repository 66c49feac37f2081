#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "describe/describe.h"
#include "reduce/combine.h"
#include "testing/built_dataset.h"

namespace robomerge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kMegabyte = 1024 * 1024;

Result<MergePlan> PlanOf(const std::vector<Dataset>& datasets, const MergeOptions& options = {}) {
  Partial root;
  for (const Dataset& dataset : datasets)
    root = Combine(std::move(root), Describe(std::make_shared<const Dataset>(dataset)).value());
  return Plan(root, options);
}

// The plan's steps of that kind, in order.
template <typename One>
std::vector<One> StepsOf(const MergePlan& plan) {
  std::vector<One> steps;
  for (const Step& step : plan.steps) {
    if (const One* one = std::get_if<One>(&step)) steps.push_back(*one);
  }
  return steps;
}

std::string Warnings(const MergePlan& plan) {
  std::string text;
  for (const Problem& warning : plan.warnings) text += Status(warning).ToString() + "\n";
  return text;
}

// The worked example of the format specification, section 3.9.
std::vector<Dataset> WorkedExample() {
  Dataset a = test::MakeDataset({.root = "a",
                                 .lengths = {100, 120},
                                 .video_keys = {"cam"},
                                 .data_bytes = 60 * kMegabyte,
                                 .video_bytes = 90 * kMegabyte});
  Dataset b = test::MakeDataset({.root = "b",
                                 .lengths = {80, 80, 150},
                                 .video_keys = {"cam"},
                                 .data_bytes = 30 * kMegabyte,
                                 .video_bytes = 70 * kMegabyte});
  // Episode 2 lies in second files of each kind, as after a resumed recording.
  DataFile second_data = b.data_files[0];
  second_data.id = {0, 1};
  second_data.path = "b/data/chunk-000/file-001.parquet";
  second_data.uncompressed_bytes = second_data.size_bytes = 20 * kMegabyte;
  second_data.episodes.erase(second_data.episodes.begin(), second_data.episodes.begin() + 2);
  second_data.episodes[0].first_row = 0;
  b.data_files[0].episodes.pop_back();
  b.data_files.push_back(second_data);
  b.episodes[2].data_file = 1;
  VideoFile second_video = b.video_keys[0].files[0];
  second_video.id = {0, 1};
  second_video.stream.num_frames = 150;
  second_video.stream.file_size_bytes = 60 * kMegabyte;
  b.video_keys[0].files[0].stream.num_frames = 160;
  b.video_keys[0].files.push_back(second_video);
  b.video_keys[0].segments[2] = {1, 0, 5};
  b.episodes_files.push_back({"b/meta/episodes/chunk-000/file-001.parquet", 500, 1, 0, 400});
  b.episodes[2].episodes_file = 1;
  Dataset c = test::MakeDataset({.root = "c",
                                 .lengths = {90},
                                 .video_keys = {"cam"},
                                 .data_bytes = 10 * kMegabyte,
                                 .video_bytes = 150 * kMegabyte});
  return {a, b, c};
}

TEST(Plan, WorkedExampleOfTheSpecification) {
  const MergePlan plan = PlanOf(WorkedExample()).value();
  ASSERT_EQ(plan.episodes.size(), 6u);
  std::vector<uint64_t> first_frames;
  std::vector<int64_t> data_files, video_files, episodes_files;
  std::vector<double> from, to;
  for (size_t episode = 0; episode < 6; ++episode) {
    first_frames.push_back(plan.episodes[episode].first_frame);
    const PlannedEpisode& planned = plan.episodes[episode];
    data_files.push_back(std::get<DataStep>(plan.steps[planned.data_step]).id.file_index);
    video_files.push_back(
        std::get<VideoStep>(plan.steps[plan.frames[0][episode].video_step]).id.file_index);
    episodes_files.push_back(
        std::get<EpisodesStep>(plan.steps[planned.episodes_step]).id.file_index);
    from.push_back(plan.frames[0][episode].from_timestamp);
    to.push_back(plan.frames[0][episode].to_timestamp);
  }
  EXPECT_THAT(first_frames, ElementsAre(0, 100, 220, 300, 380, 530));
  EXPECT_THAT(data_files, ElementsAre(0, 0, 0, 0, 1, 1));
  EXPECT_THAT(video_files, ElementsAre(0, 0, 0, 0, 1, 2));
  EXPECT_THAT(episodes_files,
              ElementsAre(0, 0, 0, 0, 0, 0));  // W-1: LeRobot names file 1 for the fifth
  EXPECT_THAT(from, ElementsAre(0.0, 100 / 30.0, 220 / 30.0, 300 / 30.0, 0.0, 0.0));
  EXPECT_THAT(to,
              ElementsAre(100 / 30.0, 220 / 30.0, 300 / 30.0, 380 / 30.0, 150 / 30.0, 90 / 30.0));
  const Json stats = json::Parse(FindStep<StatsStep>(plan)->text, "stats").value();
  EXPECT_EQ(stats["index"]["max"][0], 619);  // W-4
  EXPECT_EQ(stats["index"]["count"][0], 620);
}

// Cuts every wanted range out, with so many frames before it that must be kept.
CutVideo SplitWith(uint64_t num_hidden) {
  return
      [num_hidden](const VideoFile& video,
                   const std::vector<mp4::FrameRange>& wanted) -> Result<std::vector<VideoFile>> {
        std::vector<VideoFile> parts;
        for (const mp4::FrameRange& range : wanted) {
          mp4::FrameCut cut;
          const uint64_t num_before = std::min(num_hidden, range.first);
          cut.pieces.push_back({range.first - num_before, range.num + num_before});
          cut.num_source_frames = video.stream.num_frames;
          VideoFile& part = parts.emplace_back(video);
          part.is_cut = true;
          part.stream.num_frames = cut.num_frames();
          part.cut = std::make_shared<const mp4::FrameCut>(std::move(cut));
        }
        return parts;
      };
}

Result<MergePlan> PlanOfV21(const std::vector<Dataset>& datasets, MergeOptions options = {},
                            uint64_t num_hidden = 0) {
  options.codebase_version = CodebaseVersion::kV21;
  Partial root;
  for (const Dataset& dataset : datasets) {
    Result<Partial> leaf =
        Describe(std::make_shared<const Dataset>(dataset), {}, {}, {}, SplitWith(num_hidden));
    ROBOMERGE_RETURN_NOT_OK(leaf.status());
    root = Combine(std::move(root), *leaf);
  }
  return Plan(root, options);
}

Dataset TwoEpisodes(const std::string& root) {
  return test::MakeDataset({.root = root, .lengths = {10, 20}, .video_keys = {"cam"}});
}

TEST(PlanV21, GivesEachEpisodeItsFiles) {
  MergeOptions options;
  options.chunk_size = 3;
  const MergePlan plan = PlanOfV21({TwoEpisodes("a"), TwoEpisodes("b")}, options).value();
  EXPECT_THAT(
      PathsOf(plan),
      ElementsAre(
          "data/chunk-000/episode_000000.parquet", "data/chunk-000/episode_000001.parquet",
          "data/chunk-000/episode_000002.parquet", "data/chunk-001/episode_000003.parquet",
          "videos/chunk-000/cam/episode_000000.mp4", "videos/chunk-000/cam/episode_000001.mp4",
          "videos/chunk-000/cam/episode_000002.mp4", "videos/chunk-001/cam/episode_000003.mp4",
          "meta/episodes.jsonl", "meta/episodes_stats.jsonl", "meta/tasks.jsonl", "meta/info.json",
          "meta/stats.json", "meta/robomerge.json"));
  const PlannedFrames& last = plan.frames[0][3];
  EXPECT_EQ(std::get<EpisodeVideoStep>(plan.steps[last.video_step]).input.source, 1u);
  EXPECT_EQ(last.from_timestamp, 0);
  EXPECT_EQ(last.to_timestamp, 20 / 30.0);
  EXPECT_EQ(SourceFilesOf(plan, plan.steps[3]),
            std::vector<std::string>{"b/data/chunk-000/file-000.parquet"});
  EXPECT_EQ(plan.origins[0].files.size(), 3u);  // a video of two episodes is one file
  const Json info = json::Parse(FindStep<InfoStep>(plan)->text, "info").value();
  std::vector<std::string> keys;
  for (const auto& [key, value] : info.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("codebase_version", "robot_type", "total_episodes", "total_frames",
                                "total_tasks", "total_videos", "total_chunks", "chunks_size", "fps",
                                "splits", "data_path", "video_path", "features"));
  EXPECT_EQ(info["codebase_version"], "v2.1");
  EXPECT_EQ(info["total_videos"], 4);
  EXPECT_EQ(info["total_chunks"], 2);
  const Json record = json::Parse(FindStep<RecordStep>(plan)->text, "record").value();
  EXPECT_EQ(record["options"]["codebase_version"], "2.1");
  EXPECT_NE(plan.id, PlanOf({TwoEpisodes("a"), TwoEpisodes("b")}).value().id);
}

TEST(PlanV21, CopiesAVideoOfOneEpisodeAsItIs) {
  const Dataset one = test::MakeDataset({.lengths = {10}, .video_keys = {"cam"}});
  const MergePlan plan = PlanOfV21({one, TwoEpisodes("b")}).value();
  const std::vector<EpisodeVideoStep> videos = StepsOf<EpisodeVideoStep>(plan);
  ASSERT_EQ(videos.size(), 3u);
  EXPECT_TRUE(videos[0].is_copy);
  EXPECT_FALSE(videos[1].is_copy);
  EXPECT_FALSE(videos[2].is_copy);
}

TEST(PlanV21, SaysHowManyFramesAreHiddenOrRefusesThem) {
  const MergePlan plan = PlanOfV21({TwoEpisodes("a")}, {}, 4).value();
  EXPECT_THAT(Warnings(plan), HasSubstr("4 frames of `cam` are kept in 1 videos"));
  const DescribedSource& source = *plan.sources[0];
  EXPECT_EQ(source.video_places[0][1].first_frame, 4u);
  MergeOptions options;
  options.padding = false;
  const Status refused = PlanOfV21({TwoEpisodes("a")}, options, 4).status();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.problems().front().kind, "E-video-padding");
  EXPECT_TRUE(PlanOfV21({TwoEpisodes("a")}, options).ok());
}

TEST(PlanV21, NamesVideosThatCannotBeSplit) {
  Dataset fragmented = TwoEpisodes("a");
  fragmented.video_keys[0].files[0].stream.own_file_reason = "it is fragmented";
  const Status status = PlanOfV21({fragmented}).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.problems().front().kind, "E-video-split");
  EXPECT_EQ(status.problems().front().found, "it is fragmented");
  // Of one episode it is copied.
  Dataset alone = test::MakeDataset({.lengths = {10}, .video_keys = {"cam"}});
  alone.video_keys[0].files[0].stream.own_file_reason = "it is fragmented";
  EXPECT_TRUE(StepsOf<EpisodeVideoStep>(PlanOfV21({alone}).value()).front().is_copy);
}

TEST(PlanV21, RefusesSourcesThatWereDescribedForAnotherVersion) {
  const auto dataset = std::make_shared<const Dataset>(TwoEpisodes("a"));
  MergeOptions options;
  options.codebase_version = CodebaseVersion::kV21;
  const Status whole = Plan(Describe(dataset).value(), options).status();
  ASSERT_FALSE(whole.ok());
  EXPECT_EQ(whole.problems().front().kind, "E-options");
  EXPECT_THAT(whole.problems().front().hint,
              HasSubstr("describe the sources with `--codebase-version 2.1`"));
  const Status split = Plan(Describe(dataset, {}, {}, {}, SplitWith(0)).value(), {}).status();
  ASSERT_FALSE(split.ok());
  EXPECT_THAT(split.problems().front().hint, HasSubstr("plan with `--codebase-version 2.1`"));
}

TEST(PlanV21, SaysWhatItsReadersDoNotSee) {
  Dataset dataset = TwoEpisodes("a");
  for (Feature& feature : dataset.schema.features) {
    if (feature.name == "cam") feature.entry["info"] = {{"is_depth_map", true}};
  }
  dataset.carried_columns = {"operator"};
  const MergePlan plan = PlanOfV21({dataset}).value();
  EXPECT_THAT(Warnings(plan), HasSubstr("`cam` is a depth map"));
  EXPECT_THAT(Warnings(plan), HasSubstr("no such table: operator"));
  EXPECT_THAT(FindStep<InfoStep>(plan)->text, HasSubstr("\"video.is_depth_map\": true"));
  Json entry = {{"dtype", "language"}, {"shape", {1}}, {"names", nullptr}};
  dataset.schema.features.push_back({"language_events", std::move(entry)});
  const Status status = PlanOfV21({dataset}).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.problems().front().kind, "E-version-feature");
  EXPECT_THAT(status.problems().front().hint, HasSubstr("--drop language_events"));
}

TEST(Plan, RollsOverAtEquality) {
  const auto source = [](uint64_t bytes) {
    return test::MakeDataset({.video_keys = {"cam"}, .data_bytes = bytes, .video_bytes = bytes});
  };
  MergeOptions options;
  options.data_files_size_in_mb = options.video_files_size_in_mb = 3;
  const MergePlan full = PlanOf({source(kMegabyte), source(2 * kMegabyte)}, options).value();
  EXPECT_EQ(StepsOf<DataStep>(full).size(), 2u);
  EXPECT_EQ(StepsOf<VideoStep>(full).size(), 2u);
  const MergePlan fits = PlanOf({source(kMegabyte), source(2 * kMegabyte - 1)}, options).value();
  EXPECT_EQ(StepsOf<DataStep>(fits).size(), 1u);
  EXPECT_EQ(StepsOf<VideoStep>(fits).size(), 1u);
}

TEST(Plan, WithoutConcatenationEverySourceFileStaysAFile) {
  MergeOptions options;
  options.concatenate_data = options.concatenate_videos = false;
  const MergePlan plan = PlanOf(WorkedExample(), options).value();
  EXPECT_EQ(StepsOf<DataStep>(plan).size(), 4u);
  EXPECT_EQ(StepsOf<VideoStep>(plan).size(), 4u);
  for (const VideoStep& step : StepsOf<VideoStep>(plan)) EXPECT_TRUE(step.is_copy);
}

TEST(Plan, ChunkFoldersHoldChunkSizeFiles) {
  MergeOptions options;
  options.chunk_size = 2;
  options.concatenate_data = false;
  std::vector<Dataset> sources(5, test::MakeDataset({}));
  const MergePlan plan = PlanOf(sources, options).value();
  std::vector<std::string> paths;
  for (const DataStep& step : StepsOf<DataStep>(plan))
    paths.push_back(DestinationDataPath(step.id));
  EXPECT_THAT(paths,
              ElementsAre("data/chunk-000/file-000.parquet", "data/chunk-000/file-001.parquet",
                          "data/chunk-001/file-000.parquet", "data/chunk-001/file-001.parquet",
                          "data/chunk-002/file-000.parquet"));
}

TEST(Plan, VideosEndBefore1024Seconds) {
  const auto source = [] {
    return test::MakeDataset({.lengths = {30 * 400}, .video_keys = {"cam"}});
  };
  const MergePlan plan = PlanOf({source(), source(), source()}).value();
  ASSERT_EQ(StepsOf<VideoStep>(plan).size(), 2u);
  EXPECT_EQ(StepsOf<VideoStep>(plan)[0].inputs.size(), 2u);
  const MergePlan single =
      PlanOf({test::MakeDataset({.lengths = {30 * 3000}, .video_keys = {"cam"}})}).value();
  EXPECT_EQ(StepsOf<VideoStep>(single).size(), 1u);
}

TEST(Plan, UnlikeStreamsAndOwnFilesBeginNewFiles) {
  std::vector<Dataset> sources(4, test::MakeDataset({.video_keys = {"cam"}}));
  sources[1].video_keys[0].files[0].stream.decoder_key = "another";
  sources[2].video_keys[0].files[0].stream.own_file_reason = "fragmented";
  const MergePlan plan = PlanOf(sources).value();
  EXPECT_EQ(StepsOf<VideoStep>(plan).size(), 4u);
  EXPECT_TRUE(StepsOf<VideoStep>(plan)[2].is_copy);
  EXPECT_THAT(Warnings(plan), HasSubstr("W-video-split"));
  EXPECT_THAT(Warnings(plan), HasSubstr("W-video-own-file"));
}

TEST(Plan, TimescalesShareAFileOnlyIfTheirClockFits) {
  std::vector<Dataset> sources(2, test::MakeDataset({.video_keys = {"cam"}}));
  const auto set_clock = [&](uint32_t timescale) {
    sources[1].video_keys[0].files[0].stream.timescale = timescale;
    sources[1].video_keys[0].files[0].stream.frame_ticks = timescale / 30;
  };
  set_clock(90000);
  EXPECT_EQ(StepsOf<VideoStep>(PlanOf(sources).value()).size(), 1u);
  set_clock(30 * 100'003'007u % 0xffffffffu / 30 * 30);
  EXPECT_EQ(StepsOf<VideoStep>(PlanOf(sources).value()).size(), 2u);
}

TEST(Plan, SwappedAndInterleavedFilesComeOutInEpisodeOrder) {
  Dataset dataset = test::MakeDataset({.lengths = {10, 10, 10, 10}});
  DataFile odd = dataset.data_files[0], even = dataset.data_files[0];
  even.path = "a/even", odd.path = "a/odd";
  even.episodes = {dataset.data_files[0].episodes[2], dataset.data_files[0].episodes[0]};
  odd.episodes = {dataset.data_files[0].episodes[1], dataset.data_files[0].episodes[3]};
  dataset.data_files = {odd, even};
  for (size_t episode = 0; episode < 4; ++episode)
    dataset.episodes[episode].data_file = episode % 2 == 0 ? 1 : 0;
  const MergePlan plan = PlanOf({dataset}).value();
  ASSERT_EQ(StepsOf<DataStep>(plan).size(), 1u);
  EXPECT_EQ(StepsOf<DataStep>(plan)[0].num_episodes, 4u);
  for (size_t episode = 0; episode < 4; ++episode)
    EXPECT_EQ(plan.episodes[episode].first_frame, 10 * episode);
}

TEST(Plan, EveryDisagreementIsInOneMessage) {
  std::vector<Dataset> sources(3, test::MakeDataset({.video_keys = {"cam"}}));
  sources[1].root = "b";
  sources[1].schema.fps = 20;
  sources[1].video_keys[0].files[0].stream.frame_ticks = 768;
  sources[1].video_keys[0].segments[0].to_timestamp = 0.5;
  sources[1].schema.robot_type = nullptr;
  sources[2].root = "c";
  sources[2].schema.features[0].entry["shape"] = Json::array({3});
  sources[2].schema.features[0].name = "action";
  sources[2].schema.features.push_back({"extra", DefaultFeatureEntry("index")});
  const std::string text = FormatProblems(PlanOf(sources).status().problems(), "error");
  for (const char* part :
       {"E-fps", "E-robot-type", "b/meta/info.json: fps",
        "expected 30   from a/meta/info.json: fps", "found    20",
        "c/meta/info.json: features[\"action\"].shape", "feature `extra` is in this source only"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(Plan, NamesThatSomeLackAndTheCaseOfRobotsAreSettled) {
  const auto source = [](const std::string& root, const char* names, const char* robot) {
    Dataset dataset = test::MakeDataset({.root = root});
    dataset.schema.robot_type = robot;
    Json& entry = dataset.schema.features[0].entry;
    entry["shape"] = Json::array({2});
    entry["names"] = json::Parse(names, "").value();
    return dataset;
  };
  const Dataset none = source("a", "null", "So101"), named = source("b", R"(["x", "y"])", "so101"),
                other = source("c", R"({"motors": ["x", "y"]})", "SO101"),
                unlike = source("d", R"(["x", "z"])", "So101");
  const MergePlan plan = PlanOf({none, other, named, none}).value();
  const Json info = json::Parse(FindStep<InfoStep>(plan)->text, "info").value();
  EXPECT_EQ(info["robot_type"], "So101");
  EXPECT_EQ(info["features"].front()["names"], other.schema.features[0].entry["names"]);
  EXPECT_THAT(Warnings(plan), AllOf(HasSubstr("W-robot-type"), HasSubstr("in other forms"),
                                    HasSubstr("do not name the elements"), HasSubstr("at b/meta"),
                                    HasSubstr("at a/meta")));
  const auto refused = PlanOf({none, named, unlike}).status();
  ASSERT_EQ(refused.problems().size(), 1u);
  EXPECT_THAT(refused.ToString(),
              AllOf(HasSubstr("d/meta/info.json"), HasSubstr("differs in names"),
                    HasSubstr("from b/meta/info.json")));
  EXPECT_FALSE(PlanOf({none, source("e", "[]", "So101"), named}).ok());  // names that are none
}

TEST(Plan, OfOtherNamesThoseOfMostSourcesStay) {
  const auto source = [](const std::string& root, Json names) {
    Dataset dataset = test::MakeDataset({.root = root});
    dataset.schema.features[0].entry["shape"] = Json::array({2});
    dataset.schema.features[0].entry["names"] = std::move(names);
    return dataset;
  };
  const Json xy = {"x", "y"}, zw = {"z", "w"};
  Partial root;
  for (const Dataset& dataset : {source("a", nullptr), source("b", zw), source("c", xy),
                                 source("d", xy), source("e", xy), source("f", nullptr)})
    root = Combine(std::move(root), Describe(std::make_shared<const Dataset>(dataset)).value());
  root.skip_broken = SkipBroken::kSources;
  const Partial kept = LeaveOut(root).value();
  ASSERT_EQ(kept.skipped.size(), 1u);
  EXPECT_EQ(kept.skipped[0].source, "b");
  EXPECT_TRUE(Plan(kept, {}).ok());
}

TEST(Plan, TasksAreMappedByText) {
  Dataset a = test::MakeDataset({.tasks = {"x", "y"}}),
          b = test::MakeDataset({.tasks = {"y", "z"}});
  const MergePlan plan = PlanOf({a, b}).value();
  EXPECT_THAT(plan.tasks, ElementsAre("x", "y", "z"));
  EXPECT_THAT(plan.task_maps[1], ElementsAre(1, 2));
}

TEST(Plan, EncoderSettingsThatDifferBecomeNullWithLeRobotsWarning) {
  std::vector<Dataset> sources(2, test::MakeDataset({.video_keys = {"cam"}}));
  for (size_t at = 0; at < 2; ++at) {
    for (Feature& feature : sources[at].schema.features) {
      if (feature.name == "cam")
        feature.entry["info"] = {{"video.codec", "h264"},
                                 {"video.crf", 20 + at},
                                 {"video.g", 2},
                                 {"is_depth_map", false}};
    }
  }
  const MergePlan plan = PlanOf(sources).value();
  EXPECT_THAT(
      Warnings(plan),
      HasSubstr("Merging heterogeneous or incomplete video encoder metadata for feature cam. "
                "Setting these keys to null: ['video.crf']."));
  const Json info = json::Parse(FindStep<InfoStep>(plan)->text, "info").value();
  const Json& merged = info["features"]["cam"]["info"];
  EXPECT_TRUE(merged["video.crf"].is_null());
  EXPECT_EQ(merged["video.g"], 2);
  EXPECT_EQ(merged["video.video_backend"], "pyav");
  std::vector<std::string> keys;
  for (const auto& [key, value] : merged.items()) keys.push_back(key);
  EXPECT_THAT(
      keys, ElementsAre("video.codec", "video.crf", "video.g", "video.preset", "video.fast_decode",
                        "video.extra_options", "video.video_backend", "is_depth_map"));
}

TEST(Plan, ToolsAreKeptOnlyWhereAllAgree) {
  std::vector<Dataset> sources(2, test::MakeDataset({}));
  for (Dataset& source : sources) source.schema.tools = Json::array({{{"name", "grip"}}});
  EXPECT_TRUE(json::Parse(FindStep<InfoStep>(PlanOf(sources).value())->text, "info")
                  .value()
                  .contains("tools"));
  sources[1].schema.tools = nullptr;
  const MergePlan plan = PlanOf(sources).value();
  EXPECT_FALSE(json::Parse(FindStep<InfoStep>(plan)->text, "info").value().contains("tools"));
  EXPECT_THAT(Warnings(plan), HasSubstr("W-tools"));
}

TEST(Plan, RefusesOptionsOutOfRange) {
  MergeOptions options;
  options.chunk_size = 1001;
  options.data_files_size_in_mb = 0;
  options.video_files_size_in_mb = std::nan("");
  EXPECT_EQ(PlanOf({test::MakeDataset({})}, options).status().problems().size(), 3u);
  options = MergeOptions();
  options.chunk_size = 1;
  options.concatenate_data = false;
  EXPECT_THAT(
      PlanOf(std::vector<Dataset>(1001, test::MakeDataset({})), options).status().ToString(),
      HasSubstr("1000 chunk folders"));
}

TEST(Plan, IdNamesTheSourcesAndOptions) {
  const std::vector<Dataset> sources(2, test::MakeDataset({}));
  const std::string id = PlanOf(sources).value().id;
  EXPECT_EQ(PlanOf(sources).value().id, id);
  EXPECT_EQ(id.size(), 16u);
  MergeOptions options;
  options.concatenate_data = false;
  EXPECT_NE(PlanOf(sources, options).value().id, id);
  std::vector<Dataset> touched = sources;
  touched[1].data_files[0].modified_ns = 2;
  EXPECT_NE(PlanOf(touched).value().id, id);
}

// The partial of one source at `location` called `name`, with episodes of these lengths.
Partial Named(const std::string& location, std::vector<uint64_t> lengths, const std::string& name) {
  SourceSpec spec(location);
  spec.name = name;
  Dataset dataset = test::MakeDataset({.root = location, .lengths = std::move(lengths)});
  return Describe(std::make_shared<const Dataset>(std::move(dataset)), spec).value();
}

TEST(Identity, ANameIsInTheRecordAndInTheIdsAndNoNameIsNowhere) {
  const auto plan_of = [](const std::string& name) {
    return Plan(Combine(Named("a", {10}, name), Named("b", {20}, "")), {}).value();
  };
  const MergePlan plain = plan_of(""), named = plan_of("left arm");
  EXPECT_THAT(FindStep<RecordStep>(named)->text, HasSubstr("\"name\": \"left arm\""));
  EXPECT_THAT(FindStep<RecordStep>(plain)->text, ::testing::Not(HasSubstr("\"name\"")));
  EXPECT_NE(named.id, plain.id);
  EXPECT_NE(named.content_id, plain.content_id);
  EXPECT_EQ(named.origins.front().name, "left arm");
}

TEST(Identity, AWriterOfOtherBytesNeverGoesOnWithOurs) {
  const MergePlan plan = PlanOf(WorkedExample()).value();
  EXPECT_EQ(PlanId(plan), plan.id);
  EXPECT_NE(PlanId(plan, kWriterRevision + 1), plan.id);
  EXPECT_NE(ContentId(plan, kWriterRevision + 1), plan.content_id);
}

TEST(Identity, SourcesThatHoldTheSameAreOneWarningForEachGroup) {
  Partial root;
  for (const char* location : {"a", "b", "copy of a", "a", "link to a", "again a", "c of b"}) {
    const bool is_b = std::string(location).find('b') != std::string::npos;
    root = Combine(std::move(root), Named(location, {is_b ? 20u : 10u}, ""));
  }
  std::vector<Problem> twice;
  for (const Problem& warning : Plan(root, {}).value().warnings) {
    if (warning.kind == "W-source-twice") twice.push_back(warning);
  }
  ASSERT_EQ(twice.size(), 2u);
  EXPECT_EQ(twice[0].source, "copy of a");
  EXPECT_THAT(twice[0].found, HasSubstr("in a, copy of a, link to a and 1 more"));
  EXPECT_THAT(twice[1].found, HasSubstr("in b, c of b"));
  // A user who gives the same path twice means it.
  const MergePlan same = Plan(Combine(Named("a", {10}, ""), Named("a", {10}, "")), {}).value();
  EXPECT_THAT(Warnings(same), ::testing::Not(HasSubstr("W-source-twice")));
}

}  // namespace
}  // namespace robomerge
