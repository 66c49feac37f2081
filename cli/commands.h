// The commands. Each takes an Invocation and returns an exit code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "robomerge/recipe.h"
#include "robomerge/verify.h"

namespace robomerge::cli {

/// The two output streams of the process, and how to write to them.
class Console {
 public:
  explicit Console(const Invocation& invocation);

  OutputStream& standard_output() { return standard_output_; }
  OutputStream& standard_error() { return standard_error_; }

  /// Reports a failure on standard error, as text or as "error" lines; returns its exit code.
  ExitCode Fail(const Status& status);
  /// Writes problems as text to standard error: the first few of each kind, or all with -v, and
  /// their number if there are several and it `counts`. `heading` is "error", "warning" or "left
  /// out".
  void PrintProblems(const std::vector<Problem>& problems, std::string_view heading,
                     bool counts = true);
  /// Writes warnings in full if they occur once or with -v; of other kinds one line with their
  /// number, so that they do not bury the result.
  void PrintWarnings(const std::vector<Problem>& warnings);
  /// Returns `wanted`; kExitIo instead of kExitDone if standard output could not be written.
  ExitCode Finish(ExitCode wanted);

 private:
  const bool json_;
  const bool is_verbose_;
  const bool is_colored_;
  OutputStream standard_output_;
  OutputStream standard_error_;
};

/// The sources of the command line, then those of the list.
Result<std::vector<SourceSpec>> GatherSources(const Invocation& invocation);

/// What the command line and its recipe, if there is one, say together: at least one source, and
/// for `merge` and `plan` a destination.
Result<Recipe> GatherRecipe(const Invocation& invocation);

/// Writes warnings as text to standard error; nothing with --quiet.
void PrintWarnings(const Invocation& invocation, const std::vector<Problem>& warnings,
                   Console& console);

/// Writes what was left out as text to standard error, beside `num_kept` datasets; nothing with
/// --quiet.
void PrintSkipped(const Invocation& invocation, const std::vector<Skipped>& skipped,
                  uint64_t num_kept, Console& console);

/// Runs `merge`, and `plan` without --plan.
ExitCode RunMerge(const Invocation& invocation, Console& console);

/// Runs `split`.
ExitCode RunSplit(const Invocation& invocation, Console& console);

/// Runs `append` and `remove-source`.
ExitCode RunGrowth(const Invocation& invocation, Console& console);

/// Runs `log`.
ExitCode RunLog(const Invocation& invocation, Console& console);

/// Prints the report of a merge, or of an edit: `is_there` says whether its result was published.
void PrintMerge(const Invocation& invocation, const MergeReport& report, bool is_there,
                Console& console);

/// Runs `describe`, `write`, `publish`, and `plan` with --plan.
ExitCode RunStage(const Invocation& invocation, Console& console);

ExitCode RunVerify(const Invocation& invocation, Console& console);

/// Writes findings as text to standard output: the first few of each kind, or all with -v.
void PrintFindings(const Invocation& invocation, const std::vector<Finding>& findings,
                   const char* heading, Console& console);

/// Writes the findings and the summary of a verification. kExitDone if nothing differs.
ExitCode PrintVerification(const Invocation& invocation, const VerifyReport& report,
                           Console& console);

/// Runs `compare`: prints what differs, and what settles it.
ExitCode RunCompare(const Invocation& invocation, Console& console);

/// Runs `push`: the dataset is looked at, and then the Hub gets what differs.
ExitCode RunPush(const Invocation& invocation, Console& console);

/// Runs `stats`: measures the rows of a dataset and shows what they are.
ExitCode RunStats(const Invocation& invocation, Console& console);

/// Runs `report`: writes a page about a dataset.
ExitCode RunReport(const Invocation& invocation, Console& console);

ExitCode RunInspect(const Invocation& invocation, Console& console);

}  // namespace robomerge::cli
