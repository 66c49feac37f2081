// What the commands that look at one dataset have in common.
#pragma once

#include <vector>

#include "cli/commands.h"
#include "cli/hub.h"
#include "cli/progress_reporter.h"

namespace robomerge::cli {

/// The result of `action(location, tell)` for the one dataset that is named, while its progress is
/// shown. From the Hub it is fetched first.
template <typename T, typename Action>
Result<T> OnOneDataset(const Invocation& invocation, Console& console, Action&& action) {
  ProgressReporter reporter(
      DecideProgress(invocation.progress, invocation.json, invocation.quiet, StandardErrorFacts()),
      console.standard_output(), console.standard_error());
  const ProgressCallback tell = [&reporter](const MergeProgress& counts) {
    reporter.Report(counts);
  };
  std::vector<SourceSpec> source = {invocation.paths.front()};
  const Status fetched = FetchFromHub(source, ListWhatIsThere, tell);
  Result<T> result = fetched.ok() ? action(source.front().location, tell) : fetched;
  reporter.Stop();
  return result;
}

}  // namespace robomerge::cli
