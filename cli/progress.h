// What a progress line says, and in which form progress is shown. Pure: ProgressReporter does the
// showing.
#pragma once

#include <optional>
#include <string>

#include "cli/terminal.h"
#include "robomerge/options.h"

namespace robomerge::cli {

/// Where a merge stands, and since when.
struct ProgressState {
  MergeProgress counts;
  double elapsed_seconds = 0;  ///< since the merge began
  double moving_seconds = 0;   ///< since payload began to move
};

enum class ProgressStyle {
  kNone,
  kLine,  ///< one line that renews itself
  kLog,   ///< a line every 30 s
  kJson,  ///< "stage" and "status" lines on standard output
};

/// --json wins over --progress; without a wish, --quiet shows nothing and only a terminal gets the
/// renewed line.
ProgressStyle DecideProgress(When when, bool json, bool quiet, const TerminalFacts& standard_error);

/// Seconds until all payload has moved, at the mean rate so far; nothing while that would be a
/// guess.
std::optional<double> RemainingSeconds(const ProgressState& state);

/// One line without line feed, at most `most_columns` long.
std::string ProgressText(const ProgressState& state, size_t most_columns);

}  // namespace robomerge::cli
