// Nothing is lost: a merge on a file system that fails at every single operation, in every way, and
// on one whose power is cut after every single change. After each of them the destination is absent
// or whole (or the old one), the sources are untouched, and the same call again gives the same
// bytes and leaves nothing beside them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "base/text.h"
#include "merge/on_file_system.h"
#include "testing/faulty_file_system.h"
#include "testing/sanitized.h"
#include "testing/stored_dataset.h"

namespace robomerge {
namespace {

using io::ContentLoss;
using io::FaultKind;
using io::FaultyBehaviour;
using io::FaultyFileSystem;
using io::MemoryFileSystem;
using io::NameLoss;
using io::Operation;
using ::testing::HasSubstr;
using Tree = std::map<std::string, std::string>;

const std::string kHome = "/home";
const std::string kFolder = kHome + "/out/of/nothing";
const std::string kDestination = kFolder + "/merged";

struct Loss {
  NameLoss names;
  ContentLoss contents;
};
constexpr Loss kLosses[] = {{NameLoss::kLost, ContentLoss::kLost},
                            {NameLoss::kKept, ContentLoss::kZeros},
                            {NameLoss::kKept, ContentLoss::kRandom},
                            {NameLoss::kPrefix, ContentLoss::kRandom},
                            {NameLoss::kEach, ContentLoss::kRandom}};

enum class Way {
  kMerge,
  kMergeVerified,
  kStages,       // plan, write by two, publish
  kFromPartials  // describe by two, then the stages
};

// How a merge is called, and what is there before.
struct Scenario {
  std::string name;
  bool overwrite = false;
  bool is_begun = false;  // an earlier run stopped half-way
  bool is_done = false;   // an earlier run finished
  bool has_staging_root = false;
  bool has_trace = false;
  bool has_hashes = false;
  CodebaseVersion version = CodebaseVersion::kV30;
  Way way = Way::kMerge;
  FaultyBehaviour behaviour;
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
  return out << scenario.name;
}

class Faults : public ::testing::TestWithParam<Scenario> {
 protected:
  void SetUp() override { Prepare(GetParam()); }

  void Prepare(const Scenario& scenario) {
    scenario_ = scenario;
    begin_ = std::make_unique<MemoryFileSystem>();
    // Two sources have every kind of operation; the more there are, the longer is a sweep.
    const uint8_t num_sources = scenario.name.empty() || scenario.name == "fresh" ? 3 : 2;
    const bool is_v21 = scenario.version == CodebaseVersion::kV21;
    for (uint8_t source = 0; source < num_sources; ++source) {
      sources_.push_back(StrCat(kHome, "/sources/", int{source}));
      PutTestDataset(*begin_, sources_.back().location, is_v21 ? 1 : 2, source);
    }
    options_.num_workers = 1;  // so that operation k is the same in every run
    options_.concatenate_data = false;
    options_.overwrite = scenario.overwrite;
    options_.codebase_version = scenario.version;
    if (scenario.has_staging_root) options_.staging_root = kHome + "/work";
    options_.record_hashes = scenario.has_hashes;
    if (scenario.has_trace) options_.trace_path = kHome + "/trace.json";
    const auto whole = begin_->Clone();
    ASSERT_EQ(Run(*whole, *whole), "");
    expected_ = whole->Tree(kDestination);
    // One data file a source; of v2.1, a video a source too.
    ASSERT_EQ(expected_.size(), is_v21 ? 10u : 6u + num_sources);
    if (scenario.is_done) begin_ = whole->Clone();
    if (scenario.overwrite) {
      PutTestDataset(*begin_, kDestination, 1, 9);
      old_ = begin_->Tree(kDestination);
    }
    if (scenario.is_begun) {
      FaultyFileSystem faulty(*begin_, {FaultKind::kNoSpace, 30});
      ASSERT_THAT(Run(faulty, *begin_), HasSubstr("No space left"));
    }
    begin_->SyncAll();
    source_bytes_ = begin_->Tree(kHome + "/sources");
    source_times_ = begin_->Times(kHome + "/sources");
  }

