// Statistics as LeRobot keeps them, of a dataset and of its episodes (format spec 1.7, 1.10).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace robomerge {

/// How the numbers were written. Integers and booleans stay so if all sources agree
/// (format spec 3.6).
enum class NumberKind { kInteger, kFloat, kBoolean };

/// One statistic of one feature: min, max, mean, std, count, or a quantile q01, q10, ...
struct Statistic {
  std::string name;
  NumberKind kind = NumberKind::kFloat;
  std::vector<uint32_t> shape;  ///< (n) for numeric features, (C, 1, 1) for cameras, (1) for count
  std::vector<double> values;   ///< row-major; as many as the product of the shape
};

struct FeatureStatistics {
  std::string feature;
  std::vector<Statistic> statistics;

  const Statistic* Find(std::string_view name) const;
};

/// The percent of a quantile's name, "q" and at most nine digits ("q01": 1); nothing for any other
/// name.
std::optional<double> QuantilePercent(std::string_view name);
inline bool IsQuantile(std::string_view name) { return QuantilePercent(name).has_value(); }

/// One stats/<feature>/<stat> column of the episodes table.
struct StatColumn {
  std::string feature;
  std::string stat;
  NumberKind kind = NumberKind::kFloat;
  int list_depth = 1;  ///< 1, or 3 for the (C, 1, 1) of cameras
  uint32_t width = 0;  ///< numbers per cell; 0: null in every row of the block
  bool operator==(const StatColumn&) const = default;
};
using StatColumns = std::vector<StatColumn>;

/// Keeps equal layouts once, since many sources have the same. Thread-safe.
class SharedLayouts {
 public:
  /// Returns the layout that was given first among those that are equal to `layout`.
  std::shared_ptr<const StatColumns> Share(std::shared_ptr<const StatColumns> layout);

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<const StatColumns>> distinct_;  // guarded by mutex_
};

/// The statistics of consecutive episodes in one flat array, so that thousands of small sources
/// cost a few kB each. A row holds the numbers of all columns of the layout, one after another.
struct EpisodeStatisticsBlock {
  std::shared_ptr<const StatColumns> layout;
  uint32_t stride = 0;  ///< sum of widths
  uint64_t num_rows = 0;
  std::vector<double> values;  ///< num_rows * stride
};

}  // namespace robomerge
