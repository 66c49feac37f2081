#include "robomerge/status.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/check.h"

namespace robomerge {
namespace {

const std::vector<Problem>& NoProblems() {
  static const std::vector<Problem> none;
  return none;
}

template <typename Change>
std::shared_ptr<const std::vector<Problem>> Changed(const std::vector<Problem>& problems,
                                                    Change change) {
  auto copy = std::make_shared<std::vector<Problem>>(problems);
  for (Problem& problem : *copy) change(problem);
  return copy;
}

}  // namespace

std::string Shortened(std::string text, size_t most) {
  if (text.size() <= most) return text;
  const std::string total = " ... (" + std::to_string(text.size()) + " bytes in all)";
  size_t end = most;
  while (end > 0 && end + 3 > most && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  text.shrink_to_fit();
  return text + total;
}

Status::Status(Problem problem)
    : problems_(std::make_shared<std::vector<Problem>>(1, std::move(problem))) {}

Status Status::Many(std::vector<Problem> problems) {
  ROBOMERGE_CHECK(!problems.empty());
  Status status;
  status.problems_ = std::make_shared<const std::vector<Problem>>(std::move(problems));
  return status;
}

const std::vector<Problem>& Status::problems() const {
  return problems_ ? *problems_ : NoProblems();
}

Status Status::While(const std::string& text) const {
  if (ok()) return *this;
  Status status;
  status.problems_ = Changed(*problems_, [&](Problem& problem) {
    problem.context.push_back(Shortened(text, Problem::kMostPathBytes));
  });
  return status;
}

Status Status::OfSource(const std::string& root) const {
  if (ok()) return *this;
  Status status;
  status.problems_ = Changed(*problems_, [&](Problem& problem) {
    if (problem.source.empty()) problem.source = root;
  });
  return status;
}

Status Status::OfKind(const std::string& kind) const {
  if (ok()) return *this;
  Status status;
  status.problems_ = Changed(*problems_, [&](Problem& problem) {
    if (problem.kind.empty()) problem.kind = problem.code == Code::kIo ? "E-io" : kind;
  });
  return status;
}

Status Status::OfEpisodes(const std::vector<uint64_t>& numbers) const {
  if (ok()) return *this;
  Status status;
  status.problems_ = Changed(*problems_, [&](Problem& problem) {
    if (problem.episodes.empty()) problem.episodes = numbers;
  });
  return status;
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  std::string text;
  for (const Problem& problem : *problems_) {
    if (!text.empty()) text += "; ";
    text += std::string(NameOf(problem.code)) + ": ";
    if (!problem.kind.empty()) text += problem.kind + ": ";
    text += problem.what;
    if (!problem.where.empty()) text += " at " + problem.where;
    if (!problem.expected.empty()) text += ", expected " + problem.expected;
    if (!problem.found.empty()) text += ", found " + problem.found;
  }
  return text;
}

namespace {

void FormatPlace(const Problem& problem, std::string& text) {
  const std::string& place = problem.where.empty() ? problem.source : problem.where;
  if (!place.empty()) text += "  --> " + place + "\n";
  if (!problem.expected.empty()) text += "  expected " + problem.expected + "\n";
  if (!problem.found.empty()) text += "  found    " + problem.found + "\n";
  for (const std::string& line : problem.context) text += "  while " + line + "\n";
}

// Lists of numbers, grouped by a key, in order of first appearance.
template <typename Key>
std::vector<std::vector<size_t>> Grouped(const std::vector<size_t>& numbers, Key key) {
  std::vector<std::vector<size_t>> groups;
  std::map<std::string, size_t> position;
  for (const size_t number : numbers) {
    const auto [entry, is_new] = position.try_emplace(key(number), groups.size());
    if (is_new) groups.emplace_back();
    groups[entry->second].push_back(number);
  }
  return groups;
}

// All problems of one kind: each sentence once, then its places.
void FormatKind(const std::vector<Problem>& problems, const std::vector<size_t>& of_kind,
                std::string_view heading, size_t most, std::string& text) {
  size_t num_left = most;
  std::vector<std::string> hints;
  for (const std::vector<size_t>& alike :
       Grouped(of_kind, [&](size_t number) { return problems[number].what; })) {
    if (num_left == 0) break;
    const Problem& first = problems[alike.front()];
    text += std::string(heading);
    if (!first.kind.empty()) text += "[" + first.kind + "]";
    text += ": " + first.what;
    if (alike.size() > 1) text += " (" + std::to_string(alike.size()) + " times)";
    text += "\n";
    for (const size_t number : alike) {
      if (num_left == 0) break;
      --num_left;
      FormatPlace(problems[number], text);
      const std::string& hint = problems[number].hint;
      if (!hint.empty() && std::find(hints.begin(), hints.end(), hint) == hints.end())
        hints.push_back(hint);
    }
  }
  if (of_kind.size() > most)
    text += "  ... and " + std::to_string(of_kind.size() - most) + " more of this kind\n";
  for (const std::string& hint : hints) text += "\nhint: " + hint + "\n";
}

}  // namespace

std::string OneLine(std::string_view text) {
  std::string line;
  for (const char letter : text)
    line += letter == '\n' ? std::string("\\n") : std::string(1, letter);
  return line;
}

std::string FormatProblems(const std::vector<Problem>& with_line_feeds, std::string_view heading,
                           size_t most_of_a_kind) {
  std::vector<Problem> problems = with_line_feeds;
  for (Problem& problem : problems) {
    for (std::string* text : {&problem.what, &problem.source, &problem.where, &problem.expected,
                              &problem.found, &problem.hint})
      if (text->find('\n') != std::string::npos) *text = OneLine(*text);
    for (std::string& text : problem.context) text = OneLine(text);
  }
  std::vector<size_t> all(problems.size());
  std::iota(all.begin(), all.end(), size_t{0});
  std::string text;
  // Problems without a kind are grouped by their sentence.
  for (const std::vector<size_t>& of_kind : Grouped(all, [&](size_t number) {
         return problems[number].kind.empty() ? " " + problems[number].what : problems[number].kind;
       })) {
    if (!text.empty()) text += "\n";
    FormatKind(problems, of_kind, heading, most_of_a_kind, text);
  }
  return text;
}

}  // namespace robomerge
