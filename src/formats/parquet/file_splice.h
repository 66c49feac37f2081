// Builds one Parquet file out of the row groups of others: column chunks are copied raw, chosen
// int64 columns are encoded anew, and columns that cannot be copied (other nullability, width or
// unit; other row grouping) are decoded, cast and encoded, one by one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "formats/parquet/column_change.h"
#include "formats/parquet/footer.h"
#include "formats/parquet/pictures.h"
#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

/// New values for one int64 column of a row group, all non-null.
struct Int64Run {  ///< first, first + step, first + 2 * step, ... one per row
  int64_t first = 0;
  int64_t step = 0;
};
using Int64Values = std::variant<Int64Run, std::vector<int64_t>>;

/// A column of numbers whose rows become 0, 1, 2, ... times numerator / denominator, in the type
/// that it has in the destination.
struct Progression {
  std::string column;
  uint64_t numerator = 1, denominator = 1;
};

/// A range of rows of one open source file.
struct RowRange {
  uint32_t source_index = 0;
  uint64_t first_row = 0;  ///< within the source file
  uint64_t num_rows = 0;   ///< > 0
};

/// A range of rows, or several one after another, that become exactly one row group of the
/// destination.
struct RowGroupSource {
  uint32_t source_index = 0;
  uint64_t first_row = 0;  ///< within the source file
  uint64_t num_rows = 0;   ///< > 0
  /// Columns (top-level names, scalar) whose values are replaced.
  std::vector<std::pair<std::string, Int64Values>> replaced;
  std::vector<Progression> progressions = {};
  std::optional<TimeShift> shift = {};
  std::vector<RowRange> more = {};  ///< what follows
  /// Its first row in columns that have values of their own (ColumnChange::values).
  uint64_t first_value = 0;

  RowRange first() const { return {source_index, first_row, num_rows}; }
};

struct SpliceSource {
  const io::RandomAccessFile* file = nullptr;
  const Footer* footer = nullptr;
  /// Columns whose pictures lie in files; null: none.
  const PicturesByPath* pictures = nullptr;
  /// What its columns become; null: they stay what they are. Must outlive the splice.
  const ColumnChanges* changes = nullptr;
};

struct SpliceOptions {
  uint64_t alignment_bytes =
      1;  ///< 1: packed; a block size: the embedding layout, whose extents can be shared
  bool keep_page_index = true;
  /// Packed layout only: write all but the raw payload, and name its ranges in
  /// SpliceReport::left_to_copy instead of copying them.
  bool leaves_copies = false;
};

struct SpliceReport {
  uint64_t file_size_bytes = 0;
  io::MovedBytes raw;  ///< payload copied as it was
  std::vector<io::PayloadRange>
      left_to_copy;  ///< where SpliceOptions::leaves_copies; in order of destination offset
  uint64_t encoded_bytes = 0;       ///< column chunks encoded by us
  uint64_t num_chunks_decoded = 0;  ///< column chunks that had to be decoded and encoded
  /// Per column that was cast, in the order of the destination.
  std::vector<std::pair<std::string, Rounding>> rounded;
};

/// kCorrupt if Arrow cannot make a schema of the footer, so that no column could be decoded. A
/// schema that was sound before is not looked at again.
Status CheckArrowSchema(const Footer& footer);

/// A column of a destination whose columns are not those of the file that gives the schema.
struct DestinationColumn {
  std::string name;
  std::string owner_column;  ///< its name in that file; empty: it is new
  /// What a rule makes of the type, as in LeRobot's features: a number, `bool` or `string`. Empty,
  /// or of any other kind: it stays what it is in the file, which may not be what features say.
  std::string dtype = {};
  std::vector<int64_t> shape = {};

  /// Whether a row is one value, not a list.
  bool is_single() const { return shape.empty() || (shape.size() == 1 && shape.front() == 1); }
};

/// The schema of a destination data file: leaves, order, Arrow schema and key-value metadata.
class DestinationSchema {
 public:
  /// The schema, key-value metadata and created_by of `footer`, with `int64_columns` changed to
  /// plain INT64 where they are other integers, and `nullable_columns` to columns that may hold
  /// nulls at every level (ARROW:schema is changed with them). kIncompatible when one of the first
  /// is not there, or is not a scalar integer. With `columns`, these are all that it has, in this
  /// order: kept under the same or another name, in a new form where dtype or shape are others, or
  /// new, as LeRobot and `datasets` write them; ARROW:schema, `huggingface` and `pandas` follow.
  /// The other two lists then go by these names.
  static Result<DestinationSchema> From(const io::RandomAccessFile& file, const Footer& footer,
                                        const std::vector<std::string>& int64_columns,
                                        const std::vector<std::string>& nullable_columns = {},
                                        const std::vector<DestinationColumn>& columns = {});
  /// A footer with that schema and no row groups.
  const Footer& footer() const;

  struct Representation;  // defined in destination_schema_internal.h
  explicit DestinationSchema(std::shared_ptr<const Representation> representation);
  const Representation& representation() const { return *representation_; }

 private:
  std::shared_ptr<const Representation> representation_;
};

/// Writes the destination: bytes of all row groups in the given order, then page indexes and
/// footer. A row group of the destination is spliced raw where [first_row, first_row + num_rows) is
/// exactly one source row group and all of it, decoded otherwise. Columns are matched by name,
/// after the changes of their source: their order may differ, but a source must then have exactly
/// the columns of the destination (replaced ones may be missing). Only columns whose elements or
/// numbers change are decoded for it; what is left out is not read. Memory: footers, page indexes
/// and what is decoded of one row group, which for large columns of one source file is a page at a
/// time; consecutive ranges of one source are decoded in one pass if they are in row order. Does
/// not close `output`, which must be new. Deterministic: the same sources give the same bytes. The
/// schema may be shared by threads. kCorrupt when the bytes of a source contradict its footer;
/// kIncompatible when a column is missing or cannot be cast (names file and column);
/// kInvalidArgument when a row range, a change or a replaced column does not fit.
Result<SpliceReport> WriteSplice(std::span<const SpliceSource> sources,
                                 std::span<const RowGroupSource> row_groups,
                                 const DestinationSchema& schema, const SpliceOptions& options,
                                 io::OutputFile& output);

/// Reads one scalar integer column of the whole file (INT32 or INT64, widened), rows in file order.
/// A row group whose statistics say that all values are equal is not decoded. kCorrupt on nulls.
Result<std::vector<int64_t>> ReadInt64Column(const io::RandomAccessFile& file, const Footer& footer,
                                             const std::string& column);
/// The same for one row group, which is decoded whatever its statistics say.
Result<std::vector<int64_t>> ReadInt64Column(const io::RandomAccessFile& file, const Footer& footer,
                                             const std::string& column, size_t row_group);

}  // namespace robomerge::parquet
