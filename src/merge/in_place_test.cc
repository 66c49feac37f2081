// An edit in place loses nothing: on a file system that fails at every single operation, and on one
// whose power is cut after every single change, the old or the new dataset is at its place
// afterwards, whole; the other one and an older backup are not lost before it stands; and the same
// call again ends with the new one and `_old`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "io/forwarding_file_system.h"
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
using ::testing::HasSubstr;
using Tree = std::map<std::string, std::string>;

const std::string kFolder = "/home/data";
const std::string kSet = kFolder + "/set";
const std::string kBackup = kSet + "_old";
constexpr std::pair<NameLoss, ContentLoss> kLosses[] = {{NameLoss::kLost, ContentLoss::kLost},
                                                        {NameLoss::kKept, ContentLoss::kZeros},
                                                        {NameLoss::kPrefix, ContentLoss::kRandom},
                                                        {NameLoss::kEach, ContentLoss::kRandom}};

struct Scenario {
  std::string name;
  bool has_older = false;  // there is a backup of an earlier edit
  bool backup = true;
};
std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
  return out << scenario.name;
}

class InPlaceFaults : public ::testing::TestWithParam<Scenario> {
 protected:
  void SetUp() override { Prepare(GetParam()); }

  void Prepare(const Scenario& scenario) {
    scenario_ = scenario;
    begin_ = std::make_unique<MemoryFileSystem>();
    PutTestDataset(*begin_, kSet, 3, 1);
    ASSERT_TRUE(begin_->Put(kSet + "/README.md", "mine").ok());
    if (scenario.has_older) PutTestDataset(*begin_, kBackup, 1, 9);
    begin_->SyncAll();
    old_ = begin_->Tree(kSet);
    older_ = begin_->Tree(kBackup);
    const auto whole = begin_->Clone();
    ASSERT_EQ(Run(*whole), "");
    new_ = whole->Tree(kSet);
    ASSERT_NE(new_, old_);
    ASSERT_EQ(new_.at("README.md"), "mine");
    ExpectFinished(*whole, "without a fault");
  }

  std::string Run(io::FileSystem& file_system) {
    SourceSpec source(kSet);
    source.adaptation.exclude_episodes = "1";
    EditOptions edit;
    edit.in_place = true;
    edit.backup = scenario_.backup;
    MergeOptions options;
    options.num_workers = 1;
    const Result<VerifiedMerge> edited = EditOn(file_system, source, kSet, edit, options, false);
    return edited.ok() ? "" : edited.status().ToString();
  }

  static bool HasNote(const MemoryFileSystem& memory) {
    const Tree all = memory.Tree(kFolder);
    return std::any_of(all.begin(), all.end(),
                       [](const auto& file) { return file.first.ends_with(".exchange"); });
  }
  bool IsDone(const MemoryFileSystem& memory) const { return memory.Tree(kSet) == new_; }

  void ExpectNothingLost(const MemoryFileSystem& memory, const std::string& when) {
    const Tree there = memory.Tree(kSet);
    EXPECT_TRUE(there == old_ || there == new_) << when << ": neither the old nor the new dataset";
    const Tree all = memory.Tree(kFolder);
    const auto is_somewhere = [&](const Tree& wanted) {
      const std::string& info = wanted.at("meta/info.json");
      return std::any_of(all.begin(), all.end(), [&](const auto& file) {
        return file.first.ends_with("/meta/info.json") && file.second == info;
      });
    };
    if (scenario_.backup) {
      EXPECT_TRUE(is_somewhere(old_)) << when << ": the old dataset is nowhere";
    }
    if (scenario_.has_older && (there == old_ || !scenario_.backup)) {
      EXPECT_TRUE(is_somewhere(older_)) << when << ": the older backup went too early";
    }
  }

  // The new dataset is there, the old one is the backup, and nothing else is beside them.
  void ExpectFinished(const MemoryFileSystem& memory, const std::string& when) {
    EXPECT_EQ(memory.Tree(kSet), new_) << when;
    EXPECT_EQ(memory.Tree(kBackup), scenario_.backup ? old_ : older_) << when;
    std::vector<std::string> strays;
    for (const auto& [path, bytes] : memory.Tree(kFolder)) {
      // A lock that could not be removed holds nobody up.
      if (!path.starts_with("set/") && !path.starts_with("set_old/") &&
          path != ".set.robomerge.lock")
        strays.push_back(path);
    }
    EXPECT_THAT(strays, ::testing::IsEmpty()) << when;
  }

  Scenario scenario_;
  std::unique_ptr<MemoryFileSystem> begin_;
  Tree old_, new_, older_;
};

