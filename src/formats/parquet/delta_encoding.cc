#include "formats/parquet/delta_encoding.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/footer_internal.h"

namespace robomerge::parquet {
namespace {

constexpr uint64_t kBlockValues = 128;
constexpr uint64_t kMiniblocks = 4;
constexpr uint64_t kMiniblockValues = kBlockValues / kMiniblocks;

// parquet.thrift's enumerations.
constexpr int32_t kTypeInt64 = 2, kEncodingRle = 3, kEncodingDelta = 5, kCodecUncompressed = 0,
                  kDataPage = 0, kAscending = 1;

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Deltas wrap around: their arithmetic is modulo 2^64, and only their zigzag form is signed.
void AppendZigzag(uint64_t value, std::string& out) {
  AppendVarint(value << 1 ^ (value >> 63 ? ~uint64_t{0} : 0), out);
}

void AppendLittleEndian(uint64_t value, int num_bytes, std::string& out) {
  for (int i = 0; i < num_bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// Packs values of `width` bits, least significant bit first.
void AppendPacked(std::span<const uint64_t> values, int width, std::string& out) {
  __extension__ using Wide = unsigned __int128;  // up to 7 bits left over and 64 new ones
  Wide buffer = 0;
  int filled = 0;
  for (const uint64_t value : values) {
    buffer |= static_cast<Wide>(value) << filled;
    filled += width;
    for (; filled >= 8; filled -= 8) {
      out.push_back(static_cast<char>(static_cast<uint8_t>(buffer)));
      buffer >>= 8;
    }
  }
  // 32 values of any width fill whole bytes.
}

void AppendBlock(std::span<const uint64_t> deltas, std::string& out) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const uint64_t delta : deltas) least = std::min(least, static_cast<int64_t>(delta));
  AppendZigzag(static_cast<uint64_t>(least), out);
  std::array<uint64_t, kBlockValues> offsets{};
  for (size_t i = 0; i < deltas.size(); ++i) offsets[i] = deltas[i] - static_cast<uint64_t>(least);
  std::array<int, kMiniblocks> widths{};
  for (size_t m = 0; m < kMiniblocks; ++m) {
    for (size_t i = m * kMiniblockValues; i < (m + 1) * kMiniblockValues; ++i)
      widths[m] = std::max(widths[m], static_cast<int>(std::bit_width(offsets[i])));
    out.push_back(static_cast<char>(widths[m]));
  }
  for (size_t m = 0; m < kMiniblocks; ++m)
    AppendPacked(std::span(offsets).subspan(m * kMiniblockValues, kMiniblockValues), widths[m],
                 out);
}

struct Bounds {
  int64_t least = 0;
  int64_t most = 0;
  bool ascending = true;
};

Result<Bounds> BoundsOf(const Int64Values& values, uint64_t num_rows) {
  if (const auto* run = std::get_if<Int64Run>(&values)) {
    __extension__ using Wide = __int128;
    const Wide wide_last =
        run->first + static_cast<Wide>(run->step) * static_cast<Wide>(num_rows - 1);
    if (wide_last < std::numeric_limits<int64_t>::min() ||
        wide_last > std::numeric_limits<int64_t>::max()) {
      return Problem(Code::kInvalidArgument, "a run of values leaves int64")
          .Found(StrCat(num_rows, " values from ", run->first, " in steps of ", run->step));
    }
    const auto last = static_cast<int64_t>(wide_last);
    return Bounds{std::min(run->first, last), std::max(run->first, last), run->step >= 0};
  }
  const auto& vector = std::get<std::vector<int64_t>>(values);
  if (vector.size() != num_rows) {
    return Problem(Code::kInvalidArgument,
                   "a column has another number of values than its row group has rows")
        .Expected(StrCat(num_rows, " values"))
        .Found(StrCat(vector.size(), " values"));
  }
  const auto [least, most] = std::minmax_element(vector.begin(), vector.end());
  return Bounds{*least, *most, std::is_sorted(vector.begin(), vector.end())};
}

std::string Plain(int64_t value) {
  std::string out;
  AppendLittleEndian(static_cast<uint64_t>(value), 8, out);
  return out;
}

std::string HeaderOfPage(int32_t num_values, int32_t page_bytes) {
  std::string out;
  ThriftWriter writer(out);
  writer.BeginStruct();
  writer.I32(1, kDataPage);
  writer.I32(2, page_bytes);
  writer.I32(3, page_bytes);
  writer.BeginStructField(5);  // DataPageHeader
  writer.I32(1, num_values);
  writer.I32(2, kEncodingDelta);
  writer.I32(3, kEncodingRle);
  writer.I32(4, kEncodingRle);
  writer.EndStruct();
  writer.EndStruct();
  return out;
}

std::string ChunkThrift(const Bounds& bounds, int64_t num_values, int64_t num_bytes) {
  std::string out;
  ThriftWriter writer(out);
  writer.BeginStruct();
  writer.I64(field::kChunkFileOffset, 0);
  writer.BeginStructField(field::kChunkMetaData);
  writer.I32(field::kMetaType, kTypeInt64);
  writer.ListField(field::kMetaEncodings, ThriftType::kI32, 2);
  writer.ElementInteger(kEncodingRle);
  writer.ElementInteger(kEncodingDelta);
  writer.ListField(field::kMetaPath, ThriftType::kBinary, 0);
  writer.I32(field::kMetaCodec, kCodecUncompressed);
  writer.I64(field::kMetaNumValues, num_values);
  writer.I64(field::kMetaUncompressedBytes, num_bytes);
  writer.I64(field::kMetaCompressedBytes, num_bytes);
  writer.I64(field::kMetaDataPageOffset, static_cast<int64_t>(kEncodedChunkBegin));
  // Both pairs: a reader of a file without column_orders only looks at the older one, and one that
  // finds a Statistics struct without any bounds may prune every row (datafusion 55).
  const std::string least = Plain(bounds.least), most = Plain(bounds.most);
  writer.BeginStructField(field::kMetaStatistics);
  writer.Binary(field::kStatisticsMax, most);
  writer.Binary(field::kStatisticsMin, least);
  writer.I64(field::kStatisticsNullCount, 0);
  writer.Binary(field::kStatisticsMaxValue, most);
  writer.Binary(field::kStatisticsMinValue, least);
  writer.Bool(field::kStatisticsMaxExact, true);
  writer.Bool(field::kStatisticsMinExact, true);
  writer.EndStruct();
  writer.ListField(field::kMetaEncodingStats, ThriftType::kStruct, 1);
  writer.BeginStruct();
  writer.I32(1, kDataPage);
  writer.I32(2, kEncodingDelta);
  writer.I32(3, 1);
  writer.EndStruct();
  writer.EndStruct();
  writer.EndStruct();
  return out;
}

std::string ColumnIndex(const Bounds& bounds) {
  std::string out;
  ThriftWriter writer(out);
  writer.BeginStruct();
  writer.ListField(1, ThriftType::kTrue, 1);  // null_pages
  writer.ElementBool(false);
  writer.ListField(2, ThriftType::kBinary, 1);
  writer.ElementBinary(Plain(bounds.least));
  writer.ListField(3, ThriftType::kBinary, 1);
  writer.ElementBinary(Plain(bounds.most));
  writer.I32(4, kAscending);                 // of one page, whatever its values
  writer.ListField(5, ThriftType::kI64, 1);  // null_counts
  writer.ElementInteger(0);
  writer.EndStruct();
  return out;
}

std::string OffsetIndex(int32_t page_bytes) {
  std::string out;
  ThriftWriter writer(out);
  writer.BeginStruct();
  writer.ListField(field::kPageLocations, ThriftType::kStruct, 1);
  writer.BeginStruct();
  writer.I64(field::kPageLocationOffset, static_cast<int64_t>(kEncodedChunkBegin));
  writer.I32(2, page_bytes);
  writer.I64(3, 0);
  writer.EndStruct();
  writer.EndStruct();
  return out;
}

}  // namespace

namespace internal {

void AppendDeltaBinaryPacked(const Int64Values& values, uint64_t num_values, std::string& out) {
  const auto* run = std::get_if<Int64Run>(&values);
  const auto* vector = std::get_if<std::vector<int64_t>>(&values);
  AppendVarint(kBlockValues, out);
  AppendVarint(kMiniblocks, out);
  AppendVarint(num_values, out);
  AppendZigzag(num_values == 0 ? 0 : static_cast<uint64_t>(run ? run->first : vector->front()),
               out);
  std::array<uint64_t, kBlockValues> deltas{};
  if (run) deltas.fill(static_cast<uint64_t>(run->step));
  for (uint64_t done = 1; done < num_values; done += kBlockValues) {
    const auto count = static_cast<size_t>(std::min(kBlockValues, num_values - done));
    for (size_t i = 0; vector && i < count; ++i) {
      deltas[i] = static_cast<uint64_t>((*vector)[done + i]) -
                  static_cast<uint64_t>((*vector)[done + i - 1]);
    }
    AppendBlock(std::span(deltas).first(count), out);
  }
}

}  // namespace internal

Result<EncodedChunk> EncodeInt64Chunk(const Int64Values& values, uint64_t num_rows, bool optional) {
  // The worst miniblock takes 8 bytes per value and one for its width; page sizes are 32 bits in
  // the format.
  constexpr uint64_t kMostRows = (uint64_t{1} << 31) / 10;
  if (num_rows == 0 || num_rows > kMostRows) {
    return Problem(Code::kUnsupported, "a row group has too many rows for one page")
        .Expected(StrCat("1 to ", WithSeparators(kMostRows)))
        .Found(WithSeparators(num_rows));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const Bounds bounds, BoundsOf(values, num_rows));
  std::string page;
  if (optional) {
    // One run of definition level 1, in the RLE/bit-packed hybrid with its length before it.
    std::string levels;
    AppendVarint(num_rows << 1, levels);
    levels.push_back(1);
    AppendLittleEndian(levels.size(), 4, page);
    page += levels;
  }
  internal::AppendDeltaBinaryPacked(values, num_rows, page);
  EncodedChunk chunk;
  chunk.pages = HeaderOfPage(static_cast<int32_t>(num_rows), static_cast<int32_t>(page.size()));
  chunk.pages += page;
  chunk.thrift =
      ChunkThrift(bounds, static_cast<int64_t>(num_rows), static_cast<int64_t>(chunk.pages.size()));
  chunk.column_index = ColumnIndex(bounds);
  chunk.offset_index = OffsetIndex(static_cast<int32_t>(chunk.pages.size()));
  return chunk;
}

}  // namespace robomerge::parquet
