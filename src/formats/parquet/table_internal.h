// The Arrow side of table.h.
#pragma once

#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "formats/parquet/table.h"

namespace robomerge::parquet {

struct Table::Representation {
  std::string path;
  std::shared_ptr<arrow::Table> table;  ///< extension types are replaced by their storage
  std::vector<std::string> column_names;
  uint64_t uncompressed_bytes = 0;
};

}  // namespace robomerge::parquet
