// Makes the values of those columns of a row group that cannot be copied, in the form in which they
// are written: decoded from rows of the sources, changed, or filled.
#pragma once

#include <arrow/table.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/parquet/row_decoder_internal.h"
#include "formats/parquet/source_columns_internal.h"

namespace robomerge::parquet {

/// The progression that makes this column, or null.
const Progression* FindProgression(const RowGroupSource& row_group, const std::string& column);

/// Whether the values of a column of the row group are others than its source has, by rule.
bool IsMade(const RowGroupSource& row_group, const std::string& column);

class ColumnDecoder {
 public:
  /// Both must outlive it.
  ColumnDecoder(std::span<const SpliceSource> sources,
                const DestinationSchema::Representation& destination)
      : sources_(sources),
        destination_(destination.footer.representation()),
        arrow_schema_(*destination.arrow_schema) {}

  /// Columns of the destination, by number. `from`: one for each range of the row group. Ranges of
  /// a source that follow one another are decoded in one pass.
  Result<std::shared_ptr<arrow::Table>> Decode(const RowGroupSource& row_group,
                                               const std::vector<const SourceColumns*>& from,
                                               const std::vector<size_t>& columns);
  /// Some rows of columns that are filled in all rows of a row group of `num_rows`.
  Result<std::shared_ptr<arrow::RecordBatch>> Filled(uint32_t source_index,
                                                     const SourceColumns& from,
                                                     const std::vector<size_t>& columns,
                                                     uint64_t num_rows) const;
  /// The rows of columns that have values of their own.
  Result<std::shared_ptr<arrow::Table>> Added(const RowGroupSource& row_group,
                                              const SourceColumns& from,
                                              const std::vector<size_t>& columns,
                                              uint64_t num_rows) const;
  /// Per column of the destination that was cast.
  const std::map<size_t, Rounding>& rounded() const { return rounded_; }

 private:
  std::string Place(uint32_t source_index, const std::string& column) const;
  Result<arrow::ChunkedArrayVector> DecodeRange(const RowRange& range, const SourceColumns& from,
                                                const std::vector<size_t>& columns);
  Result<std::shared_ptr<arrow::ChunkedArray>> Rows(const RowRange& range,
                                                    const SourceColumns::Column& column,
                                                    size_t number, const arrow::Table& decoded);

  std::span<const SpliceSource> sources_;
  const Footer::Representation& destination_;
  const arrow::Schema& arrow_schema_;
  std::unique_ptr<RowDecoder> decoder_;
  std::map<size_t, Rounding> rounded_;
};

}  // namespace robomerge::parquet
