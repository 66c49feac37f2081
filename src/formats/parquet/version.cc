#include "formats/parquet/version.h"

#include <arrow/config.h>

namespace robomerge::parquet {

std::string ArrowVersion() { return arrow::GetBuildInfo().version_string; }

}  // namespace robomerge::parquet
