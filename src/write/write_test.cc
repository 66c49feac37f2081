#include "write/write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "describe/describe.h"
#include "schedule/executor.h"
#include "testing/built_dataset.h"
#include "testing/memory_file_system.h"

namespace robomerge {
namespace {

using ::testing::ElementsAre;

// More than two parts (payload.h), so that several workers may fill it.
const std::string kLarge(uint64_t{70} << 20, 'x');

class CarriedFile : public ::testing::Test {
 protected:
  CarriedFile() {
    plan_.sources = {Source("/a"), Source("/b")};
    plan_.steps.emplace_back(TasksStep());
  }

  static std::shared_ptr<const DescribedSource> Source(const std::string& root) {
    auto dataset = std::make_shared<Dataset>();
    dataset->root = root;
    auto source = std::make_shared<DescribedSource>();
    source->dataset = std::move(dataset);
    return source;
  }

  Result<WrittenFile> Write(const CarriedFileStep& carried) {
    plan_.steps.emplace_back(carried);
    io::FilePool pool(files_);
    WriteContext context;
    context.plan = &plan_;
    context.file_system = &files_;
    context.sources = &pool;
    context.directory = "/out";
    std::optional<WrittenFile> written;
    schedule::Item item;
    item.body = [&](schedule::Spawner& spawner) {
      return WriteStep(context, plan_.steps.size() - 1, spawner,
                       [&](WrittenFile file) { written = std::move(file); });
    };
    std::vector<schedule::Item> items;
    items.push_back(std::move(item));
    ROBOMERGE_RETURN_NOT_OK(files_.MakeDirectories("/out/meta"));
    schedule::SerialExecutor executor;
    ROBOMERGE_RETURN_NOT_OK(schedule::ParallelFor(executor, std::move(items)));
    return written.value();
  }

  MergePlan plan_;
  io::MemoryFileSystem files_;
};

TEST_F(CarriedFile, ComesOverAsItIs) {
  for (const std::string& bytes : {std::string("hello"), std::string(), kLarge}) {
    const std::string path = "meta/" + std::to_string(bytes.size());
    ASSERT_TRUE(files_.Put("/b/notes/file", bytes).ok());
    const WrittenFile written = Write({1, "notes/file", bytes.size(), path}).value();
    EXPECT_EQ(written.mode, ReportedFile::Mode::kCopy);
    EXPECT_EQ(written.size_bytes, bytes.size());
    EXPECT_EQ(written.moved.copied_bytes, bytes.size());
    EXPECT_EQ(written.encoded_bytes, 0u);
    EXPECT_TRUE(io::ReadWholeFile(files_, "/out/" + path).value() == bytes);
  }
}

TEST_F(CarriedFile, IsRefusedWhenItsSizeHasChanged) {
  ASSERT_TRUE(files_.Put("/b/file", "hello").ok());
  const Status status = Write({1, "file", 4, "meta/file"}).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.problems().front().kind, "E-source-changed");
}

}  // namespace
}  // namespace robomerge
