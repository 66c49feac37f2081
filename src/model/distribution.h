// Exact statistics of a column of integers, from how often each value occurs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace robomerge {

class Distribution {
 public:
  /// `values`: (value, how often it occurs), ascending by value. REQUIRES: at least one occurrence.
  explicit Distribution(std::vector<std::pair<int64_t, uint64_t>> values);
  /// The distribution of 0, 1, ..., count - 1, each once.
  static Distribution Range(uint64_t count);

  uint64_t count() const { return count_; }
  double min() const { return min_; }
  double max() const { return max_; }
  double mean() const { return mean_; }
  double deviation() const { return deviation_; }  ///< of the population
  /// Interpolates linearly between neighbours in sorted order, as numpy.quantile does by default.
  double Quantile(double fraction) const;

 private:
  Distribution() = default;

  std::vector<std::pair<int64_t, uint64_t>> values_;  // empty for a range
  uint64_t count_ = 0;
  double min_ = 0, max_ = 0, mean_ = 0, deviation_ = 0;
};

/// The statistic `stat` of the `count` values first, first + step, ..., which a dataset claims to
/// be `given`. Returns `given` if it can be true: then it comes from the recorder, whose quantiles
/// are estimates. Otherwise returns the true one: merges by other programs leave statistics that
/// were true before them.
double TrueStatistic(const std::string& stat, double given, double first, double step,
                     uint64_t count);

}  // namespace robomerge
