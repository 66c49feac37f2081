#include "measure/exact_sums.h"

#include <algorithm>
#include <cmath>

namespace robomerge::measure {
namespace {

// Mantissas are whole numbers: 1.0 has exponent 1023 and mantissa 2^52.
constexpr int kUnitExponent = 1023 + 52;

// A whole number without sign, of any size; lowest limb first.
class Natural {
 public:
  void AddShifted(UnsignedWide value, uint32_t shift) {
    for (const uint64_t half : {static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64)}) {
      AddLimb(shift / 64, half << shift % 64);
      if (shift % 64 != 0) AddLimb(shift / 64 + 1, half >> (64 - shift % 64));
      shift += 64;
    }
  }

  bool IsLess(const Natural& other) const {
    for (size_t at = std::max(limbs_.size(), other.limbs_.size()); at-- > 0;) {
      if (Limb(at) != other.Limb(at)) return Limb(at) < other.Limb(at);
    }
    return false;
  }

  // REQUIRES: it is not less than `other`.
  Natural Less(const Natural& other) const {
    Natural difference;
    uint64_t borrow = 0;
    for (size_t at = 0; at < limbs_.size(); ++at) {
      const UnsignedWide taken = static_cast<UnsignedWide>(other.Limb(at)) + borrow;
      difference.limbs_.push_back(static_cast<uint64_t>(limbs_[at] - taken));
      borrow = limbs_[at] < taken ? 1 : 0;
    }
    return difference;
  }

  Natural Times(const Natural& other) const {
    Natural product;
    for (size_t left = 0; left < limbs_.size(); ++left) {
      for (size_t right = 0; right < other.limbs_.size(); ++right) {
        const UnsignedWide part = static_cast<UnsignedWide>(limbs_[left]) * other.limbs_[right];
        product.AddLimb(left + right, static_cast<uint64_t>(part));
        product.AddLimb(left + right + 1, static_cast<uint64_t>(part >> 64));
      }
    }
    return product;
  }

  // Its highest 128 bits at least, times 2^exponent.
  long double Scaled(int exponent) const {
    long double value = 0;
    size_t top = limbs_.size();
    while (top > 0 && limbs_[top - 1] == 0) --top;
    for (size_t at = top; at-- > 0 && at + 3 >= top;) {
      value +=
          std::ldexp(static_cast<long double>(limbs_[at]), static_cast<int>(at) * 64 + exponent);
    }
    return value;
  }

 private:
  uint64_t Limb(size_t at) const { return at < limbs_.size() ? limbs_[at] : 0; }

  void AddLimb(size_t at, uint64_t value) {
    for (; value != 0; ++at) {
      if (at >= limbs_.size()) limbs_.resize(at + 1);
      limbs_[at] += value;
      value = limbs_[at] < value ? 1 : 0;  // carry
    }
  }

  std::vector<uint64_t> limbs_;
};

// A number times 2^exponent.
struct Total {
  Natural positive, negative;
  bool is_negative() const { return positive.IsLess(negative); }
  Natural magnitude() const {
    return is_negative() ? negative.Less(positive) : positive.Less(negative);
  }
};

}  // namespace

ExactSums::Bin& ExactSums::FindBin(uint32_t exponent) {
  const auto found =
      std::lower_bound(bins_.begin(), bins_.end(), exponent,
                       [](const Bin& bin, uint32_t wanted) { return bin.exponent < wanted; });
  latest_ = static_cast<size_t>(found - bins_.begin());
  if (found == bins_.end() || found->exponent != exponent) bins_.insert(found, Bin{exponent});
  return bins_[latest_];
}

