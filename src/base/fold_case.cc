#include "base/fold_case.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace robomerge {
namespace {

// Capital letters from `first` to `last`, each `step`th; the small one is `by` further.
struct Capitals {
  char32_t first, last, step;
  int32_t by;
};

// The simple case folding of Unicode, without letters of phonetic and African alphabets.
constexpr Capitals kCapitals[] = {
    {'A', 'Z', 1, 32},          {0x00c0, 0x00d6, 1, 32},   {0x00d8, 0x00de, 1, 32},
    {0x0100, 0x012e, 2, 1},     {0x0132, 0x0136, 2, 1},    {0x0139, 0x0147, 2, 1},
    {0x014a, 0x0176, 2, 1},     {0x0178, 0x0178, 1, -121}, {0x0179, 0x017d, 2, 1},
    {0x01a0, 0x01a4, 2, 1},     {0x01af, 0x01af, 1, 1},    {0x01cd, 0x01db, 2, 1},
    {0x01de, 0x01ee, 2, 1},     {0x01f8, 0x021e, 2, 1},    {0x0222, 0x0232, 2, 1},
    {0x0386, 0x0386, 1, 38},    {0x0388, 0x038a, 1, 37},   {0x038c, 0x038c, 1, 64},
    {0x038e, 0x038f, 1, 63},    {0x0391, 0x03a1, 1, 32},   {0x03a3, 0x03ab, 1, 32},
    {0x03c2, 0x03c2, 1, 1},     {0x0400, 0x040f, 1, 80},   {0x0410, 0x042f, 1, 32},
    {0x0460, 0x0480, 2, 1},     {0x048a, 0x04be, 2, 1},    {0x04c0, 0x04c0, 1, 15},
    {0x04c1, 0x04cd, 2, 1},     {0x04d0, 0x052e, 2, 1},    {0x1e00, 0x1e94, 2, 1},
    {0x1e9e, 0x1e9e, 1, -7615}, {0x1ea0, 0x1efe, 2, 1}};

constexpr std::string_view kBlanks[] = {
    " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\u0085", "\u00a0", "\u1680",
    "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
    "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

char32_t Small(char32_t letter) {
  for (const Capitals& some : kCapitals) {
    if (letter >= some.first && letter <= some.last && (letter - some.first) % some.step == 0)
      return static_cast<char32_t>(static_cast<int32_t>(letter) + some.by);
  }
  return letter;
}

}  // namespace

std::string FoldCase(std::string_view text) {
  std::string folded;
  for (size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const size_t length = std::max<size_t>(1, Utf8Length(text.substr(at)));
    const std::string_view letter = text.substr(at, length);
    at += length;
    // All letters of the table, and what they become, have at most three bytes.
    if (length == 1) {
      folded += static_cast<char>(first < 0x80 ? Small(first) : first);
      continue;
    }
    if (length > 3) {
      folded += letter;
      continue;
    }
    char32_t code = length == 2 ? first & 0x1fu : first & 0x0fu;
    for (const char c : letter.substr(1))
      code = code << 6 | (static_cast<unsigned char>(c) & 0x3fu);
    code = Small(code);
    if (code >= 0x800) {
      folded += static_cast<char>(0xe0 | code >> 12);
      folded += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    } else {
      folded += static_cast<char>(0xc0 | code >> 6);
    }
    folded += static_cast<char>(0x80 | (code & 0x3f));
  }
  return folded;
}

size_t BlankLength(std::string_view text) {
  for (const std::string_view blank : kBlanks) {
    if (text.starts_with(blank)) return blank.size();
  }
  return 0;
}

std::string FoldText(std::string_view text) {
  std::string words;
  for (size_t at = 0; at < text.size();) {
    const size_t blank = BlankLength(text.substr(at));
    if (blank == 0)
      words += text[at];
    else if (!words.empty() && words.back() != ' ')
      words += ' ';
    at += std::max<size_t>(1, blank);
  }
  if (words.ends_with(' ')) words.pop_back();
  return FoldCase(words);
}

}  // namespace robomerge
