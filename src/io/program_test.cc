#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "io/file_system.h"

namespace robomerge::io {
namespace {

using ::testing::HasSubstr;

TEST(Program, ReturnsWhatItWrites) {
  const Result<std::string> said = Posix().RunProgram({"printf", "%s-%s", "a b", "c"}, "", {});
  ASSERT_TRUE(said.ok()) << said.status().ToString();
  EXPECT_EQ(*said, "a b-c");
}

TEST(Program, GetsItsInputWhole) {
  const std::string input(3 << 20, 'x');
  const Result<std::string> said = Posix().RunProgram({"cat"}, input, {});
  ASSERT_TRUE(said.ok()) << said.status().ToString();
  EXPECT_TRUE(*said == input);
}

TEST(Program, MayLeaveInputUnread) {
  const Result<std::string> said =
      Posix().RunProgram({"head", "-c", "2"}, std::string(8 << 20, 'y'), {});
  ASSERT_TRUE(said.ok()) << said.status().ToString();
  EXPECT_EQ(*said, "yy");
}

TEST(Program, ThatIsNotThere) {
  const Status status = Posix().RunProgram({"robomerge-no-such-program"}, "", {}).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Code::kNotFound);
}

TEST(Program, ThatFails) {
  const Status status = Posix().RunProgram({"sh", "-c", "exit 3"}, "", {}).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_THAT(status.ToString(), HasSubstr("exit code 3"));
}

TEST(Program, ThatTakesTooLongIsKilled) {
  const auto start = std::chrono::steady_clock::now();
  ProgramLimits limits;
  limits.seconds = 0.2;
  const Status status = Posix().RunProgram({"sleep", "60"}, "", limits).status();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.ToString(), HasSubstr("took too long"));
}

TEST(Program, ThatWritesTooMuchIsKilled) {
  ProgramLimits limits;
  limits.most_output_bytes = 1000;
  const Status status = Posix().RunProgram({"yes"}, "", limits).status();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.ToString(), HasSubstr("wrote too much"));
}

TEST(Program, EndsWithTheRun) {
  const std::atomic<bool> stop{true};
  ProgramLimits limits;
  limits.stop = &stop;
  const Status status = Posix().RunProgram({"sleep", "60"}, "", limits).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Code::kCancelled);
}

}  // namespace
}  // namespace robomerge::io
