// Reads rows of a source as Arrow tables, in one pass if they are asked for in order, and encodes
// tables as column chunks in memory.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>

#include <memory>
#include <string>
#include <vector>

#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/splice_writer_internal.h"

namespace robomerge::parquet {

/// Decodes some columns of one source. Holds one batch at a time, of one row group or of some small
/// ones that follow each other.
class RowDecoder {
 public:
  /// `leaves`: the columns' leaves, in the order of the source. Both references must outlive the
  /// decoder.
  RowDecoder(const io::RandomAccessFile& file, const Footer::Representation& footer,
             std::vector<int> leaves)
      : file_(file), footer_(footer), leaves_(std::move(leaves)) {}

  const io::RandomAccessFile& file() const { return file_; }
  const std::vector<int>& leaves() const { return leaves_; }
  /// Rows [first_row, first_row + num_rows) of the file; they may span row groups. Going forward
  /// never decodes a row twice.
  Result<std::shared_ptr<arrow::Table>> Read(uint64_t first_row, uint64_t num_rows);
  /// How many rows from `row` on are few enough to be held at once, each with values of its own.
  Result<uint64_t> BatchRows(uint64_t row);

 private:
  size_t NumGroupsFrom(size_t row_group) const;
  Status Open(size_t row_group);
  Status MoveTo(uint64_t row);
  template <typename Call>
  auto Carefully(uint64_t row, Call&& call);

  const io::RandomAccessFile& file_;
  const Footer::Representation& footer_;
  std::vector<int> leaves_;
  std::unique_ptr<::parquet::arrow::FileReader>
      reader_;  // of the last num_groups_ before end_group_
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  uint64_t batch_rows_ = 1;
  size_t num_groups_ = 1, end_group_ = 0;
  bool is_careful_ = false;
  uint64_t groups_end_ = 0;  // row after the last one of these row groups
  std::shared_ptr<arrow::RecordBatch> batch_;
  uint64_t batch_first_row_ = 0;
};

/// A table written as one row group of a Parquet file in memory.
struct EncodedTable {
  std::shared_ptr<arrow::Buffer> file;
  std::shared_ptr<const Footer::Representation> footer;
};

/// Snappy, dictionary, data pages v1, format 2.6: as the recorder writes.
Result<EncodedTable> EncodeTable(const arrow::Table& table, bool page_index,
                                 const std::string& where);

/// The same for `num_rows` rows that are the rows of `batch`, of which there is at least one, over
/// and over.
Result<EncodedTable> EncodeRepeated(const arrow::RecordBatch& batch, uint64_t num_rows,
                                    bool page_index, const std::string& where);

/// The piece of leaf `leaf` of the one row group of `encoded`, which must live as long as the
/// piece.
ChunkPiece PieceOf(const EncodedTable& encoded, size_t leaf);

}  // namespace robomerge::parquet
