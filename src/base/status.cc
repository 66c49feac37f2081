#include "robomerge/status.h"

#include "base/check.h"

namespace robomerge {
namespace {

const std::vector<Problem>& NoProblems() {
  static const std::vector<Problem> none;
  return none;
}

template <typename Change>
std::shared_ptr<const std::vector<Problem>> Changed(const std::vector<Problem>& problems, Change change) {
  auto copy = std::make_shared<std::vector<Problem>>(problems);
  for (Problem& problem : *copy) change(problem);
  return copy;
}

}  // namespace

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalidArgument: return "invalid_argument";
    case Code::kNotFound: return "not_found";
    case Code::kAlreadyExists: return "already_exists";
    case Code::kIncompatible: return "incompatible";
    case Code::kUnsupported: return "unsupported";
    case Code::kCorrupt: return "corrupt";
    case Code::kIo: return "io";
    case Code::kCancelled: return "cancelled";
    case Code::kInternal: return "internal";
  }
  return "internal";
}

Status::Status(Problem problem)
    : problems_(std::make_shared<std::vector<Problem>>(1, std::move(problem))) {}

Status Status::Many(std::vector<Problem> problems) {
  ROBOMERGE_CHECK(!problems.empty());
  Status status;
  status.problems_ = std::make_shared<const std::vector<Problem>>(std::move(problems));
  return status;
}

const std::vector<Problem>& Status::problems() const { return problems_ ? *problems_ : NoProblems(); }

Status Status::While(const std::string& text) const {
  if (ok()) return *this;
  Status status;
  status.problems_ = Changed(*problems_, [&](Problem& problem) { problem.context.push_back(text); });
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
    if (problem.kind.empty()) problem.kind = kind;
  });
  return status;
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  std::string text;
  for (const Problem& problem : *problems_) {
    if (!text.empty()) text += "; ";
    text += std::string(CodeName(problem.code)) + ": ";
    if (!problem.kind.empty()) text += problem.kind + ": ";
    text += problem.what;
    if (!problem.where.empty()) text += " at " + problem.where;
    if (!problem.expected.empty()) text += ", expected " + problem.expected;
    if (!problem.found.empty()) text += ", found " + problem.found;
  }
  return text;
}

std::string FormatProblems(const std::vector<Problem>& problems, std::string_view heading, size_t most) {
  std::string text;
  size_t num_written = 0;
  for (const Problem& problem : problems) {
    if (num_written == most) {
      text += "\n... and " + std::to_string(problems.size() - most) + " more\n";
      break;
    }
    if (num_written++ > 0) text += "\n";
    text += std::string(heading);
    if (!problem.kind.empty()) text += "[" + problem.kind + "]";
    text += ": " + problem.what + "\n";
    if (!problem.where.empty()) {
      text += "  --> " + problem.where + "\n";
    } else if (!problem.source.empty()) {
      text += "  --> " + problem.source + "\n";
    }
    if (!problem.expected.empty()) text += "  expected " + problem.expected + "\n";
    if (!problem.found.empty()) text += "  found    " + problem.found + "\n";
    for (const std::string& line : problem.context) text += "  while " + line + "\n";
    if (!problem.hint.empty()) text += "\nhint: " + problem.hint + "\n";
  }
  return text;
}

}  // namespace robomerge
