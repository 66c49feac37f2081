// `append`, `remove-source` and `log` on a file system in memory: what stays, what comes behind,
// what the record says then. append_faults_test.cc makes them fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "merge/on_file_system.h"
#include "testing/faulty_file_system.h"
#include "testing/stored_dataset.h"

namespace robomerge {
namespace {

using io::FaultyBehaviour;
using io::FaultyFileSystem;
using io::MemoryFileSystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Tree = std::map<std::string, std::string>;

const std::string kFolder = "/home/data";
const std::string kSet = kFolder + "/set";
const std::string kOther = kFolder + "/other";
const std::string kBackup = kSet + "_old";

MergeOptions OneWorker() {
  MergeOptions options;
  options.num_workers = 1;
  return options;
}

Result<VerifiedMerge> AppendTo(io::FileSystem& file_system, const std::vector<SourceSpec>& sources,
                               const AppendOptions& append = {},
                               const MergeOptions& options = OneWorker()) {
  return AppendOn(file_system, kSet, sources, append, options, false);
}

// Without what is said of statistics, which the test datasets lack.
std::vector<std::string> KindsOf(const std::vector<Problem>& problems) {
  std::vector<std::string> kinds;
  for (const Problem& problem : problems) {
    if (!problem.kind.starts_with("W-stats-")) kinds.push_back(problem.kind);
  }
  return kinds;
}

std::vector<std::string> PathsOfMode(const MergeReport& report, ReportedFile::Mode mode) {
  std::vector<std::string> paths;
  for (const ReportedFile& file : report.files) {
    if (file.mode == mode) paths.push_back(file.path);
  }
  return paths;
}

// What is below data/ and videos/.
Tree PayloadOf(Tree tree) {
  std::erase_if(tree, [](const auto& file) { return file.first.starts_with("meta/"); });
  return tree;
}

class Append : public ::testing::Test {
 protected:
  void SetUp() override {
    PutTestDataset(memory_, kSet, 3, 1);
    PutTestDataset(memory_, kOther, 2, 9);
  }
  uint64_t InodeOf(const std::string& path) const { return memory_.Stat(path).value().inode; }

