// Signals while a merge runs. The handlers do only what is safe at any moment: raise flags, and
// write(2).
#pragma once

#include <atomic>

namespace robomerge::cli {

/// Lets writes to a pipe without reader fail with EPIPE, and writes beyond a limit on the size of
/// files with EFBIG, instead of ending the process without a word.
void IgnoreWriteSignals();

/// SIGINT, SIGTERM and SIGHUP raise StopFlag(), and say so on standard error if `announce`; a
/// second SIGINT leaves at once with exit code 130. SIGUSR1 asks for a line of progress. A signal
/// that was ignored when the process began (nohup, a background job) stays ignored.
void InstallMergeSignals(bool announce);

/// Raised by the first stop signal.
std::atomic<bool>& StopFlag();

/// Whether SIGUSR1 came since the last call.
bool TakeProgressRequest();

}  // namespace robomerge::cli
