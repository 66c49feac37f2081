// What the file system of the destination can do and hold.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/partial.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge {

std::vector<std::string> RootsOf(const Partial& root);

/// Whether the destination can share extents with every source. If not, a layout for sharing would
/// only cost space.
bool CanShare(const io::FileSystem& file_system, const std::vector<std::string>& roots,
              const std::string& destination);

/// kIo (E-disk-space) if what is still to be written does not fit, so that this is said before the
/// first byte is written. Checks nothing where extents can be shared, or if the system does not
/// tell the free space.
Status CheckSpace(const io::FileSystem& file_system, const std::vector<std::string>& roots,
                  const std::string& destination, CopyMode copy_mode, uint64_t missing_bytes);

}  // namespace robomerge