  MemoryFileSystem memory_;
};

TEST_F(Append, KeepsThePayloadAndPutsTheOthersBehind) {
  ASSERT_TRUE(memory_.Put(kSet + "/README.md", "mine").ok());
  const Tree old = memory_.Tree(kSet);
  const std::string data = "/data/chunk-000/file-000.parquet";
  const uint64_t inode = InodeOf(kSet + data);
  const VerifiedMerge grown =
      AppendOn(memory_, kSet, {kOther}, {}, OneWorker(), /*verify=*/true).value();
  EXPECT_TRUE(grown.is_published);
  EXPECT_TRUE(grown.verification.ok()) << grown.verification.num_findings;
  EXPECT_EQ(grown.merge.num_episodes, 5U);
  EXPECT_THAT(
      PathsOfMode(grown.merge, ReportedFile::Mode::kLink),
      ElementsAre("data/chunk-000/file-000.parquet", "videos/camera/chunk-000/file-000.mp4"));
  const Tree now = memory_.Tree(kSet);
  for (const auto& [path, bytes] : PayloadOf(old)) EXPECT_EQ(now.at(path), bytes) << path;
  EXPECT_EQ(PayloadOf(now).size(), PayloadOf(old).size() + 2);
  EXPECT_TRUE(now.contains("data/chunk-000/file-001.parquet"));
  EXPECT_TRUE(now.contains("videos/camera/chunk-000/file-001.mp4"));
  EXPECT_EQ(now.at("README.md"), "mine");
  EXPECT_EQ(memory_.Tree(kBackup), old);
  EXPECT_EQ(InodeOf(kSet + data), inode);
  EXPECT_EQ(InodeOf(kBackup + data), inode);
}

TEST_F(Append, ASourceThatIsThereIsLeftOut) {
  PutTestDataset(memory_, kFolder + "/third", 1, 5);
  ASSERT_EQ(AppendTo(memory_, {kOther})->merge.num_episodes, 5U);
  const Tree once = memory_.Tree(kFolder);
  const VerifiedMerge same = AppendTo(memory_, {kOther}).value();
  EXPECT_TRUE(same.merge.already_done);
  EXPECT_EQ(same.merge.num_episodes, 5U);
  EXPECT_THAT(KindsOf(same.merge.warnings), ElementsAre("W-source-there"));
  EXPECT_EQ(memory_.Tree(kFolder), once);
  const VerifiedMerge more = AppendTo(memory_, {kOther, kFolder + "/third"}).value();
  EXPECT_FALSE(more.merge.already_done);
  EXPECT_EQ(more.merge.num_episodes, 6U);
  AppendOptions again;
  again.again = true;
  EXPECT_EQ(AppendTo(memory_, {kOther}, again)->merge.num_episodes, 8U);
  // By other rules it is another source.
  SourceSpec part(kOther);
  part.adaptation.episodes = "1";
  EXPECT_EQ(AppendTo(memory_, {part})->merge.num_episodes, 9U);
  EXPECT_TRUE(AppendTo(memory_, {part})->merge.already_done);
}

TEST_F(Append, TheLogSaysWhatItWasMadeOf) {
  SourceSpec named(kOther);
  named.name = "tuesday";
  ASSERT_TRUE(AppendTo(memory_, {named}).ok());
  const std::vector<LoggedSource> log = LogOn(memory_, kSet).value();
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].num_episodes, 3U);
  EXPECT_EQ(log[0].name, "");
  EXPECT_EQ(log[0].fingerprint.size(), 16U);
  EXPECT_EQ(log[1].number, 1U);
  EXPECT_EQ(log[1].name, "tuesday");
  EXPECT_EQ(log[1].first_episode, 3U);
  EXPECT_EQ(log[1].num_episodes, 2U);
  EXPECT_EQ(log[1].num_frames, 8U);
  // A recording has no record.
  const std::vector<LoggedSource> recording = LogOn(memory_, kOther).value();
  ASSERT_EQ(recording.size(), 1U);
  EXPECT_EQ(recording[0].fingerprint, "");
}

TEST_F(Append, ThenRemoveGivesTheSameBytes) {
  // Of a dataset that robomerge has written.
  const std::string merged = kFolder + "/merged";
  PutTestDataset(memory_, kFolder + "/third", 1, 5);
  ASSERT_TRUE(MergeOn(memory_, {kSet, kFolder + "/third"}, merged, OneWorker()).ok());
  const Tree before = memory_.Tree(merged);
  ASSERT_TRUE(AppendOn(memory_, merged, {kOther}, {}, OneWorker(), false).ok());
  ASSERT_EQ(LogOn(memory_, merged)->size(), 3U);
  const VerifiedMerge removed =
      RemoveSourceOn(memory_, merged, "2", {}, OneWorker(), /*verify=*/true).value();
  EXPECT_TRUE(removed.verification.ok());
  EXPECT_EQ(removed.merge.num_episodes, 4U);
  Tree after = memory_.Tree(merged);
  EXPECT_NE(after.at("meta/robomerge.json"), before.at("meta/robomerge.json"));
  after["meta/robomerge.json"] = before.at("meta/robomerge.json");
  EXPECT_EQ(after, before);
  EXPECT_EQ(LogOn(memory_, merged)->size(), 2U);
}

