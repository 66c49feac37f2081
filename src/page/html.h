// Writes HTML: what is a literal in our code is markup, everything else is text and is escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace robomerge::page {

/// `text` for an element or a quoted attribute. Bytes that are no UTF-8 become U+FFFD, and control
/// characters, which HTML may not hold, `\x1b`.
std::string Escaped(std::string_view text);

/// A piece of a page. So that no text of a dataset can become markup, a name or a path goes through
/// Add(), and only what this program has made itself through AddMarkup().
class Html {
 public:
  Html() = default;

  /// Appends the parts: a literal ("<td>") is markup, a piece is one, and a text or a number is
  /// escaped.
  template <typename... Parts>
  Html& Add(const Parts&... parts) {
    (AddOne(parts), ...);
    return *this;
  }
  /// Appends markup that was put together elsewhere.
  Html& AddMarkup(std::string_view markup) {
    text_ += markup;
    return *this;
  }

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  template <typename Part>
  void AddOne(const Part& part) {
    static_assert(!std::is_pointer_v<Part>, "is it a text or markup?");
    if constexpr (std::is_array_v<Part>) {
      text_ += part;
    } else if constexpr (std::is_same_v<Part, Html>) {
      text_ += part.text_;
    } else if constexpr (std::is_integral_v<Part>) {
      text_ += std::to_string(part);
    } else {
      text_ += Escaped(std::string_view(part));
    }
  }

  std::string text_;
};

/// A piece of these parts, as Html::Add() takes them.
template <typename... Parts>
Html Piece(const Parts&... parts) {
  Html html;
  html.Add(parts...);
  return html;
}

/// A number for people: four digits, "nan" and infinities as words.
std::string NumberText(double number);

/// "1 episode", "1,200 episodes".
std::string CountText(uint64_t number, std::string_view singular);

/// "3.2 %" of the whole; "0 %" where that is nothing.
std::string ShareText(uint64_t part, uint64_t whole);

/// `text`, cut to what a cell of a table can hold.
std::string CellText(const std::string& text);

}  // namespace robomerge::page
