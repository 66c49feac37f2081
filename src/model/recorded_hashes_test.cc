#include "model/recorded_hashes.h"

#include <gtest/gtest.h>

namespace robomerge {
namespace {

constexpr size_t kDigits = 4;

TEST(HashLine, IsThatOfSha256sum) {
  EXPECT_EQ(HashLine("beef", "data/a b.parquet"), "beef  data/a b.parquet");
  // As coreutils 9.1 writes them.
  EXPECT_EQ(HashLine("beef", "meta/a\nb"), "\\beef  meta/a\\nb");
  EXPECT_EQ(HashLine("beef", "meta/a\rb"), "\\beef  meta/a\\rb");
  EXPECT_EQ(HashLine("beef", "meta/a\\b"), "\\beef  meta/a\\\\b");
}

TEST(SplitHashLine, GivesBackWhatWasWritten) {
  for (const std::string path : {"a", " a ", "a\nb", "\r", "\\", "a\\nb", "\\\n\\r"}) {
    const auto split = SplitHashLine(HashLine("beef", path), kDigits);
    ASSERT_TRUE(split) << path;
    EXPECT_EQ(split->path, path);
    EXPECT_EQ(split->sha256, "beef");
  }
}

TEST(SplitHashLine, RefusesWhatIsNoLine) {
  for (const std::string line :
       {"", "beef", "beef  ", "beef a", "bee  fa", "\\beef  a\\", "\\beef  a\\x", "\\beef  "})
    EXPECT_FALSE(SplitHashLine(line, kDigits)) << line;
}

// Records of before have such names as they are.
TEST(SplitHashLine, TakesABackslashWithoutEscapesForItself) {
  const auto split = SplitHashLine("beef  a\\nb", kDigits);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->path, "a\\nb");
}

}  // namespace
}  // namespace robomerge
