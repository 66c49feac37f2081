// Numbers and texts as bytes, and back.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace robomerge::measure {

/// Appends to a string. Numbers take a byte for each 7 bits that they need.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void Number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  void Real(double value) {
    for (auto bits = std::bit_cast<uint64_t>(value), at = uint64_t{0}; at < 8; ++at, bits >>= 8)
      out_.push_back(static_cast<char>(bits));
  }
  void Text(std::string_view text) {
    Number(text.size());
    out_ += text;
  }

 private:
  std::string& out_;
};

/// Reads what a ByteWriter wrote. Once something does not fit, everything reads as 0 or empty, and
/// ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return is_ok_; }
  bool at_end() const { return at_ == bytes_.size(); }
  void Fail() { is_ok_ = false, at_ = bytes_.size(); }
  uint64_t Number() {
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 70; shift += 7) {
      if (at_ >= bytes_.size()) break;
      const auto byte = static_cast<uint8_t>(bytes_[at_++]);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }
  double Real() {
    const std::string_view bytes = Take(8);
    uint64_t bits = 0;
    for (size_t at = bytes.size(); at-- > 0;) bits = bits << 8 | static_cast<uint8_t>(bytes[at]);
    return std::bit_cast<double>(bits);
  }
  std::string Text() { return std::string(Take(Number())); }

 private:
  std::string_view Take(uint64_t count) {
    if (count > bytes_.size() - at_) {
      Fail();
      return {};
    }
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }

  std::string_view bytes_;
  size_t at_ = 0;
  bool is_ok_ = true;
};

}  // namespace robomerge::measure
