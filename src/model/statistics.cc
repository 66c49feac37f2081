#include "model/statistics.h"

#include <algorithm>

namespace robomerge {

const Statistic* FeatureStatistics::Find(std::string_view name) const {
  const auto found = std::find_if(statistics.begin(), statistics.end(), [&](const Statistic& one) { return one.name == name; });
  return found == statistics.end() ? nullptr : &*found;
}

bool IsQuantile(std::string_view name) {
  return name.size() > 1 && name.front() == 'q' &&
         std::all_of(name.begin() + 1, name.end(), [](char letter) { return letter >= '0' && letter <= '9'; });
}

}  // namespace robomerge
