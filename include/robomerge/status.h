// What went wrong, as data: the one error type of the library.
//
// A failed operation returns a Status that holds one or more Problems. FormatProblems() makes of
// them the text that a user reads. Nothing throws across a room's boundary.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "robomerge/fields.h"

namespace robomerge {

/// The sort of failure, by what the caller should do next. docs/errors.md has the exit codes and
/// Python exceptions.
enum class Code {
  kInvalidArgument,  ///< fix the call
  kNotFound,         ///< fix the path
  kAlreadyExists,    ///< choose another path, or say that it may be replaced
  kIncompatible,     ///< the sources do not fit together: choose others, or convert one
  kUnsupported,      ///< valid, but robomerge cannot do it
  kCorrupt,          ///< the bytes contradict themselves or what is said of them
  kIo,               ///< the system refused an operation
  kCancelled,        ///< the caller asked to stop
  kInternal,         ///< a bug of robomerge
};

constexpr auto NamesOf(Code) {
  return std::to_array<std::string_view>({"invalid_argument", "not_found", "already_exists",
                                          "incompatible", "unsupported", "corrupt", "io",
                                          "cancelled", "internal"});
}

/// `text`, or its first `most` bytes and how many there are. A character is not cut in two.
std::string Shortened(std::string text, size_t most);

/// One thing that is wrong. Fields that do not apply stay empty. Values from outside may have any
/// length: texts are shortened to what a message can hold.
///
/// Written as a chain: `Problem(Code::kCorrupt, "sample table ends early").At(path).Expected("1,200
/// sizes")`.
struct Problem {
  static constexpr size_t kMostValueBytes = 600;  ///< of a text that shows a value
  static constexpr size_t kMostPathBytes = 5000;  ///< of one that shows a path: PATH_MAX, and more

  Problem(Code code_in, std::string what_in)
      : code(code_in), what(Shortened(std::move(what_in), kMostValueBytes)) {}

  Problem&& At(std::string text) && {
    // What follows the path is a place inside the file, which names values.
    const size_t place = std::min(text.find(": "), kMostPathBytes);
    where = Shortened(std::move(text), place + kMostValueBytes);
    return std::move(*this);
  }
  Problem&& Kind(std::string text) && {
    kind = std::move(text);
    return std::move(*this);
  }
  Problem&& Source(std::string text) && {
    source = std::move(text);
    return std::move(*this);
  }
  Problem&& Expected(std::string text) && {
    expected = Shortened(std::move(text), kMostValueBytes);
    return std::move(*this);
  }
  Problem&& Found(std::string text) && {
    found = Shortened(std::move(text), kMostValueBytes);
    return std::move(*this);
  }
  Problem&& Hint(std::string text) && {
    hint = Shortened(std::move(text), kMostPathBytes);
    return std::move(*this);
  }
  Problem&& OfEpisodes(std::vector<uint64_t> numbers) && {
    episodes = std::move(numbers);
    return std::move(*this);
  }
  Problem&& While(std::string text) && {
    context.push_back(Shortened(std::move(text), kMostPathBytes));
    return std::move(*this);
  }

  Code code;
  std::string kind;      ///< which problem exactly, stable: "E-fps", "W-stats-missing", ...
  std::string what;      ///< one sentence, lower case, no period
  std::string source;    ///< root of the source dataset concerned
  std::string where;     ///< a path that can be pasted, then the place inside it
  std::string expected;  ///< what was expected, and from where
  std::string found;
  std::string hint;                  ///< an action, or empty
  std::vector<std::string> context;  ///< "while ..." lines, innermost first
  /// By the source's own numbers, the episodes without which it would not be; empty: it is of the
  /// whole source. For the library alone, as the next one: no report has them.
  std::vector<uint64_t> episodes = {};
  bool is_of_machine = false;  ///< memory or open files are short, so that no source is at fault

  static void VisitFields(auto& self, auto&& visit) {
    visit("code", self.code);
    visit("kind", self.kind);
    visit("what", self.what);
    visit("source", self.source);
    visit("where", self.where);
    visit("expected", self.expected);
    visit("found", self.found);
    visit("hint", self.hint);
    visit("context", self.context);
  }
  bool operator==(const Problem&) const = default;
};

/// Success, or the problems that prevented it. The size of a shared_ptr; copies share the problems.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Problem problem);  // NOLINT: implicit on purpose, so that `return Problem(...)` works
  /// REQUIRES: `problems` is not empty.
  static Status Many(std::vector<Problem> problems);

  bool ok() const { return problems_ == nullptr; }
  /// Empty when ok().
  const std::vector<Problem>& problems() const;
  /// REQUIRES: !ok(). The code of the first problem.
  Code code() const { return problems_->front().code; }
  /// Adds a "while ..." line to every problem. No effect when ok().
  Status While(const std::string& text) const;
  /// Names the source dataset in every problem that names none yet. No effect when ok().
  Status OfSource(const std::string& root) const;
  /// Gives every problem that has no kind yet this one, or E-io if its code is kIo. No effect when
  /// ok().
  Status OfKind(const std::string& kind) const;
  /// Names the episodes in every problem that names none yet. No effect when ok().
  Status OfEpisodes(const std::vector<uint64_t>& numbers) const;
  /// One line, for logs and tests; the full form is FormatProblems().
  std::string ToString() const;

 private:
  std::shared_ptr<const std::vector<Problem>> problems_;
};

/// A value, or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}                    // NOLINT: implicit on purpose
  Result(Status status) : state_(std::move(status)) {}             // NOLINT: implicit on purpose
  Result(Problem problem) : state_(Status(std::move(problem))) {}  // NOLINT: implicit on purpose

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

  /// REQUIRES: ok().
  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T value() && { return std::get<T>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> state_;
};

/// `text` with "\\n" for every line feed: a name that holds one must not look like a message.
std::string OneLine(std::string_view text);

/// The text that a person reads: grouped by kind; each sentence once, then its places with what was
/// expected and found, then the hints. Paths can be pasted. At most `most_of_a_kind` places of a
/// kind are written out; the rest is counted. `heading` is "error" or "warning".
std::string FormatProblems(const std::vector<Problem>& problems, std::string_view heading,
                           size_t most_of_a_kind = 5);

}  // namespace robomerge

#define ROBOMERGE_CONCAT_INNER(a, b) a##b
#define ROBOMERGE_CONCAT(a, b) ROBOMERGE_CONCAT_INNER(a, b)

/// Returns the Status of `expression` from the enclosing function unless it is ok.
#define ROBOMERGE_RETURN_NOT_OK(expression)                                        \
  do {                                                                             \
    if (::robomerge::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

/// Assigns the value of a Result to `left`, or returns its Status.
#define ROBOMERGE_ASSIGN_OR_RETURN(left, expression) \
  ROBOMERGE_ASSIGN_OR_RETURN_IMPL(ROBOMERGE_CONCAT(result_, __LINE__), left, expression)
#define ROBOMERGE_ASSIGN_OR_RETURN_IMPL(result, left, expression) \
  auto result = (expression);                                     \
  if (!result.ok()) return result.status();                       \
  left = std::move(result).value()
