#include "verify/moments.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace robomerge::verify_internal {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
// Tolerances for rounding to float32, and for what NumPy's sum in float32 along the first axis may
// lose per row.
constexpr double kRounding = 1e-6;
constexpr double kRelative = 1e-5;
constexpr double kPerRow = 1.0 / (1 << 24);

}  // namespace

Moments Moments::Of(const std::vector<double>& values, uint64_t first, uint64_t stride,
                    uint64_t count) {
  Moments moments;
  moments.count = static_cast<double>(count);
  if (count == 0) return moments;
  moments.min = moments.max = values[first];
  double sum = 0;
  for (uint64_t at = 0; at < count; ++at) {
    const double value = values[first + at * stride];
    moments.min = std::min(moments.min, value);
    moments.max = std::max(moments.max, value);
    sum += value;
  }
  moments.mean = sum / moments.count;
  if (std::isinf(moments.mean) && std::isfinite(moments.min) && std::isfinite(moments.max)) {
    // Only the sum is too large for a float64.
    moments.mean = 0;
    for (uint64_t at = 0; at < count; ++at)
      moments.mean += values[first + at * stride] / moments.count;
  }
  for (uint64_t at = 0; at < count; ++at) {
    const double distance = values[first + at * stride] - moments.mean;
    moments.squares += distance * distance;
  }
  if (std::isnan(moments.mean) && std::isnan(sum))
    moments.min = moments.max = moments.squares = kNone;
  return moments;
}

void Moments::Add(const Moments& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const double total = count + other.count;
  const double distance = other.mean - mean;
  const double share = other.count / total;
  const bool is_none = std::isnan(mean) || std::isnan(other.mean);
  squares += other.squares + distance * distance * count * share;
  // The distance of two float64 may be too large for one.
  mean = std::isinf(distance) ? mean * (1 - share) + other.mean * share : mean + distance * share;
  min = is_none ? kNone : std::min(min, other.min);
  max = is_none ? kNone : std::max(max, other.max);
  count = total;
}

void Add(ElementMoments& whole, const ElementMoments& part) {
  if (whole.empty()) whole.resize(part.size());
  for (size_t at = 0; at < std::min(whole.size(), part.size()); ++at) whole[at].Add(part[at]);
}

ElementMoments Reduced(const ElementMoments& moments, size_t width) {
  if (width == 0 || moments.size() % width != 0) return {};
  ElementMoments reduced(width);
  for (size_t at = 0; at < moments.size(); ++at) reduced[at % width].Add(moments[at]);
  return reduced;
}

double Value(std::string_view stat, const Moments& moments) {
  if (stat == "min") return moments.min;
  if (stat == "max") return moments.max;
  if (stat == "mean") return moments.mean;
  if (stat == "std") return std::sqrt(moments.squares / moments.count);
  return kNone;
}

bool Matches(std::string_view stat, double stated, const Moments& moments, double share_left_out) {
  const double real = Value(stat, moments);
  if (std::isnan(real) || std::isnan(stated)) return std::isnan(real) == std::isnan(stated);
  // Squares of finite numbers may be too large for a float64, and their deviation is not.
  if (std::isinf(real) && stat == "std" && std::isfinite(moments.min) && std::isfinite(moments.max))
    return stated >= 0;
  if (std::isinf(real) || std::isinf(stated)) return stated == real;
  const double largest = std::max(std::fabs(moments.min), std::fabs(moments.max));
  if (stat == "min" || stat == "max")
    return std::fabs(stated - real) <= kRounding * std::fabs(real);
  const double relative = kRelative + kPerRow * moments.count;
  // Other weights move a mean by no more than this, and a mean of squares by its square: thrice
  // that with the square of the mean.
  const double shift = share_left_out > 0 ? share_left_out * (moments.max - moments.min) : 0;
  if (stat == "mean") return std::fabs(stated - real) <= relative * largest + shift;
  if (stated < 0) return false;
  return std::fabs(stated * stated - real * real) <=
         relative * largest * largest + 3 * shift * (moments.max - moments.min);
}

}  // namespace robomerge::verify_internal
