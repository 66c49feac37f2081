#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/report_text.h"
#include "robomerge/merge.h"

namespace robomerge::cli {

ExitCode RunInspect(const Invocation& invocation, Console& console) {
  const Result<InspectReport> report = Inspect(invocation.paths.front());
  if (!report.ok()) return console.Fail(report.status());
  const ExitCode exit_code = report->problems.empty() ? kExitDone : kExitSources;
  if (invocation.json) {
    console.standard_output().Write(InspectLines(*report, exit_code));
    return console.Finish(exit_code);
  }
  console.standard_output().Write(WithoutControls(InspectText(*report)));
  if (!invocation.quiet) console.PrintProblems(report->warnings, "warning");
  if (!invocation.quiet && !report->warnings.empty() && !report->problems.empty())
    console.standard_error().Write("\n");
  console.PrintProblems(report->problems, "error");
  return console.Finish(exit_code);
}

}  // namespace robomerge::cli