  // The call under test: "" if it succeeds, else its error. With kFromPartials, write and publish
  // run on `working`: they are the same for every plan, and kStages tests them.
  std::string Run(io::FileSystem& file_system, MemoryFileSystem& working) {
    codes_.clear();
    const auto failed = [this](const Status& status) {
      for (const Problem& problem : status.problems()) codes_.push_back(problem.code);
      return status.ToString();
    };
    if (scenario_.way == Way::kMerge) {
      const Result<MergeReport> report = MergeOn(file_system, sources_, kDestination, options_);
      return report.ok() ? "" : failed(report.status());
    }
    if (scenario_.way == Way::kMergeVerified) {
      const Result<VerifiedMerge> merged =
          MergeVerifiedOn(file_system, sources_, kDestination, options_);
      if (!merged.ok()) return failed(merged.status());
      return merged->is_published ? "" : "a finding: " + merged->verification.findings.front().what;
    }
    const std::string plan = kHome + "/plan";
    const Result<StageReport> planned = Planned(file_system, plan);
    if (!planned.ok()) return failed(planned.status());
    io::FileSystem& rest = scenario_.way == Way::kFromPartials ? working : file_system;
    for (int64_t rank = 0; rank < 2; ++rank) {
      const Result<StageReport> written = WritePlannedOn(rest, plan, {rank, 2}, options_);
      if (!written.ok()) return failed(written.status());
    }
    const Result<StageReport> published = PublishPlannedOn(rest, plan, options_);
    return published.ok() ? "" : failed(published.status());
  }

  Result<StageReport> Planned(io::FileSystem& file_system, const std::string& plan) const {
    if (scenario_.way == Way::kStages)
      return PlanSourcesOn(file_system, sources_, kDestination, plan, options_);
    const std::string partials = kHome + "/partials";
    for (int64_t rank = 0; rank < 2; ++rank) {
      Result<StageReport> described =
          DescribeSourcesOn(file_system, sources_, partials, {rank, 2}, options_);
      if (!described.ok()) return described;
    }
    return PlanPartialsOn(file_system, partials, kDestination, plan, options_);
  }

  void ExpectNothingLost(const MemoryFileSystem& memory, const std::string& when) {
    const Tree there = memory.Tree(kDestination);
    // Between two renames instead of an exchange neither is there, and both lie beside it.
    const bool may_be_absent =
        !scenario_.is_done && (!scenario_.overwrite || scenario_.behaviour.cannot_exchange);
    const bool is_right = there == expected_ || (scenario_.overwrite && there == old_) ||
                          (there.empty() && may_be_absent);
    EXPECT_TRUE(is_right) << when << ": at the destination is " << Describe(there);
    if (scenario_.overwrite && there.empty()) {
      const Tree beside = memory.Tree(kFolder);
      bool is_kept = false;
      for (const auto& [path, bytes] : beside)
        is_kept |= path.ends_with(".old/meta/info.json") && bytes == old_.at("meta/info.json");
      EXPECT_TRUE(is_kept) << when << ": the old dataset is nowhere";
    }
    EXPECT_EQ(memory.Tree(kHome + "/sources"), source_bytes_) << when;
    EXPECT_EQ(memory.Times(kHome + "/sources"), source_times_) << when;
  }

  // The same call again, on a file system that works.
  void ExpectGoesOn(MemoryFileSystem& memory, const std::string& when) {
    ASSERT_EQ(Run(memory, memory), "") << when;
    EXPECT_TRUE(memory.Tree(kDestination) == expected_)
        << when << ": the second run made " << Describe(memory.Tree(kDestination));
    std::vector<std::string> strays;
    for (const auto& [path, bytes] : memory.Tree(kHome)) {
      if (!path.starts_with("sources/") && !path.starts_with("out/of/nothing/merged/") &&
          !path.starts_with("plan/") && !path.starts_with("partials/") && path != "work/" &&
          path != "trace.json")
        strays.push_back(path);
    }
    EXPECT_THAT(strays, ::testing::IsEmpty()) << when;
    EXPECT_EQ(memory.Times(kHome + "/sources"), source_times_) << when;
  }

  std::string Describe(const Tree& tree) const {
    std::string text = tree.empty() ? "nothing" : "";
    for (const auto& [path, bytes] : tree) {
      const auto right = expected_.find(path);
      text += StrCat(path, right == expected_.end() ? " (foreign) "
                           : right->second == bytes ? " "
                                                    : " (other bytes) ");
    }
    return text;
  }

