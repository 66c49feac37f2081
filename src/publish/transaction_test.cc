#include "publish/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/path.h"
#include "io/forwarding_file_system.h"
#include "testing/memory_file_system.h"

namespace robomerge {
namespace {

using io::MemoryFileSystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

constexpr const char* kDataset = R"({"codebase_version": "v3.0", "features": {}})";
constexpr const char* kRecord = R"({"content_id": "cccccccccccccccc"})";
const std::string kDestination = "/out/merged";
const std::string kStaging = "/out/.merged.robomerge-0123456789abcdef";

class TransactionTest : public ::testing::Test {
 protected:
  TransactionTest() {
    Put("/source/data/a.parquet", "payload");
    publication_.destination = kDestination;
    publication_.plan_id = "0123456789abcdef";
    publication_.content_id = "cccccccccccccccc";
    publication_.files = {"data/a.parquet", "meta/robomerge.json"};
    publication_.origins.push_back(OriginNow());
    EXPECT_TRUE(memory_.MakeDirectories("/out").ok());
  }

  void Put(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(memory_.Put(path, bytes).ok());
  }

  Origin OriginNow() const {
    const io::FileStat stat = memory_.Stat("/source/data/a.parquet").value();
    Origin origin;
    origin.root = "/source";
    origin.files.push_back({"data/a.parquet", stat.size_bytes, stat.modified_ns, stat.changed_ns});
    return origin;
  }

  Result<Transaction> Open() { return Transaction::Open(memory_, publication_); }

  // Writes all files as one process does.
  Status Fill(Transaction& transaction) {
    for (size_t file = 0; file < publication_.files.size(); ++file) {
      ROBOMERGE_RETURN_NOT_OK(transaction.MakeFolders({file}));
      const std::string text = file == 0 ? "payload" : kRecord;
      const auto output = transaction.files().Create(
          io::JoinPath(transaction.directory(), publication_.files[file]), io::Sharing::kForbidden);
      ROBOMERGE_RETURN_NOT_OK(output.status());
      ROBOMERGE_RETURN_NOT_OK((*output)->WriteAt(0, std::as_bytes(std::span(text))));
      ROBOMERGE_RETURN_NOT_OK((*output)->Close(true));
      WrittenFile written;
      written.size_bytes = text.size();
      ROBOMERGE_RETURN_NOT_OK(transaction.Note(file, written));
    }
    return Status();
  }

  // A whole merge: "" or the kind of its first problem.
  std::string Merge() {
    Result<Transaction> transaction = Open();
    if (!transaction.ok()) return KindOf(transaction.status());
    if (transaction->is_published()) return KindOf(transaction->FinishPublished());
    Status status = transaction->Stage(Role::kAlone);
    if (status.ok()) status = Fill(*transaction);
    if (status.ok()) status = transaction->Publish();
    return KindOf(transaction->Settle(status, "again"));
  }

  static std::string KindOf(const Status& status) {
    return status.ok() ? "" : status.problems().front().kind;
  }

