#include "publish/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "publish/whole_files.h"
#include "testing/memory_file_system.h"

namespace robomerge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

const std::vector<std::string> kPaths = {"data/a", "meta/b"};
constexpr const char* kHeader =
    "{\"format\": \"robomerge journal\", \"version\": [2, 0], \"plan_id\": \"0123456789abcdef\"}\n";
constexpr const char* kLine =
    "{\"unit\": 1, \"path\": \"meta/b\", \"size_bytes\": 12, \"mode\": \"write\", "
    "\"copied_bytes\": 0, \"shared_bytes\": 0, \"encoded_bytes\": 12, \"modified_ns\": 7}\n";

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "robomerge_journal_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Put(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  Result<JournaledFiles> Read(bool only_synced = false) const {
    Ownership ownership(io::Posix(), folder_);
    return ReadJournals(io::Posix(), ownership, folder_, "0123456789abcdef", kPaths, only_synced);
  }
  Problem Refusal() const {
    const Result<JournaledFiles> read = Read();
    return read.ok() ? Problem(Code::kInternal, "was read") : read.status().problems().front();
  }
  std::vector<std::string> Names() const { return io::Posix().List(folder_).value(); }

  std::string folder_;
};

TEST_F(JournalTest, ReadersTakeTheUnionOfWhatWritersAppended) {
  WrittenFile first, second;
  first.size_bytes = 5;
  first.mode = ReportedFile::Mode::kSplice;
  first.moved.copied_bytes = 4;
  second.size_bytes = second.encoded_bytes = 12;
  for (const bool sync : {false, true}) {
    JournalWriter writer(io::Posix(), folder_, "0123456789abcdef", sync, !sync);
    ASSERT_TRUE(writer.Append(0, "data/a", first, sync ? 20 : 10).ok());
    if (!sync) continue;
    ASSERT_TRUE(writer.Append(1, "meta/b", second, 30).ok());
  }
  EXPECT_EQ(Names().size(), 2u);
  const JournaledFiles done = Read().value();
  ASSERT_TRUE(done[0] && done[1]);
  EXPECT_EQ(done[0]->written.moved.copied_bytes, 4u);
  EXPECT_EQ(done[0]->written.mode, ReportedFile::Mode::kSplice);
  EXPECT_THAT(done[0]->modified_ns, UnorderedElementsAre(10, 20));
  EXPECT_EQ(done[1]->written.encoded_bytes, 12u);
  const JournaledFiles synced = Read(true).value();
  EXPECT_TRUE(synced[0] && !synced[1])
      << "what a writer did not sync is nothing that one who does may rely on";
}

TEST_F(JournalTest, NoFolderMeansNothingIsDone) {
  std::filesystem::remove_all(folder_);
  const JournaledFiles done = Read().value();
  EXPECT_EQ(done.size(), 2u);
  EXPECT_FALSE(done[0] || done[1]);
  std::filesystem::create_directory(folder_);
}

TEST_F(JournalTest, ATornLastLineIsIgnoredWhereverItIsTorn) {
  const std::string whole = std::string(kHeader) + kLine;
  for (size_t size = 0; size < whole.size(); ++size) {
    Put("a.jsonl", whole.substr(0, size));
    const Result<JournaledFiles> done = Read();
    ASSERT_TRUE(done.ok()) << size << ": " << done.status().ToString();
    EXPECT_FALSE((*done)[1]) << size;
  }
  Put("a.jsonl", std::string(kHeader) + kLine + std::string(40, '\0'));
  EXPECT_TRUE(Read().value()[1]);
}

TEST_F(JournalTest, ABlockThatNeverReachedTheDeviceEndsAJournal) {
  const std::string whole = std::string(kHeader) + kLine + kLine;
  for (size_t begin = 0; begin < whole.size(); begin += 7) {
    for (const size_t length : {size_t{1}, size_t{40}, whole.size()}) {
      std::string zeroed = whole;
      for (size_t at = begin; at < std::min(begin + length, whole.size()); ++at) zeroed[at] = '\0';
      Put("a.jsonl", zeroed);
      const Result<JournaledFiles> done = Read();
      ASSERT_TRUE(done.ok()) << begin << ", " << length << ": " << done.status().ToString();
      EXPECT_EQ((*done)[1].has_value(),
                begin >= std::string(kHeader).size() + std::string(kLine).size())
          << begin;
    }
  }
}

TEST_F(JournalTest, AnythingElseOddIsRefusedWithItsPlace) {
  const std::string torn_within = std::string(kHeader) + "{\"unit\": 1, \"pa\n" + kLine;
  Put("a.jsonl", torn_within);
  EXPECT_EQ(Refusal().kind, "E-journal-damaged");
  EXPECT_THAT(Refusal().where, HasSubstr("a.jsonl, line 2"));
  for (const auto& [old, replacement] : {std::pair("\"unit\": 1", "\"unit\": 2"),
                                         {"\"unit\": 1", "\"unit\": -1"},
                                         {"\"meta/b\"", "\"meta/c\""},
                                         {"\"size_bytes\": 12", "\"size_bytes\": 1.5"},
                                         {"\"write\"", "\"guess\""}}) {
    std::string line = kLine;
    line.replace(line.find(old), std::string(old).size(), replacement);
    Put("a.jsonl", std::string(kHeader) + line);
    EXPECT_EQ(Refusal().kind, "E-journal-damaged") << line;
  }
  std::string header = kHeader;
  Put("a.jsonl", header.replace(header.find("cdef"), 4, "ffff") + kLine);
  EXPECT_EQ(Refusal().what, "journal is of another plan");
  header = kHeader;
  Put("a.jsonl", header.replace(header.find("[2, 0]"), 6, "[1, 1]") + kLine);
  EXPECT_THAT(Refusal().what, HasSubstr("another version"));
  std::filesystem::remove(folder_ + "/a.jsonl");
  Put("notes.txt", "");
  EXPECT_THAT(Refusal().where, HasSubstr("notes.txt"));
}

