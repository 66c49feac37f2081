// Column chunks of new int64 values: one data page, DELTA_BINARY_PACKED, uncompressed. An
// arithmetic run of a thousand rows takes about 60 bytes.
//
// Source of the rules: apache/parquet-format Encodings.md ("Delta Encoding") and parquet.thrift.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "formats/parquet/file_splice.h"

namespace robomerge::parquet {

/// The offset at which an EncodedChunk is assumed to lie, as in a file of its own: after the magic.
inline constexpr uint64_t kEncodedChunkBegin = 4;

/// A column chunk and its metadata. Offsets inside count as if `pages` lay at kEncodedChunkBegin.
struct EncodedChunk {
  std::string pages;         ///< page header and page
  std::string thrift;        ///< the ColumnChunk struct, with statistics, without a path
  std::string column_index;  ///< the ColumnIndex struct
  std::string offset_index;  ///< the OffsetIndex struct
};

/// Encodes `num_rows` (> 0) values, none null. `optional`: the leaf is OPTIONAL, so definition
/// levels are written. kInvalidArgument when the values are not `num_rows`, or a run leaves int64;
/// kUnsupported when they do not fit one page.
Result<EncodedChunk> EncodeInt64Chunk(const Int64Values& values, uint64_t num_rows, bool optional);

namespace internal {

/// Appends the DELTA_BINARY_PACKED encoding of `values`: blocks of 128 in four miniblocks.
void AppendDeltaBinaryPacked(const Int64Values& values, uint64_t num_values, std::string& out);

}  // namespace internal

}  // namespace robomerge::parquet
