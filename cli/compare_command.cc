#include "cli/commands.h"
#include "cli/compare_text.h"
#include "cli/hub.h"
#include "cli/json_lines.h"
#include "cli/stop_signals.h"
#include "robomerge/compare.h"

namespace robomerge::cli {
namespace {

ExitCode ExitCodeOf(const CompareReport& report) {
  if (!report.problems.empty())
    return report.problems.front().code == Code::kIo ? kExitIo : kExitSources;
  return report.ok() ? kExitDone : kExitDifferences;
}

}  // namespace

ExitCode RunCompare(const Invocation& invocation, Console& console) {
  Result<std::vector<SourceSpec>> gathered = GatherSources(invocation);
  if (!gathered.ok()) return console.Fail(gathered.status());
  InstallMergeSignals(false);
  const Status fetched = FetchFromHub(*gathered, nullptr, {});
  if (!fetched.ok()) return console.Fail(fetched);
  std::vector<std::string> sources;
  for (const SourceSpec& source : *gathered) sources.push_back(source.location);
  CompareOptions options;
  options.num_workers = invocation.options.num_workers;
  options.recipe_out = invocation.recipe_out;
  const Result<CompareReport> report = Compare(sources, options, &StopFlag());
  if (!report.ok()) return console.Fail(report.status());
  const ExitCode exit_code = ExitCodeOf(*report);
  if (invocation.json) {
    console.standard_output().Write(CompareLines(*report, exit_code));
    return console.Finish(exit_code);
  }
  console.standard_output().Write(WithoutControls(CompareText(*report, invocation.verbosity > 0)));
  if (!report->problems.empty()) console.standard_error().Write("\n");
  console.PrintProblems(report->problems, "error");
  if (!options.recipe_out.empty() && !invocation.quiet) {
    console.standard_error().Write(
        WithoutControls("\nWrote the recipe " + OneLine(options.recipe_out) + "\n"));
  }
  return console.Finish(exit_code);
}

}  // namespace robomerge::cli
