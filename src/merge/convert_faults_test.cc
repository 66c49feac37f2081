// A conversion in place loses nothing: on a file system that fails at every single operation, and
// on one whose power is cut after every single change. After each of them the dataset's folder
// holds the old dataset or the new one, whole, no dataset is lost before the new one stands, and
// the same call again gives the same folders and leaves nothing beside them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
using Tree = std::map<std::string, std::string>;

const std::string kHome = "/home";
const std::string kRoot = kHome + "/kitchen";
const std::string kOld = kRoot + "_old";

struct Case {
  std::string name;
  bool has_older = false;  // something is at kitchen_old before
  FaultyBehaviour behaviour;
};

std::ostream& operator<<(std::ostream& out, const Case& one) { return out << one.name; }

class InPlace : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    options_.num_workers = 1;
    options_.codebase_version = CodebaseVersion::kV21;
    PutTestDataset(begin_, kRoot, 2, 3);
    if (GetParam().has_older) PutTestDataset(begin_, kOld, 1, 7);
    begin_.SyncAll();
    source_ = begin_.Tree(kRoot);
    older_ = begin_.Tree(kOld);
    const auto whole = begin_.Clone();
    ASSERT_EQ(Run(*whole), "");
    expected_ = whole->Tree(kRoot);
    ASSERT_TRUE(expected_.contains("meta/episodes.jsonl"));
    ASSERT_EQ(whole->Tree(kOld), source_);
  }

  Result<VerifiedMerge> Convert(io::FileSystem& file_system) {
    EditOptions edit;
    edit.in_place = edit.converts = true;
    return EditOn(file_system, SourceSpec(kRoot), kRoot, edit, options_, /*verify=*/false);
  }

  std::string Run(io::FileSystem& file_system) {
    const Result<VerifiedMerge> edited = Convert(file_system);
    return edited.ok() ? "" : edited.status().ToString();
  }

  // Whether some folder of the home holds exactly this dataset.
  static bool Holds(const MemoryFileSystem& memory, const Tree& dataset) {
    const Tree all = memory.Tree(kHome);
    for (const auto& [path, bytes] : all) {
      const size_t end = path.find("/meta/info.json");
      if (end != std::string::npos && memory.Tree(kHome + "/" + path.substr(0, end)) == dataset)
        return true;
    }
    return false;
  }

  void ExpectNothingLost(const MemoryFileSystem& memory, const std::string& when) {
    const Tree there = memory.Tree(kRoot);
    const bool may_be_absent = GetParam().behaviour.cannot_exchange;
    EXPECT_TRUE(there == source_ || there == expected_ || (there.empty() && may_be_absent)) << when;
    EXPECT_TRUE(Holds(memory, source_)) << when << ": the old dataset is nowhere";
    // The one before it may go when the new one stands.
    const bool is_kept = GetParam().has_older && there != expected_;
    EXPECT_TRUE(!is_kept || Holds(memory, older_)) << when << ": the older one is nowhere";
  }

  void ExpectGoesOn(MemoryFileSystem& memory, const std::string& when) {
    ASSERT_EQ(Run(memory), "") << when;
    EXPECT_TRUE(memory.Tree(kRoot) == expected_) << when;
    EXPECT_TRUE(memory.Tree(kOld) == source_) << when;
    for (const auto& [path, bytes] : memory.Tree(kHome))
      EXPECT_TRUE(path.starts_with("kitchen/") || path.starts_with("kitchen_old/"))
          << when << ": left " << path;
  }

  MergeOptions options_;
  MemoryFileSystem begin_;
  Tree source_, older_, expected_;
};

TEST_P(InPlace, EveryOperationMayFail) {
  for (const FaultKind kind :
       {FaultKind::kError, FaultKind::kShortWrite, FaultKind::kNoSpace, FaultKind::kSyncError}) {
    uint64_t k = 0;
    for (bool has_struck = true; has_struck && !HasFailure(); k += kSweepStep) {
      const std::string when = StrCat("fault ", static_cast<int>(kind), " at operation ", k);
      const auto memory = begin_.Clone();
      FaultyFileSystem faulty(*memory, {kind, k}, GetParam().behaviour);
      const std::string error = Run(faulty);
      has_struck = faulty.has_struck();
      ASSERT_TRUE(has_struck || error.empty()) << error;
      ExpectNothingLost(*memory, when);
      ExpectGoesOn(*memory, when);
    }
  }
}

TEST_P(InPlace, ThePowerMayFailAfterEveryChange) {
  uint64_t k = 0;
  for (bool has_struck = true; has_struck && !HasFailure(); k += kSweepStep) {
    const auto memory = begin_.Clone();
    FaultyFileSystem faulty(*memory, {FaultKind::kCrash, k}, GetParam().behaviour);
    const std::string error = Run(faulty);
    has_struck = faulty.has_struck();
    for (const NameLoss names : {NameLoss::kLost, NameLoss::kKept, NameLoss::kPrefix}) {
      const std::string when =
          StrCat("power cut after change ", k, ", loss ", static_cast<int>(names));
      const auto after = memory->Clone();
      after->Crash(names, ContentLoss::kZeros, k);
      ExpectNothingLost(*after, when);
      EXPECT_TRUE(!error.empty() || after->Tree(kRoot) == expected_) << when;
      ExpectGoesOn(*after, when);
    }
  }
}

TEST_P(InPlace, ADatasetOfThatVersionStays) {
  const auto memory = begin_.Clone();
  ASSERT_EQ(Run(*memory), "");
  const auto again = memory->Clone();
  const Result<VerifiedMerge> edited = Convert(*again);
  ASSERT_TRUE(edited.ok());
  EXPECT_TRUE(edited->merge.already_done);
  EXPECT_EQ(edited->merge.num_episodes, 2u);
  EXPECT_EQ(again->Tree(kHome), memory->Tree(kHome));
}

TEST_P(InPlace, WhatIsNoDatasetAtTheOldPlaceStays) {
  ASSERT_TRUE(begin_.RemoveAll(kOld).ok());
  ASSERT_TRUE(begin_.MakeDirectories(kOld).ok());
  ASSERT_TRUE(begin_.Put(kOld + "/notes.txt", "mine").ok());
  EXPECT_THAT(Run(begin_), ::testing::HasSubstr("E-destination"));
  EXPECT_EQ(begin_.Tree(kRoot), source_);
  EXPECT_EQ(io::ReadWholeFile(begin_, kOld + "/notes.txt").value(), "mine");
}

std::vector<Case> Cases() {
  std::vector<Case> cases(4);
  cases[0].name = "first";
  cases[1].name = "again";
  cases[2].name = "first_without_exchange";
  cases[3].name = "again_without_exchange";
  cases[1].has_older = cases[3].has_older = true;
  cases[2].behaviour.cannot_exchange = cases[3].behaviour.cannot_exchange = true;
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Convert, InPlace, ::testing::ValuesIn(Cases()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace robomerge
