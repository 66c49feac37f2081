#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/progress_reporter.h"
#include "cli/quantity.h"
#include "cli/stop_signals.h"
#include "robomerge/verify.h"

namespace robomerge::cli {
namespace {

// For each kind.
constexpr size_t kFindingsShown = 10;

// A finding as a problem, so that it is printed in the same way.
Problem ProblemOf(const Finding& finding) {
  Problem problem(Code::kCorrupt, finding.what);
  if (finding.episode) problem.what += ", in episode " + std::to_string(*finding.episode);
  if (!finding.column.empty()) problem.what += ", `" + finding.column + "`";
  if (finding.frame) problem.what += ", frame " + std::to_string(*finding.frame);
  problem.kind = finding.kind;
  problem.where = finding.where;
  problem.expected = finding.expected;
  problem.found = finding.found;
  return problem;
}

std::string SummaryText(const VerifyReport& report) {
  std::string text = report.ok() ? "Verified " : "Checked ";
  text += OneLine(report.destination);
  if (report.num_sources > 0) text += " against " + Counted(report.num_sources, "dataset");
  text += "\n  " + Counted(report.num_episodes, "episode") + ", " +
          Counted(report.num_rows, "row") + ", " + Counted(report.num_video_frames, "video frame") +
          ", " + BytesText(report.checked_bytes) + " in " + SecondsText(report.seconds) + "\n";
  text += "  " +
          (report.ok() ? std::string("nothing differs") : Counted(report.num_findings, "finding")) +
          "\n";
  if (report.num_sources == 0 && report.num_video_frames > 0)
    text += "  coded frames were counted, not read: --against SRC... compares them\n";
  if (!report.is_complete) text += "  The rest could not be checked before these are mended.\n";
  return text;
}

ExitCode RunVerification(const Invocation& invocation, const std::string& destination,
                         const std::vector<std::string>& sources, Console& console) {
  const ProgressStyle style =
      DecideProgress(invocation.progress, invocation.json, invocation.quiet, StandardErrorFacts());
  ProgressReporter reporter(style, console.standard_output(), console.standard_error());
  VerifyOptions options;
  options.num_workers = invocation.options.num_workers;
  options.retime = invocation.options.retime;
  const Result<VerifyReport> report = Verify(
      destination, sources, options,
      [&reporter](const MergeProgress& counts) { reporter.Report(counts); }, &StopFlag());
  reporter.Stop();
  if (!report.ok()) return console.Fail(report.status());
  return PrintVerification(invocation, *report, console);
}

}  // namespace

void PrintFindings(const Invocation& invocation, const std::vector<Finding>& findings,
                   const char* heading, Console& console) {
  if (findings.empty()) return;
  std::vector<Problem> problems;
  for (const Finding& finding : findings) problems.push_back(ProblemOf(finding));
  console.standard_output().Write(WithoutControls(FormatProblems(
      problems, heading, invocation.verbosity > 0 ? problems.size() : kFindingsShown)));
  console.standard_output().Write("\n");
}

ExitCode PrintVerification(const Invocation& invocation, const VerifyReport& report,
                           Console& console) {
  const ExitCode exit_code = report.ok() ? kExitDone : kExitDifferences;
  if (invocation.json) {
    std::string lines;
    for (const Finding& finding : report.findings) lines += FindingLine(finding);
    console.standard_output().Write(lines + VerifySummaryLine(report, exit_code));
    return exit_code;
  }
  PrintFindings(invocation, report.findings, "difference", console);
  if (!invocation.quiet) console.standard_error().Write(WithoutControls(SummaryText(report)));
  return exit_code;
}

ExitCode RunVerify(const Invocation& invocation, Console& console) {
  InstallMergeSignals(!invocation.quiet && !invocation.json);
  Invocation rest = invocation;
  rest.paths.erase(rest.paths.begin());
  std::vector<std::string> sources;
  if (!rest.paths.empty() || !rest.list_path.empty()) {
    const Result<std::vector<SourceSpec>> gathered = GatherSources(rest);
    if (!gathered.ok()) return console.Fail(gathered.status());
    for (const SourceSpec& source : *gathered) sources.push_back(source.location);
  }
  return console.Finish(RunVerification(invocation, invocation.paths.front(), sources, console));
}

}  // namespace robomerge::cli
