#include "recipe/plain_text.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace robomerge {
namespace {

bool IsDigit(char letter) { return letter >= '0' && letter <= '9'; }

// Whether `text` is `word` as YAML writes words: all small, all capital, or the first letter.
bool IsWord(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  std::string capital(word);
  for (char& letter : capital)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  std::string first(word);
  first[0] = capital[0];
  return text == word || text == capital || text == first;
}

// Groups of digits with `between`: a time such as 12:30, or a date.
bool IsGroups(std::string_view text, char between) {
  size_t num_groups = 1;
  char last = between;
  for (const char letter : text) {
    if (letter == between && last == between) return false;
    if (letter != between && !IsDigit(letter)) return false;
    num_groups += letter == between ? 1 : 0;
    last = letter;
  }
  return num_groups > 1 && last != between;
}

bool IsNumber(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text.empty()) return false;
  if (IsWord(text, ".inf") || text == ".Inf" || IsWord(text, ".nan") || text == ".NaN") return true;
  if (!IsDigit(text.front()) && text.front() != '.') return false;
  if (text.size() > 2 && text.front() == '0' &&
      std::string_view("xob").find(text[1]) != std::string_view::npos)
    return text.find_first_not_of("0123456789abcdefABCDEF_", 2) == std::string_view::npos;
  std::string digits(text);
  std::erase(digits, '_');
  double number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  // Too large for a double is a number, too.
  return parsed.ec != std::errc::invalid_argument && parsed.ptr == digits.data() + digits.size();
}

}  // namespace

std::string_view MeaningOfPlain(std::string_view text) {
  if (text.empty() || text == "~" || IsWord(text, "null")) return "null";
  for (const std::string_view word : {"true", "yes", "on"})
    if (IsWord(text, word)) return "true";
  for (const std::string_view word : {"false", "no", "off"})
    if (IsWord(text, word)) return "false";
  if (IsNumber(text) || IsGroups(text, ':')) return "a number";
  if (IsGroups(text, '-') && text.find('-') == 4 && text.size() <= 10 &&
      std::count(text.begin(), text.end(), '-') == 2)
    return "a date";
  return "";
}

bool IsPlainNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit) &&
         (text.size() == 1 || text.front() != '0');
}

}  // namespace robomerge
