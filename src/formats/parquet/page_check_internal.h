// Looks at the page headers of column chunks: what they claim must fit the chunk, and the bytes of
// the page as far as these say how long they become. Nothing is decompressed.
//
// Source of the rules: apache/parquet-format parquet.thrift; the frame headers of Snappy
// (format_description.txt) and Zstandard (RFC 8878, 3.1.1.1).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "formats/parquet/footer_internal.h"
#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

// parquet.thrift: PageType, Encoding, CompressionCodec.
inline constexpr int32_t kDataPage = 0, kDictionaryPage = 2, kDataPageV2 = 3;
inline constexpr int32_t kPlain = 0, kPlainDictionary = 2, kRle = 3, kRleDictionary = 8;
inline constexpr int32_t kUncompressed = 0, kSnappy = 1, kZstd = 6;

struct PageHeader {
  int32_t type = -1;
  int64_t uncompressed_bytes = -1, compressed_bytes = -1;
  int64_t num_values = -1;  ///< of data and dictionary pages
  int32_t encoding = -1, definition_encoding = -1, repetition_encoding = -1;
  int64_t level_bytes = 0;  ///< of v2 pages: what lies uncompressed in front
  bool is_compressed = true;
};

/// Reads the header at the beginning of `bytes`; its length goes to `header_bytes`. False if it is
/// no header, or does not end in `bytes`. Numbers are as they are claimed.
bool ReadPageHeader(std::string_view bytes, PageHeader& page, size_t& header_bytes);

/// Bytes of one value of a fixed width; 0 for BYTE_ARRAY and FIXED_LEN_BYTE_ARRAY.
uint64_t WidthOf(PhysicalType type);

/// Reads one file's page headers in passing: neighbours come with one read.
class PageCheck {
 public:
  /// Both references must outlive it. `kind`: of the problems, a literal.
  PageCheck(const io::RandomAccessFile& file, const Footer::Representation& footer,
            const char* kind = "E-data-file")
      : file_(file), footer_(footer), kind_(kind) {}

  /// kCorrupt if no reader could decode the chunk.
  Status CheckChunk(size_t row_group, size_t leaf);
  /// The most bytes that the values of a chunk take when each stands for itself. More than the
  /// footer says where a dictionary holds long values.
  Result<uint64_t> MostDecodedBytes(size_t row_group, size_t leaf);
  /// The same for the leaf's values in some rows of the file, whose chunks are checked now.
  Result<uint64_t> MostDecodedBytes(uint64_t first_row, uint64_t num_rows, size_t leaf);

 private:
  Problem Corrupt(size_t row_group, size_t leaf, uint64_t at, std::string what) const;
  Status CheckPage(size_t row_group, size_t leaf, const PageHeader& page, uint64_t at,
                   uint64_t body);
  /// The header at `at`, of a chunk that ends at `end`; where its page begins goes to `body`.
  Result<bool> Header(uint64_t at, uint64_t end, PageHeader& page, uint64_t& body);
  /// What there is of [at, at + length), but not beyond the footer.
  Result<std::string_view> Bytes(uint64_t at, uint64_t length);

  const io::RandomAccessFile& file_;
  const Footer::Representation& footer_;
  const char* kind_;
  uint64_t window_begin_ = 0;
  std::string window_;
  std::map<std::pair<size_t, size_t>, uint64_t> most_bytes_;  // per row group and leaf
};

}  // namespace robomerge::parquet
