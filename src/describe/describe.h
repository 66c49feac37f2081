// Dataset -> Partial: one source's claims held against its files, its places resolved, its schema
// and tasks ready to be combined.
#pragma once

#include <memory>

#include "model/dataset.h"
#include "model/partial.h"
#include "robomerge/status.h"

namespace robomerge {

/// Describes one source, which `spec` names: the leaf of the reduction tree. Pure, no I/O; safe to
/// run for many sources in parallel.
///
/// kCorrupt with everything that contradicts itself: rows that are missing or too many, task
/// numbers without a task, videos with too few frames or another frame rate. What can be mended
/// without loss is mended in the description and becomes a warning.
Result<Partial> Describe(std::shared_ptr<const Dataset> dataset, const SourceSpec& spec = {});

}  // namespace robomerge
