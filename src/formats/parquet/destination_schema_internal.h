// The Arrow side of DestinationSchema.
#pragma once

#include <arrow/type.h>

#include <memory>

#include "formats/parquet/file_splice.h"
#include "formats/parquet/footer_internal.h"

namespace robomerge::parquet {

struct DestinationSchema::Representation {
  Footer footer;
  std::shared_ptr<arrow::Schema> arrow_schema;  ///< as Arrow reads a file with that footer
};

/// The Arrow schema as Arrow reads the file: from ARROW:schema where there is one, from the Parquet
/// schema otherwise.
Result<std::shared_ptr<arrow::Schema>> ArrowSchemaOf(const Footer::Representation& footer);

}  // namespace robomerge::parquet
