// How the columns of one source become those of a destination.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/parquet/destination_schema_internal.h"
#include "formats/parquet/file_splice.h"

namespace robomerge::parquet {

/// Indexed by the destination's columns.
struct SourceColumns {
  struct Column {
    std::string name;  ///< in the source
    /// Null where the column is the source's of the same name.
    const ColumnChange* change = nullptr;
    bool present = false;
    bool copyable = false;
    bool streamable = false;  ///< the leaves differ at most in what may be null
    bool lies_in_files = false;
    uint32_t first_leaf = 0;  ///< in the source
    uint32_t num_leaves = 0;

    bool is_filled() const { return change != nullptr && change->source_column.empty(); }
    bool has_new_values() const {
      return change != nullptr && (change->is_cast || !change->elements.empty());
    }
  };
  std::vector<Column> columns;
  bool same_order = false;  ///< leaf i of the source is leaf i of the destination
  bool drop_ordered_bounds = false;
  bool leaves_out = false;  ///< a column of the source is not in the destination
};

/// Columns are matched by name, as the source's changes say, and their leaves by position within
/// the column; both must have the same shape. kIncompatible when a column of the source is not in
/// the destination; kInvalidArgument when two become one, or one becomes two.
Result<SourceColumns> MatchColumns(const SpliceSource& source,
                                   const DestinationSchema::Representation& destination);

}  // namespace robomerge::parquet
