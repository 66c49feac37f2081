// Exact statistics of an integer column, from how often each value occurs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace robomerge {

class Distribution {
 public:
  /// (value, how often), ascending by value. REQUIRES: at least one occurrence.
  explicit Distribution(std::vector<std::pair<int64_t, uint64_t>> values);
  /// 0, 1, ..., count - 1, each once.
  static Distribution Range(uint64_t count);

  uint64_t count() const { return count_; }
  double min() const { return min_; }
  double max() const { return max_; }
  double mean() const { return mean_; }
  double deviation() const { return deviation_; }  ///< of the population
  /// Linear interpolation between the neighbours in sorted order, as numpy.quantile does by
  /// default.
  double Quantile(double fraction) const;

 private:
  Distribution() = default;

  std::vector<std::pair<int64_t, uint64_t>> values_;  // empty for a range
  uint64_t count_ = 0;
  double min_ = 0, max_ = 0, mean_ = 0, deviation_ = 0;
};

/// The statistic `stat` of the values first, first + step, ..., `count` of them, where `given` is
/// said to be it: `given` if that can be, for then it is the recorder's (whose quantiles are
/// estimates), otherwise the true one. Merges by others leave behind what was true before them.
double TrueStatistic(const std::string& stat, double given, double first, double step,
                     uint64_t count);

}  // namespace robomerge
