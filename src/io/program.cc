#include "io/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "base/text.h"

extern char** environ;

namespace robomerge::io {
namespace {

constexpr int kPollMilliseconds = 50;
constexpr const char* kNowhere = "/dev/null";

Problem Refusal(const std::string& program, const char* what, std::string found) {
  return Problem(Code::kIo, what).Kind("E-io").At(program).Found(std::move(found));
}

// Closes what is still open.
class Ends {
 public:
  ~Ends() {
    for (int& end : all) Close(end);
  }
  static void Close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  // Ours, and the program's: a socket, since writing to a pipe that nobody reads raises a signal.
  std::array<int, 4> all{-1, -1, -1, -1};
  int& input = all[0];
  int& its_input = all[1];
  int& output = all[2];
  int& its_output = all[3];
};

Status Spawn(const std::vector<std::string>& words, const Ends& ends, pid_t& process) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends.its_input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends.its_output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, kNowhere, O_WRONLY, 0);
  // A worker may block signals, and the program that this is a part of ignore some.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error =
      ::posix_spawnp(&process, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return Status();
  if (error == ENOENT) return Problem(Code::kNotFound, "there is no such program").At(words[0]);
  return Refusal(words[0], "a program could not be started", std::strerror(error));
}

// Moves what can be moved until the program has closed its output.
Status Exchange(const std::string& program, std::string_view input, const ProgramLimits& limits,
                Ends& ends, std::string& output) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(limits.seconds));
  std::array<char, 65536> bytes;
  while (true) {
    if (limits.stop != nullptr && limits.stop->load())
      return Problem(Code::kCancelled, "stopped while a program ran").At(program);
    if (Clock::now() > end)
      return Refusal(program, "a program took too long",
                     StrCat("more than ", FormatSeconds(limits.seconds)));
    if (input.empty()) ends.Close(ends.input);
    std::array<pollfd, 2> waiting{pollfd{ends.output, POLLIN, 0}, pollfd{ends.input, POLLOUT, 0}};
    if (::poll(waiting.data(), waiting.size(), kPollMilliseconds) <= 0) continue;
    if (waiting[1].revents != 0) {
      const ssize_t sent =
          ::send(ends.input, input.data(), input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) input.remove_prefix(static_cast<size_t>(sent));
      // It has read enough.
      if (sent < 0 && errno != EAGAIN && errno != EINTR) input = {};
    }
    if (waiting[0].revents == 0) continue;
    const ssize_t read = ::read(ends.output, bytes.data(), bytes.size());
    if (read == 0) return Status();
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return Refusal(program, "cannot read what a program says", std::strerror(errno));
    output.append(bytes.data(), static_cast<size_t>(read));
    if (output.size() > limits.most_output_bytes)
      return Refusal(program, "a program wrote too much", StrCat(output.size(), " bytes"));
  }
}

}  // namespace

Result<std::string> RunPosixProgram(const std::vector<std::string>& words, std::string_view input,
                                    const ProgramLimits& limits) {
  Ends ends;
  std::array<int, 2> to{-1, -1}, from{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, to.data()) != 0)
    return Refusal(words[0], "a program could not be started", std::strerror(errno));
  ends.input = to[0], ends.its_input = to[1];
  if (::pipe2(from.data(), O_CLOEXEC) != 0)
    return Refusal(words[0], "a program could not be started", std::strerror(errno));
  ends.output = from[0], ends.its_output = from[1];
  pid_t process = -1;
  ROBOMERGE_RETURN_NOT_OK(Spawn(words, ends, process));
  ends.Close(ends.its_input), ends.Close(ends.its_output);
  std::string output;
  const Status exchanged = Exchange(words[0], input, limits, ends, output);
  if (!exchanged.ok()) ::kill(process, SIGKILL);
  int state = 0;
  while (::waitpid(process, &state, 0) < 0 && errno == EINTR) {
  }
  ROBOMERGE_RETURN_NOT_OK(exchanged);
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return output;
  return Refusal(words[0], "a program failed",
                 WIFEXITED(state) ? StrCat("exit code ", WEXITSTATUS(state))
                                  : StrCat("signal ", WTERMSIG(state)));
}

}  // namespace robomerge::io
