#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "io/dry_run_file_system.h"
#include "io/file_pool.h"
#include "io/file_system.h"

namespace robomerge::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class IoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "robomerge_io_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return JoinPath(folder_, name); }
  std::string Make(const std::string& name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }

  std::string folder_;
};

std::string ReadAll(const std::string& path) { return ReadWholeFile(Posix(), path).value(); }

TEST_F(IoTest, CopyRangeGivesTheSameBytesSharedOrNot) {
  std::string bytes;
  for (int i = 0; i < 3'000'000; ++i) bytes.push_back(static_cast<char>(i * 2654435761u >> 24));
  const std::string source_path = Make("source", bytes);
  const auto source = Posix().OpenForReading(source_path).value();
  for (const Sharing sharing : {Sharing::kAllowed, Sharing::kForbidden}) {
    const std::string path = Path("out" + std::to_string(static_cast<int>(sharing)));
    const auto output = Posix().Create(path, sharing).value();
    ASSERT_TRUE(output->SetSize(2'500'005).ok());
    const MovedBytes moved = output->CopyRange(*source, 17, 2'500'000, 5).value();
    EXPECT_EQ(moved.copied_bytes + moved.shared_bytes, 2'500'000u);
    ASSERT_TRUE(output->WriteAt(0, std::as_bytes(std::span("head!", 5))).ok());
    ASSERT_TRUE(output->Close(true).ok());
    EXPECT_EQ(ReadAll(path), "head!" + bytes.substr(17, 2'500'000));
  }
}

TEST_F(IoTest, RangesBeyondTheEndAreCorrupt) {
  const auto source = Posix().OpenForReading(Make("source", "0123456789")).value();
  std::array<std::byte, 4> buffer;
  EXPECT_EQ(source->ReadAt(8, buffer).code(), Code::kCorrupt);
  const auto output = Posix().Create(Path("out"), Sharing::kAllowed).value();
  EXPECT_EQ(output->CopyRange(*source, 8, 4, 0).status().code(), Code::kCorrupt);
  EXPECT_EQ(output->CopyRange(*source, ~uint64_t{0} - 1, 4, 0).status().code(), Code::kCorrupt);
}

TEST_F(IoTest, RenameNewNeverReplaces) {
  ASSERT_TRUE(Posix().MakeDirectories(Path("a/b/c")).ok());
  ASSERT_TRUE(Posix().MakeDirectories(Path("empty")).ok());
  EXPECT_EQ(Posix().RenameNew(Path("a"), Path("empty")).code(), Code::kAlreadyExists);
  ASSERT_TRUE(Posix().RenameNew(Path("a"), Path("z")).ok());
  EXPECT_THAT(Posix().List(folder_).value(), ElementsAre("empty", "z"));
  ASSERT_TRUE(Posix().RemoveAll(Path("z")).ok());
  ASSERT_TRUE(Posix().RemoveAll(Path("z")).ok());
  EXPECT_FALSE(Exists(Posix(), Path("z")).value());
}

TEST_F(IoTest, RemoveAllDoesNotFollowLinks) {
  const std::string kept = Make("kept", "precious");
  ASSERT_TRUE(Posix().MakeDirectories(Path("staging")).ok());
  std::filesystem::create_symlink(folder_, Path("staging/link"));
  ASSERT_TRUE(Posix().RemoveAll(Path("staging")).ok());
  EXPECT_EQ(ReadAll(kept), "precious");
}

TEST_F(IoTest, ErrorsNameThePathAndTheReason) {
  const Status missing = Posix().OpenForReading(Path("none")).status();
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_THAT(missing.ToString(), HasSubstr(Path("none")));
  EXPECT_THAT(missing.ToString(), HasSubstr("No such file"));
  EXPECT_EQ(Posix().OpenForReading(folder_).status().code(), Code::kCorrupt);
  const std::string there = Make("there", "x");
  EXPECT_EQ(Posix().Create(there, Sharing::kAllowed).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(ReadWholeFile(Posix(), there, 0).status().code(), Code::kCorrupt);
}

TEST_F(IoTest, DryRunCountsAndWritesNothing) {
  const std::string source_path = Make("source", "0123456789");
  DryRunFileSystem dry(Posix());
  const auto source = dry.OpenForReading(source_path).value();
  ASSERT_TRUE(dry.MakeDirectories(Path("out")).ok());
  const auto output = dry.Create(Path("out/file"), Sharing::kAllowed).value();
  ASSERT_TRUE(output->CopyRange(*source, 2, 8, 100).ok());
  EXPECT_EQ(output->CopyRange(*source, 2, 9, 0).status().code(), Code::kCorrupt);
  ASSERT_TRUE(output->Close(true).ok());
  EXPECT_THAT(dry.written(), ElementsAre(Pair(Path("out/file"), 108u)));
  EXPECT_THAT(Posix().List(folder_).value(), ElementsAre("source"));
}

TEST_F(IoTest, PoolReopensWhatItEvictedAndRefusesWhatChanged) {
  FilePool pool(Posix(), 2);
  std::vector<std::unique_ptr<PooledFile>> files;
  for (int i = 0; i < 5; ++i) {
    const std::string name = "file" + std::to_string(i);
    files.push_back(std::make_unique<PooledFile>(pool, Make(name, name), 5));
  }
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5; ++i) {
      char last = 0;
      ASSERT_TRUE(files[static_cast<size_t>(i)]
                      ->ReadAt(4, std::as_writable_bytes(std::span(&last, 1)))
                      .ok());
      EXPECT_EQ(last, '0' + i);
    }
  }
  const auto pinned = files[0]->Pin().value();
  EXPECT_GE(pinned->descriptor(), 0);
  Make("file1", "another length");
  EXPECT_THAT(files[1]->Pin().status().ToString(), HasSubstr("E-source-changed"));
  const auto output = Posix().Create(Path("out"), Sharing::kAllowed).value();
  ASSERT_TRUE(output->CopyRange(*files[2], 0, 5, 0).ok());
  ASSERT_TRUE(output->Close(false).ok());
  EXPECT_EQ(ReadAll(Path("out")), "file2");
}

TEST_F(IoTest, LockExcludesASecondHolderUntilItIsDropped) {
  auto first = Posix().TryLock(Path("lock"), LockKind::kExclusive);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(Posix().TryLock(Path("lock"), LockKind::kExclusive).status().code(),
            Code::kAlreadyExists);
  std::move(first).value().reset();
  EXPECT_TRUE(Posix().TryLock(Path("lock"), LockKind::kExclusive).ok());
}

}  // namespace
}  // namespace robomerge::io
