// Actions as a policy sees them that is trained with LeRobot's `use_relative_actions`: chunks of
// them, each less the state in which the chunk begins (lerobot-edit-ops 2.5: LeRobot's
// compute_relative_action_stats).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "measure/file_summaries.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge::measure {

struct RelativeActions {
  uint64_t chunk_size = 50;
  /// An element of `action` stays absolute if its name holds one of these, in any case. Elements
  /// without a name are relative.
  std::vector<std::string> excluded_joints;
};

/// Measures `action` over all chunks: of every frame from which on an episode has chunk_size
/// frames, the next chunk_size actions, each less that frame's `observation.state`, in float32. The
/// count is that of all vectors, starts times chunk_size.
///
/// Errors: kIncompatible (E-relative-actions) if one of the two is missing, is no vector, or there
/// are less states than actions; kInvalidArgument (E-relative-actions) if no episode is as long as
/// a chunk; those of MeasureFiles().
Result<DatasetMeasures> MeasureRelativeActions(io::FileSystem& file_system, const Dataset& dataset,
                                               const std::string& scratch,
                                               const MeasureDatasetOptions& options,
                                               const RelativeActions& relative);

}  // namespace robomerge::measure
