// What rows say that were measured while they were written.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/statistics.h"

namespace robomerge {

/// The quantiles that measured statistics have.
inline constexpr const char* kQuantileNames[] = {"q01", "q10", "q50", "q90", "q99"};

/// As numpy.quantile interpolates, whose last bit depends on the side from which it does.
inline double Interpolate(double low, double high, double part) {
  const double distance = high - low;
  // The distance of two float64 may be too large for one.
  if (std::isinf(distance) && std::isfinite(low) && std::isfinite(high))
    return 4 * Interpolate(low / 4, high / 4, part);
  return part < 0.5 ? low + distance * part : high - distance * (1 - part);
}

/// The unit in which an error of a statistic is told: one standard deviation, or a thousandth of
/// the magnitude where values hardly differ.
inline double ErrorUnit(double deviation, double magnitude) {
  constexpr double kLeast = 1e-300;
  return std::max({deviation, magnitude / 1000, kLeast});
}

/// Statistics of one feature in one episode that are measured, since the stated ones are not those
/// of its rows.
struct EpisodeCorrection {
  uint64_t episode = 0;
  FeatureStatistics statistics;  ///< all of them, measured
  /// The one that differs most, or else the first one that is missing; of which element.
  std::string stat;
  uint32_t element = 0;
  bool is_missing = false;
  double stated = 0, measured = 0;
  /// The difference in units of ErrorUnit().
  double error = 0;
};

/// By episode of the destination.
using EpisodeCorrections = std::map<uint64_t, std::vector<EpisodeCorrection>>;

}  // namespace robomerge
