#include "model/recorded_hashes.h"

namespace robomerge {
namespace {

constexpr std::string_view kSeparator = "  ";
constexpr std::string_view kEscaped = "\\\n\r", kLetters = "\\nr";

std::optional<std::string> Unescaped(std::string_view text) {
  std::string path;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      path += text[at];
      continue;
    }
    const size_t letter = ++at < text.size() ? kLetters.find(text[at]) : std::string_view::npos;
    if (letter == std::string_view::npos) return std::nullopt;
    path += kEscaped[letter];
  }
  return path;
}

}  // namespace

std::string HashLine(std::string_view hash, std::string_view path) {
  if (path.find_first_of(kEscaped) == std::string_view::npos)
    return std::string(hash).append(kSeparator).append(path);
  std::string line = std::string("\\").append(hash).append(kSeparator);
  for (const char one : path) {
    const size_t letter = kEscaped.find(one);
    if (letter != std::string_view::npos) line += '\\';
    line += letter == std::string_view::npos ? one : kLetters[letter];
  }
  return line;
}

std::optional<RecordedHash> SplitHashLine(std::string_view line, size_t num_digits) {
  const bool is_escaped = line.starts_with('\\');
  if (is_escaped) line.remove_prefix(1);
  if (line.size() <= num_digits + kSeparator.size() ||
      !line.substr(num_digits).starts_with(kSeparator))
    return std::nullopt;
  const std::string_view path = line.substr(num_digits + kSeparator.size());
  const std::optional<std::string> plain = is_escaped ? Unescaped(path) : std::string(path);
  if (!plain) return std::nullopt;
  return RecordedHash{*plain, std::string(line.substr(0, num_digits))};
}

}  // namespace robomerge
