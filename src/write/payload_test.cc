// Files that are cut into parts are closed when their last byte is there, and each worker has at
// most one open, in whatever order workers copy the parts.
#include "write/payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "base/text.h"
#include "testing/shuffling_executor.h"

namespace robomerge {
namespace {

using schedule::Item;
using schedule::ParallelFor;
using schedule::Spawner;
using ::testing::ElementsAre;

constexpr uint64_t kMb = 1 << 20;
constexpr uint64_t kPartBytes = 16 * kMb;  // as in payload.cc

// What happens to all files, in order, and how many are open.
class Log {
 public:
  void Opened(const std::string& name) {
    const std::lock_guard lock(mutex_);
    events_.push_back("open " + name);
    most_open_ = std::max(most_open_, ++num_open_);
  }
  void Note(const std::string& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
  }
  void Gone(const std::string& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    --num_open_;
  }
  std::vector<std::string> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  int most_open() const { return most_open_; }
  int num_open() const { return num_open_; }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
  int num_open_ = 0, most_open_ = 0;
};

class EmptySource final : public io::RandomAccessFile {
 public:
  explicit EmptySource(uint64_t size_bytes) : size_bytes_(size_bytes) {}
  const std::string& path() const override { return path_; }
  uint64_t size_bytes() const override { return size_bytes_; }
  Status ReadAt(uint64_t, std::span<std::byte>) const override { return Status(); }

 private:
  std::string path_ = "source";
  uint64_t size_bytes_;
};

// Moves nothing, and answers EIO to the range that begins at `fails_at`.
class LoggedFile final : public io::OutputFile {
 public:
  LoggedFile(std::string name, Log& log, uint64_t fails_at)
      : name_(std::move(name)), log_(log), fails_at_(fails_at) {
    log_.Opened(name_);
  }
  ~LoggedFile() override {
    if (!is_closed_) log_.Gone("drop " + name_);
  }

  const std::string& path() const override { return name_; }
  Status WriteAt(uint64_t, std::span<const std::byte>) override { return Status(); }
  Status SetSize(uint64_t) override { return Status(); }
  Result<io::MovedBytes> CopyRange(const io::RandomAccessFile&, uint64_t, uint64_t length,
                                   uint64_t offset) override {
    EXPECT_FALSE(is_closed_);
    if (offset == fails_at_)
      return Problem(Code::kIo, "cannot write").At(StrCat(name_, " at ", offset / kMb));
    num_copied_ += length;
    io::MovedBytes moved;
    moved.copied_bytes = length;
    return moved;
  }
  Status Sync() override { return Status(); }
  Status Close(bool) override {
    EXPECT_FALSE(is_closed_.exchange(true));
    log_.Gone(StrCat("close ", name_, ", ", num_copied_.load() / kMb, " MB"));
    return Status();
  }

