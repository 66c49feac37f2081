#include "measure/episode_check.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace robomerge::measure {
namespace {

// The recorder computes in float32, whose numbers are this close at best.
constexpr double kRounding = 1e-6;
// Of the standard deviation: what no training can tell.
constexpr double kOfDeviation = 1e-3;
// Of the greatest magnitude: what the recorder's sums in float32 leave, and verify accepts.
constexpr double kOfMagnitude = 1e-5;
constexpr double kRecorderBins = 5000;
// The recorder's bins begin 1e-10 before the least value.
constexpr double kBinsBegin = 2e-10;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// The values of one element in one episode.
struct Look {
  double min = kNone, max = kNone, mean = kNone, deviation = kNone;
};

// The exponent of the unit in which to square numbers of this magnitude; 0 for all float32.
int UnitOf(double magnitude) {
  constexpr int kMost = 400;
  const int exponent = magnitude > 0 && std::isfinite(magnitude) ? std::ilogb(magnitude) : 0;
  // A larger unit than 2^1000 has no float64 as its inverse.
  return std::abs(exponent) < kMost ? 0 : std::clamp(exponent, -1000, 1000);
}

// As exact as a check needs. Eight sums at once, in a fixed order, so that a processor may add them
// side by side and every processor decides alike.
template <typename Number>
Look LookAt(const std::vector<Number>& values) {
  Look look;
  if (values.empty()) return look;
  constexpr size_t kLanes = 8;
  const auto sum_of = [&](const auto& of) {
    double sums[kLanes] = {};
    size_t at = 0;
    for (; at + kLanes <= values.size(); at += kLanes) {
      for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += of(values[at + lane]);
    }
    for (size_t lane = 0; at < values.size(); ++at, ++lane) sums[lane] += of(values[at]);
    double sum = 0;
    for (const double one : sums) sum += one;
    return sum;
  };
  Number least = values.front(), greatest = values.front();
  Number leasts[kLanes], greatests[kLanes];
  std::fill_n(leasts, kLanes, least), std::fill_n(greatests, kLanes, least);
  const auto look_at = [&](size_t at, size_t lane) {
    leasts[lane] = values[at] < leasts[lane] ? values[at] : leasts[lane];
    greatests[lane] = greatests[lane] < values[at] ? values[at] : greatests[lane];
  };
  size_t next = 0;
  for (; next + kLanes <= values.size(); next += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) look_at(next + lane, lane);
  }
  for (; next < values.size(); ++next) look_at(next, 0);
  for (size_t lane = 0; lane < kLanes; ++lane) {
    least = std::min(least, leasts[lane]);
    greatest = std::max(greatest, greatests[lane]);
  }
  look.min = static_cast<double>(least) + 0.0;
  look.max = static_cast<double>(greatest) + 0.0;
  if (least == greatest) {
    look.mean = look.min, look.deviation = 0;
    return look;
  }
  // Squares of float64 may be too large or too small for one, so their unit is another power of
  // two.
  const int exponent = UnitOf(std::max(std::fabs(look.min), std::fabs(look.max)));
  const double scale = std::ldexp(1.0, -exponent);
  // Distances from a value of the row lose nothing where values lie close together.
  const auto count = static_cast<double>(values.size());
  const double origin = look.min * scale;
  const double shift =
      sum_of([&](Number value) { return static_cast<double>(value) * scale - origin; }) / count;
  look.mean = std::ldexp(origin + shift, exponent);
  const double spread = sum_of([&](Number value) {
    const double distance = static_cast<double>(value) * scale - origin - shift;
    return distance * distance;
  });
  look.deviation = std::ldexp(std::sqrt(spread / count), exponent);
  return look;
}

double Of(const Look& look, const std::string& stat) {
  return stat == "min"    ? look.min
         : stat == "max"  ? look.max
         : stat == "mean" ? look.mean
                          : look.deviation;
}

double PlaceOf(double fraction, size_t count) { return fraction * static_cast<double>(count - 1); }

template <typename Number>
double QuantileOf(const std::vector<Number>& sorted, double fraction) {
  if (sorted.empty()) return kNone;
  const double place = PlaceOf(fraction, sorted.size());
  const auto below = static_cast<size_t>(std::floor(place));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return Interpolate(static_cast<double>(sorted[below]) + 0.0,
                     static_cast<double>(sorted[above]) + 0.0, place - std::floor(place));
}

// Whether `stated` lies between the values beside the quantile's place, widened by `tolerance`.
template <typename Number>
bool IsNear(const std::vector<Number>& values, double fraction, double stated, double tolerance) {
  if (values.empty() || std::isnan(stated)) return values.empty() && std::isnan(stated);
  const double place = PlaceOf(fraction, values.size());
  const auto low = static_cast<Number>(stated - tolerance),
             high = static_cast<Number>(stated + tolerance);
  uint32_t num_less = 0, num_up_to = 0;  // as many values as memory holds
  for (const Number value : values) {
    num_less += value < low ? 1 : 0;
    num_up_to += value <= high ? 1 : 0;
  }
  return static_cast<double>(num_less) <= std::ceil(place) &&
         static_cast<double>(num_up_to) >= std::floor(place) + 1;
}

}  // namespace

