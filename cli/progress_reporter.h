// Shows progress while a merge runs. Workers report, and one thread writes.
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

/// From construction to Stop() only the reporter's thread writes to the two streams. Before and
/// after, the caller may.
class ProgressReporter {
 public:
  ProgressReporter(ProgressStyle style, OutputStream& standard_output,
                   OutputStream& standard_error);
  ~ProgressReporter();
  ProgressReporter(const ProgressReporter&) = delete;
  ProgressReporter& operator=(const ProgressReporter&) = delete;

  /// Stores the newest state, which is a copy under a lock. Called by workers.
  void Report(const MergeProgress& counts);

  /// Erases the line, writes the stages that are not yet written, and ends the thread. A second
  /// call does nothing.
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

  // Used only by the thread.
  Clock::time_point last_shown_;
  bool is_line_shown_ = false;

  std::thread thread_;
};

}  // namespace robomerge::cli
