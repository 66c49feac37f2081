// What a progress line says, and in which form progress is shown. ProgressReporter writes it.
#pragma once

#include <optional>
#include <string>

#include "cli/terminal.h"
#include "robomerge/options.h"

namespace robomerge::cli {

/// The progress of a merge, and the time since it began.
struct ProgressState {
  MergeProgress counts;
  double elapsed_seconds = 0;  ///< since the merge began
  double moving_seconds = 0;   ///< since payload began to move
};

enum class ProgressStyle {
  kNone,
  kLine,  ///< one line that is overwritten
  kLog,   ///< a line every 30 s
  kJson,  ///< "stage" and "status" lines on standard output
};

/// --json wins over --progress. With neither, --quiet shows nothing, a terminal gets the line that
/// is overwritten, and anything else a line now and then.
ProgressStyle DecideProgress(When when, bool json, bool quiet, const TerminalFacts& standard_error);

/// Whether bytes of this stage move at a rate that is worth showing.
bool MovesPayload(const std::string& stage);

/// Seconds until all payload has moved, at the mean rate so far; nullopt while that is too
/// uncertain.
std::optional<double> RemainingSeconds(const ProgressState& state);

/// One line without line feed, at most `most_columns` long.
std::string ProgressText(const ProgressState& state, size_t most_columns);

}  // namespace robomerge::cli