EpisodeCheck::EpisodeCheck(const FeatureToMeasure& feature, const EpisodeToMeasure& episode)
    : feature_(feature), episode_(episode) {
  measured_.feature = feature.name;
  for (const char* name : {"min", "max", "mean", "std"})
    measured_.statistics.push_back({name, NumberKind::kFloat, {feature.width}, {}});
  measured_.statistics.push_back(
      {"count", NumberKind::kInteger, {1}, {static_cast<double>(episode.num_rows)}});
  for (const std::string& name : feature.quantiles)
    measured_.statistics.push_back({name, NumberKind::kFloat, {feature.width}, {}});

  const double* values = episode.stated.values;
  double count = -1;
  bool is_ragged = false;
  if (episode.stated.layout != nullptr) {
    for (const StatColumn& column : *episode.stated.layout) {
      const double* cell = values;
      values += column.width;
      if (column.feature != feature.name || column.width == 0) continue;
      if (column.stat == "count") {
        count = cell[0];
        continue;
      }
      if (measured_.Find(column.stat) == nullptr) continue;
      if (stated_width_ == 0) stated_width_ = column.width;
      is_ragged = is_ragged || stated_width_ != column.width;
      stated_.push_back({&column.stat, QuantilePercent(column.stat).value_or(-100) / 100, cell});
    }
  }
  for (const Statistic& wanted : measured_.statistics) {
    // A quantile that only others have is carried as it is.
    const bool is_usual =
        !IsQuantile(wanted.name) || std::find(std::begin(kQuantileNames), std::end(kQuantileNames),
                                              wanted.name) != std::end(kQuantileNames);
    const bool is_there = wanted.name == "count"
                              ? count >= 0
                              : std::any_of(stated_.begin(), stated_.end(), [&](const Stated& one) {
                                  return *one.name == wanted.name;
                                });
    if (is_usual && !is_there) CallWrong(wanted.name, 0, true, 0, 0, 0);
  }
  if (is_ragged || (stated_width_ != feature.width && stated_width_ != feature.row_width)) {
    stated_width_ = 0;
    CallWrong("mean", 0, true, 0, 0, 0);
  }
  const auto rows = static_cast<double>(episode.num_rows);
  const auto elements = static_cast<double>(feature.row_width);
  if (count >= 0 && count != rows && count != rows * elements &&
      count != rows * elements / feature.width)
    CallWrong("count", 0, false, count, rows, std::numeric_limits<double>::infinity());
}

void EpisodeCheck::CallWrong(const std::string& stat, uint32_t element, bool is_missing,
                             double stated, double measured, double error) {
  // What is wrong says more than what is missing.
  if (correction_ && (is_missing || (!correction_->is_missing && !(error > correction_->error))))
    return;
  if (!correction_) correction_.emplace().episode = episode_.episode;
  correction_->stat = stat;
  correction_->element = element;
  correction_->is_missing = is_missing;
  correction_->stated = stated, correction_->measured = measured, correction_->error = error;
}

template <typename Number>
void EpisodeCheck::Check(uint32_t element, const std::vector<Number>& finite) {
  const Look look = LookAt(finite);
  const double magnitude = finite.empty() ? 0 : std::max(std::fabs(look.min), std::fabs(look.max));
  const double rounding = kRounding * magnitude;
  const double bin = finite.empty() ? 0 : look.max / kRecorderBins - look.min / kRecorderBins;
  const auto error_of = [&](double distance) {
    return distance / ErrorUnit(look.deviation, magnitude);
  };
  for (const Stated& one : stated_) {
    const double stated = one.values[element];
    if (one.fraction >= 0) {
      const bool is_in_range = finite.empty() || (stated >= look.min - rounding - kBinsBegin &&
                                                  stated <= look.max + rounding + kBinsBegin);
      if (is_in_range && IsNear(finite, one.fraction, stated, bin + rounding + kBinsBegin))
        continue;
      std::vector<Number> sorted = finite;
      std::sort(sorted.begin(), sorted.end());
      const double measured = QuantileOf(sorted, one.fraction);
      CallWrong(*one.name, element, false, stated, measured,
                error_of(std::fabs(stated - measured)));
      continue;
    }
    const double measured = Of(look, *one.name);
    if (std::isnan(stated) && std::isnan(measured)) continue;
    const bool is_moment = *one.name == "mean" || *one.name == "std";
    double tolerance = kRounding * std::fabs(measured);
    if (is_moment)
      tolerance = std::min(rounding + kOfDeviation * look.deviation, kOfMagnitude * magnitude);
    // The variance is this close too.
    if (*one.name == "std" && measured > 0)
      tolerance = std::min(tolerance, kOfMagnitude * magnitude * (magnitude / measured) / 3);
    const double distance = std::fabs(stated - measured);
    if (!(distance <= tolerance))
      CallWrong(
          *one.name, element, false, stated, measured,
          std::isnan(distance) ? std::numeric_limits<double>::infinity() : error_of(distance));
  }
}

template <typename Number>
void EpisodeCheck::Measure(std::vector<Number>& finite) {
  std::sort(finite.begin(), finite.end());
  Look look;
  if (!finite.empty()) {
    ExactSums sums;
    for (const Number value : finite) sums.Add(static_cast<double>(value) + 0.0, 1);
    look.min = static_cast<double>(finite.front()) + 0.0;
    look.max = static_cast<double>(finite.back()) + 0.0;
    look.mean = sums.Mean(finite.size());
    look.deviation = sums.Deviation(finite.size());
  }
  for (Statistic& one : measured_.statistics) {
    if (one.name == "count") continue;
    const std::optional<double> percent = QuantilePercent(one.name);
    one.values.push_back(percent ? QuantileOf(finite, *percent / 100) : Of(look, one.name));
  }
}

EpisodeCorrection EpisodeCheck::Finish() {
  correction_->statistics = std::move(measured_);
  return std::move(*correction_);
}

template void EpisodeCheck::Check(uint32_t, const std::vector<float>&);
template void EpisodeCheck::Check(uint32_t, const std::vector<double>&);
template void EpisodeCheck::Measure(std::vector<float>&);
template void EpisodeCheck::Measure(std::vector<double>&);

}  // namespace robomerge::measure
