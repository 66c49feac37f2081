#include "formats/npy/npy.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/text.h"

namespace robomerge::npy {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr size_t kMostDimensionsOfNumpy = 64;

Problem NoNpy(const std::string& path, std::string expected, std::string found) {
  return Problem(Code::kCorrupt, "is no whole .npy file")
      .At(path)
      .Expected(std::move(expected))
      .Found(std::move(found))
      .Hint("write it with numpy.save");
}

// The Python literal of a header: a dict of texts, booleans and tuples of whole numbers.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}

  bool Take(std::string_view sign) {
    Skip();
    if (text_.substr(at_, sign.size()) != sign) return false;
    at_ += sign.size();
    return true;
  }

  std::optional<std::string> Text() {
    Skip();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return std::nullopt;
    const size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return text;
  }

  std::optional<bool> Bool() {
    if (Take("True")) return true;
    return Take("False") ? std::optional(false) : std::nullopt;
  }

  std::optional<std::vector<uint64_t>> Tuple() {
    if (!Take("(")) return std::nullopt;
    std::vector<uint64_t> numbers;
    while (!Take(")")) {
      if (numbers.size() >= kMostDimensionsOfNumpy) return std::nullopt;
      Skip();
      const char* const end = text_.data() + text_.size();
      const auto parsed = std::from_chars(text_.data() + at_, end, numbers.emplace_back());
      if (parsed.ec != std::errc()) return std::nullopt;
      at_ = static_cast<size_t>(parsed.ptr - text_.data());
      Take("L");  // of Python 2
      if (!Take(",") && text_.substr(at_, 1) != ")") return std::nullopt;
    }
    return numbers;
  }

  /// What stands there, for messages.
  std::string Rest() const { return std::string(text_.substr(at_)); }

 private:
  void Skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  std::string_view text_;
  size_t at_ = 0;
};

struct Header {
  std::string descr;  // "<f4"; of a structured type its begin
  bool is_structured = false;
  std::optional<bool> fortran_order;
  std::optional<std::vector<uint64_t>> shape;
};

// Nothing if it is no header.
std::optional<Header> Parse(std::string_view text) {
  Literal literal(text);
  Header header;
  if (!literal.Take("{")) return std::nullopt;
  while (!literal.Take("}")) {
    const std::optional<std::string> key = literal.Text();
    if (!key || !literal.Take(":")) return std::nullopt;
    if (*key == "descr") {
      const std::optional<std::string> descr = literal.Text();
      header.is_structured = !descr;
      header.descr = descr ? *descr : literal.Rest();
      // Nothing else of it is of use.
      if (!descr) return header;
    } else if (*key == "fortran_order") {
      header.fortran_order = literal.Bool();
      if (!header.fortran_order) return std::nullopt;
    } else if (*key == "shape") {
      header.shape = literal.Tuple();
      if (!header.shape) return std::nullopt;
    } else {
      return std::nullopt;
    }
    literal.Take(",");
  }
  return header.fortran_order && header.shape && !header.descr.empty() ? std::optional(header)
                                                                       : std::nullopt;
}

Problem NotTaken(const std::string& path, const std::string& what, std::string found,
                 std::string hint) {
  return Problem(Code::kUnsupported, what)
      .At(path)
      .Expected(
          "an array in C order, little-endian, of bool, int8 to int64, uint8 to uint64, float32 or "
          "float64")
      .Found(Shortened(std::move(found), Problem::kMostValueBytes))
      .Hint(std::move(hint));
}

