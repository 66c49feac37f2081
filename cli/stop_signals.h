// Signals while a merge runs. The handlers only set flags and call write(2), which is safe at any
// moment.
#pragma once

#include <atomic>

namespace robomerge::cli {

/// Makes writes to a pipe without reader fail with EPIPE, and writes beyond a limit on the size of
/// files with EFBIG. By default a signal would end the process without a message.
void IgnoreWriteSignals();

/// SIGINT, SIGTERM and SIGHUP set StopFlag(), and say so on standard error if `announce`. A second
/// SIGINT ends the process at once with exit code 130. SIGUSR1 asks for a line of progress. A
/// signal that was ignored when the process began (nohup, a background job) stays ignored.
void InstallMergeSignals(bool announce);

/// True after the first stop signal.
std::atomic<bool>& StopFlag();

/// Whether SIGUSR1 came since the last call.
bool TakeProgressRequest();

}  // namespace robomerge::cli
