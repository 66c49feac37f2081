// A parser of our own in front of nlohmann's value type: nlohmann's parser has no NaN, silently
// turns integers beyond 64 bits into doubles, refuses 1e999 (Python: inf), and has no limit of
// depth.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/foreign_file.h"
#include "base/text.h"
#include "formats/json/json.h"

namespace robomerge::json {
namespace {

constexpr int kMaxDepth = 200;
// An empty list takes two bytes of text and some 70 of memory. Statistics of images as arrays, the
// largest there are, have some 2 million lists.
constexpr size_t kMostLists = 3'000'000;

// From this many keys on, duplicates are looked up in a hash table: reading an object stays linear
// in its size.
constexpr size_t kLookUpFrom = 16;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
// ASCII that stands for itself inside a string.
bool IsPlain(char c) {
  const unsigned char byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(uint32_t code_point, std::string* out) {
  const auto put = [&](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3F));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

// Returns e of 0.d1d2d3... * 10^e with d1 not 0, saturated; very small for zero.
// REQUIRES: `number` follows the grammar of a float.
int64_t DecimalMagnitude(std::string_view number) {
  constexpr int64_t kFar = int64_t{1}
                           << 40;  // beyond any length of text and any exponent of a double
  const size_t mark = std::min(number.find_first_of("eE"), number.size());
  const std::string_view digits = number.substr(0, mark);
  const size_t point = std::min(digits.find('.'), digits.size());
  const size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return -kFar;
  const int64_t shift =
      static_cast<int64_t>(point) - static_cast<int64_t>(first) + (first > point ? 1 : 0);
  if (mark == number.size()) return shift;
  std::string_view exponent = number.substr(mark + 1);
  const bool negative = exponent.front() == '-';
  if (negative || exponent.front() == '+') exponent.remove_prefix(1);
  int64_t magnitude = 0;
  const bool fits =
      std::from_chars(exponent.data(), exponent.data() + exponent.size(), magnitude).ec ==
      std::errc();
  if (!fits || magnitude > kFar) magnitude = kFar;
  return shift + (negative ? -magnitude : magnitude);
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  Result<Json> ParseDocument() {
    Json value;
    Take(kByteOrderMark);
    SkipSpace();
    ROBOMERGE_RETURN_NOT_OK(ParseValue(&value, 0));
    SkipSpace();
    if (at_ != text_.size()) return Unexpected("the end of the document");
    return value;
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool Take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  // "data/meta/info.json: line 3, column 14"; columns count characters, as editors and Python do.
  std::string Place(size_t at) const {
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < at && i < text_.size(); ++i) {
      if (text_[i] == '\n') {
        ++line;
        column = 1;
      } else if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) {
        ++column;
      }
    }
    return StrCat(path_, ": line ", line, ", column ", column);
  }

  std::string FoundAt(size_t at) const {
    if (at >= text_.size()) return "the end of the file";
    const unsigned char byte = static_cast<unsigned char>(text_[at]);
    if (byte > 0x20 && byte < 0x7F) return StrCat("`", text_[at], "`");
    static constexpr char kHex[] = "0123456789abcdef";
    return StrCat("byte 0x", kHex[byte >> 4], kHex[byte & 0xF]);
  }

  Problem Broken(size_t at, std::string what) const {
    return Problem(Code::kCorrupt, std::move(what)).At(Place(at)).Found(FoundAt(at));
  }

  Problem Unexpected(std::string expected) const {
    return Broken(at_, at_ >= text_.size() ? "json ends early" : "json is malformed")
        .Expected(std::move(expected));
  }

  Status ParseValue(Json* value, int depth) {
    switch (Peek()) {
      case '{':
        return ParseObject(value, depth + 1);
      case '[':
        return ParseArray(value, depth + 1);
      case '"': {
        std::string text;
        ROBOMERGE_RETURN_NOT_OK(ParseString(&text));
        *value = std::move(text);
        return Status();
      }
      case 't':
        if (!Take("true")) break;
        *value = true;
        return Status();
      case 'f':
        if (!Take("false")) break;
        *value = false;
        return Status();
      case 'n':
        if (!Take("null")) break;
        *value = nullptr;
        return Status();
      case 'N':
        if (!Take("NaN")) break;
        *value = std::numeric_limits<double>::quiet_NaN();
        return Status();
      case 'I':
        if (!Take("Infinity")) break;
        *value = std::numeric_limits<double>::infinity();
        return Status();
      default:
        if (Peek() == '-' || IsDigit(Peek())) return ParseNumber(value);
    }
    return Unexpected("a value");
  }

  Status TooDeep() const {
    return Problem(Code::kCorrupt, "json is nested too deeply")
        .At(Place(at_))
        .Expected(StrCat("at most ", kMaxDepth, " levels"))
        .Found("one more");
  }

  Status TooMany() const {
    return Problem(Code::kCorrupt, "json has more lists and objects than metadata can need")
        .At(Place(at_))
        .Expected(StrCat("at most ", WithSeparators(kMostLists)))
        .Found("one more");
  }

  Status ParseArray(Json* value, int depth) {
    if (depth > kMaxDepth) return TooDeep();
    if (++num_lists_ > kMostLists) return TooMany();
    *value = Json::array();
    Json::array_t& elements = value->get_ref<Json::array_t&>();
    ++at_;
    SkipSpace();
    if (Take("]")) return Status();
    while (true) {
      elements.emplace_back();
      ROBOMERGE_RETURN_NOT_OK(ParseValue(&elements.back(), depth));
      SkipSpace();
      if (Take("]")) return Status();
      if (!Take(",")) return Unexpected("`,` or `]`");
      SkipSpace();
    }
  }

  Status ParseObject(Json* value, int depth) {
    if (depth > kMaxDepth) return TooDeep();
    if (++num_lists_ > kMostLists) return TooMany();
    *value = Json::object();
    Json::object_t& members = value->get_ref<Json::object_t&>();
    std::unordered_map<std::string, size_t> place_of;  // only filled from kLookUpFrom keys on
    ++at_;
    SkipSpace();
    if (Take("}")) return Status();
    while (true) {
      if (Peek() != '"') return Unexpected("a key in double quotes");
      std::string key;
      ROBOMERGE_RETURN_NOT_OK(ParseString(&key));
      SkipSpace();
      if (!Take(":")) return Unexpected("`:`");
      SkipSpace();
      Json member;
      ROBOMERGE_RETURN_NOT_OK(ParseValue(&member, depth));
      Insert(std::move(key), std::move(member), &members, &place_of);
      SkipSpace();
      if (Take("}")) return Status();
      if (!Take(",")) return Unexpected("`,` or `}`");
      SkipSpace();
    }
  }

  // As in a Python dict: a key that comes again keeps its place and takes the new value.
  static void Insert(std::string key, Json member, Json::object_t* members,
                     std::unordered_map<std::string, size_t>* place_of) {
    if (members->size() < kLookUpFrom) {
      for (auto& [name, value] : *members) {
        if (name == key) {
          value = std::move(member);
          return;
        }
      }
    } else {
      if (place_of->empty()) {
        for (const auto& [name, value] : *members) place_of->emplace(name, place_of->size());
      }
      const auto [found, is_new] = place_of->emplace(key, members->size());
      if (!is_new) {
        members->begin()[static_cast<std::ptrdiff_t>(found->second)].second = std::move(member);
        return;
      }
    }
    // emplace_back of the vector underneath: ordered_map's own emplace would search the whole
    // object again.
    members->emplace_back(std::move(key), std::move(member));
  }

  Status ParseString(std::string* out) {
    const size_t start = at_++;
    while (true) {
      const size_t run = at_;
      while (at_ < text_.size() && IsPlain(text_[at_])) ++at_;
      out->append(text_, run, at_ - run);
      if (at_ >= text_.size()) {
        return Problem(Code::kCorrupt, "json ends inside a string")
            .At(Place(start))
            .Expected("`\"`");
      }
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return Status();
      }
      if (c == '\\') {
        ROBOMERGE_RETURN_NOT_OK(ParseEscape(out));
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return Broken(at_, "control character inside a json string").Expected("its escaped form");
      } else {
        const size_t length = Utf8Length(text_.substr(at_));
        if (length == 0) return Broken(at_, "json string is not utf-8");
        out->append(text_, at_, length);
        at_ += length;
      }
    }
  }

