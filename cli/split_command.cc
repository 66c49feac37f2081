#include <algorithm>

#include "cli/commands.h"
#include "cli/hub.h"
#include "cli/progress_reporter.h"
#include "cli/quantity.h"
#include "cli/stop_signals.h"
#include "cli/terminal.h"
#include "robomerge/split.h"

namespace robomerge::cli {

ExitCode RunSplit(const Invocation& invocation, Console& console) {
  const bool is_talkative = !invocation.quiet && !invocation.json;
  Result<Recipe> recipe = GatherRecipe(invocation);
  if (!recipe.ok()) return console.Fail(recipe.status());
  InstallMergeSignals(is_talkative);
  const ProgressStyle style =
      DecideProgress(invocation.progress, invocation.json, invocation.quiet, StandardErrorFacts());
  ProgressReporter reporter(style, console.standard_output(), console.standard_error());
  const ProgressCallback tell = [&reporter](const MergeProgress& counts) {
    reporter.Report(counts);
  };
  const Status fetched = FetchForMerge(*recipe, tell);
  Result<std::vector<VerifiedMerge>> made =
      fetched.ok() ? Split(recipe->sources.front().location, recipe->destination, invocation.split,
                           recipe->options, recipe->verify, tell, &StopFlag())
                   : fetched;
  reporter.Stop();
  if (!made.ok()) return console.Fail(made.status());
  const bool is_there = made->back().is_published;
  ExitCode exit_code = kExitDone;
  for (const VerifiedMerge& one : *made) {
    if (one.merge.dry_run && !invocation.json)
      console.standard_output().Write(WithoutControls(one.merge.destination + "\n"));
    PrintMerge(invocation, one.merge, is_there, console);
    if (!recipe->verify || recipe->options.dry_run) continue;
    const ExitCode proven = PrintVerification(invocation, one.verification, console);
    if (proven != kExitDone) exit_code = proven;
  }
  const bool was_there =
      std::ranges::all_of(*made, [](const VerifiedMerge& one) { return one.merge.already_done; });
  if (is_talkative && is_there && !was_there) {
    console.standard_error().Write("Split into " + Counted(made->size(), "dataset") + "\n");
  } else if (is_talkative && !is_there && !recipe->options.dry_run) {
    console.standard_error().Write(
        "Nothing was published. The same command writes what differs anew\n");
  }
  return console.Finish(exit_code);
}

}  // namespace robomerge::cli
