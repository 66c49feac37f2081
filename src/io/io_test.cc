#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/path.h"
#include "io/descriptor_limit.h"
#include "io/dry_run_file_system.h"
#include "io/file_pool.h"
#include "io/file_system.h"
#include "io/forwarding_file_system.h"
#include "io/unique_name.h"

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

// Opening any of these as a file is opened would block or have side effects.
TEST_F(IoTest, OnlyRegularFilesAreOpened) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  Path("socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  std::filesystem::create_symlink("pipe", Path("link"));
  const std::pair<std::string, std::string> others[] = {{Path("pipe"), "a named pipe"},
                                                        {Path("link"), "a named pipe"},
                                                        {Path("socket"), "a socket"},
                                                        {folder_, "a directory"},
                                                        {"/dev/zero", "a device"}};
  for (const auto& [path, what] : others) {
    const Status status = Posix().OpenForReading(path).status();
    EXPECT_EQ(status.code(), Code::kCorrupt) << path;
    EXPECT_EQ(status.problems().front().what, "not a regular file") << path;
    EXPECT_EQ(status.problems().front().found, what) << path;
  }
  ::close(socket);
}

TEST_F(IoTest, StatTellsKinds) {
  Make("file", "0123");
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("file", Path("link"));
  std::filesystem::create_symlink("nothing", Path("dangling"));
  EXPECT_EQ(Posix().Stat(Path("file"))->kind, FileKind::kRegular);
  EXPECT_EQ(Posix().Stat(folder_)->kind, FileKind::kDirectory);
  EXPECT_EQ(Posix().Stat(Path("pipe"))->kind, FileKind::kOther);
  EXPECT_EQ(Posix().Stat(Path("link"))->kind, FileKind::kRegular);
  EXPECT_EQ(Posix().StatLink(Path("link"))->kind, FileKind::kLink);
  EXPECT_EQ(Posix().Stat(Path("dangling")).status().code(), Code::kNotFound);
  EXPECT_EQ(Posix().StatLink(Path("dangling"))->kind, FileKind::kLink);
}

TEST_F(IoTest, RealPathFollowsLinksAndKeepsWhatIsNotThere) {
  std::filesystem::create_directories(Path("a/b"));
  std::filesystem::create_symlink("a/b", Path("link"));
  std::filesystem::create_symlink("nothing", Path("dangling"));
  std::filesystem::create_symlink("loop", Path("loop"));
  const std::string home = std::filesystem::canonical(folder_);
  EXPECT_EQ(Posix().RealPath(Path("link")).value(), home + "/a/b");
  EXPECT_EQ(Posix().RealPath(Path("link/../x")).value(), home + "/a/x");
  EXPECT_EQ(Posix().RealPath(Path("link/new/./deep//er/")).value(), home + "/a/b/new/deep/er");
  EXPECT_EQ(Posix().RealPath(Path("new/../../a")).value(),
            home.substr(0, home.find_last_of('/')) + "/a");
  EXPECT_EQ(Posix().RealPath(Path("dangling/x")).value(), home + "/dangling/x");
  EXPECT_EQ(Posix().RealPath(Path("loop")).status().code(), Code::kIo);
  EXPECT_EQ(Posix().RealPath("/").value(), "/");
  EXPECT_EQ(Posix().RealPath("nowhere/x").value(),
            Posix().WorkingDirectory().value() + "/nowhere/x");
}

TEST_F(IoTest, OverwriteEmptiesAFileAndSparesADevice) {
  const std::string path = Make("file", "a long text");
  const auto bytes = std::as_bytes(std::span("short", 5));
  ASSERT_TRUE(Posix().Overwrite(path, bytes).ok());
  EXPECT_EQ(ReadAll(path), "short");
  ASSERT_TRUE(Posix().Overwrite(Path("new"), bytes).ok());
  EXPECT_EQ(ReadAll(Path("new")), "short");
  ASSERT_TRUE(Posix().Overwrite("/dev/null", bytes).ok());
  EXPECT_EQ(Posix().Stat("/dev/null")->kind, FileKind::kOther);
  EXPECT_EQ(Posix().Overwrite(Path("none/new"), bytes).code(), Code::kIo);
  EXPECT_EQ(Posix().CheckWritable(Path("none")).code(), Code::kIo);
  EXPECT_TRUE(Posix().CheckWritable(folder_).ok());
}

TEST_F(IoTest, LockExcludesASecondHolderUntilItIsDropped) {
  auto first = Posix().TryLock(Path("lock"), LockKind::kExclusive);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(Posix().TryLock(Path("lock"), LockKind::kExclusive).status().code(),
            Code::kAlreadyExists);
  std::move(first).value().reset();
  EXPECT_TRUE(Posix().TryLock(Path("lock"), LockKind::kExclusive).ok());
}

// Counts the files that are open.
class CountingFileSystem final : public ForwardingFileSystem {
 public:
  CountingFileSystem() : ForwardingFileSystem(Posix()) {}

  class File final : public RandomAccessFile {
   public:
    File(const CountingFileSystem& counts, std::string path)
        : counts_(counts), path_(std::move(path)) {
      counts_.most_open = std::max<int>(counts_.most_open, ++counts_.num_open);
    }
    ~File() override { --counts_.num_open; }
    const std::string& path() const override { return path_; }
    uint64_t size_bytes() const override { return 1; }
    Status ReadAt(uint64_t, std::span<std::byte>) const override { return Status(); }