  Status ParseEscape(std::string* out) {
    const size_t start = at_++;
    switch (Peek()) {
      case '"':
        out->push_back('"');
        break;
      case '\\':
        out->push_back('\\');
        break;
      case '/':
        out->push_back('/');
        break;
      case 'b':
        out->push_back('\b');
        break;
      case 'f':
        out->push_back('\f');
        break;
      case 'n':
        out->push_back('\n');
        break;
      case 'r':
        out->push_back('\r');
        break;
      case 't':
        out->push_back('\t');
        break;
      case 'u':
        return ParseUnicodeEscape(start, out);
      default:
        return Unexpected("one of `\"\\/bfnrtu` after `\\`");
    }
    ++at_;
    return Status();
  }

  // REQUIRES: at_ is on the `u`.
  Status ParseHex4(uint32_t* unit) {
    *unit = 0;
    ++at_;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = Peek();
      uint32_t digit;
      if (IsDigit(c)) {
        digit = static_cast<uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<uint32_t>(c - 'A' + 10);
      } else {
        return Unexpected("four hexadecimal digits after `\\u`");
      }
      *unit = *unit * 16 + digit;
    }
    return Status();
  }

  // Half a surrogate pair is refused: Python reads it but cannot write it to a UTF-8 file.
  Status ParseUnicodeEscape(size_t start, std::string* out) {
    uint32_t unit;
    ROBOMERGE_RETURN_NOT_OK(ParseHex4(&unit));
    if (unit >= 0xD800 && unit <= 0xDFFF) {
      uint32_t low = 0;
      if (unit <= 0xDBFF && text_.substr(at_, 2) == "\\u") {
        ++at_;
        ROBOMERGE_RETURN_NOT_OK(ParseHex4(&low));
      }
      if (low < 0xDC00 || low > 0xDFFF) {
        return Problem(Code::kCorrupt, "half a surrogate pair in a json string")
            .At(Place(start))
            .Found(std::string(text_.substr(start, 6)));
      }
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(unit, out);
    return Status();
  }

  Status ParseNumber(Json* value) {
    const size_t start = at_;
    const bool negative = Take("-");
    if (negative && Take("Infinity")) {
      *value = -std::numeric_limits<double>::infinity();
      return Status();
    }
    if (!IsDigit(Peek())) return Unexpected("a digit");
    if (!Take("0")) SkipDigits();  // a zero stands alone: 01 is no number
    bool is_integer = true;
    if (Peek() == '.') {
      ++at_;
      is_integer = false;
      if (!IsDigit(Peek())) return Unexpected("a digit after the decimal point");
      SkipDigits();
    }
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      is_integer = false;
      if (Peek() == '+' || Peek() == '-') ++at_;
      if (!IsDigit(Peek())) return Unexpected("a digit in the exponent");
      SkipDigits();
    }
    const std::string_view number = text_.substr(start, at_ - start);
    return is_integer ? StoreInteger(number, negative, start, value)
                      : StoreFloat(number, negative, value);
  }

