// Which Arrow is behind this room.
#pragma once

#include <string>

namespace robomerge::parquet {

/// Version of the Arrow library that is loaded, e.g. "26.0.1".
std::string ArrowVersion();

}  // namespace robomerge::parquet
