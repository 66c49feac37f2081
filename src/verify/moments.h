// Count, extremes, mean and spread of numbers, combined from parts without loss.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/statistics.h"

namespace robomerge::verify_internal {

struct Moments {
  double count = 0;
  double min = 0;
  double max = 0;
  double mean = 0;
  double squares = 0;  ///< sum of the squared distances from the mean

  /// Of values[first], values[first + stride], ... `count` of them. Any NaN makes everything NaN,
  /// as in NumPy.
  static Moments Of(const std::vector<double>& values, uint64_t first, uint64_t stride,
                    uint64_t count);
  /// Those of both together (Chan, Golub and LeVeque's formula).
  void Add(const Moments& other);
};

/// Moments per element of a row.
using ElementMoments = std::vector<Moments>;
void Add(ElementMoments& whole, const ElementMoments& part);
/// Reduced to `width` elements, the last dimension: LeRobot takes the statistics of a matrix over
/// all but that one (format spec 1.7).
ElementMoments Reduced(const ElementMoments& moments, size_t width);

/// Whether `stated` is the statistic `stat` (min, max, mean, std) of what `moments` describes, as
/// far as LeRobot's arithmetic allows: it works in float32, and takes the variance as the mean of
/// the squares less the square of the mean.
bool Matches(std::string_view stat, double stated, const Moments& moments);
/// The statistic itself; NaN for one that moments do not hold.
double Value(std::string_view stat, const Moments& moments);

}  // namespace robomerge::verify_internal
