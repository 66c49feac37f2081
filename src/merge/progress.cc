#include "merge/progress.h"

namespace robomerge {

void MergeObserver::Finished(const schedule::NodeEvent& event) {
  trace_.Finished(event);
  const std::lock_guard lock(mutex_);
  if (event.category == "describe") ++progress_.num_sources_read;
  if (event.category == "write") progress_.moved_bytes += event.bytes;
  Tell(false);
}

void MergeObserver::EnterStage(const std::string& stage) {
  const std::lock_guard lock(mutex_);
  progress_.stage = stage;
  Tell(true);
}

void MergeObserver::SetSources(uint64_t num_sources) {
  const std::lock_guard lock(mutex_);
  progress_.num_sources = num_sources;
}

void MergeObserver::SetPlan(uint64_t planned_bytes, uint64_t num_files) {
  const std::lock_guard lock(mutex_);
  progress_.planned_bytes = planned_bytes;
  progress_.num_files = num_files;
}

void MergeObserver::FileWritten() {
  const std::lock_guard lock(mutex_);
  ++progress_.num_files_written;
  Tell(false);
}

void MergeObserver::Tell(bool at_once) {
  if (!callback_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!at_once && now - last_told_ < std::chrono::milliseconds(100)) return;
  last_told_ = now;
  callback_(progress_);
}

}  // namespace robomerge
