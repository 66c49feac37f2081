// The exit codes of the command. docs/cli.md has their table.
#pragma once

#include "robomerge/status.h"

namespace robomerge::cli {

enum ExitCode : int {
  kExitDone = 0,
  kExitSources = 1,  ///< the sources or the destination are at fault
  kExitCommandLine = 2,
  kExitDifferences = 3,  ///< verify found something
  kExitIo = 4,           ///< the system refused
  kExitLeftOut = 5,      ///< done, without what `--skip-broken` left out
  kExitInternal = 70,    ///< a bug of robomerge (EX_SOFTWARE of sysexits.h)
  kExitCancelled = 130,  ///< as a shell reports SIGINT
};

ExitCode ExitCodeOf(Code code);

/// The exit code of a Status: that of its first problem, kExitDone if there is none.
ExitCode ExitCodeOf(const Status& status);

}  // namespace robomerge::cli
