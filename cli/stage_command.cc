#include <algorithm>

#include "cli/commands.h"
#include "cli/hub.h"
#include "cli/json_lines.h"
#include "cli/progress_reporter.h"
#include "cli/report_text.h"
#include "cli/stop_signals.h"
#include "robomerge/stages.h"

namespace robomerge::cli {
namespace {

Result<StageReport> Run(const Invocation& invocation, const ProgressCallback& progress) {
  const MergeOptions& options = invocation.options;
  if (invocation.command == kWrite)
    return WritePlanned(invocation.plan_directory, invocation.rank, options, progress, &StopFlag());
  if (invocation.command == kPublish) return PublishPlanned(invocation.plan_directory, options);
  if (invocation.command == kPlan && !invocation.partial_directory.empty()) {
    return PlanPartials(invocation.partial_directory, invocation.destination,
                        invocation.plan_directory, options, progress, &StopFlag());
  }
  ROBOMERGE_ASSIGN_OR_RETURN(Recipe recipe, GatherRecipe(invocation));
  if (const Status fetched = FetchForMerge(recipe, progress); !fetched.ok())
    return WithLines(fetched, recipe);
  const Result<StageReport> report =
      invocation.command == kPlan
          ? PlanSources(recipe.sources, recipe.destination, invocation.plan_directory,
                        recipe.options, progress, &StopFlag())
          : DescribeSources(recipe.sources, invocation.partial_directory, invocation.rank,
                            recipe.options, progress, &StopFlag());
  if (!report.ok()) return WithLines(report.status(), recipe);
  return report;
}

void PrintJson(const StageReport& report, OutputStream& out) {
  std::string lines;
  for (const Problem& warning : report.warnings) lines += WarningLine(warning);
  for (const Skipped& one : report.skipped) lines += SkippedLine(one);
  for (const ReportedFile& file : report.files) lines += FileLine(file);
  out.Write(lines + StageSummaryLine(report));
}

}  // namespace

ExitCode RunStage(const Invocation& invocation, Console& console) {
  // Publishing is too short to need a stop, and if it is killed the next run finishes it.
  if (invocation.command != kPublish) InstallMergeSignals(!invocation.quiet && !invocation.json);
  const ProgressStyle style =
      DecideProgress(invocation.progress, invocation.json, invocation.quiet, StandardErrorFacts());
  ProgressReporter reporter(style, console.standard_output(), console.standard_error());
  const Result<StageReport> report =
      Run(invocation, [&reporter](const MergeProgress& counts) { reporter.Report(counts); });
  reporter.Stop();

  if (!report.ok()) return console.Fail(report.status());
  if (invocation.json) {
    PrintJson(*report, console.standard_output());
  } else if (!invocation.quiet) {
    PrintWarnings(invocation, report->warnings, console);
    console.standard_error().Write(WithoutControls(StageText(*report)));
    // Of `describe` these are those that it was given.
    const auto num_whole =
        std::ranges::count_if(report->skipped, [](const Skipped& one) { return one.is_whole(); });
    const uint64_t num_kept =
        report->num_sources -
        (invocation.command == kDescribe ? static_cast<uint64_t>(num_whole) : uint64_t{0});
    PrintSkipped(invocation, report->skipped, num_kept, console);
  }
  // Of the other stages nothing but 0 lets a launcher go on.
  const bool is_left_out = invocation.command == kPublish && !report->skipped.empty();
  return console.Finish(is_left_out ? kExitLeftOut : kExitDone);
}

}  // namespace robomerge::cli
