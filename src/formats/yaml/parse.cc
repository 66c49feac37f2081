#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

#include "base/text.h"
#include "formats/yaml/yaml.h"

namespace robomerge::yaml {
namespace {

constexpr size_t kMostDepth = 64;
// Nobody reads more, and each takes more memory than the text that it is about.
constexpr size_t kMostProblems = 1000;

std::string_view TextOf(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

uint64_t LineOf(const yaml_mark_t& mark) { return mark.line + 1; }

// What to do about a fault of the syntax. libyaml's words say what it met, not what was meant.
std::string HintFor(std::string_view problem, std::string_view context) {
  if (problem.find("mapping values are not allowed") != std::string_view::npos)
    return "a text that holds `: ` is written in quotes: \"pick: the cube\"";
  if (context.find("alias") != std::string_view::npos ||
      context.find("anchor") != std::string_view::npos)
    return "a text that begins with * or & is written in quotes: \"*.depth\"";
  if (context.find("tag") != std::string_view::npos)
    return "a text that begins with ! is written in quotes";
  if (problem.find("cannot start any token") != std::string_view::npos)
    return "indent with blanks, not tabs, and write a text that begins with @, ` or % in quotes";
  if (context.find("quoted scalar") != std::string_view::npos)
    return problem.find("escape") != std::string_view::npos
               ? "in double quotes a backslash is written as \\\\; or use single quotes"
               : "close the quotes";
  if (problem.find("could not find expected ':'") != std::string_view::npos)
    return "a key is followed by a colon and a blank";
  return "texts with signs such as , [ ] { } # : * & ! are safe in quotes";
}

// The number of "\uXXXX" at the begin of `text`; 0 if there is none.
uint32_t EscapedUnit(std::string_view text) {
  uint32_t unit = 0;
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return 0;
  const auto parsed = std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + 6 ? unit : 0;
}

// JSON writes a sign above U+FFFF as two escapes, of which YAML knows neither.
std::string WithWholeSigns(std::string_view text) {
  std::string whole;
  while (!text.empty()) {
    const uint32_t high = EscapedUnit(text);
    const uint32_t low = high == 0 ? 0 : EscapedUnit(text.substr(6));
    if (high >= 0xD800 && high < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
      const uint32_t sign = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
      for (const uint32_t byte : {0xF0 | sign >> 18, 0x80 | (sign >> 12 & 0x3F),
                                  0x80 | (sign >> 6 & 0x3F), 0x80 | (sign & 0x3F)})
        whole += static_cast<char>(byte);
      text.remove_prefix(12);
      continue;
    }
    // A backslash that is escaped begins nothing.
    const size_t length = text.front() == '\\' && text.size() > 1 ? 2 : 1;
    whole += text.substr(0, length);
    text.remove_prefix(length);
  }
  return whole;
}

bool IsJson(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& path, const std::string& kind)
      : json_(IsJson(text) ? WithWholeSigns(text) : std::string()),
        text_(json_.empty() ? text : std::string_view(json_)),
        path_(path),
        kind_(kind) {}
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() {
    if (is_open_) yaml_parser_delete(&parser_);
  }

  Result<Node> Parse() {
    if (yaml_parser_initialize(&parser_) == 0)
      return Problem(Code::kIo, "out of memory").Kind("E-io").At(path_);
    is_open_ = true;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text_.data()),
                                 text_.size());
    Node root;
    bool has_root = false;
    while (Next()) {
      if (type() == YAML_STREAM_END_EVENT) break;
      if (type() == YAML_STREAM_START_EVENT || type() == YAML_DOCUMENT_END_EVENT) continue;
      if (type() == YAML_DOCUMENT_START_EVENT) {
        if (!has_root) continue;
        Add(line(), "a second document begins").hint = "remove the line `---`";
        break;
      }
      root = Take(0);
      has_root = true;
      if (is_broken_) break;
    }
    if (problems_.empty() && !has_root) Add(1, "the file is empty");
    // What a scanner took for an end is less than what the user wrote.
    if (!problems_.empty()) return Status::Many(std::move(problems_));
    return root;
  }

 private:
  yaml_event_type_t type() const { return event_->type; }
  uint64_t line() const { return LineOf(event_->start_mark); }

  Problem& Add(uint64_t line, std::string what) {
    is_broken_ = is_broken_ || problems_.size() + 1 == kMostProblems;
    return problems_.emplace_back(
        Problem(Code::kInvalidArgument, std::move(what)).Kind(kind_).At(Place(path_, line)));
  }

  // False after the last event, and after a fault of the syntax.
  bool Next() {
    event_.reset(new yaml_event_t());
    if (yaml_parser_parse(&parser_, event_.get()) != 0) return true;
    is_broken_ = true;
    AddFault();
    return false;
  }

