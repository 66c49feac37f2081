#include "cli/commands.h"
#include "cli/hub.h"
#include "cli/json_lines.h"
#include "cli/progress_reporter.h"
#include "cli/quantity.h"
#include "cli/stop_signals.h"
#include "cli/text_table.h"
#include "robomerge/append.h"

namespace robomerge::cli {
namespace {

// The sources of `append`, with the names that the command line gives them.
Result<Recipe> GatherGrowth(const Invocation& invocation) {
  if (invocation.command == kRemoveSource) {
    Recipe recipe;
    recipe.options = invocation.options;
    recipe.verify = invocation.verify;
    return recipe;
  }
  ROBOMERGE_ASSIGN_OR_RETURN(Recipe recipe, GatherRecipe(invocation));
  const std::vector<std::string>& names = invocation.names;
  if (names.empty()) return recipe;
  if (names.size() != recipe.sources.size()) {
    return Problem(Code::kInvalidArgument, "`--name` is given once for each source, or not at all")
        .Kind("E-flag")
        .Expected(Counted(recipe.sources.size(), "name"))
        .Found(std::to_string(names.size()));
  }
  for (size_t at = 0; at < names.size(); ++at) recipe.sources[at].name = names[at];
  return recipe;
}

std::string EpisodesOf(const LoggedSource& source) {
  if (source.num_episodes == 0) return "none";
  const uint64_t last = source.first_episode + source.num_episodes - 1;
  return std::to_string(source.first_episode) +
         (source.num_episodes > 1 ? "-" + std::to_string(last) : "");
}

}  // namespace

ExitCode RunGrowth(const Invocation& invocation, Console& console) {
  const bool is_talkative = !invocation.quiet && !invocation.json;
  const bool is_append = invocation.command == kAppend;
  const Result<Recipe> recipe = GatherGrowth(invocation);
  if (!recipe.ok()) return console.Fail(recipe.status());
  Recipe wanted = *recipe;
  InstallMergeSignals(is_talkative);
  if (is_talkative && is_append)
    console.standard_error().Write("Reading " + Counted(wanted.sources.size(), "dataset") +
                                   " and what is there\n");
  const ProgressStyle style =
      DecideProgress(invocation.progress, invocation.json, invocation.quiet, StandardErrorFacts());
  ProgressReporter reporter(style, console.standard_output(), console.standard_error());
  const ProgressCallback tell = [&reporter](const MergeProgress& counts) {
    reporter.Report(counts);
  };
  AppendOptions append;
  append.again = invocation.again;
  append.backup = invocation.edit.backup;
  const Status fetched = is_append ? FetchForMerge(wanted, tell) : Status();
  const auto grow = [&]() -> Result<VerifiedMerge> {
    if (!fetched.ok()) return fetched;
    if (!is_append) {
      return RemoveSource(invocation.destination, invocation.removed_source, append, wanted.options,
                          wanted.verify, tell, &StopFlag());
    }
    return Append(invocation.destination, wanted.sources, append, wanted.options, wanted.verify,
                  tell, &StopFlag());
  };
  const Result<VerifiedMerge> grown = grow();
  reporter.Stop();
  if (!grown.ok()) return console.Fail(WithLines(grown.status(), wanted));
  const bool is_verified = wanted.verify && !wanted.options.dry_run && !grown->merge.already_done;
  PrintMerge(invocation, grown->merge, !is_verified || grown->is_published, console);
  const ExitCode exit_code =
      is_verified ? PrintVerification(invocation, grown->verification, console) : kExitDone;
  if (is_talkative && is_verified && !grown->is_published) {
    console.standard_error().Write(
        "  Nothing was published. The same command writes all of it anew; to give it up, remove " +
        WithoutControls(grown->verification.destination) + "\n");
  }
  return console.Finish(exit_code);
}

ExitCode RunLog(const Invocation& invocation, Console& console) {
  const Result<std::vector<LoggedSource>> sources = Log(invocation.paths.front(), &StopFlag());
  if (!sources.ok()) return console.Fail(sources.status());
  std::string text;
  TextTable table({true, false, false, true, false, false});
  table.Add({"number", "name", "episodes", "frames", "fingerprint", "rules"});
  for (const LoggedSource& source : *sources) {
    if (invocation.json) text += SourceLine(source);
    table.Add({std::to_string(source.number), source.name.empty() ? "-" : OneLine(source.name),
               EpisodesOf(source), Separated(source.num_frames),
               source.fingerprint.empty() ? "not recorded" : source.fingerprint, source.rules});
  }
  console.standard_output().Write(invocation.json ? text : WithoutControls(table.Text()));
  return console.Finish(kExitDone);
}

}  // namespace robomerge::cli
