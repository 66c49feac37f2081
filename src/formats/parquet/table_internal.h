// The Arrow side of table.h.
#pragma once

#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "formats/parquet/footer.h"
#include "formats/parquet/table.h"

namespace robomerge::parquet {

struct Table::Representation {
  std::string path;
  std::string bytes;  ///< the whole file; empty where `columns` were asked for
  Footer footer;
  std::vector<std::string> column_names;

  /// The table as Arrow reads it, read when it is first asked for; extension types are replaced by
  /// their storage.
  Result<std::shared_ptr<arrow::Table>> Arrow() const;

  mutable std::once_flag once;
  mutable std::optional<Result<std::shared_ptr<arrow::Table>>> arrow_table;
};

}  // namespace robomerge::parquet