  MemoryFileSystem memory_;
  Publication publication_;
};

TEST_F(TransactionTest, TheWholeAppearsAndNothingStaysBesideIt) {
  EXPECT_EQ(Merge(), "");
  EXPECT_THAT(memory_.List("/out").value(), ElementsAre("merged"));
  EXPECT_THAT(memory_.Tree(kDestination),
              ElementsAre(Pair("data/a.parquet", "payload"), Pair("meta/robomerge.json", kRecord)));
  EXPECT_TRUE(Open().value().is_published());
}

TEST_F(TransactionTest, WritersShareADestinationAndPublishingExcludesThem) {
  Transaction one = Open().value(), two = Open().value(), alone = Open().value();
  EXPECT_TRUE(one.Stage(Role::kWriter).ok());
  EXPECT_TRUE(two.Stage(Role::kWriter).ok());
  EXPECT_EQ(KindOf(alone.Stage(Role::kAlone)), "E-destination-busy");
}

TEST_F(TransactionTest, AFileThatWasWrittenIsNotWrittenAgain) {
  {
    Transaction first = Open().value();
    ASSERT_TRUE(first.Stage(Role::kAlone).ok());
    ASSERT_TRUE(Fill(first).ok());
    const Status full = Problem(Code::kIo, "no space");
    const Status settled = first.Settle(full, "run it again");
    EXPECT_THAT(settled.problems().front().hint, HasSubstr("run it again; to give it up, remove"));
  }
  ASSERT_TRUE(memory_.RemoveAll(kStaging + "/data/a.parquet").ok());
  Transaction second = Open().value();
  EXPECT_THAT(second.Missing(), ElementsAre(0));
  EXPECT_EQ(KindOf(second.Stage(Role::kPublisher)), "E-incomplete");
}

TEST_F(TransactionTest, WhatCannotBeContinuedIsRemoved) {
  Transaction transaction = Open().value();
  ASSERT_TRUE(transaction.Stage(Role::kAlone).ok());
  ASSERT_TRUE(Fill(transaction).ok());
  EXPECT_FALSE(transaction.Settle(Problem(Code::kCorrupt, "broken"), "again").ok());
  EXPECT_THAT(memory_.List("/out").value(), IsEmpty());
}

TEST_F(TransactionTest, TemporaryFilesGoAndForeignOnesAreNamed) {
  Put(kStaging + "/data/.a.host-1-2-3.tmp", "half");
  EXPECT_TRUE(Open().value().Stage(Role::kAlone).ok());
  EXPECT_THAT(memory_.Tree(kStaging), Not(Contains(Key("data/.a.host-1-2-3.tmp"))));
  Transaction transaction = Open().value();
  Put(kStaging + "/meta/thesis.txt", "mine");
  EXPECT_EQ(KindOf(Open().status()), "E-staging-foreign");
  const Status foreign = transaction.Settle(transaction.Stage(Role::kAlone), "again");
  ASSERT_EQ(KindOf(foreign), "E-staging-foreign");
  EXPECT_THAT(foreign.problems().front().where, HasSubstr("thesis.txt"));
  EXPECT_THAT(memory_.Tree(kStaging), Contains(Pair("meta/thesis.txt", "mine")));
}

TEST_F(TransactionTest, AFileThatComesIntoTheFolderLateIsNotPublished) {
  Transaction transaction = Open().value();
  ASSERT_TRUE(transaction.Stage(Role::kAlone).ok());
  ASSERT_TRUE(Fill(transaction).ok());
  Put(kStaging + "/meta/thesis.txt", "mine");
  EXPECT_EQ(KindOf(transaction.Settle(transaction.Publish(), "again")), "E-staging-foreign");
  EXPECT_FALSE(io::Exists(memory_, kDestination).value());
  EXPECT_THAT(memory_.Tree(kStaging), Contains(Pair("meta/thesis.txt", "mine")));
}

// A file system on which another run looks for journals whenever a lock goes.
class WatchedLock final : public io::ForwardingFileSystem {
 public:
  explicit WatchedLock(FileSystem& under) : ForwardingFileSystem(under) {}
  Status RemoveAll(const std::string& path) override {
    if (path.ends_with(".lock")) {
      const Result<bool> exists = io::Exists(*this, kStaging + ".journal");
      journals_outlived_the_lock = exists.ok() && *exists;
    }
    return ForwardingFileSystem::RemoveAll(path);
  }
  bool journals_outlived_the_lock = false;
};

TEST_F(TransactionTest, WhatDiffersIsVouchedForByNoJournalWhenTheLockGoes) {
  WatchedLock file_system(memory_);
  Transaction transaction = Transaction::Open(file_system, publication_).value();
  ASSERT_TRUE(transaction.Stage(Role::kAlone).ok());
  ASSERT_TRUE(Fill(transaction).ok());
  EXPECT_TRUE(transaction.Distrust().ok());
  EXPECT_FALSE(file_system.journals_outlived_the_lock);
  EXPECT_EQ(Open().value().Missing().size(), 2u);
}

TEST_F(TransactionTest, OnlyADatasetIsReplaced) {
  publication_.overwrite = true;
  Put(kDestination + "/meta/info.json", kDataset);
  Put(kDestination + "/data/old.parquet", "old");
  EXPECT_EQ(Merge(), "");
  EXPECT_THAT(memory_.Tree(kDestination), Not(Contains(Key("data/old.parquet"))));
  EXPECT_THAT(memory_.List("/out").value(), ElementsAre("merged"));
  for (const std::string info :
       {"{}", "not JSON", R"({"codebase_version": "v3.0"})", R"({"features": {}, "version": 3})"}) {
    ASSERT_TRUE(memory_.RemoveAll(kDestination).ok());
    Put(kDestination + "/meta/info.json", info);
    EXPECT_EQ(Merge(), "E-destination") << info;
    EXPECT_THAT(memory_.Tree(kDestination), ElementsAre(Pair("meta/info.json", info)));
  }
}

TEST_F(TransactionTest, WhatCameToTheDestinationMeanwhileStays) {
  publication_.overwrite = true;
  Put(kDestination + "/meta/info.json", kDataset);
  Transaction transaction = Open().value();
  ASSERT_TRUE(transaction.Stage(Role::kAlone).ok());
  ASSERT_TRUE(Fill(transaction).ok());
  ASSERT_TRUE(memory_.RemoveAll(kDestination).ok());
  Put(kDestination, "somebody's file");
  EXPECT_EQ(KindOf(transaction.Settle(transaction.Publish(), "again")), "E-destination");
  EXPECT_EQ(io::ReadWholeFile(memory_, kDestination).value(), "somebody's file");
  EXPECT_THAT(memory_.Tree(kStaging), Contains(Pair("data/a.parquet", "payload")));
}

// A file system on which something else appears at the destination right before the exchange.
class LateArrival final : public io::ForwardingFileSystem {
 public:
  explicit LateArrival(MemoryFileSystem& memory) : ForwardingFileSystem(memory), memory_(memory) {}
  Status Exchange(const std::string& left, const std::string& right) override {
    if (!has_come_) {
      has_come_ = true;
      ROBOMERGE_RETURN_NOT_OK(memory_.RemoveAll(right));
      ROBOMERGE_RETURN_NOT_OK(memory_.Put(right + "/thesis.txt", "mine"));
    }
    return memory_.Exchange(left, right);
  }

