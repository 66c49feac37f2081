#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "describe/describe.h"
#include "formats/json/json.h"
#include "persist/partial_folder.h"
#include "persist/plan_folder.h"
#include "persist/table_folder.h"
#include "plan/plan.h"
#include "reduce/combine.h"
#include "testing/built_dataset.h"
#include "testing/sanitized.h"

namespace robomerge::persist {
namespace {

using ::testing::HasSubstr;

class PersistTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "robomerge_persist_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return io::JoinPath(folder_, name); }
  std::string ReadText(const std::string& name) const {
    return io::ReadWholeFile(io::Posix(), Path(name)).value();
  }
  void WriteText(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  void ReplaceIn(const std::string& name, const std::string& old,
                 const std::string& replacement) const {
    std::string text = ReadText(name);
    ASSERT_NE(text.find(old), std::string::npos) << text;
    WriteText(name, text.replace(text.find(old), old.size(), replacement));
  }

  // The text of a header whose fingerprint fits again.
  static std::string Refingerprinted(const std::string& text) {
    json::Json header = json::Parse(text, "header").value();
    header["fingerprint"] = HeaderFingerprint(header);
    return json::Dump(header) + "\n";
  }
  void MakeHeaderFit(const std::string& name) const {
    WriteText(name, Refingerprinted(ReadText(name)));
  }

  std::string folder_;
};

// Sources that differ in everything that a partial stores: tasks, lengths, warnings, schemas, and
// statistics that would change if they were written as decimals.
Partial Leaf(size_t number) {
  const std::string task = "task " + std::to_string(number % 5);
  Dataset dataset = test::MakeDataset({.root = "/data/source " + std::to_string(number),
                                       .lengths = {10 + number, 7},
                                       .tasks = {task, "shared"},
                                       .video_keys = {"cam"},
                                       .data_bytes = 1000 + 7 * number,
                                       .video_bytes = 3000 + number});
  dataset.statistics->front().statistics[2].values = {0.1 * static_cast<double>(number) + 1.0 / 3};
  dataset.data_files[0].episodes[1].task_frames = {{0, 3}, {1, 4}};
  if (number % 3 == 0)
    dataset.schema.fps = 30.0;  // the same rate written in another way: another schema
  if (number % 4 == 0) {
    dataset.carried_columns = {"note " + std::to_string(number % 8)};
    auto layout = std::make_shared<const StatColumns>(StatColumns{
        {"action", "min", NumberKind::kFloat, 1, 1}, {"cam", "max", NumberKind::kFloat, 3, 3}});
    dataset.episode_statistics.push_back({layout, 4, 2, std::vector<double>(8)});
  }
  if (number % 6 == 0)
    dataset.warnings.push_back(
        Problem(Code::kCorrupt, "made up").Kind("W-test").At("here").While("testing"));
  return Describe(std::make_shared<const Dataset>(std::move(dataset))).value();
}

Partial Range(size_t first, size_t end) {
  Partial partial;
  for (size_t number = first; number < end; ++number)
    partial = Combine(std::move(partial), Leaf(number));
  return partial;
}

MergePlan PlanOf(const Partial& root) { return Plan(root, {}).value(); }

// The small files that the plan holds whole.
std::vector<std::string> TextsOf(const MergePlan& plan) {
  std::vector<std::string> texts;
  for (const Step& step : plan.steps) {
    if (const std::string* text = TextOf(step)) texts.push_back(*text);
  }
  return texts;
}

std::string WarningsOf(const MergePlan& plan) {
  return plan.warnings.empty() ? "" : FormatProblems(plan.warnings, "warning", 1000);
}

StoredPlan Stored(MergePlan plan) {
  StoredPlan stored;
  stored.destination = "/data/merged";
  stored.plan = std::move(plan);
  return stored;
}

std::vector<std::string> Names(size_t num_sources) {
  std::vector<std::string> names;
  for (size_t at = 0; at < num_sources; ++at) names.push_back("/sources/" + std::to_string(at));
  return names;
}

// Combines a list of partials; picks two neighbours at random each time.
Partial CombineAnyhow(std::vector<Partial> partials, std::mt19937& random) {
  while (partials.size() > 1) {
    const size_t at = random() % (partials.size() - 1);
    partials[at] = Combine(std::move(partials[at]), partials[at + 1]);
    partials.erase(partials.begin() + static_cast<int64_t>(at) + 1);
  }
  return std::move(partials.front());
}

TEST_F(PersistTest, AHundredCutsAndBracketingsGiveOnePlan) {
  constexpr size_t kSources = 24;
  const MergePlan expected = PlanOf(Range(0, kSources));
  std::mt19937 random(20);
  for (int attempt = 0; attempt < (kIsSanitized ? 10 : 100); ++attempt) {
    const std::string directory = Path("cut " + std::to_string(attempt));
    for (size_t first = 0; first < kSources;) {
      const size_t end = std::min<size_t>(kSources, first + 1 + random() % 9);
      ASSERT_FALSE(WritePartial(io::Posix(), directory, {first, end - first, kSources},
                                Names(kSources), Range(first, end), false)
                       .value());
      first = end;
    }
    std::vector<StoredPartial> stored = ReadPartials(io::Posix(), directory).value();
    std::vector<Partial> partials;
    for (StoredPartial& partial : stored) partials.push_back(std::move(partial.partial));
    const MergePlan plan = PlanOf(CombineAnyhow(std::move(partials), random));
    ASSERT_EQ(plan.id, expected.id) << "attempt " << attempt;
    ASSERT_EQ(TextsOf(plan), TextsOf(expected));
    ASSERT_EQ(WarningsOf(plan), WarningsOf(expected));
    std::filesystem::remove_all(directory);
  }
}

TEST_F(PersistTest, PartialsMustCoverEverySourceOnce) {
  const auto put = [&](size_t first, size_t end, size_t num_in_all) {
    ASSERT_TRUE(WritePartial(io::Posix(), Path("partials"), {first, end - first, num_in_all},
                             Names(num_in_all), Range(first, end), false)
                    .ok());
  };
  put(0, 2, 6);
  put(4, 6, 6);
  Status status = ReadPartials(io::Posix(), Path("partials")).status();
  ASSERT_EQ(status.problems().size(), 1u);
  EXPECT_EQ(status.problems()[0].kind, "E-partial-missing");
  EXPECT_THAT(status.problems()[0].what, HasSubstr("sources 2 to 3"));
  put(1, 4, 6);
  status = ReadPartials(io::Posix(), Path("partials")).status();
  ASSERT_EQ(status.problems().size(), 1u);
  EXPECT_EQ(status.problems()[0].kind, "E-partial-overlap");
  EXPECT_THAT(status.problems()[0].where, HasSubstr("partial-000000001-000000003"));
  EXPECT_EQ(ReadPartials(io::Posix(), Path("nowhere")).status().problems()[0].kind,
            "E-partial-missing");
}

TEST_F(PersistTest, PartialsOfOtherListsDoNotFit) {
  const auto put = [&](size_t first, size_t end, const std::vector<std::string>& list) {
    ASSERT_TRUE(WritePartial(io::Posix(), Path("lists"), {first, end - first, list.size()}, list,
                             Range(first, end), false)
                    .ok());
  };
  std::vector<std::string> other = Names(4);
  std::swap(other[1], other[2]);
  put(0, 2, Names(4));
  put(2, 4, other);
  const Status status = ReadPartials(io::Posix(), Path("lists")).status();
  ASSERT_EQ(status.problems().size(), 1u);
  EXPECT_EQ(status.problems()[0].kind, "E-partial-overlap");
  EXPECT_THAT(status.problems()[0].expected, HasSubstr("source 1: /sources/1 "));
  EXPECT_EQ(status.problems()[0].found, "/sources/2");
  put(2, 4, Names(4));
  EXPECT_TRUE(ReadPartials(io::Posix(), Path("lists")).ok());
  other = Names(4);
  other.pop_back();
  put(2, 3, other);
  EXPECT_EQ(ReadPartials(io::Posix(), Path("lists")).status().problems()[0].found,
            "only 3 sources");
}

TEST_F(PersistTest, APartialOfChangedSourcesIsReplacedAndAnEqualOneLeft) {
  const PartialPlace place{0, 1, 1};
  EXPECT_FALSE(WritePartial(io::Posix(), Path("p"), place, Names(1), Leaf(1), false).value());
  EXPECT_TRUE(WritePartial(io::Posix(), Path("p"), place, Names(1), Leaf(1), false).value());
  EXPECT_FALSE(WritePartial(io::Posix(), Path("p"), place, Names(1), Leaf(2), false).value());
  EXPECT_EQ(PlanOf(ReadPartials(io::Posix(), Path("p")).value()[0].partial).id, PlanOf(Leaf(2)).id);
}

TEST_F(PersistTest, APlanComesBackAsItWas) {
  const StoredPlan stored = Stored(PlanOf(Range(0, 9)));
  EXPECT_FALSE(WritePlan(io::Posix(), Path("plan"), stored, false).value());
  EXPECT_TRUE(WritePlan(io::Posix(), Path("plan"), stored, false).value());
  const StoredPlan back = ReadPlan(io::Posix(), Path("plan")).value();
  EXPECT_EQ(back.plan.id, stored.plan.id);
  EXPECT_EQ(PlanId(back.plan), stored.plan.id);
  EXPECT_EQ(back.plan.content_id, stored.plan.content_id);
  EXPECT_EQ(TextsOf(back.plan), TextsOf(stored.plan));
  EXPECT_EQ(back.destination, stored.destination);
  EXPECT_EQ(PathsOf(back.plan), PathsOf(stored.plan));
  EXPECT_EQ(back.plan.steps.size(), 7u);
  EXPECT_EQ(WarningsOf(back.plan), WarningsOf(stored.plan));
  EXPECT_EQ(back.plan.origins[3].files, stored.plan.origins[3].files);
}

TEST_F(PersistTest, NamesComeBackAndUnknownRulesAreRefused) {
  MergePlan plan = PlanOf(Range(0, 2));
  plan.origins[1].name = "left arm";
  plan.id = PlanId(plan);
  ASSERT_TRUE(WritePlan(io::Posix(), Path("plan"), Stored(plan), false).ok());
  EXPECT_EQ(ReadPlan(io::Posix(), Path("plan")).value().plan.origins[1].name, "left arm");
  constexpr FolderKind kKind = {"robomerge plan", "plan.json", "E-plan", 3, 0};
  const TableFolder folder = TableFolder::Open(io::Posix(), Path("plan"), kKind).value();
  EXPECT_TRUE(LoadAdaptation(folder, 0, "").value().empty());
  const Status unknown = LoadAdaptation(folder, 1, "{\"mirror\": true}").status();
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.problems()[0].kind, "E-plan-version");
  constexpr FolderKind kOlder = {"robomerge plan", "plan.json", "E-plan", 2, 0};
  EXPECT_EQ(TableFolder::Open(io::Posix(), Path("plan"), kOlder).status().problems()[0].kind,
            "E-plan-version");
}

TEST_F(PersistTest, CarriedFilesComeBackToo) {
  MergePlan plan = PlanOf(Range(0, 2));
  plan.steps.emplace_back(CarriedFileStep{1, "notes/a.txt", 500, "meta/a.txt"});
  plan.steps.emplace_back(CarriedFileStep{0, "b.txt", 0, "b.txt"});
  const std::string id_without = plan.id;
  plan.id = PlanId(plan);
  EXPECT_NE(plan.id, id_without);
  ASSERT_TRUE(WritePlan(io::Posix(), Path("plan"), Stored(plan), false).ok());
  const MergePlan back = ReadPlan(io::Posix(), Path("plan")).value().plan;
  EXPECT_EQ(PathsOf(back), PathsOf(plan));
  const auto& carried = std::get<CarriedFileStep>(back.steps[back.steps.size() - 2]);
  EXPECT_EQ(carried.source, 1u);
  EXPECT_EQ(carried.source_path, "notes/a.txt");
  EXPECT_EQ(carried.size_bytes, 500u);
}

// A source with all that may go along.
Partial Carrying(const std::string& root, const std::vector<std::string>& subtasks) {
  auto dataset = std::make_shared<Dataset>(
      test::MakeDataset({.root = root, .lengths = {3, 4}, .tasks = {root, "valid"}}));
  Json entry = DefaultFeatureEntry("index");
  for (const char* name : {"subtask_index", "annotation.ok"})
    dataset->schema.features.push_back({name, entry});
  dataset->schema.has_subtasks = true;
  dataset->subtasks = subtasks;
  dataset->text_columns = {{"subtask_index", true}, {"annotation.ok", false}};
  for (EpisodeRows& rows : dataset->data_files[0].episodes)
    rows.text_frames = {{{0, 1}, {1, rows.num_rows - 1}}, {{0, rows.num_rows}}};
  dataset->other_files = {{"README.md", 3, uint64_t{1} << 63, ""}, {"meta/x", 1, 2, "no reason"}};
  dataset->modality = Modality{"{\"a\": 1}", true};
  return Describe(dataset, SourceSpec{root}, {}, {}, {}, StatsMode::kFold).value();
}

TEST_F(PersistTest, WhatGoesAlongComesBackToo) {
  const Partial both = Combine(Carrying("a", {"reach", "grasp"}), Carrying("b", {"grasp", "lift"}));
  ASSERT_TRUE(WritePartial(io::Posix(), Path("partials"), {0, 2, 2}, {"a", "b"}, both, false).ok());
  const std::vector<StoredPartial> read = ReadPartials(io::Posix(), Path("partials")).value();
  const Partial& back = read.at(0).partial;
  EXPECT_EQ(back.subtasks.tasks, both.subtasks.tasks);
  const MergePlan plan = Plan(both, {}, {}).value(), again = Plan(back, {}, {}).value();
  EXPECT_EQ(again.text_columns, plan.text_columns);
  EXPECT_THAT(plan.text_columns, ::testing::SizeIs(2));
  EXPECT_EQ(again.id, plan.id);
  EXPECT_EQ(PathsOf(again), PathsOf(plan));
  ASSERT_TRUE(WritePlan(io::Posix(), Path("plan"), Stored(plan), false).ok());
  const MergePlan stored = ReadPlan(io::Posix(), Path("plan")).value().plan;
  EXPECT_EQ(stored.text_columns, plan.text_columns);
  EXPECT_EQ(stored.subtasks, plan.subtasks);
  EXPECT_EQ(stored.subtask_maps, plan.subtask_maps);
  EXPECT_EQ(FindStep<ModalityStep>(stored)->text, "{\"a\": 1}");
  EXPECT_EQ(PathsOf(stored), PathsOf(plan));
}

// Anyone who can write a plan directory can write one whose fingerprints and id are right.
TEST_F(PersistTest, APlanThatFitsItsIdIsRefusedWhereItMakesNoSense) {
  const auto where = [&](const std::function<void(MergePlan&)>& change) -> std::string {
    MergePlan plan = PlanOf(Range(0, 2));
    change(plan);
    plan.id = PlanId(plan);
    std::filesystem::remove_all(Path("plan"));
    EXPECT_TRUE(WritePlan(io::Posix(), Path("plan"), Stored(std::move(plan)), false).ok());
    const Status status = ReadPlan(io::Posix(), Path("plan")).status();
    if (status.ok()) return "nowhere";
    EXPECT_EQ(status.problems()[0].kind, "E-plan-damaged") << status.ToString();
    return status.problems()[0].where.substr(Path("plan/").size());
  };
  EXPECT_EQ(where([](MergePlan&) {}), "nowhere");
  EXPECT_EQ(where([](MergePlan& plan) { plan.schema_source = 2; }), "plan.json: schema_source");
  // Data, video, episodes, tasks, info, stats, record.
  EXPECT_EQ(where([](MergePlan& plan) { std::swap(plan.steps[4], plan.steps[5]); }),
            "units.parquet: kind, row 5");
  EXPECT_EQ(where([](MergePlan& plan) { plan.steps.emplace_back(plan.steps.back()); }),
            "units.parquet: kind, row 7");
  EXPECT_EQ(where([](MergePlan& plan) { plan.steps.erase(plan.steps.begin() + 3); }),
            "units.parquet: path, row 6");
  EXPECT_EQ(where([](MergePlan& plan) { plan.episodes[1].data_step = 1; }),
            "episodes.parquet: data_unit, row 1");
  EXPECT_EQ(where([](MergePlan& plan) { plan.frames[0][2].video_step = 0; }),
            "frames.parquet: video_unit, row 2");
  const auto carry = [](CarriedFileStep step) {
    return [step](MergePlan& plan) { plan.steps.emplace_back(step); };
  };
  EXPECT_EQ(where(carry({0, "../secret", 1, "a"})), "carried_files.parquet: path, row 0");
  EXPECT_EQ(where(carry({0, "a", 1, "/etc/passwd"})), "units.parquet: path, row 7");
  EXPECT_EQ(where(carry({2, "a", 1, "a"})), "carried_files.parquet: source, row 0");
}

TEST_F(PersistTest, AnotherPlanInTheFolderIsNotReplaced) {
  ASSERT_TRUE(WritePlan(io::Posix(), Path("plan"), Stored(PlanOf(Range(0, 3))), false).ok());
  const std::string before = ReadText("plan/plan.json");
  StoredPlan elsewhere = Stored(PlanOf(Range(0, 3)));
  elsewhere.destination = "/data/other";
  for (const StoredPlan& other : {Stored(PlanOf(Range(0, 4))), elsewhere}) {
    const Status status = WritePlan(io::Posix(), Path("plan"), other, false).status();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.problems()[0].kind, "E-plan-differs");
  }
  EXPECT_EQ(ReadText("plan/plan.json"), before);
}

