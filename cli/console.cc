#include <unistd.h>

#include "cli/commands.h"
#include "cli/json_lines.h"

namespace robomerge::cli {

Console::Console(const Invocation& invocation)
    : json_(invocation.json),
      is_colored_(DecideColor(invocation.color, StandardErrorFacts())),
      standard_output_(STDOUT_FILENO),
      standard_error_(STDERR_FILENO) {}

ExitCode Console::Fail(const Status& status) {
  const ExitCode exit_code = ExitCodeOf(status);
  if (json_) {
    for (const Problem& problem : status.problems()) standard_error_.Write(ErrorLine(problem, exit_code));
  } else {
    PrintProblems(status.problems(), "error", 10);
  }
  return exit_code;
}

void Console::PrintProblems(const std::vector<Problem>& problems, std::string_view heading, size_t most) {
  const std::string text = WithoutControls(FormatProblems(problems, heading, most));
  standard_error_.Write(is_colored_ ? ColorProblems(text) : text);
}

ExitCode Console::Finish(ExitCode wanted) {
  const Status status = standard_output_.status();
  return wanted == kExitDone && !status.ok() ? Fail(status) : wanted;
}

}  // namespace robomerge::cli