TEST_F(Append, TheFirstOrAMiddleSourceMayGo) {
  SourceSpec named(kOther);
  named.name = "7";
  PutTestDataset(memory_, kFolder + "/third", 1, 5);
  ASSERT_TRUE(AppendTo(memory_, {named}).ok());
  ASSERT_TRUE(AppendTo(memory_, {kFolder + "/third"}).ok());
  const VerifiedMerge middle =
      RemoveSourceOn(memory_, kSet, "7", {}, OneWorker(), /*verify=*/true).value();
  EXPECT_TRUE(middle.verification.ok());
  EXPECT_EQ(middle.merge.num_episodes, 4U);
  EXPECT_EQ(middle.merge.num_tasks, 2U);
  // Videos stay, as they do not say which episode is in them; data behind it gets other numbers.
  EXPECT_THAT(PathsOfMode(middle.merge, ReportedFile::Mode::kLink),
              ElementsAre("data/chunk-000/file-000.parquet", "videos/camera/chunk-000/file-000.mp4",
                          "videos/camera/chunk-000/file-002.mp4"));
  std::vector<LoggedSource> log = LogOn(memory_, kSet).value();
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[1].first_episode, 3U);
  EXPECT_EQ(log[1].num_episodes, 1U);
  const VerifiedMerge first =
      RemoveSourceOn(memory_, kSet, "0", {}, OneWorker(), /*verify=*/true).value();
  EXPECT_TRUE(first.verification.ok());
  EXPECT_EQ(first.merge.num_episodes, 1U);
  EXPECT_EQ(LogOn(memory_, kSet)->size(), 1U);
  // Nothing would be left.
  EXPECT_THAT(RemoveSourceOn(memory_, kSet, "0", {}, OneWorker(), false).status().ToString(),
              HasSubstr("E-no-such-source"));
}

TEST_F(Append, WhatIsNotThereCannotGo) {
  ASSERT_TRUE(AppendTo(memory_, {kOther}).ok());
  const Tree before = memory_.Tree(kFolder);
  for (const std::string wanted : {"2", "monday", "", "-1", "0x1"}) {
    EXPECT_THAT(RemoveSourceOn(memory_, kSet, wanted, {}, OneWorker(), false).status().ToString(),
                AllOf(HasSubstr("E-no-such-source"), HasSubstr("0, 1")))
        << wanted;
  }
  EXPECT_EQ(memory_.Tree(kFolder), before);
}

TEST_F(Append, ARecordThatDoesNotFitIsNone) {
  ASSERT_TRUE(AppendTo(memory_, {kOther}).ok());
  const std::string path = kSet + "/meta/robomerge.json";
  std::string record = memory_.Tree(kSet).at("meta/robomerge.json");
  const size_t at = record.find("\"num_frames\": 12");
  ASSERT_NE(at, std::string::npos);
  record.replace(at, 16, "\"num_frames\": 13");
  ASSERT_TRUE(memory_.Put(path, record).ok());
  std::vector<LoggedSource> log = LogOn(memory_, kSet).value();
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0].num_episodes, 5U);
  for (const std::string bytes : {"", "[]", "{", "{\"sources\": [1]}", "{\"sources\": {}}"}) {
    ASSERT_TRUE(memory_.Put(path, bytes).ok());
    EXPECT_EQ(LogOn(memory_, kSet)->size(), 1U) << bytes;
  }
}

TEST_F(Append, ARecordThatDoesNotFitDoesNotSayWhatIsThere) {
  // Another program has taken the episodes out and left the record.
  PutTestDataset(memory_, kFolder + "/alone", 3, 1);
  ASSERT_TRUE(AppendTo(memory_, {kOther}).ok());
  const std::string record = memory_.Tree(kSet).at("meta/robomerge.json");
  ASSERT_TRUE(memory_.Put(kFolder + "/alone/meta/robomerge.json", record).ok());
  const VerifiedMerge grown =
      AppendOn(memory_, kFolder + "/alone", {kOther}, {}, OneWorker(), /*verify=*/true).value();
  EXPECT_FALSE(grown.merge.already_done);
  EXPECT_EQ(grown.merge.num_episodes, 5U);
  EXPECT_THAT(KindsOf(grown.merge.warnings), ElementsAre("W-record"));
}

