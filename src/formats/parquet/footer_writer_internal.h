// Writes the footer of a destination by copying those of the sources field by field: only offsets,
// paths and page index places change.
//
// Rules and their sources: docs/formats/parquet-splice.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/parquet/footer_internal.h"

namespace robomerge::parquet {

/// A column chunk at its place in the destination.
struct PlacedChunk {
  std::string_view thrift;  ///< its ColumnChunk struct where it comes from
  std::string_view path;    ///< the file it comes from, for messages
  uint64_t old_begin = 0;   ///< offset of its first page there
  uint64_t new_begin = 0;
  uint64_t compressed_bytes = 0;
  uint64_t uncompressed_bytes = 0;
  uint64_t column_index_offset = 0, offset_index_offset = 0;  ///< in the destination
  uint32_t column_index_bytes = 0, offset_index_bytes = 0;    ///< 0: none
  /// The source does not state the order of its min_value/max_value but the destination does: they
  /// would gain a meaning they never had.
  bool drop_ordered_bounds = false;
};

struct PlacedRowGroup {
  int64_t num_rows = 0;
  /// The source's RowGroup struct, whose remaining fields are kept; empty for a row group that is
  /// put together from several.
  std::string_view thrift;
  bool keep_sorting = false;
  std::vector<PlacedChunk> chunks;  ///< one per leaf of the destination
};

/// Returns the FileMetaData struct of a file with the schema, key-value metadata and created_by of
/// `destination`.
Result<std::string> WriteFooter(const Footer::Representation& destination,
                                const std::vector<PlacedRowGroup>& row_groups);

/// Returns an OffsetIndex struct with every page moved from old_begin to new_begin, after checking
/// that it lies in the chunk.
Result<std::string> MoveOffsetIndex(std::string_view offset_index, const PlacedChunk& chunk,
                                    uint64_t file_offset);

/// Ok if `bytes` are exactly one Thrift struct.
Status CheckColumnIndex(std::string_view bytes, std::string_view path, uint64_t file_offset);

}  // namespace robomerge::parquet
