#include "model/statistics.h"

#include <algorithm>

namespace robomerge {

const Statistic* FeatureStatistics::Find(std::string_view name) const {
  const auto found = std::find_if(statistics.begin(), statistics.end(),
                                  [&](const Statistic& one) { return one.name == name; });
  return found == statistics.end() ? nullptr : &*found;
}

std::optional<double> QuantilePercent(std::string_view name) {
  if (name.size() < 2 || name.size() > 10 || name.front() != 'q') return std::nullopt;
  double percent = 0;
  for (const char digit : name.substr(1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    percent = percent * 10 + (digit - '0');
  }
  return percent;
}

std::shared_ptr<const StatColumns> SharedLayouts::Share(std::shared_ptr<const StatColumns> layout) {
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<const StatColumns>& known : distinct_) {
    if (*known == *layout) return known;
  }
  // Where hardly any two are equal, the search would cost more than it saves.
  constexpr size_t kMostKept = 32;
  if (distinct_.size() < kMostKept) distinct_.push_back(layout);
  return layout;
}

}  // namespace robomerge
