// A dataset that grows loses nothing: on a file system that fails at every single operation, and on
// one whose power is cut after every single change, the old or the new dataset is at its place
// afterwards, whole, though they have payload files in common; and the same call again ends with
// the new one, once.
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
using io::FaultyFileSystem;
using io::MemoryFileSystem;
using io::NameLoss;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Tree = std::map<std::string, std::string>;

const std::string kFolder = "/home/data";
const std::string kSet = kFolder + "/set";
const std::string kOther = kFolder + "/other";
const std::string kBackup = kSet + "_old";
constexpr std::pair<NameLoss, ContentLoss> kLosses[] = {{NameLoss::kLost, ContentLoss::kLost},
                                                        {NameLoss::kKept, ContentLoss::kZeros},
                                                        {NameLoss::kPrefix, ContentLoss::kRandom},
                                                        {NameLoss::kEach, ContentLoss::kRandom}};

MergeOptions OneWorker() {
  MergeOptions options;
  options.num_workers = 1;
  return options;
}

Result<VerifiedMerge> AppendTo(io::FileSystem& file_system, const std::vector<SourceSpec>& sources,
                               const AppendOptions& append = {}) {
  return AppendOn(file_system, kSet, sources, append, OneWorker(), false);
}

// `append`, or `remove-source` of what was appended.
struct Scenario {
  std::string name;
  bool removes = false;
  bool has_older = false;  // there is a backup of an earlier run
  bool backup = true;
  bool again = false;
};
std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
  return out << scenario.name;
}

class AppendFaults : public ::testing::TestWithParam<Scenario> {
 protected:
  void SetUp() override {
    scenario_ = GetParam();
    begin_ = std::make_unique<MemoryFileSystem>();
    PutTestDataset(*begin_, kSet, 2, 1);
    PutTestDataset(*begin_, kOther, 1, 9);
    if (scenario_.removes || scenario_.again) {
      ASSERT_TRUE(AppendTo(*begin_, {kOther}).ok());
      ASSERT_TRUE(begin_->RemoveAll(kBackup).ok());
    }
    if (scenario_.has_older) PutTestDataset(*begin_, kBackup, 1, 7);
    begin_->SyncAll();
    old_ = begin_->Tree(kSet);
    older_ = begin_->Tree(kBackup);
    const auto whole = begin_->Clone();
    ASSERT_EQ(Run(*whole), "");
    new_ = whole->Tree(kSet);
    ASSERT_NE(new_, old_);
    ExpectFinished(*whole, "without a fault");
  }

  std::string Run(io::FileSystem& file_system) {
    AppendOptions append;
    append.backup = scenario_.backup;
    append.again = scenario_.again;
    const Result<VerifiedMerge> grown =
        scenario_.removes ? RemoveSourceOn(file_system, kSet, "1", append, OneWorker(), false)
                          : AppendTo(file_system, {kOther}, append);
    return grown.ok() ? "" : grown.status().ToString();
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
      const std::string& record = wanted.at("meta/info.json");
      return std::any_of(all.begin(), all.end(), [&](const auto& file) {
        return file.first.ends_with("/meta/info.json") && file.second == record;
      });
    };
    if (scenario_.backup) {
      EXPECT_TRUE(is_somewhere(old_)) << when << ": the old dataset is nowhere";
    }
    if (scenario_.has_older && (there == old_ || !scenario_.backup)) {
      EXPECT_TRUE(is_somewhere(older_)) << when << ": the older backup went too early";
    }
  }

  void ExpectFinished(const MemoryFileSystem& memory, const std::string& when) {
    EXPECT_EQ(memory.Tree(kSet), new_) << when;
    EXPECT_EQ(memory.Tree(kBackup), scenario_.backup ? old_ : older_) << when;
    std::vector<std::string> strays;
    for (const auto& [path, bytes] : memory.Tree(kFolder)) {
      // A lock that could not be removed holds nobody up.
      if (!path.starts_with("set/") && !path.starts_with("set_old/") &&
          !path.starts_with("other/") && path != ".set.robomerge.lock")
        strays.push_back(path);
    }
    EXPECT_THAT(strays, IsEmpty()) << when;
  }

  // The same call once more does it a second time, or finds that it cannot: as after any other.
  bool IsRunAgain(const MemoryFileSystem& memory) const {
    const bool is_repeated = scenario_.removes || scenario_.again;
    return !(is_repeated && IsDone(memory) && !HasNote(memory));
  }

  Scenario scenario_;
  std::unique_ptr<MemoryFileSystem> begin_;
  Tree old_, new_, older_;
};

TEST_P(AppendFaults, EveryOperationMayFail) {
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
      if (!error.empty()) {
        ASSERT_EQ(Run(*memory), "") << when << ": " << error;
      }
      if (error.empty()) {
        ASSERT_TRUE(IsDone(*memory)) << when;
      }
      ExpectFinished(*memory, when + ": " + error);
    }
  }
}

TEST_P(AppendFaults, ThePowerMayFailAfterEveryChange) {
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
      EXPECT_TRUE(!error.empty() || IsDone(*after)) << when << ": a reported run is lost";
      if (!error.empty() && IsRunAgain(*after)) {
        ASSERT_EQ(Run(*after), "") << when;
      }
      EXPECT_TRUE(IsDone(*after)) << when;
    }
  }
}

TEST_P(AppendFaults, WhoeverWritesMeanwhileIsNotLost) {
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
    EXPECT_THAT(Run(recording), AllOf(HasSubstr("E-source-changed"), HasSubstr(path)));
    Tree expected = old_;
    expected[path.substr(1)] = "take 4";
    EXPECT_EQ(memory->Tree(kSet), expected);
    EXPECT_EQ(memory->Tree(kBackup), older_);
  }
}

INSTANTIATE_TEST_SUITE_P(Growth, AppendFaults,
                         ::testing::Values(Scenario{"append"},
                                           Scenario{"append_again", false, false, true, true},
                                           Scenario{"append_no_backup", false, true, false},
                                           Scenario{"remove_older_backup", true, true},
                                           Scenario{"remove_no_backup", true, false, false}),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace robomerge
