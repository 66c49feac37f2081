// A split is there whole or not at all: on a file system that fails at every single operation, and
// on one whose power is cut after every single change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
using io::FaultyFileSystem;
using io::MemoryFileSystem;
using io::NameLoss;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Tree = std::map<std::string, std::string>;

const std::string kFolder = "/home/data";
const std::string kSet = kFolder + "/set";
const std::string kSplit = kFolder + "/parts";

class SplitFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    PutTestDataset(begin_, kSet, 4, 1);
    begin_.SyncAll();
    source_ = begin_.Tree(kSet);
    const auto whole = begin_.Clone();
    ASSERT_EQ(Run(*whole), "");
    new_ = whole->Tree(kSplit);
    ASSERT_TRUE(new_.contains("a/meta/info.json") && new_.contains("b/meta/info.json"));
    ExpectFinished(*whole, "without a fault");
  }

  static std::string Run(io::FileSystem& file_system,
                         std::vector<Rule> into = {{"a", "0,3"}, {"b", "1"}}) {
    MergeOptions options;
    options.num_workers = 1;
    const auto made = SplitOn(file_system, kSet, kSplit, {.into = std::move(into)}, options, false);
    return made.ok() ? "" : made.status().ToString();
  }

  void ExpectAllOrNothing(const MemoryFileSystem& memory, const std::string& when) {
    const Tree there = memory.Tree(kSplit);
    EXPECT_TRUE(there.empty() || there == new_) << when;
    EXPECT_EQ(memory.Tree(kSet), source_) << when;
  }

  void ExpectFinished(const MemoryFileSystem& memory, const std::string& when) {
    EXPECT_EQ(memory.Tree(kSplit), new_) << when;
    EXPECT_EQ(memory.Tree(kSet), source_) << when;
    std::vector<std::string> strays;
    for (const auto& [path, bytes] : memory.Tree(kFolder)) {
      // A lock that could not be removed holds nobody up.
      if (!path.starts_with("set/") && !path.starts_with("parts/") &&
          path != ".parts.robomerge.lock")
        strays.push_back(path);
    }
    EXPECT_THAT(strays, IsEmpty()) << when;
  }

  MemoryFileSystem begin_;
  Tree source_, new_;
};

TEST_F(SplitFaults, EveryOperationMayFail) {
  for (const FaultKind kind : {FaultKind::kError, FaultKind::kSyncError}) {
    bool has_struck = true;
    for (uint64_t k = 0; has_struck && !HasFailure(); k += kSweepStep) {
      const std::string when = StrCat("fault ", static_cast<int>(kind), " at operation ", k);
      const auto memory = begin_.Clone();
      FaultyFileSystem faulty(*memory, {kind, k});
      const std::string error = Run(faulty);
      has_struck = faulty.has_struck();
      ASSERT_TRUE(has_struck || error.empty()) << error;
      ExpectAllOrNothing(*memory, when + ": " + error);
      ASSERT_EQ(Run(*memory), "") << when << ": " << error;
      ExpectFinished(*memory, when + ": " + error);
    }
  }
}

TEST_F(SplitFaults, ThePowerMayFailAfterEveryChange) {
  constexpr std::pair<NameLoss, ContentLoss> kLosses[] = {
      {NameLoss::kLost, ContentLoss::kLost}, {NameLoss::kPrefix, ContentLoss::kRandom}};
  bool has_struck = true;
  for (uint64_t k = 0; has_struck && !HasFailure(); k += kSweepStep) {
    const auto memory = begin_.Clone();
    FaultyFileSystem faulty(*memory, {FaultKind::kCrash, k});
    const std::string error = Run(faulty);
    has_struck = faulty.has_struck();
    for (const auto& [names, contents] : kLosses) {
      const std::string when = StrCat("power cut after change ", k);
      const auto after = memory->Clone();
      after->Crash(names, contents, k);
      ExpectAllOrNothing(*after, when);
      EXPECT_TRUE(!error.empty() || after->Tree(kSplit) == new_) << when;
      ASSERT_EQ(Run(*after), "") << when;
      ExpectFinished(*after, when);
    }
  }
}

TEST_F(SplitFaults, WhoeverWritesMeanwhileIsNoticed) {
  // A recording that goes on adds a file just before the folder appears.
  class Recording final : public io::ForwardingFileSystem {
   public:
    explicit Recording(MemoryFileSystem& memory) : ForwardingFileSystem(memory), memory_(memory) {}
    Status RenameNew(const std::string& from, const std::string& to) override {
      if (to.ends_with("/b")) {
        EXPECT_TRUE(memory_.Put(kSet + "/data/chunk-000/file-777.parquet", "take 4").ok());
      }
      return ForwardingFileSystem::RenameNew(from, to);
    }

   private:
    MemoryFileSystem& memory_;
  };
  Recording recording(begin_);
  EXPECT_THAT(Run(recording), AllOf(HasSubstr("E-source-changed"), HasSubstr("file-777")));
  for (const auto& [path, bytes] : begin_.Tree(kFolder))
    EXPECT_THAT(path, ::testing::StartsWith("set/"));
}

TEST_F(SplitFaults, WrongSplitsAreToldBeforeAnythingIsWritten) {
  const Tree before = begin_.Tree(kFolder);
  EXPECT_THAT(Run(begin_, {{"a", "0-2"}, {"b", "2"}}), HasSubstr("E-rule"));
  EXPECT_THAT(Run(begin_, {{"a", "0-4"}}), HasSubstr("E-rule"));
  EXPECT_THAT(Run(begin_, {{"a", "80%"}, {"a", "20%"}}), HasSubstr("E-value"));
  EXPECT_THAT(Run(begin_, {{"a", "80%"}, {"b", "20.1%"}}), HasSubstr("E-value"));
  EXPECT_THAT(Run(begin_, {{"a", "80%"}, {"b", "3"}}), HasSubstr("E-value"));
  EXPECT_THAT(Run(begin_, {{"../a", "3"}}), HasSubstr("E-value"));
  EXPECT_THAT(Run(begin_, {{".a", "3"}}), HasSubstr("E-value"));
  EXPECT_THAT(Run(begin_, {{"a", "1%"}, {"b", "99%"}}), HasSubstr("E-nothing-selected"));
  EXPECT_THAT(Run(begin_, {}), HasSubstr("E-flag"));
  EXPECT_EQ(begin_.Tree(kFolder), before);
}

}  // namespace
}  // namespace robomerge