   private:
    const CountingFileSystem& counts_;
    const std::string path_;
  };

  Result<std::unique_ptr<RandomAccessFile>> OpenForReading(const std::string& path) const override {
    ++num_opened;
    if (path == "missing") return Problem(Code::kNotFound, "cannot open for reading").At(path);
    return std::unique_ptr<RandomAccessFile>(std::make_unique<File>(*this, path));
  }

  mutable std::atomic<int> num_open = 0, most_open = 0, num_opened = 0;
};

TEST(FilePool, MakesRoomBeforeItOpensAndKeepsWhatWasUsedLast) {
  const CountingFileSystem counting;
  FilePool pool(counting, 3);
  for (const char* path : {"a", "b", "c", "a", "d", "a"}) ASSERT_TRUE(pool.Get(path, 1).ok());
  EXPECT_EQ(counting.most_open, 3);
  EXPECT_EQ(counting.num_opened, 4);  // "a" stayed, "b" made room
  ASSERT_TRUE(pool.Get("c", 1).ok());
  EXPECT_EQ(counting.num_opened, 4);
  ASSERT_TRUE(pool.Get("b", 1).ok());
  EXPECT_EQ(counting.num_opened, 5);
}

TEST(FilePool, PinnedFilesStayAndOthersMakeRoom) {
  const CountingFileSystem counting;
  FilePool pool(counting, 2);
  {
    const auto pinned = pool.Get("pinned", 1).value();
    for (const char* path : {"a", "b", "c"}) ASSERT_TRUE(pool.Get(path, 1).ok());
    EXPECT_EQ(counting.most_open, 2);
    EXPECT_EQ(pool.Get("pinned", 1).value(), pinned);
    // With both pinned, one more is opened, and it is closed first.
    const auto also = pool.Get("d", 1).value();
    ASSERT_TRUE(pool.Get("e", 1).ok());
    EXPECT_EQ(counting.num_open, 3);
  }
  ASSERT_TRUE(pool.Get("f", 1).ok());
  EXPECT_EQ(counting.num_open, 2);
}

TEST(FilePool, WhatCannotBeOpenedTakesNoRoom) {
  const CountingFileSystem counting;
  FilePool pool(counting, 2);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(pool.Get("missing", 1).status().code(), Code::kNotFound);
    EXPECT_EQ(pool.Get("other size", 2).status().code(), Code::kCorrupt);
  }
  for (const char* path : {"a", "b", "a", "b"}) ASSERT_TRUE(pool.Get(path, 1).ok());
  EXPECT_EQ(counting.num_open, 2);
  EXPECT_EQ(counting.num_opened, 6 + 2);
}

TEST_F(IoTest, WhatARunningProcessWritesStaysAndWhatAKilledOneLeftGoes) {
  const pid_t ended = ::fork();
  if (ended == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(ended, nullptr, 0), ended);
  const std::string path = Path("page.html"), mine = NameOf(TemporaryNameFor(path));
  const auto of_process = [&](pid_t process) {
    const std::string own = "-" + std::to_string(::getpid()) + "-";
    std::string name = mine;
    return name.replace(name.find(own), own.size(), "-" + std::to_string(process) + "-");
  };
  const std::string running = Make(of_process(::getppid()), "half");
  Make(of_process(ended), "half");
  Make(mine, "half");
  RemoveTemporaries(Posix(), path);
  EXPECT_THAT(Posix().List(folder_).value(), ElementsAre(NameOf(running)));
}

TEST(FilePool, ManyThreadsStayWithinTheCapacity) {
  const CountingFileSystem counting;
  FilePool pool(counting, 6);
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&pool, thread] {
      // Names of its own, so that no file is opened twice.
      for (size_t at = 0; at < 2000; ++at)
        EXPECT_TRUE(pool.Get(std::to_string(thread) + "/" + std::to_string(at * at % 31), 1).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(counting.most_open, 6);
}

TEST_F(IoTest, DescriptorsAreCountedAgainstTheLimit) {
  const size_t before = OpenDescriptors();
  ASSERT_GE(before, 3u);
  {
    const std::string path = Make("file", "x");
    std::vector<std::unique_ptr<RandomAccessFile>> files;
    for (int i = 0; i < 5; ++i) files.push_back(Posix().OpenForReading(path).value());
    EXPECT_EQ(OpenDescriptors(), before + 5);
  }
  EXPECT_EQ(OpenDescriptors(), before);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit few = limit;
  few.rlim_cur = before + 10;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_EQ(DescriptorLimit(), before + 10);
  EXPECT_EQ(FreeDescriptors(), 10u);
  few.rlim_cur = before;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  // Without a descriptor left to list them with, the number is an estimate.
  EXPECT_LE(FreeDescriptors(), before);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(DescriptorLimit, SourcesTakeHalfOfWhatIsLeft) {
  EXPECT_EQ(PooledSourcesFor(0), 4u);
  EXPECT_EQ(PooledSourcesFor(35), 17u);
  EXPECT_EQ(PooledSourcesFor(1019), 256u);
  EXPECT_EQ(PooledSourcesFor(~size_t{0}), 256u);
}

}  // namespace
}  // namespace robomerge::io
