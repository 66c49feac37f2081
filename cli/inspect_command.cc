#include "cli/commands.h"
#include "cli/hub.h"
#include "cli/json_lines.h"
#include "cli/one_dataset.h"
#include "cli/report_text.h"
#include "cli/stop_signals.h"
#include "robomerge/inspect.h"

namespace robomerge::cli {
namespace {

ExitCode ExitCodeOf(const InspectReport& report) {
  if (!report.problems.empty())
    return report.problems.front().code == Code::kIo ? kExitIo : kExitSources;
  return report.num_findings > 0 ? kExitDifferences : kExitDone;
}

Result<InspectReport> InspectWithProgress(const Invocation& invocation, Console& console) {
  const std::string& path = invocation.paths.front();
  const bool is_short = !invocation.read_data && !IsOnHub(path);
  if (is_short) return Inspect(path);
  InstallMergeSignals(!invocation.quiet && !invocation.json);
  InspectOptions options;
  options.read_data = invocation.read_data;
  options.num_workers = invocation.options.num_workers;
  return OnOneDataset<InspectReport>(invocation, console,
                                     [&](const std::string& root, const ProgressCallback& tell) {
                                       return Inspect(root, options, tell, &StopFlag());
                                     });
}

}  // namespace

ExitCode RunInspect(const Invocation& invocation, Console& console) {
  const Result<InspectReport> report = InspectWithProgress(invocation, console);
  if (!report.ok()) return console.Fail(report.status());
  const ExitCode exit_code = ExitCodeOf(*report);
  if (invocation.json) {
    console.standard_output().Write(InspectLines(*report, exit_code));
    return console.Finish(exit_code);
  }
  console.standard_output().Write(WithoutControls(InspectText(*report)));
  if (!report->notes.empty() || !report->findings.empty()) console.standard_output().Write("\n");
  PrintFindings(invocation, report->notes, "note", console);
  PrintFindings(invocation, report->findings, "finding", console);
  if (!invocation.quiet) console.PrintProblems(report->warnings, "warning");
  if (!invocation.quiet && !report->warnings.empty() && !report->problems.empty())
    console.standard_error().Write("\n");
  console.PrintProblems(report->problems, "error");
  return console.Finish(exit_code);
}

}  // namespace robomerge::cli