void ExactSums::AddFloats(bool is_negative, uint32_t exponent, uint64_t sum, UnsignedWide squares) {
  // A float64 has 29 bits more of mantissa, and other exponents.
  constexpr uint32_t kMoreBits = 29, kMoreExponents = 1023 - 127;
  Bin& bin = BinOf(exponent + kMoreExponents);
  const Wide mantissas = static_cast<Wide>(sum) << kMoreBits;
  bin.sum += is_negative ? -mantissas : mantissas;
  // Times 2^58, in two parts that lose nothing.
  constexpr uint32_t kLowBits = 64 - 2 * kMoreBits;
  bin.squares_high += squares >> kLowBits;
  bin.squares_low += (squares & ((1U << kLowBits) - 1)) << 2 * kMoreBits;
}

void ExactSums::Add(const ExactSums& other) {
  for (const Bin& from : other.bins_) {
    Bin& bin = BinOf(from.exponent);
    bin.sum += from.sum;
    bin.squares_low += from.squares_low;
    bin.squares_high += from.squares_high;
  }
}

double ExactSums::Mean(uint64_t count) const {
  if (bins_.empty()) return 0;
  const uint32_t least = bins_.front().exponent;
  Total sum;
  for (const Bin& bin : bins_) {
    const bool is_negative = bin.sum < 0;
    (is_negative ? sum.negative : sum.positive)
        .AddShifted(static_cast<UnsignedWide>(is_negative ? -bin.sum : bin.sum),
                    bin.exponent - least);
  }
  const long double mean = sum.magnitude().Scaled(static_cast<int>(least) - kUnitExponent) /
                           static_cast<long double>(count);
  // The sum of many numbers near the greatest is none that a float64 holds, but the mean is.
  // What is too small for one becomes 0, without a sign.
  return static_cast<double>(sum.is_negative() ? -mean : mean) + 0.0;
}

double ExactSums::Deviation(uint64_t count) const {
  if (bins_.empty()) return 0;
  const uint32_t least = bins_.front().exponent;
  Total sum;
  Natural squares, number;
  number.AddShifted(count, 0);
  for (const Bin& bin : bins_) {
    const bool is_negative = bin.sum < 0;
    const uint32_t shift = bin.exponent - least;
    (is_negative ? sum.negative : sum.positive)
        .AddShifted(static_cast<UnsignedWide>(is_negative ? -bin.sum : bin.sum), shift);
    squares.AddShifted(bin.squares_low, 2 * shift);
    squares.AddShifted(bin.squares_high, 2 * shift + 64);
  }
  // n^2 times the variance is n * squares - sum^2, exactly.
  const Natural magnitude = sum.magnitude();
  const Natural spread = squares.Times(number).Less(magnitude.Times(magnitude));
  const auto real_count = static_cast<long double>(count);
  return static_cast<double>(
      std::sqrt(spread.Scaled(2 * (static_cast<int>(least) - kUnitExponent))) / real_count);
}

void ExactSums::AppendTo(ByteWriter& out) const {
  const auto wide = [&](UnsignedWide value) {
    out.Number(static_cast<uint64_t>(value));
    out.Number(static_cast<uint64_t>(value >> 64));
  };
  out.Number(bins_.size());
  for (const Bin& bin : bins_) {
    out.Number(bin.exponent);
    wide(static_cast<UnsignedWide>(bin.sum)), wide(bin.squares_low), wide(bin.squares_high);
  }
}

ExactSums ExactSums::From(ByteReader& in) {
  const auto wide = [&] {
    const UnsignedWide low = in.Number();
    return low | static_cast<UnsignedWide>(in.Number()) << 64;
  };
  ExactSums sums;
  const uint64_t num_bins = in.Number();
  for (uint64_t at = 0; at < num_bins && in.ok(); ++at) {
    Bin bin;
    bin.exponent = static_cast<uint32_t>(in.Number());
    if (bin.exponent > kMostExponent ||
        (!sums.bins_.empty() && bin.exponent <= sums.bins_.back().exponent)) {
      in.Fail();
      break;
    }
    bin.sum = static_cast<Wide>(wide());
    bin.squares_low = wide();
    bin.squares_high = wide();
    sums.bins_.push_back(bin);
  }
  return sums;
}

}  // namespace robomerge::measure
