#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/progress_reporter.h"
#include "cli/quantity.h"
#include "cli/report_text.h"
#include "cli/source_list.h"
#include "cli/stop_signals.h"
#include "robomerge/merge.h"

namespace robomerge::cli {
namespace {

void PrintJson(const MergeReport& report, OutputStream& out) {
  std::string lines;
  for (const Problem& warning : report.warnings) lines += WarningLine(warning);
  for (const ReportedFile& file : report.files) lines += FileLine(file);
  out.Write(lines + SummaryLine(report));
}

void PrintText(const Invocation& invocation, const MergeReport& report, Console& console) {
  const bool is_verbose = invocation.verbosity > 0;
  PrintWarnings(invocation, report.warnings, console);
  if (report.dry_run || (is_verbose && !invocation.quiet)) {
    console.standard_output().Write(WithoutControls(FileTable(report, is_verbose)));
  }
  if (report.dry_run) {
    console.standard_output().Write("\n" + TotalsText(report));
    if (!invocation.quiet) console.standard_error().Write("Nothing was written\n");
  } else if (!invocation.quiet) {
    console.standard_error().Write(WithoutControls(SuccessText(report)));
  }
}

}  // namespace

Result<std::vector<std::string>> GatherSources(const Invocation& invocation) {
  std::vector<std::string> sources = invocation.paths;
  if (!invocation.list_path.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> listed, ReadSourceListFile(invocation.list_path));
    sources.insert(sources.end(), listed.begin(), listed.end());
  }
  if (!sources.empty()) return sources;
  return Problem(Code::kInvalidArgument, "list of sources names none")
      .Kind("E-no-sources")
      .At(invocation.list_path)
      .Expected("one dataset folder per line");
}

void PrintWarnings(const Invocation& invocation, const std::vector<Problem>& warnings, Console& console) {
  if (invocation.quiet || warnings.empty()) return;
  console.PrintProblems(warnings, "warning");
  console.standard_error().Write("\n");
}

ExitCode RunMerge(const Invocation& invocation, Console& console) {
  const bool is_talkative = !invocation.quiet && !invocation.json;
  const Result<std::vector<std::string>> sources = GatherSources(invocation);
  if (!sources.ok()) return console.Fail(sources.status());
  InstallMergeSignals(is_talkative);
  if (is_talkative) console.standard_error().Write("Reading " + Counted(sources->size(), "dataset") + "\n");

  const ProgressStyle style =
      DecideProgress(invocation.progress, invocation.json, invocation.quiet, StandardErrorFacts());
  ProgressReporter reporter(style, console.standard_output(), console.standard_error());
  const Result<MergeReport> report = Merge(
      *sources, invocation.destination, invocation.options,
      [&reporter](const MergeProgress& counts) { reporter.Report(counts); }, &StopFlag());
  reporter.Stop();

  if (!report.ok()) return console.Fail(report.status());
  if (invocation.json) {
    PrintJson(*report, console.standard_output());
  } else {
    PrintText(invocation, *report, console);
  }
  const ExitCode exit_code = invocation.verify && !report->dry_run ? VerifyMerged(invocation, *sources, console) : kExitDone;
  return console.Finish(exit_code);
}

}  // namespace robomerge::cli
