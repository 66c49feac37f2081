#include "cli/commands.h"
#include "cli/hub.h"
#include "cli/json_lines.h"
#include "cli/progress_reporter.h"
#include "cli/quantity.h"
#include "cli/stats_text.h"
#include "cli/stop_signals.h"
#include "robomerge/stats.h"

namespace robomerge::cli {
namespace {

Result<StatsReport> MeasureWithProgress(const Invocation& invocation, Console& console) {
  ProgressReporter reporter(
      DecideProgress(invocation.progress, invocation.json, invocation.quiet, StandardErrorFacts()),
      console.standard_output(), console.standard_error());
  const ProgressCallback tell = [&reporter](const MergeProgress& counts) {
    reporter.Report(counts);
  };
  std::vector<SourceSpec> source = {invocation.paths.front()};
  const Status fetched = FetchFromHub(source, ListWhatIsThere, tell);
  StatsOptions options;
  options.num_workers = invocation.options.num_workers;
  Result<StatsReport> report = fetched;
  if (fetched.ok()) report = MeasureStats(source.front().location, options, tell, &StopFlag());
  reporter.Stop();
  return report;
}

std::string SummaryText(const StatsReport& report) {
  std::string text = "Measured " + Counted(report.elements.size(), "element") + " of " +
                     OneLine(report.root) + " in " + SecondsText(report.seconds) + "\n  ";
  if (report.num_findings == 0) return text + "its statistics are those of its rows\n";
  return text + Counted(report.num_findings, "feature") +
         " with statistics that are not those of the rows; `--in-place` mends them, and so does a "
         "merge\n";
}

}  // namespace

ExitCode RunStats(const Invocation& invocation, Console& console) {
  InstallMergeSignals(!invocation.quiet && !invocation.json);
  const Result<StatsReport> report = MeasureWithProgress(invocation, console);
  if (!report.ok()) return console.Fail(report.status());
  if (invocation.json) {
    console.standard_output().Write(StatsLines(*report, kExitDone));
    return console.Finish(kExitDone);
  }
  console.standard_output().Write(WithoutControls(StatsText(*report)));
  if (!report->notes.empty() || !report->findings.empty()) console.standard_output().Write("\n");
  PrintFindings(invocation, report->notes, "note", console);
  PrintFindings(invocation, report->findings, "finding", console);
  if (!invocation.quiet) console.standard_error().Write(WithoutControls(SummaryText(*report)));
  return console.Finish(kExitDone);
}

}  // namespace robomerge::cli