TEST_F(Append, WhatIsAppendedIsJoinedUpToTheLimit) {
  std::vector<SourceSpec> sources;
  for (const std::string name : {"a", "b", "c", "d"}) {
    PutTestDataset(memory_, kFolder + "/" + name, 2, 9);
    sources.emplace_back(kFolder + "/" + name);
  }
  const uint64_t bytes = memory_.Tree(kOther).at("videos/camera/chunk-000/file-000.mp4").size();
  std::string info = memory_.Tree(kSet).at("meta/info.json");
  const size_t at = info.find("\"video_files_size_in_mb\": ");
  ASSERT_NE(at, std::string::npos);
  const double limit = static_cast<double>(2 * bytes + bytes / 2) / (1024.0 * 1024.0);
  const size_t begin = info.find(' ', at) + 1;
  info.replace(begin, info.find_first_of(",}\n", begin) - begin, std::to_string(limit));
  ASSERT_TRUE(memory_.Put(kSet + "/meta/info.json", info).ok());
  AppendOptions again;
  again.again = true;  // they hold the same
  ASSERT_EQ(AppendTo(memory_, sources, again)->merge.num_episodes, 11U);
  std::vector<std::string> videos;
  for (const auto& [path, content] : memory_.Tree(kSet)) {
    if (path.starts_with("videos/")) videos.push_back(path);
  }
  EXPECT_THAT(videos, ElementsAre("videos/camera/chunk-000/file-000.mp4",
                                  "videos/camera/chunk-000/file-001.mp4",
                                  "videos/camera/chunk-000/file-002.mp4"));
}

TEST_F(Append, WhatCannotBeKeptIsRefused) {
  const Tree before = memory_.Tree(kFolder);
  MergeOptions elsewhere = OneWorker(), skipping = OneWorker();
  elsewhere.staging_root = "/home";
  skipping.skip_broken = SkipBroken::kSources;
  for (const MergeOptions& options : {elsewhere, skipping}) {
    EXPECT_THAT(AppendTo(memory_, {kOther}, {}, options).status().ToString(),
                HasSubstr("E-options"));
  }
  FaultyFileSystem without(memory_, {}, FaultyBehaviour{.cannot_exchange = true});
  EXPECT_THAT(AppendTo(without, {kOther}).status().ToString(), HasSubstr("E-exchange"));
  EXPECT_EQ(memory_.Tree(kFolder), before);
}

TEST_F(Append, WhatTheDatasetIsCannotBeAppended) {
  const Tree before = memory_.Tree(kFolder);
  EXPECT_THAT(AppendTo(memory_, {kSet}).status().ToString(), HasSubstr("E-destination-in-source"));
  EXPECT_THAT(AppendTo(memory_, {kSet + "/meta"}).status().ToString(),
              HasSubstr("E-destination-in-source"));
  EXPECT_THAT(AppendTo(memory_, {kFolder}).status().ToString(),
              HasSubstr("E-destination-in-source"));
  EXPECT_THAT(AppendTo(memory_, {}).status().ToString(), HasSubstr("E-no-sources"));
  EXPECT_THAT(
      AppendOn(memory_, kFolder + "/none", {kOther}, {}, OneWorker(), false).status().ToString(),
      HasSubstr("E-no-dataset"));
  EXPECT_EQ(memory_.Tree(kFolder), before);
}

TEST_F(Append, CopiesWhereItCannotLink) {
  FaultyFileSystem without(memory_, {}, FaultyBehaviour{.cannot_link = true});
  const Tree old = memory_.Tree(kSet);
  const VerifiedMerge grown = AppendTo(without, {kOther}).value();
  EXPECT_THAT(KindsOf(grown.merge.warnings), ElementsAre("W-not-linked"));
  EXPECT_THAT(PathsOfMode(grown.merge, ReportedFile::Mode::kLink), IsEmpty());
  for (const auto& [path, bytes] : PayloadOf(old)) EXPECT_EQ(memory_.Tree(kSet).at(path), bytes);
  const std::string data = "/data/chunk-000/file-000.parquet";
  EXPECT_NE(InodeOf(kSet + data), InodeOf(kBackup + data));
}

