#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/one_dataset.h"
#include "cli/quantity.h"
#include "cli/stop_signals.h"
#include "robomerge/page.h"

namespace robomerge::cli {
namespace {

Result<PageReport> WriteWithProgress(const Invocation& invocation, Console& console) {
  PageOptions options;
  options.num_workers = invocation.options.num_workers;
  options.thumbnails = invocation.options.report_thumbnails;
  return OnOneDataset<PageReport>(
      invocation, console, [&](const std::string& root, const ProgressCallback& tell) {
        return WritePage(root, invocation.destination, options, tell, &StopFlag());
      });
}

std::string SummaryText(const PageReport& report) {
  std::string found;
  const auto add = [&found](uint64_t number, const char* what) {
    if (number > 0) found += (found.empty() ? "" : ", ") + Counted(number, what);
  };
  add(report.num_problems, "problem");
  add(report.num_warnings, "warning");
  add(report.num_findings, "wrong statistic");
  add(report.num_notes, "note");
  return "Wrote " + OneLine(report.output) + "\n  of    " + OneLine(report.root) + ": " +
         Counted(report.num_episodes, "episode") + ", " +
         Counted(report.num_thumbnails, "picture") + "\n  with  " +
         (found.empty() ? "nothing that is wrong" : found) + "\n  size  " +
         BytesText(report.size_bytes) + ", in " + SecondsText(report.seconds) + "\n";
}

}  // namespace

ExitCode RunReport(const Invocation& invocation, Console& console) {
  InstallMergeSignals(!invocation.quiet && !invocation.json);
  const Result<PageReport> report = WriteWithProgress(invocation, console);
  if (!report.ok()) return console.Fail(report.status());
  const ExitCode exit_code = report->num_problems > 0 ? kExitSources : kExitDone;
  if (invocation.json)
    console.standard_output().Write(ReportLine(*report, exit_code));
  else if (!invocation.quiet)
    console.standard_error().Write(WithoutControls(SummaryText(*report)));
  return console.Finish(exit_code);
}

}  // namespace robomerge::cli