 private:
  const std::string name_;
  Log& log_;
  const uint64_t fails_at_;
  std::atomic<uint64_t> num_copied_ = 0;
  std::atomic<bool> is_closed_ = false;
};

constexpr uint64_t kNever = ~uint64_t{0};

// An item that fills a file of so many bytes, as a step of a plan does.
Item FileItem(const std::string& name, uint64_t num_bytes, Log& log, uint64_t fails_at = kNever) {
  Item item;
  item.name = "write " + name;
  item.bytes = num_bytes;
  item.body = [name, num_bytes, &log, fails_at](Spawner& spawner) {
    UnfilledFile file;
    file.name = name;
    file.output = std::make_unique<LoggedFile>(name, log, fails_at);
    file.sources.push_back(std::make_unique<EmptySource>(num_bytes));
    file.ranges.push_back({file.sources.front().get(), 0, num_bytes, 0});
    return FillAndClose(std::move(file), spawner, [name, &log](const WrittenFile& written) {
      log.Note(StrCat("written ", name, ", ", written.moved.copied_bytes / kMb, " MB"));
    });
  };
  return item;
}

TEST(FillAndClose, ALargeFileIsClosedBeforeTheNextIsOpened) {
  Log log;
  schedule::SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(FileItem("small", 3 * kMb, log));
  items.push_back(FileItem("large", 100 * kMb, log));
  items.push_back(FileItem("larger", 200 * kMb, log));
  ASSERT_TRUE(ParallelFor(serial, std::move(items)).ok());
  EXPECT_THAT(log.events(),
              ElementsAre("open larger", "close larger, 200 MB", "written larger, 200 MB",
                          "open large", "close large, 100 MB", "written large, 100 MB",
                          "open small", "close small, 3 MB", "written small, 3 MB"));
}

TEST(FillAndClose, NoMoreFilesAreOpenThanThereAreWorkers) {
  for (const int num_workers : {2, 5}) {
    const auto pool = schedule::ThreadPool::Make(num_workers).value();
    Log log;
    std::vector<Item> items;
    // The smallest first: what is queued first must not be begun before what is larger.
    for (uint64_t at = 0; at < 60; ++at)
      items.push_back(FileItem(std::to_string(at), (30 + 5 * at) * kMb, log));
    ASSERT_TRUE(ParallelFor(*pool, std::move(items)).ok());
    EXPECT_LE(log.most_open(), num_workers);
    EXPECT_EQ(log.num_open(), 0);
    EXPECT_EQ(log.events().size(), 3 * 60u);
  }
}

// In random orders helpers come at any time, also when everything is copied.
TEST(FillAndClose, WhoeverCopiesTheLastPartClosesOnce) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    schedule::ShufflingExecutor shuffling(seed, 4);
    Log log;
    std::vector<Item> items;
    items.push_back(FileItem("a", 300 * kMb, log));
    items.push_back(FileItem("b", 70 * kMb, log));
    ASSERT_TRUE(ParallelFor(shuffling, std::move(items)).ok());
    EXPECT_THAT(log.events(),
                ::testing::UnorderedElementsAre("open a", "close a, 300 MB", "written a, 300 MB",
                                                "open b", "close b, 70 MB", "written b, 70 MB"));
  }
  const auto pool = schedule::ThreadPool::Make(8).value();
  for (int round = 0; round < 200; ++round) {
    Log log;
    std::vector<Item> items;
    items.push_back(FileItem("a", 300 * kMb, log));
    ASSERT_TRUE(ParallelFor(*pool, std::move(items)).ok());
    EXPECT_THAT(log.events(), ElementsAre("open a", "close a, 300 MB", "written a, 300 MB"));
  }
}

TEST(FillAndClose, AFileThatFailsIsDroppedAtOnceAndNotClosed) {
  Log log;
  schedule::SerialExecutor serial;
  std::vector<Item> items;
  items.push_back(FileItem("before", 70 * kMb, log));
  items.push_back(FileItem("fails", 200 * kMb, log, 2 * kPartBytes));
  items.push_back(FileItem("after", 80 * kMb, log));
  const Status status = ParallelFor(serial, std::move(items));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.problems().front().where, "fails at 32");
  EXPECT_THAT(log.events(), ElementsAre("open fails", "drop fails", "open before",
                                        "close before, 70 MB", "written before, 70 MB"));
  for (uint32_t seed = 0; seed < 200; ++seed) {
    schedule::ShufflingExecutor shuffling(seed, 4);
    Log shuffled;
    std::vector<Item> one;
    one.push_back(FileItem("fails", 200 * kMb, shuffled, 2 * kPartBytes));
    EXPECT_FALSE(ParallelFor(shuffling, std::move(one)).ok());
    EXPECT_THAT(shuffled.events(), ElementsAre("open fails", "drop fails"));
  }
}

TEST(FillAndClose, AStopIsHeededBetweenParts) {
  for (const bool stops_early : {false, true}) {
    std::atomic<bool> is_stopped = false;
    Log log;
    schedule::SerialExecutor serial;
    Item item = FileItem("file", 200 * kMb, log);
    item.body = [body = item.body, stops_early, &is_stopped](Spawner& spawner) {
      if (stops_early) is_stopped = true;
      return body(spawner);
    };
    schedule::ParallelForOptions options;
    options.stop = schedule::StopToken::Watching(is_stopped);
    std::vector<Item> items;
    items.push_back(std::move(item));
    EXPECT_EQ(ParallelFor(serial, std::move(items), options).ok(), !stops_early);
    EXPECT_EQ(log.events().back(), stops_early ? "drop file" : "written file, 200 MB");
  }
}

}  // namespace
}  // namespace robomerge
