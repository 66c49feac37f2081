// The Arrow side of DestinationSchema.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/parquet/file_splice.h"
#include "formats/parquet/footer_internal.h"

namespace robomerge::parquet {

inline constexpr std::string_view kArrowSchemaKey = "ARROW:schema";

struct DestinationSchema::Representation {
  Footer footer;
  std::shared_ptr<arrow::Schema> arrow_schema;  ///< as Arrow reads a file with that footer
};

/// The Arrow schema as Arrow reads the file: from ARROW:schema where there is one, from the Parquet
/// schema otherwise.
Result<std::shared_ptr<arrow::Schema>> ArrowSchemaOf(const Footer::Representation& footer);

/// num_children of a SchemaElement.
int64_t NumChildren(const Footer::Representation& footer, std::string_view element);

/// The value of ARROW:schema as a schema, and back.
arrow::Result<std::shared_ptr<arrow::Schema>> DecodeArrowSchema(std::string_view encoded);
arrow::Result<std::string> EncodeArrowSchema(const arrow::Schema& schema);

/// The footer of the file that gives the schema, with other columns and no row groups. The same
/// footer if they are its own.
Result<std::shared_ptr<const Footer::Representation>> WithColumns(
    const std::shared_ptr<const Footer::Representation>& owner,
    const std::vector<DestinationColumn>& columns);

/// A column of a destination, for what describes columns beside the schema.
struct DescribedColumn {
  const DestinationColumn* column = nullptr;
  bool has_new_form = false;    ///< new, or of another type than in the file that gives the schema
  bool has_fixed_size = false;  ///< of a vector in a new form: its Arrow type says how many
};

/// The features in the value of the key `huggingface`, in the order of the columns and as
/// `datasets` writes them; nothing if it is not understood.
std::optional<std::string> HuggingFaceFeatures(std::string_view value,
                                               const std::vector<DescribedColumn>& columns,
                                               const std::vector<std::string>& owner_columns);

/// The same for the key `pandas`.
std::optional<std::string> PandasColumns(std::string_view value,
                                         const std::vector<DescribedColumn>& columns,
                                         const std::vector<std::string>& owner_columns);

}  // namespace robomerge::parquet
