// Runs a merge or a verification on another thread than the Python thread that asked for it.
#pragma once

#include <nanobind/nanobind.h>

#include <functional>

#include "robomerge/merge.h"

namespace robomerge::python {

using Work = std::function<void(const ProgressCallback&, const std::atomic<bool>& stop)>;

/// Runs `work` on a thread of its own and waits for it with the GIL released. Meanwhile the calling
/// thread runs signal handlers, and calls `progress` (a Python callable or None) with the latest
/// counts. So no worker ever waits for Python.
///
/// If a signal handler or `progress` raises, the work is stopped. The exception is thrown on when
/// the work has ended and cleaned up.
///
/// REQUIRES: the GIL is held.
void RunWatched(const Work& work, const nanobind::object& progress);

}  // namespace robomerge::python
