#include "cli/source_list.h"

#include <gmock/gmock.h>

#include <sstream>

namespace robomerge::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Result<std::vector<std::string>> Read(const std::string& text) {
  std::istringstream lines(text);
  return ReadSourceList(lines, "list.txt");
}

TEST(SourceList, PassesOverAByteOrderMark) {
  EXPECT_EQ(Read("\xef\xbb\xbf"
                 "a\n\xef\xbb\xbf"
                 "b\n")
                .value(),
            (std::vector<std::string>{"a",
                                      "\xef\xbb\xbf"
                                      "b"}));
  EXPECT_EQ(Read(std::string("\xff\xfe"
                             "a\0\n\0",
                             6))
                .status()
                .problems()
                .front()
                .expected,
            "UTF-8");
}

TEST(SourceList, KeepsOrderAndSkipsCommentsAndBlankLines) {
  const auto sources = Read("# kitchen\nzebra\n\n  # not this\nan ape\r\n\tmoose #2 \nlast");
  ASSERT_TRUE(sources.ok());
  EXPECT_THAT(*sources, ElementsAre("zebra", "an ape", "moose #2", "last"));
}

TEST(SourceList, EmptyListHasNoSources) {
  const auto sources = Read("\n#\n \r\n");
  ASSERT_TRUE(sources.ok());
  EXPECT_THAT(*sources, IsEmpty());
}

TEST(SourceList, ZeroByteIsRefusedWithItsLine) {
  const auto sources = Read(std::string("a\nb\0c\n", 6));
  ASSERT_FALSE(sources.ok());
  EXPECT_EQ(sources.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(sources.status().problems().front().where, "list.txt: line 2");
}

TEST(SourceList, LongestLineIsThatOfAPath) {
  EXPECT_TRUE(Read(std::string(4096, 'a') + "\nb").ok());
  const auto sources = Read("b\n" + std::string(4097, 'a'));
  ASSERT_FALSE(sources.ok());
  EXPECT_EQ(sources.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(sources.status().problems().front().where, "list.txt: line 2");
}

// Hands out one line again and again.
class EndlessLines : public std::streambuf {
 public:
  explicit EndlessLines(std::string line) : line_(std::move(line)) {}

 protected:
  int_type underflow() override {
    setg(line_.data(), line_.data(), line_.data() + line_.size());
    return traits_type::to_int_type(line_.front());
  }

 private:
  std::string line_;
};

TEST(SourceList, EndlessListsEnd) {
  for (const std::string& line :
       {std::string("a\n"), "#" + std::string(4000, 'x') + "\n", std::string("a")}) {
    EndlessLines buffer(line);
    std::istream lines(&buffer);
    EXPECT_EQ(ReadSourceList(lines, "list.txt").status().code(), Code::kInvalidArgument) << line;
  }
  EXPECT_EQ(ReadSourceListFile("/dev/zero").status().code(), Code::kInvalidArgument);
}

TEST(SourceList, MissingFileIsNotFound) {
  const auto sources = ReadSourceListFile("no/such/list.txt");
  ASSERT_FALSE(sources.ok());
  EXPECT_EQ(sources.status().code(), Code::kNotFound);
  EXPECT_EQ(sources.status().problems().front().where, "no/such/list.txt");
}

TEST(SourceList, DirectoryIsNoList) {
  const auto sources = ReadSourceListFile(".");
  ASSERT_FALSE(sources.ok());
  EXPECT_EQ(sources.status().code(), Code::kIo);
}

}  // namespace
}  // namespace robomerge::cli
