// A hash that names content: equal content has an equal name. No protection against somebody who
// makes two contents with one name.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace robomerge {

/// FNV-1a, 64 bit, over values that are told apart by their kind and length: ("ab", "c") and ("a",
/// "bc") differ.
class Fingerprint {
 public:
  void Add(std::string_view text) {
    Add(uint64_t{text.size()});
    for (const char letter : text) Mix(static_cast<unsigned char>(letter));
  }
  void Add(uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) Mix((number >> shift) & 0xff);
  }
  void Add(int64_t number) { Add(static_cast<uint64_t>(number)); }
  /// By its bits: 0.0 and -0.0 differ.
  void Add(double number) { Add(std::bit_cast<uint64_t>(number)); }

  uint64_t value() const { return state_; }
  /// 16 hex digits.
  std::string Hex() const {
    std::array<char, 17> text;
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(state_));
    return text.data();
  }

 private:
  void Mix(uint64_t byte) { state_ = (state_ ^ byte) * 0x100000001b3ULL; }
  uint64_t state_ = 0xcbf29ce484222325ULL;
};

}  // namespace robomerge
