// Runs a merge or a verification beside the Python thread that asked for it.
#pragma once

#include <nanobind/nanobind.h>

#include <functional>

#include "robomerge/merge.h"

namespace robomerge::python {

using Work = std::function<void(const ProgressCallback&, const std::atomic<bool>& stop)>;

/// Runs `work` on a thread of its own and waits for it with the GIL released. Meanwhile the calling
/// thread answers signals and calls `progress`, a Python callable or None, with the latest counts:
/// no worker ever waits for Python.
///
/// What a signal handler or `progress` raises stops the work, and is thrown on when it has ended
/// and cleaned up.
///
/// REQUIRES: the GIL is held.
void RunWatched(const Work& work, const nanobind::object& progress);

}  // namespace robomerge::python
