// The command `robomerge`.
#include <sys/resource.h>

#include <cstdlib>
#include <exception>
#include <new>
#include <system_error>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/stop_signals.h"
#include "robomerge/merge.h"

namespace robomerge::cli {
namespace {

std::optional<std::string> FromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

// Arrow's own allocator takes pages of 2 MB, which are cleared whole, and gives others back after
// every batch. Of a short run that is a tenth of the time. What the user says counts.
void ChooseMemory() {
  static_cast<void>(::setenv("ARROW_DEFAULT_MEMORY_POOL", "system", /*replace=*/0));
}

// Many systems keep the soft limit on open files low for programs that use select(2), which this
// one does not. A failure is ignored, since the library adapts to the limit. Only the command does
// this; a Python process decides about its own limits.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

ExitCode Run(const Invocation& invocation, Console& console) {
  switch (invocation.wish) {
    case Invocation::Wish::kShortHelp:
      console.standard_output().Write(ShortHelp(invocation.command));
      break;
    case Invocation::Wish::kFullHelp:
      console.standard_output().Write(FullHelp(invocation.command));
      break;
    case Invocation::Wish::kVersion:
      console.standard_output().Write(invocation.verbosity > 0
                                          ? VersionText()
                                          : VersionText().substr(0, VersionText().find('\n') + 1));
      break;
    case Invocation::Wish::kCompletion:
      console.standard_output().Write(CompletionScript(invocation.shell));
      break;
    case Invocation::Wish::kRun:
      if (invocation.command == kInspect) return RunInspect(invocation, console);
      if (invocation.command == kStats && !invocation.is_edit())
        return RunStats(invocation, console);
      if (invocation.command == kReport) return RunReport(invocation, console);
      if (invocation.command == kCompare) return RunCompare(invocation, console);
      if (invocation.command == kSplit) return RunSplit(invocation, console);
      if ((invocation.command & kGrows) != 0) return RunGrowth(invocation, console);
      if (invocation.command == kLog) return RunLog(invocation, console);
      if (invocation.command == kPush) return RunPush(invocation, console);
      if (invocation.command == kVerify) return RunVerify(invocation, console);
      return invocation.command == kMerge || invocation.command == kConvert ||
                     invocation.is_edit() || invocation.options.dry_run
                 ? RunMerge(invocation, console)
                 : RunStage(invocation, console);
  }
  return console.Finish(kExitDone);
}

ExitCode Main(const std::vector<std::string>& words) {
  const Result<Invocation> invocation = ParseCommandLine(words, FromEnvironment);
  if (!invocation.ok()) return Console(GuessOutput(words)).Fail(invocation.status());
  Console console(*invocation);
  return Run(*invocation, console);
}

}  // namespace
}  // namespace robomerge::cli

int main(int argc, char** argv) {
  namespace cli = robomerge::cli;
  cli::IgnoreWriteSignals();
  cli::RaiseDescriptorLimit();
  cli::ChooseMemory();
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  // The library throws nothing. An exception here means that the system gave no memory or no
  // thread, or a bug.
  const auto fail = [&](robomerge::Problem problem) {
    return cli::Console(cli::GuessOutput(words)).Fail(robomerge::Status(std::move(problem)));
  };
  cli::ExitCode exit_code = cli::kExitInternal;
  try {
    exit_code = cli::Main(words);
  } catch (const std::bad_alloc&) {
    exit_code =
        fail(robomerge::Problem(robomerge::Code::kIo, "out of memory")
                 .Kind("E-io")
                 .Hint("use fewer workers (-j 1), or raise the limit on memory (ulimit -v)"));
  } catch (const std::system_error& error) {
    exit_code =
        fail(robomerge::Problem(robomerge::Code::kIo, "the system refused an operation")
                 .Kind("E-io")
                 .Found(error.what())
                 .Hint("use fewer workers (-j 1), or raise the limits on processes and memory "
                       "(ulimit -u, ulimit -v)"));
  } catch (const std::exception& error) {
    exit_code = fail(robomerge::Problem(robomerge::Code::kInternal, "robomerge failed by surprise")
                         .Found(error.what())
                         .Hint("please report this with the command you ran"));
  }
  // Where the system has refused memory or threads, Arrow's allocator may crash in its destructors.
  if (exit_code == cli::kExitIo) std::_Exit(exit_code);
  return exit_code;
}
