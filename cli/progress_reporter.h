// Shows progress while a merge runs: workers report, one thread writes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/progress.h"
#include "cli/terminal.h"

namespace robomerge::cli {

/// From construction to Stop() the reporter's thread alone writes to both streams; before and
/// after, the caller does.
class ProgressReporter {
 public:
  ProgressReporter(ProgressStyle style, OutputStream& standard_output,
                   OutputStream& standard_error);
  ~ProgressReporter();
  ProgressReporter(const ProgressReporter&) = delete;
  ProgressReporter& operator=(const ProgressReporter&) = delete;

  /// Takes the newest state in. Called by workers; only copies under a lock.
  void Report(const MergeProgress& counts);

  /// Erases the line, writes the stages not yet told and ends the thread. A second call does
  /// nothing.
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;

  void Run();
  void Show(Clock::time_point now, const ProgressState& state);
  void ShowOnRequest(const ProgressState& state);
  void ShowStages(const std::vector<std::string>& stages);
  ProgressState StateAt(Clock::time_point now, std::vector<std::string>& new_stages);
  void Erase();

  const ProgressStyle style_;
  OutputStream& standard_output_;
  OutputStream& standard_error_;
  const Clock::time_point start_;

  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_ended_ = false;                // guarded by mutex_
  MergeProgress counts_;                 // guarded by mutex_
  std::vector<std::string> new_stages_;  // guarded by mutex_
  Clock::time_point moving_since_;       // guarded by mutex_

  // Of the thread alone.
  Clock::time_point last_shown_;
  bool is_line_shown_ = false;

  std::thread thread_;
};

}  // namespace robomerge::cli