TEST_P(InPlaceFaults, EveryOperationMayFail) {
  for (const FaultKind kind :
       {FaultKind::kError, FaultKind::kShortWrite, FaultKind::kNoSpace, FaultKind::kSyncError}) {
    bool has_struck = true;
    for (uint64_t k = 0; has_struck && !HasFailure(); k += kSweepStep) {
      const std::string when = StrCat("fault ", static_cast<int>(kind), " at operation ", k);
      const auto memory = begin_->Clone();
      FaultyFileSystem faulty(*memory, {kind, k});
      const std::string error = Run(faulty);
      has_struck = faulty.has_struck();
      ASSERT_TRUE(has_struck || error.empty()) << error;
      ExpectNothingLost(*memory, when + ": " + error);
      // A failure says so; the same call again then edits once, however far the first one came.
      if (!error.empty()) {
        ASSERT_EQ(Run(*memory), "") << when;
      }
      if (error.empty()) {
        ASSERT_TRUE(IsDone(*memory)) << when;
      }
      ExpectFinished(*memory, when + ": " + error);
    }
  }
}

TEST_P(InPlaceFaults, ThePowerMayFailAfterEveryChange) {
  bool has_struck = true;
  for (uint64_t k = 0; has_struck && !HasFailure(); k += kSweepStep) {
    const auto memory = begin_->Clone();
    FaultyFileSystem faulty(*memory, {FaultKind::kCrash, k});
    const std::string error = Run(faulty);
    has_struck = faulty.has_struck();
    for (const auto& [names, contents] : kLosses) {
      const std::string when = StrCat("power cut after change ", k, ", loss ",
                                      static_cast<int>(names), "/", static_cast<int>(contents));
      const auto after = memory->Clone();
      after->Crash(names, contents, k);
      ExpectNothingLost(*after, when);
      EXPECT_TRUE(!error.empty() || IsDone(*after)) << when << ": a reported edit is lost";
      // With its last note gone, the edit is done as any other is.
      if (!error.empty() && !(IsDone(*after) && !HasNote(*after))) {
        ASSERT_EQ(Run(*after), "") << when;
      }
      EXPECT_TRUE(IsDone(*after)) << when;
    }
  }
}

TEST_P(InPlaceFaults, WhoeverWritesMeanwhileIsNotLost) {
  // A recording that goes on adds a file just before the exchange.
  class Recording final : public io::ForwardingFileSystem {
   public:
    Recording(MemoryFileSystem& memory, std::string path)
        : ForwardingFileSystem(memory), memory_(memory), path_(std::move(path)) {}
    Status Exchange(const std::string& left, const std::string& right) override {
      if (!std::exchange(is_written_, true)) {
        EXPECT_TRUE(memory_.Put(path_, "take 4").ok());
      }
      return ForwardingFileSystem::Exchange(left, right);
    }

   private:
    MemoryFileSystem& memory_;
    const std::string path_;
    bool is_written_ = false;
  };
  for (const std::string path : {"/data/chunk-000/file-777.parquet", "/meta/info.json"}) {
    const auto memory = begin_->Clone();
    Recording recording(*memory, kSet + path);
    EXPECT_THAT(Run(recording), ::testing::AllOf(HasSubstr("E-source-changed"), HasSubstr(path)));
    Tree expected = old_;
    expected[path.substr(1)] = "take 4";
    EXPECT_EQ(memory->Tree(kSet), expected);
    EXPECT_EQ(memory->Tree(kBackup), older_);
  }
}

TEST_P(InPlaceFaults, WithoutExchangeItIsRefused) {
  const auto memory = begin_->Clone();
  FaultyFileSystem without(*memory, {}, FaultyBehaviour{.cannot_exchange = true});
  EXPECT_THAT(Run(without), HasSubstr("E-exchange"));
  EXPECT_EQ(memory->Tree(kSet), old_);
  EXPECT_EQ(memory->Tree(kBackup), older_);
}

TEST_P(InPlaceFaults, WhatIsNoBackupIsNotReplaced) {
  ASSERT_TRUE(begin_->Put(kBackup + "/notes.txt", "mine").ok());
  if (scenario_.backup) {
    EXPECT_THAT(Run(*begin_), ::testing::AllOf(HasSubstr("E-destination"), HasSubstr("set_old")));
    EXPECT_EQ(begin_->Tree(kSet), old_);
  } else {
    EXPECT_EQ(Run(*begin_), "");
    EXPECT_EQ(begin_->Tree(kSet), new_);
  }
  EXPECT_EQ(begin_->Tree(kBackup).at("notes.txt"), "mine");
}

INSTANTIATE_TEST_SUITE_P(Edit, InPlaceFaults,
                         ::testing::Values(Scenario{"fresh"}, Scenario{"older_backup", true},
                                           Scenario{"no_backup", false, false},
                                           Scenario{"no_backup_keeps_older", true, false}),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace robomerge
