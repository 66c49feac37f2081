// Runs a merge beside the Python thread that asked for it.
#pragma once

#include <nanobind/nanobind.h>

#include <functional>

#include "robomerge/merge.h"

namespace robomerge::python {

using MergeWork = std::function<Result<MergeReport>(const ProgressCallback&, const std::atomic<bool>& stop)>;

/// Runs `work` on a thread of its own and waits for it with the GIL released. Meanwhile the calling thread answers signals and calls `progress`, a
/// Python callable or None, with the latest counts: no worker ever waits for Python.
///
/// What a signal handler or `progress` raises stops the work, and is thrown on when it has ended and cleaned up.
///
/// REQUIRES: the GIL is held.
Result<MergeReport> RunWatched(const MergeWork& work, const nanobind::object& progress);

}  // namespace robomerge::python
