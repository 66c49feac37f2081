// The footer of a Parquet file, read by our own Thrift-compact reader: no field is lost, no page is
// decoded, and Arrow is not used.
//
// Source of the rules: apache/parquet-format parquet.thrift and docs/formats/parquet-splice.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

enum class PhysicalType {
  kBoolean,
  kInt32,
  kInt64,
  kInt96,
  kFloat,
  kDouble,
  kByteArray,
  kFixedLenByteArray
};

/// One leaf column of the schema.
struct Leaf {
  std::vector<std::string> path;  ///< names from the top-level column down
  PhysicalType type = PhysicalType::kInt64;
  int max_definition_level = 0;
  int max_repetition_level = 0;
  /// Describes all that must be equal for two leaves' chunks to be exchangeable: repetition at
  /// every level, physical type, type length, logical meaning; not the inner names (`element`,
  /// `item`), not field ids.
  std::string shape;
};

/// One column chunk of a row group.
struct ColumnChunk {
  uint64_t begin = 0;               ///< file offset of its first page (dictionary or data)
  uint64_t compressed_bytes = 0;    ///< total_compressed_size: what is copied
  uint64_t uncompressed_bytes = 0;  ///< total_uncompressed_size
  int64_t num_values = 0;
  /// From statistics, for INT32/INT64 leaves only, and only when the writer's statistics can be
  /// trusted.
  std::optional<int64_t> min_value, max_value;
  /// The same for FLOAT/DOUBLE leaves. NaNs are not among the values that they bound.
  std::optional<double> min_real, max_real;
  std::optional<int64_t> null_count;
};

struct RowGroup {
  int64_t num_rows = 0;
  std::vector<ColumnChunk> columns;  ///< one per leaf, in schema order
  uint64_t uncompressed_bytes() const;
};

class Footer {
 public:
  /// Reads and checks it: magic, lengths, every chunk within the file, rows adding up. kCorrupt
  /// names the file and the byte; kUnsupported for encrypted files, chunks in other files
  /// (file_path), and writers whose chunk sizes cannot be trusted (parquet-mr before PARQUET-816).
  static Result<Footer> Read(const io::RandomAccessFile& file);

  int64_t num_rows() const;
  const std::vector<Leaf>& leaves() const;
  const std::vector<RowGroup>& row_groups() const;
  /// Top-level column names, in order.
  const std::vector<std::string>& column_names() const;
  /// Value of a key of the file's key-value metadata (`huggingface`, `pandas`, `ARROW:schema`), if
  /// present.
  std::optional<std::string_view> key_value(std::string_view key) const;
  /// Sum over row groups and columns of total_uncompressed_size: LeRobot's size measure of a data
  /// file, in bytes.
  uint64_t uncompressed_bytes() const;
  /// Bytes of the footer itself (thrift only).
  uint64_t footer_bytes() const;
  std::string_view created_by() const;

  struct Representation;  // defined in footer_internal.h, for the splice
  /// Holds nothing; only to be assigned to.
  Footer() = default;
  explicit Footer(std::shared_ptr<const Representation> representation);
  const Representation& representation() const { return *representation_; }
  std::shared_ptr<const Representation> shared_representation() const { return representation_; }

 private:
  std::shared_ptr<const Representation> representation_;
};

}  // namespace robomerge::parquet
