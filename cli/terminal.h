// Output: the two streams, whether they are terminals, and colour. No meaning depends on colour.
#pragma once

#include <string>
#include <string_view>

#include "robomerge/status.h"

namespace robomerge::cli {

/// The value of --color or --progress.
enum class When { kAuto, kAlways, kNever };
constexpr auto NamesOf(When) {
  return std::to_array<std::string_view>({"auto", "always", "never"});
}

/// What decides about colour and progress besides flags.
struct TerminalFacts {
  bool is_terminal = false;
  bool no_color = false;  ///< NO_COLOR is set and not empty
  bool is_dumb = false;   ///< TERM is "dumb"
};

/// The facts of standard error, from the system and the environment.
TerminalFacts StandardErrorFacts();

/// Whether to colour. --color wins over the environment.
bool DecideColor(When when, const TerminalFacts& facts);

/// Colours what FormatProblems() wrote: `error` red, `warning` yellow, where and hint cyan.
/// Removing the colours gives back the same text.
std::string ColorProblems(std::string_view text);

/// Replaces control characters other than line feeds by "\xNN", so that a name in a dataset cannot
/// control the terminal.
std::string WithoutControls(std::string_view text);

/// Columns of the terminal at `descriptor`; 80 if they are unknown.
size_t TerminalColumns(int descriptor);

/// A file descriptor to which whole messages are written. Not thread-safe.
class OutputStream {
 public:
  explicit OutputStream(int descriptor) : descriptor_(descriptor) {}

  /// Writes all of `text`, or keeps the error. After a failure nothing more is written.
  void Write(std::string_view text);

  /// kIo if a write failed. A reader that is gone (a broken pipe) is no failure.
  Status status() const;

 private:
  const int descriptor_;
  int error_ = 0;
};

}  // namespace robomerge::cli
