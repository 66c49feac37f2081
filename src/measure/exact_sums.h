// Sums of float64 numbers and of their squares without rounding, so that order and grouping do not
// matter.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "measure/bytes.h"

namespace robomerge::measure {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

/// Of finite numbers. Each is a whole number (its mantissa) times a power of two, and those of one
/// exponent are added as whole numbers.
class ExactSums {
 public:
  void Add(double value, uint64_t times) {
    const auto bits = std::bit_cast<uint64_t>(value);
    const auto exponent = static_cast<uint32_t>(bits >> kMantissaBits) & kMostExponent;
    uint64_t mantissa = bits & ((uint64_t{1} << kMantissaBits) - 1);
    // Denormals have the scale of exponent 1, without the hidden bit.
    if (exponent != 0) mantissa |= uint64_t{1} << kMantissaBits;
    Bin& bin = BinOf(exponent == 0 ? 1 : exponent);
    const UnsignedWide product = static_cast<UnsignedWide>(mantissa) * times;
    bin.sum += (bits >> 63) != 0 ? -static_cast<Wide>(product) : static_cast<Wide>(product);
    const UnsignedWide square = static_cast<UnsignedWide>(mantissa) * mantissa;
    bin.squares_low += static_cast<UnsignedWide>(static_cast<uint64_t>(square)) * times;
    bin.squares_high += (square >> 64) * times;
  }
  /// Adds float32 numbers of one sign and one exponent of 8 bits, which is not 0 (denormals) and
  /// not 255 (no numbers), by the sum of their mantissas of 24 bits, and of the squares of these.
  void AddFloats(bool is_negative, uint32_t exponent, uint64_t sum, UnsignedWide squares);
  void Add(const ExactSums& other);

  /// Of `count` numbers, which these are. REQUIRES: count > 0.
  double Mean(uint64_t count) const;
  /// Standard deviation of the population.
  double Deviation(uint64_t count) const;

  void AppendTo(ByteWriter& out) const;
  static ExactSums From(ByteReader& in);

 private:
  static constexpr uint32_t kMantissaBits = 52, kMostExponent = 2047;
  struct Bin {
    uint32_t exponent = 0;
    Wide sum = 0;  // of mantissas
    // Of their squares, which have 106 bits: the low 64 and the others apart.
    UnsignedWide squares_low = 0, squares_high = 0;
  };

  Bin& BinOf(uint32_t exponent) {
    if (latest_ < bins_.size() && bins_[latest_].exponent == exponent) return bins_[latest_];
    return FindBin(exponent);
  }
  Bin& FindBin(uint32_t exponent);

  std::vector<Bin> bins_;  // ascending by exponent
  size_t latest_ = 0;
};

}  // namespace robomerge::measure