  void SkipDigits() {
    while (IsDigit(Peek())) ++at_;
  }

  Status StoreInteger(std::string_view number, bool negative, size_t start, Json* value) const {
    const char* const end = number.data() + number.size();
    int64_t small = 0;
    if (std::from_chars(number.data(), end, small).ec == std::errc()) {
      *value = small;
      return Status();
    }
    uint64_t large = 0;
    if (!negative && std::from_chars(number.data(), end, large).ec == std::errc()) {
      *value = large;
      return Status();
    }
    return Problem(Code::kUnsupported, "json integer does not fit 64 bits")
        .At(Place(start))
        .Expected("-9223372036854775808 to 18446744073709551615")
        .Found(number.size() <= 40
                   ? std::string(number)
                   : StrCat(number.substr(0, 40), "... (", number.size(), " characters)"));
  }

  static Status StoreFloat(std::string_view number, bool negative, Json* value) {
    double parsed = 0;
    const char* const end = number.data() + number.size();
    if (std::from_chars(number.data(), end, parsed).ec == std::errc::result_out_of_range) {
      // Python's float() then returns an infinity or a zero; from_chars does not say which.
      const bool overflows = DecimalMagnitude(number) > 0;
      parsed = overflows ? std::numeric_limits<double>::infinity() : 0.0;
      if (negative) parsed = -parsed;
    }
    *value = parsed;
    return Status();
  }

  std::string_view text_;
  const std::string& path_;
  size_t at_ = 0;
  size_t num_lists_ = 0;  // and objects
};

}  // namespace

Result<Json> Parse(std::string_view text, const std::string& path) {
  Result<Json> document = Parser(text, path).ParseDocument();
  if (document.ok()) return document;
  if (std::optional<Problem> foreign = ForeignFile(text, path, "JSON")) return *std::move(foreign);
  return document;
}

}  // namespace robomerge::json
