#include "cli/progress.h"

#include <gtest/gtest.h>

namespace robomerge::cli {
namespace {

ProgressState Writing(uint64_t moved_bytes, double moving_seconds) {
  ProgressState state;
  state.counts.stage = "write";
  state.counts.planned_bytes = 4'000'000'000;
  state.counts.moved_bytes = moved_bytes;
  state.counts.num_files = 40;
  state.counts.num_files_written = 12;
  state.elapsed_seconds = moving_seconds + 1;
  state.moving_seconds = moving_seconds;
  return state;
}

TEST(Progress, StyleFollowsFlagsAndTerminal) {
  const TerminalFacts terminal = {.is_terminal = true};
  const TerminalFacts dumb = {.is_terminal = true, .is_dumb = true};
  EXPECT_EQ(DecideProgress(When::kAuto, false, false, terminal), ProgressStyle::kLine);
  EXPECT_EQ(DecideProgress(When::kAuto, false, false, {}), ProgressStyle::kLog);
  EXPECT_EQ(DecideProgress(When::kAuto, false, false, dumb), ProgressStyle::kLog);
  EXPECT_EQ(DecideProgress(When::kAuto, false, true, terminal), ProgressStyle::kNone);
  EXPECT_EQ(DecideProgress(When::kNever, false, false, terminal), ProgressStyle::kNone);
  EXPECT_EQ(DecideProgress(When::kAlways, false, true, {}), ProgressStyle::kLine);
  EXPECT_EQ(DecideProgress(When::kAlways, true, false, terminal), ProgressStyle::kJson);
}

TEST(Progress, WriteLineTellsBytesFilesRateAndTimeLeft) {
  EXPECT_EQ(ProgressText(Writing(1'000'000'000, 5), 200),
            "Writing: 1.00 GB of 4.00 GB (25 %), 12 of 40 files, 200.0 MB/s, about 15.0 s left");
}

TEST(Progress, NoTimeLeftIsToldBeforeThereIsARate) {
  EXPECT_EQ(RemainingSeconds(Writing(0, 5)), std::nullopt);
  EXPECT_EQ(RemainingSeconds(Writing(1'000'000, 0.5)), std::nullopt);
  EXPECT_EQ(ProgressText(Writing(0, 5), 200), "Writing: 0 B of 4.00 GB (0 %), 12 of 40 files");
}

TEST(Progress, MoreThanPlannedIsNoNegativeTime) {
  EXPECT_EQ(RemainingSeconds(Writing(5'000'000'000, 5)), 0.0);
}

TEST(Progress, OtherStagesCountWhatTheyHandle) {
  ProgressState state;
  state.elapsed_seconds = 3.2;
  EXPECT_EQ(ProgressText(state, 200), "Starting: 3.20 s");
  state.counts.stage = "read";
  state.counts.num_sources = 120;
  state.counts.num_sources_read = 12;
  EXPECT_EQ(ProgressText(state, 200), "Reading: 12 of 120 datasets, 3.20 s");
  state.counts.stage = "publish";
  state.counts.num_files = 40;
  EXPECT_EQ(ProgressText(state, 200), "Publishing: 40 files");
}

TEST(Progress, LineIsCutAtTheTerminalsWidth) {
  EXPECT_EQ(ProgressText(Writing(1'000'000'000, 5), 20), "Writing: 1.00 GB of ");
}

}  // namespace
}  // namespace robomerge::cli
