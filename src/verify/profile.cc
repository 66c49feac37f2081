#include "verify/profile.h"

#include <algorithm>
#include <cmath>

namespace robomerge::verify_internal {

Profile Profile::Of(const Moments& all, const std::vector<double>& values, uint64_t first,
                    uint64_t stride, uint64_t count, uint64_t episode) {
  Profile profile;
  if (std::isfinite(all.mean) && std::isfinite(all.squares)) {
    profile.finite = all;
    return profile;
  }
  std::vector<double> finite;
  for (uint64_t at = 0; at < count; ++at) {
    const double value = values[first + at * stride];
    if (std::isfinite(value))
      finite.push_back(value);
    else if (!profile.first_not_finite)
      profile.first_not_finite = {episode, at};
    profile.num_nan += std::isnan(value) ? 1 : 0;
    profile.num_infinite += std::isinf(value) ? 1 : 0;
  }
  profile.finite = Moments::Of(finite, 0, 1, finite.size());
  return profile;
}

void Profile::Add(const Profile& other) {
  num_nan += other.num_nan;
  num_infinite += other.num_infinite;
  if (!first_not_finite) first_not_finite = other.first_not_finite;
  finite.Add(other.finite);
}

void Add(ElementProfiles& whole, const ElementProfiles& part) {
  if (whole.empty()) whole.resize(part.size());
  for (size_t at = 0; at < std::min(whole.size(), part.size()); ++at) whole[at].Add(part[at]);
}

}  // namespace robomerge::verify_internal
