// How many files this process may have open at once: the one place that asks the system for it.
#pragma once

#include <cstddef>

namespace robomerge::io {

/// The soft limit on open descriptors (RLIMIT_NOFILE, `ulimit -n`).
size_t DescriptorLimit();

/// How many descriptors are open now. An estimate where /proc is not mounted.
size_t OpenDescriptors();

/// How many more may be opened now. Other threads change this at any time.
size_t FreeDescriptors();

/// How many sources a pool may keep open when `free_descriptors` are left: half of them, 256 at
/// most and 4 at least. The other half is for what is written (a file a worker), for journals,
/// and for sources that workers have taken out of the pool.
size_t PooledSourcesFor(size_t free_descriptors);

}  // namespace robomerge::io
