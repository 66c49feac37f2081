// What the record of a merge (meta/robomerge.json) says of one of its sources.
#pragma once

#include <cstdint>
#include <string>

#include "formats/json/json.h"

namespace robomerge {

/// Consecutive episodes of a dataset, and where they come from.
struct RecordedSource {
  std::string name;  ///< empty: it has none
  uint64_t first_episode = 0;
  uint64_t num_episodes = 0;
  uint64_t num_frames = 0;
  std::string fingerprint;  ///< empty: not known; the episodes are of no merge
  std::string rules;        ///< AdaptationText() of what was done to the source
  /// As the record has it, with whatever a later version adds; null: it does not.
  json::Json entry;
};

}  // namespace robomerge
