// Reads and writes small Parquet tables (tasks, episodes) as a whole, behind an interface without
// Arrow. What the usual writers write is read without Arrow (page_decoder_internal.h), everything
// else through it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

/// A nested list column of numbers, flattened: a cell of statistics. Integers and booleans are
/// widened to double; a null inside a list of floats reads as NaN.
struct NumberLists {
  enum class Element { kInteger, kFloat, kBoolean };
  Element element = Element::kFloat;
  int list_depth =
      1;  ///< 1: list<T>; 3: list<list<list<T>>>, the (C,1,1) of cameras; 0: a plain scalar
  std::vector<uint32_t> cell_begin;  ///< num_rows + 1 offsets into `values`
  std::vector<double> values;
  std::vector<bool> is_null;  ///< per row
};

/// An immutable table, held in memory. Columns are decoded when they are asked for: damage inside
/// them is found then.
class Table {
 public:
  /// Takes the bytes of the whole file at once.
  static Result<Table> Read(const io::RandomAccessFile& file);
  /// Reads only `columns`, now (unknown names are left out).
  static Result<Table> ReadColumns(const io::RandomAccessFile& file,
                                   const std::vector<std::string>& columns);

  int64_t num_rows() const;
  const std::vector<std::string>& column_names() const;
  bool has(const std::string& column) const;
  /// Sum of total_uncompressed_size over all column chunks of the FILE (all columns), bytes: what
  /// size limits are measured in.
  uint64_t uncompressed_bytes() const;
  /// Value of a key of the schema's key-value metadata (e.g. "pandas").
  std::optional<std::string> key_value(const std::string& key) const;

  /// Integer column of any width, widened. kCorrupt on nulls or another type (names file and
  /// column).
  Result<std::vector<int64_t>> Int64s(const std::string& column) const;
  /// The same, where other numbers may stand for whole ones: 7.0 is 7. `otherwise` where the row
  /// has no whole number (null, NaN, 0.5), and in every row if there is no such column.
  Result<std::vector<int64_t>> Int64sOr(const std::string& column, int64_t otherwise) const;
  Result<std::vector<double>> Doubles(
      const std::string& column) const;  ///< float, double or integer, widened
  /// The same, with NaN for nulls, and in every row if there is no such column.
  Result<std::vector<double>> DoublesOrNan(const std::string& column) const;
  Result<std::vector<std::string>> Strings(
      const std::string& column) const;  ///< string, large_string, dictionary of them
  Result<std::vector<std::vector<std::string>>> StringLists(const std::string& column) const;
  /// Whether the column holds one text in each row, not lists of them.
  bool HoldsStrings(const std::string& column) const;
  Result<NumberLists> Numbers(const std::string& column) const;

  struct Representation;  // holds the Arrow table; defined in table_internal.h
  explicit Table(std::shared_ptr<const Representation> representation);
  const Representation& representation() const { return *representation_; }

 private:
  std::shared_ptr<const Representation> representation_;
};

/// Builds a table column by column and writes it as one Parquet file: snappy, dictionary,
/// format 2.6, one row group per `rows_per_group`. Deterministic bytes.
class TableWriter {
 public:
  TableWriter();
  ~TableWriter();
  void AddInt64(const std::string& name, std::vector<int64_t> values);
  void AddDouble(const std::string& name, std::vector<double> values);
  void AddString(const std::string& name, std::vector<std::string> values);
  void AddStringList(const std::string& name, std::vector<std::vector<std::string>> values);
  /// list^depth<double>; kInteger writes list^depth<int64>. A null row is a null cell. For
  /// list_depth 3 a cell of C values has shape (C,1,1).
  void AddNumbers(const std::string& name, NumberLists values);
  /// Columns of other tables, row blocks one after another: for each block the table (or none:
  /// nulls) and its number of rows. Types are unified (null with anything, narrower with wider
  /// numbers); kIncompatible names the column where that cannot be.
  struct Block {
    const Table* table = nullptr;
    std::vector<int64_t> rows;
  };  ///< rows: row numbers of `table`, in the order wanted
  Status AddCarried(const std::string& name, const std::vector<Block>& blocks);
  /// Schema metadata "pandas" that makes `index_column` the index, by that name, when pandas reads
  /// the file.
  void SetPandasIndex(const std::string& index_column);
  /// Returns the size of the file in bytes. kInvalidArgument when the columns differ in length or
  /// the index column is missing. Does not close `output`. Call it once.
  Result<uint64_t> Write(io::OutputFile& output, int64_t rows_per_group = 1 << 20);

 private:
  struct Representation;
  std::unique_ptr<Representation> representation_;
};

}  // namespace robomerge::parquet
