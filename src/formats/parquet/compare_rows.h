// Compares rows of two Parquet files, and reads rows as numbers: for verify.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "formats/parquet/column_change.h"
#include "formats/parquet/footer.h"
#include "formats/parquet/pictures.h"
#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

/// Where a column of two row ranges first differs.
struct RowDifference {
  std::string column;
  uint64_t row = 0;  ///< from the start of the range
  std::string expected;
  std::string found;
};

struct ComparedRows {
  std::vector<RowDifference> differences;  ///< at most one per column, in the order of the columns
};

/// Compares row ranges of a file with row ranges of another. Where both ranges are whole row groups
/// and a column chunk has the same bytes, codec and shape in both, it is equal, and decoded once to
/// see that it can be; other columns are decoded in batches and compared value by value, bit by bit
/// (a NaN equals a NaN, 0.0 is not -0.0). Names of list elements and widths of numbers may differ,
/// as in a splice. Under changes, a column is compared with the one of the expected file that
/// becomes it, or with what fills it; elements that are rearranged and numbers that are cast are
/// compared with what the rule makes of the expected ones. Holds one batch of each.
class RowComparer {
 public:
  /// The references must outlive it. `columns`: those to compare, by their name in `file`
  /// (ColumnsInDestination() names what there must be); one that is left out or has another name
  /// is no difference if `file` has none of that name. `pictures`: those of the expected file whose
  /// pictures lie in files, by their name there; `changes`: what has become of the columns of the
  /// expected file, or null.
  RowComparer(const io::RandomAccessFile& file, const Footer& footer,
              const io::RandomAccessFile& expected, const Footer& expected_footer,
              std::vector<std::string> columns, PicturesByPath pictures = {},
              const ColumnChanges* changes = nullptr);
  ~RowComparer();
  RowComparer(RowComparer&&) noexcept;

  /// Rows [first_row, first_row + num_rows) against as many from `expected_first_row`. Ranges in
  /// file order are decoded in one pass. `shift`: what has become of times, or null. `first_value`:
  /// the first row in columns that have values of their own (ColumnChange::values).
  Result<ComparedRows> Compare(uint64_t first_row, uint64_t expected_first_row, uint64_t num_rows,
                               const TimeShift* shift = nullptr, uint64_t first_value = 0);

 private:
  struct Representation;
  std::unique_ptr<Representation> representation_;
};

/// Rows of one column, flattened; nulls read as NaN.
struct NumberRows {
  /// Numbers per row; 0 if rows have different numbers of them.
  uint32_t width = 0;
  std::vector<double> values;  ///< row-major
  /// Instead of `values`, where the reader was asked for floats and the column's type is one that
  /// they hold exactly.
  std::vector<float> floats;
  bool is_float = false;
};

/// Reads columns of numbers and booleans, lists of any depth included.
class NumberReader {
 public:
  NumberReader(const io::RandomAccessFile& file, const Footer& footer,
               const std::vector<std::string>& columns, bool as_floats = false);
  ~NumberReader();
  NumberReader(NumberReader&&) noexcept;

  /// One entry per column that was asked for, in that order. kCorrupt for a column that is missing
  /// or holds no numbers.
  Result<std::vector<NumberRows>> Read(uint64_t first_row, uint64_t num_rows);

 private:
  struct Representation;
  std::unique_ptr<Representation> representation_;
};

}  // namespace robomerge::parquet
