// Count, minimum, maximum, mean and variance of numbers, which can be combined from parts.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/statistics.h"

namespace robomerge::verify_internal {

/// Of quantiles: LeRobot's histograms begin 1e-10 before the least value and end as far after the
/// greatest.
constexpr double kQuantileMargin = 1e-6;

struct Moments {
  double count = 0;
  double min = 0;
  double max = 0;
  double mean = 0;
  double squares = 0;  ///< sum of the squared distances from the mean

  /// Of the `count` numbers values[first], values[first + stride], ... One NaN makes all results
  /// NaN, as in NumPy.
  static Moments Of(const std::vector<double>& values, uint64_t first, uint64_t stride,
                    uint64_t count);
  /// Adds the numbers of `other` (formula of Chan, Golub and LeVeque).
  void Add(const Moments& other);
};

/// Moments per element of a row.
using ElementMoments = std::vector<Moments>;
void Add(ElementMoments& whole, const ElementMoments& part);
/// Reduces to the last dimension, which has `width` elements: LeRobot takes the statistics of a
/// matrix over all dimensions but the last (format spec 1.7). Empty if the elements cannot be
/// divided so.
ElementMoments Reduced(const ElementMoments& moments, size_t width);

/// Whether `stated` is the statistic `stat` (min, max, mean, std) that `moments` give, within the
/// accuracy of LeRobot: it computes in float32, and takes the variance as the mean of the squares
/// less the square of the mean. With `share_left_out` the moments are of all numbers but that
/// share, and `stated` may be folded from parts that weigh by how many numbers they have in all.
bool Matches(std::string_view stat, double stated, const Moments& moments,
             double share_left_out = 0);
/// The statistic that `moments` give; NaN for one other than min, max, mean and std.
double Value(std::string_view stat, const Moments& moments);

}  // namespace robomerge::verify_internal
