#include "cli/progress_reporter.h"

#include <unistd.h>

#include <system_error>

#include "cli/json_lines.h"
#include "cli/stop_signals.h"

namespace robomerge::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kTick = milliseconds(100);     // at most ten lines a second
constexpr auto kFirstLineAfter = seconds(1);  // short merges show none
constexpr auto kBetweenLogLines = seconds(30);
constexpr auto kBetweenStatusLines = seconds(1);

double SecondsBetween(std::chrono::steady_clock::time_point from,
                      std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

ProgressReporter::ProgressReporter(ProgressStyle style, OutputStream& standard_output,
                                   OutputStream& standard_error)
    : style_(style),
      standard_output_(standard_output),
      standard_error_(standard_error),
      start_(Clock::now()),
      last_shown_(start_) {
  // A merge that gets no thread for this can still be done; it only shows nothing meanwhile.
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
  }
}

ProgressReporter::~ProgressReporter() { Stop(); }

void ProgressReporter::Report(const MergeProgress& counts) {
  const std::lock_guard lock(mutex_);
  if (counts.stage != counts_.stage) {
    new_stages_.push_back(counts.stage);
    moving_since_ = Clock::now();
  }
  counts_ = counts;
}

void ProgressReporter::Stop() {
  {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
  }
  ended_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ProgressReporter::Run() {
  for (bool is_last = false; !is_last;) {
    {
      std::unique_lock lock(mutex_);
      is_last = ended_.wait_for(lock, kTick, [this] { return is_ended_; });
    }
    std::vector<std::string> new_stages;
    const Clock::time_point now = Clock::now();
    const ProgressState state = StateAt(now, new_stages);
    ShowStages(new_stages);
    if (is_last) break;
    if (TakeProgressRequest()) ShowOnRequest(state);
    Show(now, state);
  }
  Erase();
}

ProgressState ProgressReporter::StateAt(Clock::time_point now,
                                        std::vector<std::string>& new_stages) {
  const std::lock_guard lock(mutex_);
  new_stages.swap(new_stages_);
  ProgressState state;
  state.counts = counts_;
  state.elapsed_seconds = SecondsBetween(start_, now);
  if (MovesPayload(counts_.stage)) state.moving_seconds = SecondsBetween(moving_since_, now);
  return state;
}

void ProgressReporter::ShowStages(const std::vector<std::string>& stages) {
  if (style_ != ProgressStyle::kJson) return;
  for (const std::string& stage : stages) standard_output_.Write(StageLine(stage));
}

void ProgressReporter::ShowOnRequest(const ProgressState& state) {
  if (style_ == ProgressStyle::kJson) {
    standard_output_.Write(StatusLine(state));
    return;
  }
  Erase();
  standard_error_.Write(ProgressText(state, std::string::npos) + "\n");
}

void ProgressReporter::Show(Clock::time_point now, const ProgressState& state) {
  const auto since_last = now - last_shown_;
  switch (style_) {
    case ProgressStyle::kNone:
      return;
    case ProgressStyle::kLine:
      // After a stop signal the line would overwrite what the handler wrote.
      if (now - start_ < kFirstLineAfter || StopFlag().load()) return;
      break;
    case ProgressStyle::kLog:
      if (since_last < kBetweenLogLines) return;
      break;
    case ProgressStyle::kJson:
      if (since_last < kBetweenStatusLines) return;
      break;
  }
  last_shown_ = now;
  if (style_ == ProgressStyle::kJson) {
    standard_output_.Write(StatusLine(state));
  } else if (style_ == ProgressStyle::kLog) {
    standard_error_.Write(ProgressText(state, std::string::npos) + "\n");
  } else {
    // One column stays free, since some terminals wrap the line when the last one is filled.
    standard_error_.Write("\r" + ProgressText(state, TerminalColumns(STDERR_FILENO) - 1) +
                          "\x1b[K");
    is_line_shown_ = true;
  }
}

void ProgressReporter::Erase() {
  if (!is_line_shown_) return;
  standard_error_.Write("\r\x1b[K");
  is_line_shown_ = false;
}

}  // namespace robomerge::cli
