#include "cli/commands.h"
#include "cli/hub.h"
#include "cli/json_lines.h"
#include "cli/progress_reporter.h"
#include "cli/quantity.h"
#include "cli/stop_signals.h"
#include "robomerge/inspect.h"

namespace robomerge::cli {
namespace {

using json::Json;

std::string PushedText(const std::string& root, const Json& report) {
  const auto number = [&](const char* name) { return report.value(name, uint64_t{0}); };
  const uint64_t num_uploaded = number("num_files_uploaded");
  const uint64_t num_removed = number("num_files_removed");
  const bool is_same = num_uploaded + num_removed == 0;
  std::string text = (is_same ? "Nothing to push: the Hub has " : "Pushed ") + OneLine(root) + "\n";
  text += "  at    " + OneLine(report.value("address", "")) + "\n";
  if (!is_same) {
    text += "  sent  " + Separated(num_uploaded) + " of " + Counted(number("num_files"), "file") +
            ", " + BytesText(number("uploaded_bytes"));
    text += (num_removed > 0 ? "; removed " + Separated(num_removed) : "") + "\n";
  }
  return text + "  tag   " + OneLine(report.value("tag", "")) + "\n  see   " +
         OneLine(report.value("url", "")) + "\n";
}

Result<Json> Push(const Invocation& invocation, const ProgressCallback& progress) {
  const std::string& root = invocation.paths.front();
  const Result<InspectReport> inspected = Inspect(root);
  ROBOMERGE_RETURN_NOT_OK(inspected.status());
  if (!inspected->problems.empty()) return Status::Many(inspected->problems);
  ROBOMERGE_ASSIGN_OR_RETURN(HubTalk talk, HubTalk::Start());
  return talk.Ask({{"ask", "push"},
                   {"root", root},
                   {"address", invocation.paths.back()},
                   {"private", invocation.is_private},
                   {"branch", invocation.branch.empty() ? Json(nullptr) : Json(invocation.branch)}},
                  progress);
}

}  // namespace

ExitCode RunPush(const Invocation& invocation, Console& console) {
  InstallMergeSignals(!invocation.quiet && !invocation.json);
  const ProgressStyle style =
      DecideProgress(invocation.progress, invocation.json, invocation.quiet, StandardErrorFacts());
  ProgressReporter reporter(style, console.standard_output(), console.standard_error());
  Result<Json> report =
      Push(invocation, [&reporter](const MergeProgress& counts) { reporter.Report(counts); });
  reporter.Stop();
  if (!report.ok()) return console.Fail(report.status());
  std::vector<Problem> warnings = ProblemsOf(report->at("warnings"));
  if (invocation.json) {
    std::string lines;
    for (const Problem& warning : warnings) lines += WarningLine(warning);
    report->erase("warnings");
    console.standard_output().Write(lines + PushSummaryLine(*report));
  } else {
    PrintWarnings(invocation, warnings, console);
    if (!invocation.quiet)
      console.standard_error().Write(
          WithoutControls(PushedText(invocation.paths.front(), *report)));
  }
  return console.Finish(kExitDone);
}

}  // namespace robomerge::cli