TEST_F(Append, CopiesAsItIsTold) {
  MergeOptions copies = OneWorker();
  copies.copy_mode = CopyMode::kCopy;
  const VerifiedMerge grown = AppendTo(memory_, {kOther}, {}, copies).value();
  EXPECT_THAT(KindsOf(grown.merge.warnings), IsEmpty());
  const std::string data = "/data/chunk-000/file-000.parquet";
  EXPECT_NE(InodeOf(kSet + data), InodeOf(kBackup + data));
}

TEST_F(Append, AMergeMayLinkWhatItMovesAsItIs) {
  MergeOptions links = OneWorker();
  links.copy_mode = CopyMode::kLink;
  const std::string merged = kFolder + "/merged";
  const MergeReport report = MergeOn(memory_, {kSet}, merged, links).value();
  EXPECT_THAT(PathsOfMode(report, ReportedFile::Mode::kLink),
              ElementsAre("videos/camera/chunk-000/file-000.mp4"));
  const std::string video = "/videos/camera/chunk-000/file-000.mp4";
  EXPECT_EQ(InodeOf(merged + video), InodeOf(kSet + video));
  // The bytes are those of a merge that copies.
  const Tree linked = memory_.Tree(merged);
  ASSERT_TRUE(memory_.RemoveAll(merged).ok());
  ASSERT_TRUE(MergeOn(memory_, {kSet}, merged, OneWorker()).ok());
  EXPECT_EQ(memory_.Tree(merged), linked);
}

TEST_F(Append, ADryRunWritesNothing) {
  const Tree before = memory_.Tree(kFolder);
  MergeOptions dry = OneWorker();
  dry.dry_run = true;
  const VerifiedMerge planned = AppendTo(memory_, {kOther}, {}, dry).value();
  EXPECT_EQ(planned.merge.num_episodes, 5U);
  EXPECT_EQ(PathsOfMode(planned.merge, ReportedFile::Mode::kLink).size(), 2U);
  EXPECT_EQ(memory_.Tree(kFolder), before);
}

TEST_F(Append, WorkersMakeNoDifference) {
  const auto other = memory_.Clone();
  MergeOptions many;
  many.num_workers = 4;
  ASSERT_TRUE(AppendTo(memory_, {kOther}).ok());
  ASSERT_TRUE(AppendTo(*other, {kOther}, {}, many).ok());
  EXPECT_EQ(memory_.Tree(kSet), other->Tree(kSet));
}

TEST_F(Append, ADatasetOfV21Grows) {
  PutOldTestDataset(memory_, kFolder + "/old", 2, 3);
  const Tree before = memory_.Tree(kFolder + "/old");
  const VerifiedMerge grown =
      AppendOn(memory_, kFolder + "/old", {kOther}, {}, OneWorker(), /*verify=*/true).value();
  EXPECT_TRUE(grown.verification.ok());
  EXPECT_EQ(grown.merge.num_episodes, 4U);
  EXPECT_EQ(PathsOfMode(grown.merge, ReportedFile::Mode::kLink).size(), 4U);
  const Tree now = memory_.Tree(kFolder + "/old");
  for (const auto& [path, bytes] : PayloadOf(before)) EXPECT_EQ(now.at(path), bytes) << path;
  const VerifiedMerge removed =
      RemoveSourceOn(memory_, kFolder + "/old", "1", {}, OneWorker(), /*verify=*/true).value();
  EXPECT_TRUE(removed.verification.ok());
  EXPECT_EQ(PayloadOf(memory_.Tree(kFolder + "/old")), PayloadOf(before));
}

}  // namespace
}  // namespace robomerge
