#include "page/html.h"

#include <charconv>
#include <cmath>

#include "base/text.h"
#include "robomerge/status.h"

namespace robomerge::page {
namespace {

constexpr size_t kMostCellBytes = 400;

void AppendControl(char c, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto code = static_cast<unsigned char>(c);
  out += "\\x";
  out += kDigits[code >> 4];
  out += kDigits[code & 15];
}

}  // namespace

std::string Escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else if (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) {
      if (c == '\n' || c == '\t')
        out += ' ';
      else
        AppendControl(c, out);
    } else if (length == 2 && c == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0) {
      AppendControl(text[1], out);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string NumberText(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-infinite" : "infinite";
  if (number == 0) return "0";
  // Whole numbers that a person can read stay so.
  if (std::fabs(number) < 1e6 && number == std::trunc(number))
    return StrCat(static_cast<int64_t>(number));
  char digits[40];
  const auto end =
      std::to_chars(digits, digits + sizeof(digits), number, std::chars_format::general, 4);
  return std::string(digits, end.ptr);
}

std::string CountText(uint64_t number, std::string_view singular) {
  return StrCat(WithSeparators(number), " ", singular, number == 1 ? "" : "s");
}

std::string ShareText(uint64_t part, uint64_t whole) {
  if (whole == 0) return "0 %";
  const double share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof(digits), share, std::chars_format::fixed,
                                 share < 10 ? 1 : 0);
  return StrCat(std::string_view(digits, static_cast<size_t>(end.ptr - digits)), " %");
}

std::string CellText(const std::string& text) { return Shortened(text, kMostCellBytes); }

}  // namespace robomerge::page