TEST_F(JournalTest, TwoLinesOfOneUnitMustAgree) {
  Put("a.jsonl", std::string(kHeader) + kLine);
  Put("b.jsonl", std::string(kHeader) + kLine);
  EXPECT_TRUE(Read().value()[1]);
  std::string line = kLine;
  Put("b.jsonl", kHeader + line.replace(line.find(": 12"), 4, ": 13"));
  EXPECT_THAT(Refusal().what, HasSubstr("contradict"));
  EXPECT_THAT(Refusal().where, HasSubstr("b.jsonl, line 2"));
}

TEST_F(JournalTest, HashesComeBackAndMustAgree) {
  const std::string hash(64, 'a');
  WrittenFile written;
  written.sha256 = hash;
  JournalWriter writer(io::Posix(), folder_, "0123456789abcdef", false, false);
  ASSERT_TRUE(writer.Append(0, "data/a", written, 7).ok());
  EXPECT_EQ(Read().value()[0]->written.sha256, hash);
  ASSERT_TRUE(writer.Append(0, "data/a", written, 8).ok());
  EXPECT_TRUE(Read().ok());
  written.sha256 = std::string(64, 'b');
  ASSERT_TRUE(writer.Append(0, "data/a", written, 9).ok());
  EXPECT_THAT(Refusal().what, HasSubstr("contradict each other about the bytes of data/a"));
  ASSERT_TRUE(writer.Remove().ok());
  for (const char* wrong : {"\"\"", "\"short\"", "7"}) {
    Put("a.jsonl", std::string(kHeader) +
                       std::string(kLine).substr(0, std::string(kLine).size() - 2) +
                       ", \"sha256\": " + wrong + "}\n");
    EXPECT_EQ(Refusal().kind, "E-journal-damaged") << wrong;
  }
}

TEST_F(JournalTest, AFileIsTheOneThatWasWrittenBySizeAndTime) {
  JournaledFile file;
  file.written.size_bytes = 5;
  file.modified_ns = {1'000'000'007, 9'000'000'000};
  const auto is_as_written = [&file](uint64_t size_bytes, int64_t modified_ns) {
    io::FileStat stat;
    stat.size_bytes = size_bytes, stat.modified_ns = modified_ns;
    return file.IsAsWritten(stat);
  };
  EXPECT_TRUE(is_as_written(5, 1'000'000'007));
  EXPECT_FALSE(is_as_written(6, 1'000'000'007));
  EXPECT_FALSE(is_as_written(5, 1'000'000'008));
  // One of the two knows whole seconds only.
  EXPECT_TRUE(is_as_written(5, 1'000'000'000));
  EXPECT_TRUE(is_as_written(5, 9'000'000'008));
  EXPECT_FALSE(is_as_written(5, 2'000'000'000));
}

TEST_F(JournalTest, OnlyAJournalOfThisUserCounts) {
  io::MemoryFileSystem memory;
  Ownership ownership(memory, "/out");
  const auto kind = [&] {
    const Status status =
        ReadJournals(memory, ownership, "/out/j", "0123456789abcdef", kPaths, false).status();
    return status.ok() ? "" : status.problems().front().kind;
  };
  ASSERT_TRUE(memory.Put("/out/j/a.jsonl", std::string(kHeader) + kLine).ok());
  EXPECT_EQ(kind(), "");
  memory.GiveAway("/out/j/a.jsonl");
  EXPECT_EQ(kind(), "E-staging-foreign");
  ASSERT_TRUE(memory.RemoveAll("/out/j/a.jsonl").ok());
  memory.GiveAway("/out/j");
  EXPECT_EQ(kind(), "E-staging-foreign");
}

TEST_F(JournalTest, AFileIsSeenWhenItIsClosedAndNotBefore) {
  WholeFileSystem whole_files(io::Posix(), true);
  const std::string path = folder_ + "/file";
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::unique_ptr<io::OutputFile> file =
        whole_files.Create(path, io::Sharing::kForbidden).value();
    EXPECT_EQ(file->path(), path);
    ASSERT_TRUE(file->WriteAt(0, std::as_bytes(std::span("abc", 3))).ok());
    EXPECT_EQ(io::Exists(io::Posix(), path).value(), attempt == 1);
    ASSERT_TRUE(file->Close(true).ok());
  }
  EXPECT_THAT(Names(), ElementsAre("file"));
  EXPECT_EQ(io::ReadWholeFile(io::Posix(), path).value(), "abc");
}

TEST_F(JournalTest, AFileThatIsDroppedLeavesNothing) {
  WholeFileSystem whole_files(io::Posix(), false);
  const std::unique_ptr<io::OutputFile> other =
      whole_files.Create(folder_ + "/file", io::Sharing::kForbidden).value();
  ASSERT_TRUE(whole_files.Create(folder_ + "/file", io::Sharing::kForbidden)
                  .ok());  // a second writer of the same file, dropped here
  EXPECT_EQ(Names().size(), 1u);
}

}  // namespace
}  // namespace robomerge
