#include "cli/commands.h"
#include "cli/hub.h"
#include "cli/json_lines.h"
#include "cli/progress_reporter.h"
#include "cli/quantity.h"
#include "cli/stop_signals.h"
#include "robomerge/merge.h"
#include "robomerge/verify.h"

namespace robomerge::cli {
namespace {

// For each kind.
constexpr size_t kFindingsShown = 10;

std::vector<std::string> LocationsOf(const std::vector<SourceSpec>& sources) {
  std::vector<std::string> locations;
  for (const SourceSpec& source : sources) locations.push_back(source.location);
  return locations;
}

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
  const std::string hashed = Counted(report.num_hashed_files, "file");
  if (report.num_hashed_files > 0) {
    text += report.ok() ? "  every file is as it was written: " + hashed + " by their SHA-256\n"
                        : "  " + hashed + " held against their SHA-256\n";
  } else if (report.num_sources == 0 && report.num_video_frames > 0) {
    text += "  coded frames were counted, not read: --against SRC... compares them\n";
  }
  if (!report.is_complete) text += "  The rest could not be checked before these are mended.\n";
  return text;
}

// What the rules of the merge need of its sources.
Result<MissingBySource> ListRecorded(const std::string& destination,
                                     const std::vector<SourceSpec>& sources) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceSpec> recorded,
                             RecordedSources(destination, LocationsOf(sources)));
  return MissingFiles(recorded, {}, &StopFlag());
}

// The dataset itself, or its sources, may lie on the Hub.
Status Fetch(std::vector<SourceSpec>& destination, std::vector<SourceSpec>& sources,
             const ProgressCallback& progress) {
  ROBOMERGE_RETURN_NOT_OK(FetchFromHub(destination, ListWhatIsThere, progress));
  const auto list_recorded = [&](const std::vector<SourceSpec>& specs) {
    return ListRecorded(destination.front().location, specs);
  };
  return FetchFromHub(sources, list_recorded, progress);
}

ExitCode RunVerification(const Invocation& invocation, std::vector<SourceSpec> destination,
                         std::vector<SourceSpec> sources, Console& console) {
  const ProgressStyle style =
      DecideProgress(invocation.progress, invocation.json, invocation.quiet, StandardErrorFacts());
  ProgressReporter reporter(style, console.standard_output(), console.standard_error());
  VerifyOptions options;
  options.num_workers = invocation.options.num_workers;
  options.retime = invocation.options.retime;
  options.measure_stats = invocation.measure_stats;
  const ProgressCallback tell = [&reporter](const MergeProgress& counts) {
    reporter.Report(counts);
  };
  Result<VerifyReport> report = Fetch(destination, sources, tell);
  if (report.status().ok())
    report = Verify(destination.front().location, LocationsOf(sources), options, tell, &StopFlag());
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
  std::vector<SourceSpec> sources;
  if (!rest.paths.empty() || !rest.list_path.empty()) {
    Result<std::vector<SourceSpec>> gathered = GatherSources(rest);
    if (!gathered.ok()) return console.Fail(gathered.status());
    sources = std::move(gathered).value();
  }
  return console.Finish(
      RunVerification(invocation, {invocation.paths.front()}, std::move(sources), console));
}

}  // namespace robomerge::cli
