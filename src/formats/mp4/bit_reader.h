// Reads bit fields and Exp-Golomb numbers of H.264 and HEVC parameter sets (ITU-T H.264, 7.2
// and 9.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace robomerge::mp4 {

/// Reading past the end gives zeros and clears ok(). Emulation prevention bytes (00 00 03) are
/// skipped.
class BitReader {
 public:
  explicit BitReader(std::span<const std::byte> nal_unit) : bytes_(nal_unit) {}

  bool ok() const { return ok_; }
  bool Flag() { return Bit() != 0; }
  /// REQUIRES: num_bits <= 32.
  uint32_t Bits(uint32_t num_bits) {
    uint32_t number = 0;
    for (uint32_t i = 0; i < num_bits; ++i) number = number << 1 | Bit();
    return number;
  }
  void Skip(uint32_t num_bits) {
    for (uint32_t i = 0; i < num_bits && ok_; ++i) Bit();
  }
  /// ue(v)
  uint32_t Unsigned() {
    uint32_t num_zeros = 0;
    while (ok_ && Bit() == 0) {
      if (++num_zeros > 31) ok_ = false;
    }
    return ok_ ? ((uint32_t{1} << num_zeros) - 1) + Bits(num_zeros) : 0;
  }
  /// As Unsigned(), for counts that bound a loop: above `most` the data is wrong.
  uint32_t Count(uint32_t most) {
    const uint32_t count = Unsigned();
    if (count > most) ok_ = false;
    return ok_ ? count : 0;
  }
  /// se(v)
  int32_t Signed() {
    const uint32_t code = Unsigned();
    const auto half = static_cast<int32_t>(code / 2);
    return code % 2 == 1 ? half + 1 : -half;
  }

 private:
  uint32_t Bit() {
    if (bit_ == 0 && !NextByte()) return 0;
    --bit_;
    return current_ >> bit_ & 1;
  }
  bool NextByte() {
    if (ok_ && num_zero_bytes_ >= 2 && next_ < bytes_.size() && bytes_[next_] == std::byte{3}) {
      ++next_;
      num_zero_bytes_ = 0;
    }
    if (!ok_ || next_ == bytes_.size()) {
      ok_ = false;
      return false;
    }
    current_ = static_cast<uint32_t>(bytes_[next_++]);
    num_zero_bytes_ = current_ == 0 ? num_zero_bytes_ + 1 : 0;
    bit_ = 8;
    return true;
  }

  std::span<const std::byte> bytes_;
  size_t next_ = 0;
  uint32_t current_ = 0;
  uint32_t bit_ = 0;  // bits of current_ not yet read
  int num_zero_bytes_ = 0;
  bool ok_ = true;
};

}  // namespace robomerge::mp4
