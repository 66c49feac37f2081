#include "io/descriptor_limit.h"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace robomerge::io {
namespace {

constexpr size_t kMostPooled = 256;
constexpr size_t kFewestPooled = 4;
// Assumed to be open where /proc does not say: the three standard ones, a lock, a log.
constexpr size_t kAssumedOpen = 8;

}  // namespace

size_t DescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;  // Linux's usual limit
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<size_t>::max()
                                         : static_cast<size_t>(limit.rlim_cur);
}

size_t OpenDescriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return kAssumedOpen;
  size_t num_open = 0;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') ++num_open;
  }
  ::closedir(directory);
  return num_open > 0 ? num_open - 1 : 0;  // without the one that listed them
}

size_t FreeDescriptors() {
  const size_t limit = DescriptorLimit();
  return limit - std::min(limit, OpenDescriptors());
}

size_t PooledSourcesFor(size_t free_descriptors) {
  return std::clamp(free_descriptors / 2, kFewestPooled, kMostPooled);
}

}  // namespace robomerge::io
