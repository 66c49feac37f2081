// When a frame is due, and how far from that LeRobot still finds it.
#pragma once

#include <algorithm>
#include <cmath>

#include "model/feature.h"

namespace robomerge {

/// LeRobot's default tolerance_s: reading fails for a frame that is farther from its time.
constexpr double kToleranceSeconds = 1e-4;

/// Whether a timestamp of float32 is that of frame `frame`, within LeRobot's tolerance or, from
/// 1000 s on, one step of float32.
inline bool IsTimeOf(double seconds, double frame, const FrameRate& rate) {
  const double due =
      frame * static_cast<double>(rate.denominator) / static_cast<double>(rate.numerator);
  return std::fabs(seconds - due) <= std::max(kToleranceSeconds, std::fabs(due) / (1 << 23));
}

}  // namespace robomerge