  void AddFault() {
    const std::string_view problem = parser_.problem == nullptr ? "" : parser_.problem;
    const std::string_view context = parser_.context == nullptr ? "" : parser_.context;
    if (parser_.error == YAML_READER_ERROR) {
      const size_t at = std::min(parser_.problem_offset, text_.size());
      const auto before = text_.substr(0, at);
      Add(1 + static_cast<uint64_t>(std::count(before.begin(), before.end(), '\n')),
          "the file is not text in UTF-8")
          .found = problem;
      return;
    }
    // A quote that is not closed is found at the end of the file, and begins elsewhere.
    const bool is_in_quotes = context.find("quoted scalar") != std::string_view::npos;
    Problem& fault = Add(LineOf(is_in_quotes ? parser_.context_mark : parser_.problem_mark),
                         StrCat("this is no YAML: ", problem));
    constexpr std::string_view kWhile = "while ";
    if (context.starts_with(kWhile)) {
      fault.context.push_back(StrCat(context.substr(kWhile.size()), " that begins in line ",
                                     LineOf(parser_.context_mark)));
    }
    fault.hint = HintFor(problem, context);
  }

  // The node that begins with the event at hand; reads to its end. After a fault of the syntax,
  // what was read so far.
  Node Take(size_t depth) {
    Node node;
    node.line = line();
    RefuseReferences();
    if (type() == YAML_SCALAR_EVENT) {
      const auto& scalar = event_->data.scalar;
      node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
      node.is_plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    } else if (type() != YAML_ALIAS_EVENT) {
      if (depth == kMostDepth) {
        Add(line(), "lists and mappings are nested too deeply");
        is_broken_ = true;
        return node;
      }
      TakeItems(node, depth);
    }
    return node;
  }

  void TakeItems(Node& node, size_t depth) {
    node.kind = type() == YAML_SEQUENCE_START_EVENT ? Node::Kind::kList : Node::Kind::kMapping;
    std::map<std::string, uint64_t> lines;
    while (Next() && type() != YAML_SEQUENCE_END_EVENT && type() != YAML_MAPPING_END_EVENT) {
      Node item = Take(depth + 1);
      if (is_broken_) return;
      if (node.kind == Node::Kind::kList) {
        node.values.push_back(std::move(item));
        continue;
      }
      if (item.kind != Node::Kind::kText) {
        Add(item.line, "a key is no text").hint =
            "a text that begins with [, { or ? is written in quotes";
      } else if (const auto [first, is_new] = lines.try_emplace(item.text, item.line); !is_new) {
        Problem& twice = Add(item.line, StrCat("key `", item.text, "` occurs twice"));
        twice.found = StrCat("the same key in line ", first->second);
        twice.hint = "write each key once, with all of its values below it";
      }
      if (!Next()) return;
      node.keys.push_back(std::move(item));
      node.values.push_back(Take(depth + 1));
      if (is_broken_) return;
    }
  }

  void RefuseReferences() {
    if (type() == YAML_ALIAS_EVENT) {
      AddReference("an alias", StrCat("`*", TextOf(event_->data.alias.anchor), "`"),
                   "write out what it stands for; a text that begins with * is written in quotes");
      return;
    }
    const auto& data = event_->data;
    const auto [anchor, tag] = type() == YAML_SCALAR_EVENT
                                   ? std::pair(data.scalar.anchor, data.scalar.tag)
                               : type() == YAML_SEQUENCE_START_EVENT
                                   ? std::pair(data.sequence_start.anchor, data.sequence_start.tag)
                                   : std::pair(data.mapping_start.anchor, data.mapping_start.tag);
    if (anchor != nullptr) {
      AddReference("an anchor", StrCat("`&", TextOf(anchor), "`"),
                   "remove it; a text that begins with & is written in quotes");
    }
    if (tag != nullptr) {
      AddReference("a tag", StrCat("`", TextOf(tag), "`"),
                   "remove it; a text that begins with ! is written in quotes");
    }
  }
  void AddReference(std::string_view what, std::string found, std::string hint) {
    Problem& problem = Add(line(), StrCat(what, " is not taken here"));
    problem.found = Shortened(std::move(found), Problem::kMostValueBytes);
    problem.hint = std::move(hint);
  }

  struct DeleteEvent {
    void operator()(yaml_event_t* event) const {
      yaml_event_delete(event);
      delete event;
    }
  };

  const std::string json_;
  const std::string_view text_;
  const std::string& path_;
  const std::string& kind_;
  yaml_parser_t parser_{};
  bool is_open_ = false;
  std::unique_ptr<yaml_event_t, DeleteEvent> event_;
  bool is_broken_ = false;
  std::vector<Problem> problems_;
};

}  // namespace

Result<Node> Parse(std::string_view text, const std::string& path, const std::string& kind) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return Parser(text, path, kind).Parse();
}

std::string Place(const std::string& path, uint64_t line) { return StrCat(path, ": line ", line); }

}  // namespace robomerge::yaml
