// What the numbers of a column are, with those apart that are no finite numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "verify/moments.h"

namespace robomerge::verify_internal {

/// Of one element of a row, over many rows.
struct Profile {
  uint64_t num_nan = 0;
  uint64_t num_infinite = 0;
  struct Frame {
    uint64_t episode = 0, frame = 0;
  };
  std::optional<Frame> first_not_finite;  ///< unknown if rows were measured by other means
  Moments finite;

  /// Of the numbers that `all` was made of, with the same arguments (Moments::Of): the frames of an
  /// episode.
  static Profile Of(const Moments& all, const std::vector<double>& values, uint64_t first,
                    uint64_t stride, uint64_t count, uint64_t episode);
  void Add(const Profile& other);
};

/// Per element of a row.
using ElementProfiles = std::vector<Profile>;
void Add(ElementProfiles& whole, const ElementProfiles& part);

}  // namespace robomerge::verify_internal
