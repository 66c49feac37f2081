#include "cli/stop_signals.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "cli/exit_code.h"

namespace robomerge::cli {
namespace {

static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may take no lock");

constinit std::atomic<bool> stop_flag{false};
constinit std::atomic<bool> was_interrupted{false};
constinit std::atomic<bool> is_announced{false};
constinit std::atomic<bool> is_terminal{false};
constinit std::atomic<bool> progress_request{false};

void OnStop(int signal_number) {
  const int error = errno;
  if (signal_number == SIGINT && was_interrupted.exchange(true)) _exit(kExitCancelled);
  if (!stop_flag.exchange(true) && is_announced.load()) {
    // On a terminal a progress line or the echo of ^C may be on this line.
    static constexpr std::string_view kText = "\nStopping\n";
    const std::string_view text = is_terminal.load() ? kText : kText.substr(1);
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  }
  errno = error;
}

void OnProgressRequest(int) { progress_request.store(true); }

void Install(int signal_number, void (*handler)(int)) {
  struct sigaction before = {};
  if (sigaction(signal_number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal_number, &action, nullptr);
}

}  // namespace

void IgnoreWriteSignals() {
  struct sigaction action = {};
  action.sa_handler = SIG_IGN;
  sigemptyset(&action.sa_mask);
  for (const int signal_number : {SIGPIPE, SIGXFSZ}) sigaction(signal_number, &action, nullptr);
}

void InstallMergeSignals(bool announce) {
  is_announced.store(announce);
  is_terminal.store(isatty(STDERR_FILENO) == 1);
  Install(SIGINT, OnStop);
  Install(SIGTERM, OnStop);
  Install(SIGHUP, OnStop);
  Install(SIGUSR1, OnProgressRequest);
}

std::atomic<bool>& StopFlag() { return stop_flag; }

bool TakeProgressRequest() { return progress_request.exchange(false); }

}  // namespace robomerge::cli