  Scenario scenario_;
  MergeOptions options_;
  std::vector<SourceSpec> sources_;
  std::unique_ptr<MemoryFileSystem> begin_;
  Tree expected_, old_, source_bytes_;
  std::map<std::string, int64_t> source_times_;
  std::vector<Code> codes_;  // of the last Run
};

TEST_P(Faults, EveryOperationMayFail) {
  for (const FaultKind kind :
       {FaultKind::kError, FaultKind::kShortWrite, FaultKind::kNoSpace, FaultKind::kSyncError}) {
    uint64_t k = 0;
    for (bool has_struck = true; has_struck && !HasFailure(); k += kSweepStep) {
      const std::string when = StrCat("fault ", static_cast<int>(kind), " at operation ", k);
      const auto memory = begin_->Clone();
      FaultyFileSystem faulty(*memory, {kind, k}, scenario_.behaviour);
      const std::string error = Run(faulty, *memory);
      has_struck = faulty.has_struck();
      ASSERT_TRUE(has_struck || error.empty()) << error;
      // Every problem blames the system. (Some faults cause no error: where something is removed at
      // the end, or where a look may fail.)
      for (const Code code : codes_) EXPECT_EQ(code, Code::kIo) << when << ": " << error;
      EXPECT_THAT(error, ::testing::AnyOf("", ::testing::ContainsRegex(
                                                  "Input/output error|No space left on device")))
          << when;
      ExpectNothingLost(*memory, when);
      ExpectGoesOn(*memory, when);
    }
    RecordProperty(StrCat("operations_of_fault_", static_cast<int>(kind)), static_cast<int>(k - 1));
  }
}

TEST_P(Faults, ThePowerMayFailAfterEveryChange) {
  uint64_t k = 0;
  for (bool has_struck = true; has_struck && !HasFailure(); k += kSweepStep) {
    const auto memory = begin_->Clone();
    FaultyFileSystem faulty(*memory, {FaultKind::kCrash, k}, scenario_.behaviour);
    const std::string error = Run(faulty, *memory);
    has_struck = faulty.has_struck();
    for (const Loss& loss : kLosses) {
      const std::string when =
          StrCat("power cut after change ", k, ", loss ", static_cast<int>(loss.names), "/",
                 static_cast<int>(loss.contents));
      const auto after = memory->Clone();
      after->Crash(loss.names, loss.contents, k);
      ExpectNothingLost(*after, when);
      // A run that reported success must have kept its result.
      EXPECT_TRUE(!error.empty() || after->Tree(kDestination) == expected_)
          << when << ": " << Describe(after->Tree(kDestination));
      ExpectGoesOn(*after, when);
    }
  }
  RecordProperty("changes", static_cast<int>(k - 1));
}

class FreshMerge : public Faults {
 protected:
  void SetUp() override { Prepare(Scenario()); }

