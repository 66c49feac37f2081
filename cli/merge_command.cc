#include <set>

#include "cli/commands.h"
#include "cli/hub.h"
#include "cli/json_lines.h"
#include "cli/progress_reporter.h"
#include "cli/quantity.h"
#include "cli/report_text.h"
#include "cli/stop_signals.h"
#include "robomerge/merge.h"

namespace robomerge::cli {
namespace {

void PrintJson(const MergeReport& report, OutputStream& out) {
  std::string lines;
  for (const Problem& warning : report.warnings) lines += WarningLine(warning);
  for (const Skipped& one : report.skipped) lines += SkippedLine(one);
  for (const ReportedFile& file : report.files) lines += FileLine(file);
  out.Write(lines + SummaryLine(report));
}

void PrintText(const Invocation& invocation, const MergeReport& report, bool is_there,
               Console& console) {
  const bool is_verbose = invocation.verbosity > 0;
  PrintWarnings(invocation, report.warnings, console);
  if (report.dry_run || (is_verbose && !invocation.quiet)) {
    console.standard_output().Write(WithoutControls(FileTable(report, is_verbose)));
  }
  if (report.dry_run) {
    console.standard_output().Write("\n" + TotalsText(report));
    if (!invocation.quiet) console.standard_error().Write("Nothing was written\n");
  } else if (!invocation.quiet && is_there) {
    const bool is_edit = invocation.is_edit() || invocation.command == kSplit;
    console.standard_error().Write(WithoutControls(
        (invocation.command & kGrows) != 0
            ? GrowthText(report, invocation.command == kAppend, invocation.edit.backup)
            : SuccessText(report, is_edit ? &invocation.edit : nullptr)));
  }
  PrintSkipped(invocation, report.skipped, report.num_sources, console);
}

// Prints what becomes of every episode.
ExitCode ListTheEpisodes(const Invocation& invocation, const Recipe& recipe, Console& console) {
  const Result<std::vector<ListedEpisode>> episodes =
      ListEpisodes(recipe.sources, recipe.options, &StopFlag());
  if (!episodes.ok()) return console.Fail(WithLines(episodes.status(), recipe));
  std::string text;
  std::string source;
  uint64_t num_chosen = 0;
  for (const ListedEpisode& one : *episodes) {
    num_chosen += one.is_chosen ? 1 : 0;
    if (invocation.json) {
      text += EpisodeLine(one);
      continue;
    }
    if (one.source != source) text += (source.empty() ? "" : "\n") + one.source + "\n";
    source = one.source;
    text += "  " + std::to_string(one.episode) + "  " + Counted(one.num_frames, "frame") + "  " +
            (one.is_chosen ? "chosen" : "left out: " + one.reason) + "\n";
  }
  if (!invocation.json)
    text += "\n" + std::to_string(num_chosen) + " of " + Counted(episodes->size(), "episode") +
            " chosen\n";
  console.standard_output().Write(WithoutControls(text));
  return console.Finish(kExitDone);
}

}  // namespace

void PrintMerge(const Invocation& invocation, const MergeReport& report, bool is_there,
                Console& console) {
  if (invocation.json) {
    PrintJson(report, console.standard_output());
  } else {
    PrintText(invocation, report, is_there, console);
  }
}

void PrintWarnings(const Invocation& invocation, const std::vector<Problem>& warnings,
                   Console& console) {
  if (invocation.quiet || warnings.empty()) return;
  console.PrintWarnings(warnings);
  console.standard_error().Write("\n");
}

void PrintSkipped(const Invocation& invocation, const std::vector<Skipped>& skipped,
                  uint64_t num_kept, Console& console) {
  if (invocation.quiet || skipped.empty()) return;
  // Of each source and kind the first reason: --skipped has all.
  std::vector<Problem> reasons;
  uint64_t num_whole = 0;
  for (const Skipped& one : skipped) {
    num_whole += one.is_whole() ? 1 : 0;
    std::set<std::string> kinds;
    for (const Problem& reason : one.reasons) {
      if (!kinds.insert(reason.kind).second && invocation.verbosity == 0) continue;
      reasons.push_back(reason);
      if (!one.is_whole())
        reasons.back().context.push_back("leaving out episodes " + one.episodes + " of " +
                                         one.source);
    }
  }
  console.standard_error().Write("\n");
  console.PrintProblems(reasons, "left out", /*counts=*/false);
  std::string text =
      "\nLeft out " + Separated(num_whole) + " of " + Counted(num_kept + num_whole, "dataset");
  if (skipped.size() > num_whole)
    text += ", and episodes of " + Counted(skipped.size() - num_whole, "other");
  const bool has_list = invocation.command != kDescribe;
  console.standard_error().Write(text + (has_list ? "; `--skipped FILE` lists all of it\n" : "\n"));
}

ExitCode RunMerge(const Invocation& invocation, Console& console) {
  const bool is_talkative = !invocation.quiet && !invocation.json;
  Result<Recipe> recipe = GatherRecipe(invocation);
  if (!recipe.ok()) return console.Fail(recipe.status());
  InstallMergeSignals(is_talkative);
  if (is_talkative && !invocation.list_episodes)
    console.standard_error().Write("Reading " + Counted(recipe->sources.size(), "dataset") + "\n");

  const ProgressStyle style =
      DecideProgress(invocation.progress, invocation.json, invocation.quiet, StandardErrorFacts());
  ProgressReporter reporter(style, console.standard_output(), console.standard_error());
  const ProgressCallback tell = [&reporter](const MergeProgress& counts) {
    reporter.Report(counts);
  };
  const Status fetched = FetchForMerge(*recipe, tell);
  if (!fetched.ok() || invocation.list_episodes) {
    reporter.Stop();
    if (!fetched.ok()) return console.Fail(WithLines(fetched, *recipe));
    return ListTheEpisodes(invocation, *recipe, console);
  }
  const bool is_verified = recipe->verify && !recipe->options.dry_run;
  VerifiedMerge result;
  Status status;
  if (invocation.is_edit()) {
    Result<VerifiedMerge> edited =
        Edit(recipe->sources.front(), recipe->destination, invocation.edit, recipe->options,
             recipe->verify, tell, &StopFlag());
    status = edited.status();
    if (edited.ok()) result = std::move(edited).value();
  } else if (is_verified) {
    Result<VerifiedMerge> verified =
        MergeVerified(recipe->sources, recipe->destination, recipe->options, tell, &StopFlag());
    status = verified.status();
    if (verified.ok()) result = std::move(verified).value();
  } else {
    Result<MergeReport> report =
        Merge(recipe->sources, recipe->destination, recipe->options, tell, &StopFlag());
    status = report.status();
    if (report.ok()) result.merge = std::move(report).value();
  }
  reporter.Stop();

  if (!status.ok()) return console.Fail(WithLines(status, *recipe));
  const bool is_there = !is_verified || result.is_published;
  PrintMerge(invocation, result.merge, is_there, console);
  const ExitCode exit_code =
      is_verified ? PrintVerification(invocation, result.verification, console) : kExitDone;
  const bool is_left_out = exit_code == kExitDone && !result.merge.skipped.empty();
  if (!is_there && !invocation.json && !invocation.quiet) {
    console.standard_error().Write(
        "  Nothing was published. The same command writes all of it anew; to give it up, remove " +
        WithoutControls(result.verification.destination) + "\n");
  }
  return console.Finish(is_left_out ? kExitLeftOut : exit_code);
}

}  // namespace robomerge::cli