 private:
  MemoryFileSystem& memory_;
  bool has_come_ = false;
};

TEST_F(TransactionTest, WhatComesBetweenTheLookAndTheExchangeIsPutBack) {
  publication_.overwrite = true;
  Put(kDestination + "/meta/info.json", kDataset);
  LateArrival file_system(memory_);
  Transaction transaction = Transaction::Open(file_system, publication_).value();
  ASSERT_TRUE(transaction.Stage(Role::kAlone).ok());
  ASSERT_TRUE(Fill(transaction).ok());
  EXPECT_EQ(KindOf(transaction.Settle(transaction.Publish(), "again")), "E-destination");
  EXPECT_THAT(memory_.Tree(kDestination), ElementsAre(Pair("thesis.txt", "mine")));
  EXPECT_THAT(memory_.Tree(kStaging), Contains(Pair("data/a.parquet", "payload")));
}

TEST_F(TransactionTest, AResultThatIsOlderThanASourceIsNotDone) {
  ASSERT_EQ(Merge(), "");
  Put("/source/data/a.parquet", "PAYLOAD");  // the same size, so the same content id
  publication_.origins = {OriginNow()};
  EXPECT_EQ(KindOf(Open().status()), "E-destination-exists");
  publication_.overwrite = true;
  Put(kDestination + "/meta/info.json", kDataset);
  EXPECT_FALSE(Open().value().is_published());
}

TEST_F(TransactionTest, ASourceThatChangedSinceThePlanIsSeenAtEveryMoment) {
  const auto change = [this] { Put("/source/data/a.parquet", "PAYLOAD"); };
  Transaction transaction = Open().value();
  ASSERT_TRUE(transaction.Stage(Role::kAlone).ok());
  ASSERT_TRUE(Fill(transaction).ok());
  change();
  EXPECT_EQ(KindOf(transaction.Settle(transaction.Publish(), "again")), "E-source-changed");
  EXPECT_THAT(memory_.List("/out").value(), IsEmpty());
  publication_.origins = {OriginNow()};
  ASSERT_EQ(Merge(), "");
  change();
  EXPECT_EQ(KindOf(Open().status()), "E-source-changed");
  // Sources may be removed after they are merged.
  ASSERT_TRUE(memory_.RemoveAll("/source").ok());
  EXPECT_TRUE(Open().value().is_published());
}

TEST_F(TransactionTest, ASourceWhoseTimeWasSetBackHasChanged) {
  for (const bool is_metadata : {false, true}) {
    if (is_metadata) {
      Put("/source/meta/info.json", "{}");
      const io::FileStat stat = memory_.Stat("/source/meta/info.json").value();
      publication_.origins.front().metadata_files.push_back(
          {"meta/info.json", stat.size_bytes, stat.modified_ns, stat.changed_ns});
    }
    publication_.origins.front().files = OriginNow().files;
    Transaction transaction = Open().value();
    ASSERT_TRUE(transaction.Stage(Role::kAlone).ok());
    ASSERT_TRUE(Fill(transaction).ok());
    memory_.RewriteUnseen(is_metadata ? "/source/meta/info.json" : "/source/data/a.parquet",
                          is_metadata ? "[]" : "PAYLOAD");
    const Status published = transaction.Settle(transaction.Publish(), "again");
    ASSERT_EQ(KindOf(published), "E-source-changed");
    EXPECT_THAT(published.problems().front().where,
                HasSubstr(is_metadata ? "info.json" : "data/a.parquet"));
    EXPECT_THAT(memory_.List("/out").value(), IsEmpty());
  }
}

TEST_F(TransactionTest, AFileThatWasWrittenAgainAfterItWasNotedIsNotDone) {
  {
    Transaction first = Open().value();
    ASSERT_TRUE(first.Stage(Role::kAlone).ok());
    ASSERT_TRUE(Fill(first).ok());
    EXPECT_FALSE(first.Settle(Problem(Code::kIo, "no space"), "again").ok());
  }
  EXPECT_THAT(Open().value().Missing(), IsEmpty());
  Put(kStaging + "/data/a.parquet", "PAYLOAD");
  EXPECT_THAT(Open().value().Missing(), ElementsAre(0));
  EXPECT_EQ(KindOf(Open().value().Stage(Role::kPublisher)), "E-incomplete");
  EXPECT_EQ(Merge(), "");
  EXPECT_THAT(memory_.Tree(kDestination), Contains(Pair("data/a.parquet", "payload")));
}

TEST_F(TransactionTest, WhatAWriterTakesBackIsWrittenAgain) {
  Transaction writer = Open().value();
  ASSERT_TRUE(writer.Stage(Role::kWriter).ok());
  ASSERT_TRUE(Fill(writer).ok());
  EXPECT_TRUE(writer.Retract().ok());
  EXPECT_EQ(Open().value().Missing().size(), 2u);
}

TEST_F(TransactionTest, WhatAnotherUserHasPutThereIsNeitherUsedNorTouched) {
  const std::string journal_path = kStaging + ".journal/x.jsonl";
  const std::string lock_path = "/out/.merged.robomerge.lock";
  const std::string journal =
      "{\"format\": \"robomerge journal\", \"version\": [2, 0], "
      "\"plan_id\": \"0123456789abcdef\", \"files_are_synced\": true}\n";
  for (const auto& [file, given_away] :
       {std::pair(kStaging + "/data/a.parquet", kStaging),
        {kStaging + "/data/a.parquet", kStaging + "/data"},
        {kStaging + "/data/a.parquet", kStaging + "/data/a.parquet"},
        {journal_path, kStaging + ".journal"},
        {journal_path, journal_path},
        {lock_path, lock_path},
        {kStaging, kStaging}}) {
    Put(file, file == journal_path ? journal : "foreign");
    if (file != kStaging) memory_.GiveAway(given_away);
    const auto before = memory_.Tree("/out");
    EXPECT_EQ(Merge(), "E-staging-foreign") << given_away;
    EXPECT_EQ(memory_.Tree("/out"), before) << given_away;
    Result<Transaction> writer = Open();
    Status written = writer.status();
    if (written.ok()) written = writer->Stage(Role::kWriter);
    if (written.ok()) written = Fill(*writer);
    EXPECT_EQ(KindOf(written), "E-staging-foreign") << given_away;
    EXPECT_EQ(memory_.Tree("/out"), before) << given_away;
    for (const std::string& name : memory_.List("/out").value())
      ASSERT_TRUE(memory_.RemoveAll("/out/" + name).ok());
  }
}

// A file system that gives what this process makes to somebody else, as network ones may.
class SquashingFileSystem final : public io::ForwardingFileSystem {
 public:
  explicit SquashingFileSystem(FileSystem& under) : ForwardingFileSystem(under) {}
  uint64_t CurrentUser() const override { return 0; }
};

TEST_F(TransactionTest, FilesThatTheSystemGivesToNobodyAreStillOurs) {
  SquashingFileSystem squashing(memory_);
  {
    Transaction first = Transaction::Open(squashing, publication_).value();
    ASSERT_TRUE(first.Stage(Role::kAlone).ok());
    ASSERT_TRUE(Fill(first).ok());
    EXPECT_FALSE(first.Settle(Problem(Code::kIo, "no space"), "again").ok());
  }
  Transaction second = Transaction::Open(squashing, publication_).value();
  EXPECT_THAT(second.Missing(), IsEmpty());
  ASSERT_TRUE(second.Stage(Role::kAlone).ok());
  ASSERT_TRUE(second.Publish().ok());
  EXPECT_THAT(memory_.List("/out").value(), ElementsAre("merged"));
}

// A file system that cannot exchange folders.
class WithoutExchange final : public io::ForwardingFileSystem {
 public:
  explicit WithoutExchange(FileSystem& under) : ForwardingFileSystem(under) {}
  Status Exchange(const std::string&, const std::string&) override {
    return Problem(Code::kUnsupported, "no exchange");
  }
};

TEST_F(TransactionTest, WhatLiesWhereTheOldDatasetGoesStays) {
  publication_.overwrite = true;
  WithoutExchange file_system(memory_);
  const std::string replaced = kStaging + ".old";
  Put(kDestination + "/meta/info.json", kDataset);
  Put(replaced + "/thesis.txt", "mine");
  Transaction transaction = Transaction::Open(file_system, publication_).value();
  ASSERT_TRUE(transaction.Stage(Role::kAlone).ok());
  ASSERT_TRUE(Fill(transaction).ok());
  EXPECT_EQ(KindOf(transaction.Settle(transaction.Publish(), "again")), "E-staging-foreign");
  EXPECT_THAT(memory_.Tree(kDestination), ElementsAre(Pair("meta/info.json", kDataset)));
  ASSERT_EQ(Merge(), "");  // where folders can be exchanged
  EXPECT_THAT(memory_.Tree(replaced), ElementsAre(Pair("thesis.txt", "mine")));
  Transaction finished = Open().value();
  ASSERT_TRUE(finished.is_published());
  ASSERT_TRUE(finished.FinishPublished().ok());
  ASSERT_EQ(finished.warnings().size(), 1u);
  EXPECT_EQ(finished.warnings().front().kind, "W-old-dataset-left");
  EXPECT_THAT(memory_.Tree(replaced), ElementsAre(Pair("thesis.txt", "mine")));
}

TEST_F(TransactionTest, AFailedMergeMovesNoForeignFolderToTheDestination) {
  Put(kStaging + ".old/thesis.txt", "mine");
  Transaction transaction = Open().value();
  ASSERT_TRUE(transaction.Stage(Role::kAlone).ok());
  EXPECT_FALSE(transaction.Settle(Problem(Code::kCorrupt, "broken"), "again").ok());
  EXPECT_THAT(memory_.Tree("/out"),
              ElementsAre(Pair(".merged.robomerge-0123456789abcdef.old/thesis.txt", "mine")));
}

TEST_F(TransactionTest, ADatasetThatHoldsMoreThanADatasetIsNotReplaced) {
  publication_.overwrite = true;
  Put(kDestination + "/meta/info.json", kDataset);
  for (const std::string own :
       {"README.md", ".gitattributes", ".cache/x", "._meta", "images/a.png"})
    Put(kDestination + "/" + own, "");
  EXPECT_TRUE(Open().ok());
  Put(kDestination + "/.git/HEAD", "ref");
  const Status refused = Open().status();
  ASSERT_EQ(KindOf(refused), "E-destination");
  EXPECT_EQ(refused.problems().front().found, "`.git`");
  for (const std::string foreign :
       {"meta/notes.txt", "meta/.git/HEAD", "videos/raw/a.mkv", "data/other/meta/info.json"}) {
    ASSERT_TRUE(memory_.RemoveAll(kDestination + "/.git").ok());
    Put(kDestination + "/" + foreign, "mine");
    EXPECT_EQ(KindOf(Open().status()), "E-destination") << foreign;
    ASSERT_TRUE(memory_.RemoveAll(kDestination + "/" + ParentOf(foreign)).ok());
    Put(kDestination + "/meta/info.json", kDataset);
  }
  ASSERT_TRUE(memory_.RemoveAll(kDestination + "/.git").ok());
  Transaction transaction = Open().value();
  ASSERT_TRUE(transaction.Stage(Role::kAlone).ok());
  ASSERT_TRUE(Fill(transaction).ok());
  Put(kDestination + "/notes.txt", "mine");
  EXPECT_EQ(KindOf(transaction.Settle(transaction.Publish(), "again")), "E-destination");
  EXPECT_THAT(memory_.Tree(kDestination), Contains(Pair("notes.txt", "mine")));
}

TEST_F(TransactionTest, AFinishedMergeLeavesTheLockToWhoHoldsIt) {
  ASSERT_EQ(Merge(), "");
  const std::string lock_path = "/out/.merged.robomerge.lock";
  {
    const auto lock = memory_.TryLock(lock_path, io::LockKind::kExclusive).value();
    EXPECT_EQ(Merge(), "");
    EXPECT_TRUE(io::Exists(memory_, lock_path).value());
  }
  EXPECT_EQ(Merge(), "");
  EXPECT_FALSE(io::Exists(memory_, lock_path).value());
}

}  // namespace
}  // namespace robomerge