TEST_F(PersistTest, AnUnknownMajorVersionIsRefusedAndUnknownFieldsAreNot) {
  ASSERT_TRUE(WritePlan(io::Posix(), Path("plan"), Stored(PlanOf(Range(0, 2))), false).ok());
  ReplaceIn("plan/plan.json", "\"codebase_version\"",
            "\"something_new\": [1, 2],\n    \"codebase_version\"");
  ReplaceIn("plan/plan.json", "        0\n    ]", "        7\n    ]");
  EXPECT_EQ(ReadPlan(io::Posix(), Path("plan")).status().problems()[0].where,
            Path("plan/plan.json: fingerprint"));
  MakeHeaderFit("plan/plan.json");
  EXPECT_TRUE(ReadPlan(io::Posix(), Path("plan")).ok());
  ReplaceIn("plan/plan.json", "        3,\n", "        4,\n");
  const Status status = ReadPlan(io::Posix(), Path("plan")).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.problems()[0].kind, "E-plan-version");
  EXPECT_EQ(status.problems()[0].found, "[4, 7]");
}

TEST_F(PersistTest, ADamagedPlanIsRefusedWithItsFile) {
  ASSERT_TRUE(WritePlan(io::Posix(), Path("whole"), Stored(PlanOf(Range(0, 4))), false).ok());
  const auto damage = [&](const std::string& file,
                          const std::function<void(std::string&)>& change) {
    std::filesystem::remove_all(Path("plan"));
    std::filesystem::copy(Path("whole"), Path("plan"));
    std::string bytes = ReadText("plan/" + file);
    change(bytes);
    WriteText("plan/" + file, bytes);
    const Status status = ReadPlan(io::Posix(), Path("plan")).status();
    ASSERT_FALSE(status.ok()) << file;
    EXPECT_EQ(status.problems()[0].kind, "E-plan-damaged") << status.ToString();
    EXPECT_EQ(status.problems()[0].hint, "remove this folder and make it again");
    EXPECT_THAT(status.problems()[0].where, HasSubstr(Path("plan")));
  };
  for (const auto& entry : std::filesystem::directory_iterator(Path("whole"))) {
    const std::string file = entry.path().filename();
    damage(file, [](std::string& bytes) { bytes.resize(bytes.size() / 2); });
    damage(file, [](std::string& bytes) { bytes.clear(); });
  }
  // Another table's bytes: a whole Parquet file with the wrong content.
  const std::string other = ReadText("whole/tasks.parquet");
  damage("units.parquet", [&](std::string& bytes) { bytes = other; });
  // An edited header, also one whose fingerprint is made to fit: the tables do not make the plan
  // that it names.
  for (const bool fits : {false, true}) {
    const auto edit = [&](const std::string& from, const std::string& to) {
      damage("plan.json", [&](std::string& text) {
        text.replace(text.find(from), from.size(), to);
        if (fits) text = Refingerprinted(text);
      });
    };
    edit("\"rate_numerator\": 30", "\"rate_numerator\": 25");
    edit("\"destination\": \"/", "\"destination\": \".");
    edit("\"cam\"", "\"../../x\"");
  }
  EXPECT_EQ(ReadPlan(io::Posix(), Path("nowhere")).status().problems()[0].kind, "E-plan-missing");
}

TEST_F(PersistTest, NoFlippedByteOfAPartialPassesUnseen) {
  ASSERT_TRUE(WritePartial(io::Posix(), Path("p"), {0, 3, 3}, Names(3), Range(0, 3), false).ok());
  const std::string expected = PlanOf(Range(0, 3)).id;
  std::mt19937 random(7);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path("p"))) {
    if (!entry.is_regular_file() || entry.path().extension() != ".parquet") continue;
    const std::string whole = io::ReadWholeFile(io::Posix(), entry.path()).value();
    for (int attempt = 0; attempt < 20; ++attempt) {
      std::string bytes = whole;
      bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
      std::ofstream(entry.path(), std::ios::binary) << bytes;
      const Result<std::vector<StoredPartial>> read = ReadPartials(io::Posix(), Path("p"));
      // A byte without meaning (padding, who wrote it) may pass; content may not.
      if (read.ok()) {
        EXPECT_EQ(PlanOf((*read)[0].partial).id, expected) << entry.path();
      } else {
        EXPECT_EQ(read.status().problems()[0].kind, "E-partial-damaged")
            << read.status().ToString();
      }
    }
    std::ofstream(entry.path(), std::ios::binary) << whole;
  }
}

}  // namespace
}  // namespace robomerge::persist
