#include <algorithm>

#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/one_dataset.h"
#include "cli/quantity.h"
#include "cli/stats_text.h"
#include "cli/stop_signals.h"
#include "robomerge/stats.h"

namespace robomerge::cli {
namespace {

Result<StatsReport> MeasureWithProgress(const Invocation& invocation, Console& console) {
  StatsOptions options;
  options.num_workers = invocation.options.num_workers;
  return OnOneDataset<StatsReport>(invocation, console,
                                   [&](const std::string& root, const ProgressCallback& tell) {
                                     return MeasureStats(root, options, tell, &StopFlag());
                                   });
}

std::string SummaryText(const StatsReport& report) {
  std::string text = "Measured " + Counted(report.elements.size(), "element") + " of " +
                     OneLine(report.root) + " in " + SecondsText(report.seconds) + "\n  ";
  const bool lacks_some =
      std::ranges::find(report.notes, "N-stats-missing", &Finding::kind) != report.notes.end();
  if (report.num_findings == 0) {
    return text + (lacks_some ? "what it states is that of its rows; `--in-place` adds what it "
                                "does not\n"
                              : "its statistics are those of its rows\n");
  }
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
