#include "model/distribution.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "model/measured.h"
#include "model/statistics.h"

namespace robomerge {

Distribution::Distribution(std::vector<std::pair<int64_t, uint64_t>> values)
    : values_(std::move(values)) {
  // long double: a sum of products of 64-bit integers keeps all the digits that a double can show.
  long double sum = 0;
  for (const auto& [value, times] : values_) {
    count_ += times;
    sum += static_cast<long double>(value) * static_cast<long double>(times);
  }
  ROBOMERGE_CHECK(count_ > 0);
  const long double mean = sum / static_cast<long double>(count_);
  long double spread = 0;
  for (const auto& [value, times] : values_) {
    const long double delta = static_cast<long double>(value) - mean;
    spread += delta * delta * static_cast<long double>(times);
  }
  min_ = static_cast<double>(values_.front().first);
  max_ = static_cast<double>(values_.back().first);
  mean_ = static_cast<double>(mean);
  deviation_ = static_cast<double>(std::sqrt(spread / static_cast<long double>(count_)));
}

Distribution Distribution::Range(uint64_t count) {
  ROBOMERGE_CHECK(count > 0);
  Distribution range;
  const auto num = static_cast<long double>(count);
  range.count_ = count;
  range.max_ = static_cast<double>(count - 1);
  range.mean_ = static_cast<double>((num - 1) / 2);
  range.deviation_ = static_cast<double>(std::sqrt((num * num - 1) / 12));
  return range;
}

double Distribution::Quantile(double fraction) const {
  const double position = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count_ - 1);
  if (values_.empty()) return position;
  const auto below = static_cast<uint64_t>(std::floor(position));
  const uint64_t above = std::min(below + 1, count_ - 1);
  const auto value_at = [this](uint64_t rank) {
    uint64_t seen = 0;
    for (const auto& [value, times] : values_) {
      seen += times;
      if (rank < seen) return static_cast<double>(value);
    }
    return max_;
  };
  return Interpolate(value_at(below), value_at(above), position - static_cast<double>(below));
}

double TrueStatistic(const std::string& stat, double given, double first, double step,
                     uint64_t count) {
  constexpr double kMargin = 1e-6;
  const double last = first + step * static_cast<double>(count - 1);
  const double margin = kMargin * std::max(1.0, std::fabs(last));
  if (const std::optional<double> percent = QuantilePercent(stat)) {
    // LeRobot estimates quantiles from histograms of 5000 bins: they are off by at most one
    // neighbouring value and a few bins.
    const double exact = first + (last - first) * *percent / 100;
    const bool can_be = given >= first - margin && given <= last + margin &&
                        std::fabs(given - exact) <= 1.5 * step + (last - first) / 1000 + margin;
    return can_be ? given : exact;
  }
  double exact = 0;
  if (stat == "min")
    exact = first;
  else if (stat == "max")
    exact = last;
  else if (stat == "mean")
    exact = (first + last) / 2;
  else if (stat == "std")
    exact = step * Distribution::Range(count).deviation();
  else
    return given;
  return std::fabs(given - exact) <= margin ? given : exact;
}

}  // namespace robomerge
