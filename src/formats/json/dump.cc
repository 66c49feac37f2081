#include <map>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "formats/json/json.h"

namespace robomerge::json {
namespace {

// Python's ensure_ascii=False: only what JSON itself forbids is escaped. Bytes from 0x7F on pass as
// they are.
void AppendString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        *out += "\\\"";
        break;
      case '\\':
        *out += "\\\\";
        break;
      case '\b':
        *out += "\\b";
        break;
      case '\f':
        *out += "\\f";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          *out += "\\u00";
          out->push_back(kHex[c >> 4]);
          out->push_back(kHex[c & 0xF]);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

class Writer {
 public:
  // `indent_width` < 0: everything on one line.
  explicit Writer(int indent_width) : indent_width_(indent_width) {}

  void Append(const Json& value) {
    switch (value.type()) {
      case Json::value_t::null:
        out_ += "null";
        return;
      case Json::value_t::boolean:
        out_ += value.get<bool>() ? "true" : "false";
        return;
      case Json::value_t::number_integer:
        out_ += std::to_string(value.get<int64_t>());
        return;
      case Json::value_t::number_unsigned:
        out_ += std::to_string(value.get<uint64_t>());
        return;
      case Json::value_t::number_float:
        out_ += FormatDouble(value.get<double>());
        return;
      case Json::value_t::string:
        AppendString(value.get_ref<const std::string&>(), &out_);
        return;
      case Json::value_t::array:
        AppendArray(value);
        return;
      case Json::value_t::object:
        AppendObject(value);
        return;
      case Json::value_t::binary:
      case Json::value_t::discarded:
        break;
    }
    ROBOMERGE_CHECK(false && "neither Parse nor our own code makes such a value");
  }

  std::string Take() && { return std::move(out_); }

 private:
  void AppendArray(const Json& value) {
    if (value.empty()) {
      out_ += "[]";
      return;
    }
    out_.push_back('[');
    ++depth_;
    bool is_first = true;
    for (const Json& element : value) {
      BeginElement(&is_first);
      Append(element);
    }
    End(']');
  }

  void AppendObject(const Json& value) {
    if (value.empty()) {
      out_ += "{}";
      return;
    }
    out_.push_back('{');
    ++depth_;
    bool is_first = true;
    for (const auto& [key, member] : value.get_ref<const Json::object_t&>()) {
      BeginElement(&is_first);
      AppendString(key, &out_);
      out_ += ": ";
      Append(member);
    }
    End('}');
  }

  void BeginElement(bool* is_first) {
    if (!*is_first) out_ += indent_width_ < 0 ? ", " : ",";
    *is_first = false;
    BreakLine();
  }

  void End(char bracket) {
    --depth_;
    BreakLine();
    out_.push_back(bracket);
  }

  void BreakLine() {
    if (indent_width_ < 0) return;
    out_.push_back('\n');
    out_.append(static_cast<size_t>(indent_width_) * depth_, ' ');
  }

  const int indent_width_;
  size_t depth_ = 0;
  std::string out_;
};

std::string Write(const Json& value, int indent_width) {
  Writer writer(indent_width);
  writer.Append(value);
  return std::move(writer).Take();
}

}  // namespace

std::string Dump(const Json& value) { return Write(value, 4); }

std::string DumpLine(const Json& value) { return Write(value, -1); }

Json SortedByKey(const Json& value) {
  if (!value.is_structured()) return value;
  Json sorted = value.is_array() ? Json::array() : Json::object();
  if (value.is_array()) {
    for (const Json& item : value) sorted.push_back(SortedByKey(item));
    return sorted;
  }
  std::map<std::string_view, const Json*> members;
  for (const auto& [key, member] : value.items()) members[key] = &member;
  for (const auto& [key, member] : members) sorted[std::string(key)] = SortedByKey(*member);
  return sorted;
}

}  // namespace robomerge::json