Status TakeType(const Header& header, const std::string& path, Array& array) {
  static const std::map<std::string_view, std::pair<const char*, uint64_t>> kTypes = {
      {"b1", {"bool", 1}},   {"i1", {"int8", 1}},    {"i2", {"int16", 2}},  {"i4", {"int32", 4}},
      {"i8", {"int64", 8}},  {"u1", {"uint8", 1}},   {"u2", {"uint16", 2}}, {"u4", {"uint32", 4}},
      {"u8", {"uint64", 8}}, {"f4", {"float32", 4}}, {"f8", {"float64", 8}}};
  const std::string found = StrCat("dtype ", header.descr);
  if (header.is_structured) {
    return NotTaken(path, "structured arrays cannot become a feature", found,
                    "save one field of it: numpy.save(FILE, array['FIELD'])");
  }
  if (header.descr.starts_with('>')) {
    return NotTaken(path, "big-endian arrays are not read", found,
                    "save array.astype(array.dtype.newbyteorder('<'))");
  }
  const std::string_view type =
      std::string_view(header.descr).substr(std::min<size_t>(header.descr.size(), 1));
  if (const auto known = kTypes.find(type); known != kTypes.end()) {
    array.dtype = known->second.first;
    array.item_bytes = known->second.second;
    return Status();
  }
  const bool is_object = header.descr.starts_with("|O") || header.descr == "O";
  const bool is_text = type.starts_with('U') || type.starts_with('S');
  return NotTaken(path,
                  is_object ? "an array of Python objects cannot become a feature"
                            : "an array of this dtype cannot become a feature",
                  found,
                  is_text || is_object ? "write texts as a column of a .parquet file"
                  : type.starts_with('c')
                      ? "save its parts: numpy.stack([array.real, array.imag], axis=-1)"
                  : type.starts_with('M') || type.starts_with('m')
                      ? "save seconds: (array - array[0]) / numpy.timedelta64(1, 's')"
                      : "save array.astype('float32')");
}

}  // namespace

Result<Array> ReadHeader(std::string_view file, const std::string& path) {
  if (!file.starts_with(kNpyMagic) || file.size() < 12)
    return NoNpy(path, "the bytes \\x93NUMPY at its begin", StrCat(file.size(), " others"));
  const auto byte = [&](size_t at) {
    return static_cast<uint64_t>(static_cast<unsigned char>(file[at]));
  };
  const uint64_t version = byte(6);
  if (version < 1 || version > 3) return NoNpy(path, "version 1 to 3", StrCat(version));
  const size_t begin = version == 1 ? 10 : 12;
  uint64_t length = byte(8) + (byte(9) << 8);
  if (version > 1) length += (byte(10) << 16) + (byte(11) << 24);
  if (length > file.size() - begin) {
    return NoNpy(path, StrCat("a header of ", length, " bytes"),
                 StrCat(file.size() - begin, " bytes"));
  }
  const std::optional<Header> header = Parse(file.substr(begin, length));
  if (!header) {
    return NoNpy(path, "a header with descr, fortran_order and shape",
                 Shortened(std::string(file.substr(begin, length)), Problem::kMostValueBytes));
  }
  Array array;
  ROBOMERGE_RETURN_NOT_OK(TakeType(*header, path, array));
  array.shape = *header->shape;
  if (array.shape.empty())
    return NotTaken(path, "a single value has no rows", "shape ()",
                    "save an array of one row a frame");
  if (*header->fortran_order && array.shape.size() > 1) {
    return NotTaken(path, "arrays in Fortran order are not read", "fortran_order: True",
                    "save numpy.ascontiguousarray(array)");
  }
  array.data_begin = begin + length;
  const uint64_t most_items = (file.size() - array.data_begin) / array.item_bytes;
  array.num_items = 1;
  for (const uint64_t extent : array.shape) {
    const bool fits = extent == 0 || array.num_items <= UINT64_MAX / 16 / extent;
    array.num_items = fits ? array.num_items * extent : UINT64_MAX / 16;
  }
  if (array.num_items != most_items ||
      array.num_items * array.item_bytes != file.size() - array.data_begin) {
    return NoNpy(path,
                 StrCat(WithSeparators(array.num_items), " numbers of ", array.item_bytes,
                        " bytes, as its header says"),
                 StrCat(WithSeparators(file.size() - array.data_begin), " bytes"));
  }
  return array;
}

}  // namespace robomerge::npy
