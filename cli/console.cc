#include <unistd.h>

#include <limits>
#include <map>
#include <set>

#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/quantity.h"

namespace robomerge::cli {
namespace {

constexpr size_t kMostWarnings = 5;

// How many problems there are, of how many kinds, and in how many datasets.
std::string CountText(const std::vector<Problem>& problems, std::string_view heading,
                      size_t most_of_a_kind) {
  std::map<std::string, size_t> kinds;
  std::set<std::string> sources;
  bool is_capped = false;
  for (const Problem& problem : problems) {
    is_capped = ++kinds[problem.kind] > most_of_a_kind || is_capped;
    if (!problem.source.empty()) sources.insert(problem.source);
  }
  std::string text =
      "\n" + Counted(problems.size(), heading) + " of " + Counted(kinds.size(), "kind");
  if (!sources.empty()) text += " in " + Counted(sources.size(), "dataset");
  return text + (is_capped ? "; `-v` shows every one\n" : "\n");
}

// In full what occurs once; one line for each kind that occurs more often.
std::string BriefText(const std::vector<Problem>& problems, std::string_view heading) {
  std::map<std::string, std::vector<Problem>> kinds;
  std::vector<std::string> order;
  for (const Problem& problem : problems) {
    std::vector<Problem>& of_kind = kinds[problem.kind];
    if (of_kind.empty()) order.push_back(problem.kind);
    of_kind.push_back(problem);
  }
  std::string text;
  bool ends_in_line = true;
  for (const std::string& kind : order) {
    const std::vector<Problem>& of_kind = kinds[kind];
    const bool is_line = of_kind.size() > 1;
    if (!text.empty() && !(is_line && ends_in_line)) text += "\n";
    ends_in_line = is_line;
    if (!is_line) {
      text += FormatProblems(of_kind, heading, 1);
      continue;
    }
    text += std::string(heading) + "[" + kind + "]: " + OneLine(of_kind.front().what) + " (" +
            Separated(of_kind.size()) + " times)\n";
  }
  return text;
}

}  // namespace

Console::Console(const Invocation& invocation)
    : json_(invocation.json),
      is_verbose_(invocation.verbosity > 0),
      is_colored_(DecideColor(invocation.color, StandardErrorFacts())),
      standard_output_(STDOUT_FILENO),
      standard_error_(STDERR_FILENO) {}

ExitCode Console::Fail(const Status& status) {
  const ExitCode exit_code = ExitCodeOf(status);
  if (json_) {
    for (const Problem& problem : status.problems())
      standard_error_.Write(ErrorLine(problem, exit_code));
  } else {
    PrintProblems(status.problems(), "error");
  }
  return exit_code;
}

void Console::PrintProblems(const std::vector<Problem>& problems, std::string_view heading,
                            bool counts) {
  const size_t most = is_verbose_ ? std::numeric_limits<size_t>::max() : kMostWarnings;
  std::string text = WithoutControls(FormatProblems(problems, heading, most));
  if (counts && problems.size() > 1) text += CountText(problems, heading, most);
  standard_error_.Write(is_colored_ ? ColorProblems(text) : text);
}

void Console::PrintWarnings(const std::vector<Problem>& warnings) {
  if (is_verbose_) return PrintProblems(warnings, "warning");
  std::string text = WithoutControls(BriefText(warnings, "warning"));
  if (warnings.size() > 1) text += CountText(warnings, "warning", 1);
  standard_error_.Write(is_colored_ ? ColorProblems(text) : text);
}

ExitCode Console::Finish(ExitCode wanted) {
  const Status status = standard_output_.status();
  return wanted == kExitDone && !status.ok() ? Fail(status) : wanted;
}

}  // namespace robomerge::cli
