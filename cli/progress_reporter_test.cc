#include "cli/progress_reporter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace robomerge::cli {
namespace {

// A pipe. A stream writes into it, and the test reads it after the reporter has ended.
class Recorded {
 public:
  Recorded() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Recorded() { close(ends_[0]); }
  int write_end() const { return ends_[1]; }
  std::string Text() {
    close(ends_[1]);
    std::string text;
    std::array<char, 4096> buffer;
    for (ssize_t size; (size = read(ends_[0], buffer.data(), buffer.size())) > 0;)
      text.append(buffer.data(), static_cast<size_t>(size));
    return text;
  }

 private:
  std::array<int, 2> ends_ = {-1, -1};
};

MergeProgress InStage(const std::string& stage) {
  MergeProgress counts;
  counts.stage = stage;
  return counts;
}

TEST(ProgressReporter, TellsEveryStageInJsonHoweverShort) {
  Recorded out, err;
  OutputStream standard_output(out.write_end()), standard_error(err.write_end());
  ProgressReporter reporter(ProgressStyle::kJson, standard_output, standard_error);
  for (const char* stage : {"read", "read", "plan", "write", "publish"})
    reporter.Report(InStage(stage));
  reporter.Stop();
  EXPECT_EQ(out.Text(),
            "{\"message_type\":\"stage\",\"stage\":\"read\"}\n{\"message_type\":\"stage\","
            "\"stage\":\"plan\"}\n"
            "{\"message_type\":\"stage\",\"stage\":\"write\"}\n{\"message_type\":\"stage\","
            "\"stage\":\"publish\"}\n");
  EXPECT_EQ(err.Text(), "");
}

TEST(ProgressReporter, ShortMergeShowsNoLine) {
  Recorded out, err;
  OutputStream standard_output(out.write_end()), standard_error(err.write_end());
  ProgressReporter reporter(ProgressStyle::kLine, standard_output, standard_error);
  reporter.Report(InStage("read"));
  reporter.Stop();
  reporter.Stop();
  EXPECT_EQ(out.Text() + err.Text(), "");
}

TEST(ProgressReporter, LineAppearsAfterASecondAndIsErasedAtTheEnd) {
  Recorded out, err;
  OutputStream standard_output(out.write_end()), standard_error(err.write_end());
  ProgressReporter reporter(ProgressStyle::kLine, standard_output, standard_error);
  reporter.Report(InStage("publish"));
  std::this_thread::sleep_for(std::chrono::milliseconds(1300));
  reporter.Stop();
  const std::string text = err.Text();
  EXPECT_TRUE(text.starts_with("\rPublishing: 0 files\x1b[K")) << text;
  EXPECT_TRUE(text.ends_with("\r\x1b[K")) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(out.Text(), "");
}

}  // namespace
}  // namespace robomerge::cli
