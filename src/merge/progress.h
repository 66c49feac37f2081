// The one observer of all nodes of a run: the caller's progress, the report's times and the trace
// file come from it.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "robomerge/options.h"
#include "schedule/observer.h"

namespace robomerge {

class MergeObserver final : public schedule::Observer {
 public:
  explicit MergeObserver(ProgressCallback callback) : callback_(std::move(callback)) {}

  void Finished(const schedule::NodeEvent& event) override;

  /// Begins a stage; tells the caller at once.
  void EnterStage(const std::string& stage);
  void SetSources(uint64_t num_sources);
  void SetPlan(uint64_t planned_bytes, uint64_t num_files);
  void FileWritten();

  const schedule::TraceObserver& trace() const { return trace_; }

 private:
  void Tell(bool at_once);

  const ProgressCallback callback_;
  schedule::TraceObserver trace_;
  std::mutex mutex_;
  MergeProgress progress_;                           // guarded by mutex_
  std::chrono::steady_clock::time_point last_told_;  // guarded by mutex_
};

}  // namespace robomerge
