// What the splice needs of a footer beyond footer.h: where each struct lies in the Thrift bytes, so
// that it can be copied field by field.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "formats/parquet/footer.h"
#include "formats/parquet/thrift_compact.h"

namespace robomerge::parquet {

/// Behind a footer: its length, and the magic.
inline constexpr uint64_t kTailBytes = 8;

/// The place of a column, for messages.
std::string ColumnPlace(const std::string& path, const std::string& column);

/// Field numbers of parquet.thrift, for the structs that are parsed here.
namespace field {
inline constexpr int16_t kFileVersion = 1, kFileSchema = 2, kFileNumRows = 3, kFileRowGroups = 4,
                         kFileKeyValues = 5, kFileCreatedBy = 6, kFileColumnOrders = 7,
                         kFileEncryption = 8;
inline constexpr int16_t kSchemaType = 1, kSchemaTypeLength = 2, kSchemaRepetition = 3,
                         kSchemaName = 4, kSchemaNumChildren = 5, kSchemaConvertedType = 6,
                         kSchemaScale = 7, kSchemaPrecision = 8, kSchemaLogicalType = 10;
inline constexpr int16_t kRowGroupColumns = 1, kRowGroupTotalBytes = 2, kRowGroupNumRows = 3,
                         kRowGroupSorting = 4, kRowGroupFileOffset = 5,
                         kRowGroupCompressedBytes = 6, kRowGroupOrdinal = 7;
inline constexpr int16_t kChunkFilePath = 1, kChunkFileOffset = 2, kChunkMetaData = 3,
                         kChunkOffsetIndexOffset = 4, kChunkOffsetIndexLength = 5,
                         kChunkColumnIndexOffset = 6, kChunkColumnIndexLength = 7, kChunkCrypto = 8,
                         kChunkEncryptedMetaData = 9;
inline constexpr int16_t kMetaType = 1, kMetaEncodings = 2, kMetaPath = 3, kMetaCodec = 4,
                         kMetaNumValues = 5, kMetaUncompressedBytes = 6, kMetaCompressedBytes = 7,
                         kMetaDataPageOffset = 9, kMetaIndexPageOffset = 10,
                         kMetaDictionaryPageOffset = 11, kMetaStatistics = 12,
                         kMetaEncodingStats = 13, kMetaBloomOffset = 14, kMetaBloomLength = 15;
inline constexpr int16_t kStatisticsMax = 1, kStatisticsMin = 2, kStatisticsNullCount = 3,
                         kStatisticsMaxValue = 5, kStatisticsMinValue = 6, kStatisticsMaxExact = 7,
                         kStatisticsMinExact = 8;
inline constexpr int16_t kSortingColumnIndex = 1;
inline constexpr int16_t kPageLocations = 1, kPageLocationOffset = 1;
}  // namespace field

/// The first four bytes as a little-endian number. REQUIRES: there are four.
inline uint32_t LittleEndian32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i)
    value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  return value;
}

/// A span of Footer::Representation::bytes. Footer lengths are 32 bits in the file, so these fit.
struct ByteSpan {
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// Of one column chunk, what footer.h does not show.
struct ChunkPlace {
  ByteSpan thrift;                                            ///< the ColumnChunk struct
  uint64_t column_index_offset = 0, offset_index_offset = 0;  ///< in the file
  uint32_t column_index_bytes = 0, offset_index_bytes = 0;    ///< 0: none
  int32_t codec = 0;                                          ///< parquet.thrift: CompressionCodec
};

/// One field of the FileMetaData struct, as it is in the file.
struct FileField {
  int16_t id = 0;
  ThriftType type = ThriftType::kStop;
  ByteSpan value;
};

struct Footer::Representation {
  std::string path;
  uint64_t file_size_bytes = 0;
  uint64_t footer_begin = 0;      ///< offset of `bytes` in the file
  std::string bytes;              ///< the FileMetaData struct as it is in the file
  std::vector<FileField> fields;  ///< of `bytes`, in their order
  std::vector<Leaf> leaves;
  std::vector<std::string> column_names;
  std::vector<uint32_t> leaf_column;           ///< per leaf: its top-level column
  std::vector<uint32_t> column_first_leaf;     ///< per top-level column, and one past the end
  std::vector<ByteSpan> leaf_schema_elements;  ///< per leaf: its SchemaElement struct
  std::vector<bool> leaf_is_signed;            ///< per leaf: not an unsigned integer
  std::vector<RowGroup> row_groups;
  std::vector<ByteSpan> row_group_thrift;  ///< per row group: the RowGroup struct
  std::vector<ChunkPlace> places;          ///< row group major, one per leaf
  std::vector<uint64_t> first_rows;        ///< per row group, and the total at the end
  std::vector<std::pair<std::string_view, std::string_view>> key_values;  ///< views into `bytes`
  std::string_view created_by;                                            ///< view into `bytes`
  int64_t num_rows = 0;
  bool has_column_orders = false;

  std::string_view span(ByteSpan where) const {
    return std::string_view(bytes).substr(where.begin, where.end - where.begin);
  }
  const ChunkPlace& place(size_t row_group, size_t leaf) const {
    return places[row_group * leaves.size() + leaf];
  }
  /// The top-level column of that name, or nothing.
  std::optional<uint32_t> column(std::string_view name) const;
};

/// Parses and checks `bytes`, the FileMetaData struct that lies at `footer_begin` of a file of
/// `file_size_bytes`.
Result<std::shared_ptr<const Footer::Representation>> ParseFooter(std::string path,
                                                                  uint64_t file_size_bytes,
                                                                  uint64_t footer_begin,
                                                                  std::string bytes);

/// Parses the schema list at the reader into leaves, column names and the tables beside them.
/// `path` names the file in messages.
Status ParseSchema(ThriftReader& reader, size_t num_elements, Footer::Representation& footer);

/// "PAR1", a footer and its length: for files of ours in memory.
Result<std::shared_ptr<const Footer::Representation>> ParseFileInMemory(std::string path,
                                                                        std::string_view file);

}  // namespace robomerge::parquet