  // The changes, with those parts of names replaced that differ in every run.
  static std::vector<std::string> Operations(const FaultyFileSystem& file_system, bool with_syncs) {
    static const std::regex unique("[^/]*-[0-9]+-[0-9]+-[0-9]+");
    std::vector<std::string> operations;
    for (const FaultyFileSystem::Logged& logged : file_system.log()) {
      const bool is_sync =
          logged.operation == Operation::kSyncFile || logged.operation == Operation::kSyncDirectory;
      if (logged.operation < Operation::kCreate || (is_sync && !with_syncs)) continue;
      operations.push_back(StrCat(io::OperationName(logged.operation), " ",
                                  std::regex_replace(logged.path, unique, "unique")));
    }
    return operations;
  }
};

// This tests the tests above: if any single sync of a merge were left out, they would see it. It
// also shows that every sync is needed.
TEST_F(FreshMerge, WithoutAnySingleSyncSomethingIsLost) {
  uint64_t k = 0;
  for (bool has_struck = true; has_struck; ++k) {
    const auto memory = begin_->Clone();
    FaultyFileSystem faulty(*memory, {FaultKind::kSkippedSync, k});
    ASSERT_EQ(Run(faulty, *memory), "");
    has_struck = faulty.has_struck();
    memory->Crash(NameLoss::kLost, ContentLoss::kLost, 0);
    EXPECT_EQ(memory->Tree(kDestination) != expected_, has_struck)
        << "sync " << k << ": " << Describe(memory->Tree(kDestination));
  }
  EXPECT_GE(k, 9u + 8u);  // files, and folders
}

TEST_F(FreshMerge, WithoutSyncNothingElseIsLeftOut) {
  const auto memory = begin_->Clone(), without = begin_->Clone();
  FaultyFileSystem synced(*memory), unsynced(*without);
  ASSERT_EQ(Run(synced, *memory), "");
  options_.sync = false;
  ASSERT_EQ(Run(unsynced, *without), "");
  EXPECT_LT(Operations(synced, false).size(), Operations(synced, true).size());
  EXPECT_EQ(Operations(unsynced, true), Operations(synced, false));
}

TEST_F(FreshMerge, WhatAnUnsyncedMergeBeganIsNotTrustedByOneThatSyncs) {
  options_.sync = false;
  FaultyFileSystem full(*begin_, {FaultKind::kNoSpace, 30});
  ASSERT_THAT(Run(full, *begin_), HasSubstr("No space left"));
  begin_->Crash(NameLoss::kKept, ContentLoss::kZeros, 0);
  options_.sync = true;
  ExpectGoesOn(*begin_, "after zeros");
}

TEST_F(FreshMerge, AForeignFileInTheStagingFolderStays) {
  FaultyFileSystem full(*begin_, {FaultKind::kNoSpace, 30});
  ASSERT_THAT(Run(full, *begin_), HasSubstr("No space left"));
  std::string foreign;
  for (const auto& [path, bytes] : begin_->Tree(kFolder)) {
    if (path.ends_with(".parquet") && path.find("/data/") != std::string::npos)
      foreign = kFolder + "/" + path.substr(0, path.find("/data/")) + "/meta/notes.txt";
  }
  ASSERT_FALSE(foreign.empty());
  ASSERT_TRUE(begin_->Put(foreign, "mine").ok());
  EXPECT_THAT(Run(*begin_, *begin_), HasSubstr("E-staging-foreign"));
  EXPECT_EQ(io::ReadWholeFile(*begin_, foreign).value(), "mine");
  ASSERT_TRUE(begin_->RemoveAll(foreign).ok());
  ExpectGoesOn(*begin_, "without the foreign file");
}

std::vector<Scenario> Scenarios() {
  std::vector<Scenario> scenarios(15);
  scenarios[0].name = "fresh";
  scenarios[1].name = "resumed";
  scenarios[1].is_begun = true;
  scenarios[2].name = "overwrite";
  scenarios[2].overwrite = true;
  scenarios[3].name = "overwrite_resumed";
  scenarios[3].overwrite = scenarios[3].is_begun = true;
  scenarios[4].name = "overwrite_without_exchange";
  scenarios[4].overwrite = scenarios[4].behaviour.cannot_exchange = true;
  scenarios[5].name = "staging_root";
  scenarios[5].has_staging_root = true;
  scenarios[6].name = "finished_before";
  scenarios[6].is_done = true;
  scenarios[7].name = "stages";
  scenarios[7].way = Way::kStages;
  scenarios[8].name = "stages_from_partials";
  scenarios[8].way = Way::kFromPartials;
  scenarios[9].name = "verified";
  scenarios[9].way = Way::kMergeVerified;
  scenarios[10].name = "traced";
  scenarios[10].has_trace = true;
  scenarios[11].name = "v21";
  scenarios[12].name = "v21_overwrite_resumed";
  scenarios[12].overwrite = scenarios[12].is_begun = true;
  scenarios[13].name = "v21_stages";
  scenarios[13].way = Way::kStages;
  for (size_t number = 11; number < 14; ++number) scenarios[number].version = CodebaseVersion::kV21;
  scenarios[14].name = "hashes_resumed";
  scenarios[14].is_begun = scenarios[14].has_hashes = true;
  return scenarios;
}

INSTANTIATE_TEST_SUITE_P(Merge, Faults, ::testing::ValuesIn(Scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace robomerge
