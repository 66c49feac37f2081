#include "cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>

namespace robomerge::cli {
namespace {

TEST(Color, AutoWantsACapableTerminalAndNoNoColor) {
  EXPECT_TRUE(DecideColor(When::kAuto, {.is_terminal = true}));
  EXPECT_FALSE(DecideColor(When::kAuto, {.is_terminal = false}));
  EXPECT_FALSE(DecideColor(When::kAuto, {.is_terminal = true, .no_color = true}));
  EXPECT_FALSE(DecideColor(When::kAuto, {.is_terminal = true, .is_dumb = true}));
}

TEST(Color, FlagWinsOverEnvironment) {
  EXPECT_TRUE(
      DecideColor(When::kAlways, {.is_terminal = false, .no_color = true, .is_dumb = true}));
  EXPECT_FALSE(DecideColor(When::kNever, {.is_terminal = true}));
}

TEST(Color, PaintsHeadingsPathsAndHintsOnly) {
  const std::string text =
      "error[E-fps]: error: sources differ\n  --> b/meta/info.json: fps\n  expected 30\n\nhint: "
      "choose others\n";
  EXPECT_EQ(ColorProblems(text),
            "\x1b[1;31merror\x1b[0m[E-fps]: error: sources differ\n  --> \x1b[36mb/meta/info.json: "
            "fps\x1b[0m\n  "
            "expected 30\n\n"
            "\x1b[36mhint:\x1b[0m choose others\n");
  EXPECT_EQ(ColorProblems("warning: x\nerrors: y\n... and 4 more\n"),
            "\x1b[1;33mwarning\x1b[0m: x\nerrors: y\n... and 4 more\n");
  EXPECT_EQ(ColorProblems(""), "");
}

TEST(Color, ControlCharactersInNamesAreMadeVisible) {
  EXPECT_EQ(WithoutControls("a\x1b[31mb\x7f\r\nc\xc3\xa9"), "a\\x1b[31mb\\x7f\\x0d\nc\xc3\xa9");
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Pipe() {
    for (const int end : ends_) {
      if (end >= 0) close(end);
    }
  }
  int write_end() const { return ends_[1]; }
  int read_end() const { return ends_[0]; }
  void CloseReader() {
    close(ends_[0]);
    ends_[0] = -1;
  }

 private:
  std::array<int, 2> ends_ = {-1, -1};
};

TEST(OutputStream, WritesAllOfAMessage) {
  const Pipe pipe;
  OutputStream stream(pipe.write_end());
  stream.Write("four words, one message");
  std::array<char, 64> read_back;
  const ssize_t size = read(pipe.read_end(), read_back.data(), read_back.size());
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(read_back.data(), static_cast<size_t>(size)), "four words, one message");
  EXPECT_TRUE(stream.status().ok());
}

TEST(OutputStream, BrokenPipeIsNoFailure) {
  signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.CloseReader();
  OutputStream stream(pipe.write_end());
  stream.Write("nobody reads this");
  stream.Write("nor this");
  EXPECT_TRUE(stream.status().ok());
}

TEST(OutputStream, FullDeviceIsAFailure) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) GTEST_SKIP() << "no /dev/full on this system";
  OutputStream stream(full);
  stream.Write("does not fit");
  close(full);
  ASSERT_FALSE(stream.status().ok());
  EXPECT_EQ(stream.status().code(), Code::kIo);
}

}  // namespace
}  // namespace robomerge::cli
