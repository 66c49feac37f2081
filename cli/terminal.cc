#include "cli/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace robomerge::cli {
namespace {

constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kYellow = "\x1b[1;33m";
constexpr std::string_view kCyan = "\x1b[36m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string Painted(std::string_view color, std::string_view text) {
  return std::string(color) + std::string(text) + std::string(kPlain);
}

// Whether `line` begins with the heading `word`, as in "error: ..." or "error[E-fps]: ...".
bool IsHeading(std::string_view line, std::string_view word) {
  return line.starts_with(word) && line.size() > word.size() &&
         (line[word.size()] == ':' || line[word.size()] == '[');
}

std::string ColorLine(std::string_view line) {
  static constexpr std::string_view kArrow = "  --> ";
  static constexpr std::string_view kHint = "hint:";
  if (IsHeading(line, "error")) return Painted(kRed, "error") + std::string(line.substr(5));
  if (IsHeading(line, "warning")) return Painted(kYellow, "warning") + std::string(line.substr(7));
  if (line.starts_with(kArrow))
    return std::string(kArrow) + Painted(kCyan, line.substr(kArrow.size()));
  if (line.starts_with(kHint))
    return Painted(kCyan, kHint) + std::string(line.substr(kHint.size()));
  return std::string(line);
}

}  // namespace

TerminalFacts StandardErrorFacts() {
  TerminalFacts facts;
  facts.is_terminal = isatty(STDERR_FILENO) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  facts.no_color = no_color != nullptr && *no_color != '\0';
  const char* term = std::getenv("TERM");
  facts.is_dumb = term != nullptr && std::strcmp(term, "dumb") == 0;
  return facts;
}

bool DecideColor(When when, const TerminalFacts& facts) {
  if (when != When::kAuto) return when == When::kAlways;
  return facts.is_terminal && !facts.no_color && !facts.is_dumb;
}

std::string ColorProblems(std::string_view text) {
  std::string colored;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    colored += ColorLine(text.substr(0, end));
    if (end < text.size()) colored += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return colored;
}

std::string WithoutControls(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if ((byte >= 0x20 && byte != 0x7f) || letter == '\n') {
      clean += letter;
      continue;
    }
    std::array<char, 8> escape;
    std::snprintf(escape.data(), escape.size(), "\\x%02x", byte);
    clean += escape.data();
  }
  return clean;
}

size_t TerminalColumns(int descriptor) {
  winsize size = {};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void OutputStream::Write(std::string_view text) {
  while (!text.empty() && error_ == 0) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // Another process that holds the same pipe has made it non-blocking.
      pollfd ready = {descriptor_, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
}

Status OutputStream::status() const {
  if (error_ == 0 || error_ == EPIPE) return Status();
  return Problem(Code::kIo, "cannot write the output")
      .At(descriptor_ == STDOUT_FILENO ? "standard output" : "standard error")
      .Found(std::strerror(error_));
}

}  // namespace robomerge::cli
