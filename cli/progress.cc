#include "cli/progress.h"

#include "cli/quantity.h"

namespace robomerge::cli {
namespace {

// A rate that was measured over less time is too uncertain.
constexpr double kLeastMovingSeconds = 1.0;

std::string MovingText(const char* verb, const ProgressState& state) {
  const MergeProgress& counts = state.counts;
  std::string text = verb + std::string(": ") + BytesText(counts.moved_bytes) + " of " +
                     BytesText(counts.planned_bytes) + " (" +
                     PercentText(counts.moved_bytes, counts.planned_bytes) + "), " +
                     Separated(counts.num_files_written) + " of " +
                     Counted(counts.num_files, "file");
  const std::optional<double> remaining = RemainingSeconds(state);
  if (!remaining) return text;
  const auto rate =
      static_cast<uint64_t>(static_cast<double>(counts.moved_bytes) / state.moving_seconds);
  return text + ", " + BytesText(rate) + "/s, about " + SecondsText(*remaining) + " left";
}

std::string StageText(const ProgressState& state) {
  const MergeProgress& counts = state.counts;
  if (counts.stage == "read") {
    return "Reading: " + Separated(counts.num_sources_read) + " of " +
           Counted(counts.num_sources, "dataset") + ", " + SecondsText(state.elapsed_seconds);
  }
  if (counts.stage == "plan") return "Planning: " + SecondsText(state.elapsed_seconds);
  if (counts.stage == "write") return MovingText("Writing", state);
  if (counts.stage == "download") return MovingText("Downloading", state);
  if (counts.stage == "hash") return MovingText("Hashing", state);
  if (counts.stage == "upload") return MovingText("Uploading", state);
  if (counts.stage == "verify") {
    return "Verifying: " + BytesText(counts.moved_bytes) + " of " +
           BytesText(counts.planned_bytes) + " (" +
           PercentText(counts.moved_bytes, counts.planned_bytes) + ")";
  }
  if (counts.stage == "publish") return "Publishing: " + Counted(counts.num_files, "file");
  return (counts.stage.empty() ? "Starting" : counts.stage) + ": " +
         SecondsText(state.elapsed_seconds);
}

}  // namespace

ProgressStyle DecideProgress(When when, bool json, bool quiet,
                             const TerminalFacts& standard_error) {
  if (json) return ProgressStyle::kJson;
  if (when == When::kAlways) return ProgressStyle::kLine;
  if (when == When::kNever || quiet) return ProgressStyle::kNone;
  return standard_error.is_terminal && !standard_error.is_dumb ? ProgressStyle::kLine
                                                               : ProgressStyle::kLog;
}

bool MovesPayload(const std::string& stage) {
  return stage == "write" || stage == "download" || stage == "upload";
}

std::optional<double> RemainingSeconds(const ProgressState& state) {
  const MergeProgress& counts = state.counts;
  if (counts.planned_bytes == 0 || counts.moved_bytes == 0 ||
      state.moving_seconds < kLeastMovingSeconds)
    return std::nullopt;
  if (counts.moved_bytes >= counts.planned_bytes) return 0.0;
  const auto left = static_cast<double>(counts.planned_bytes - counts.moved_bytes);
  return left * state.moving_seconds / static_cast<double>(counts.moved_bytes);
}

std::string ProgressText(const ProgressState& state, size_t most_columns) {
  return StageText(state).substr(0, most_columns);
}

}  // namespace robomerge::cli
