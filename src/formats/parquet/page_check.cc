#include <parquet/column_page.h>
#include <parquet/column_reader.h>

#include <algorithm>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/page_check_internal.h"

namespace robomerge::parquet {
namespace {

// One read serves the headers of many small chunks.
constexpr uint64_t kWindowBytes = uint64_t{16} << 10;
// A header holds statistics: usual writers leave out values of more than some kB.
constexpr uint64_t kMostHeaderBytes = uint64_t{16} << 20;
constexpr uint64_t kPreambleBytes = 18;  // the longest of a Zstandard frame
constexpr int32_t kLastEncoding = 9, kNoEncoding = 1;
// A dictionary page that makes no more of a chunk is not looked into.
constexpr uint64_t kSmallChunkBytes = uint64_t{16} << 20;

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return value;
}

std::optional<uint64_t> SnappyLength(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), 5); ++i) {
    value |= static_cast<uint64_t>(bytes[i] & 0x7f) << (7 * i);
    if ((bytes[i] & 0x80) == 0) return value;
  }
  return std::nullopt;
}

// Nothing where the frame does not say it.
std::optional<uint64_t> ZstdLength(std::string_view bytes) {
  if (bytes.size() < 5 || LittleEndian32(bytes) != 0xfd2fb528) return std::nullopt;
  const auto descriptor = static_cast<uint8_t>(bytes[4]);
  const bool is_single_segment = (descriptor & 0x20) != 0;
  const int flag = descriptor >> 6;
  const size_t length = flag == 0 ? (is_single_segment ? 1 : 0) : size_t{1} << flag;
  static constexpr size_t kDictionaryIdBytes[] = {0, 1, 2, 4};
  const size_t begin = 5 + (is_single_segment ? 0 : 1) + kDictionaryIdBytes[descriptor & 3];
  if (length == 0 || bytes.size() < begin + length) return std::nullopt;
  return LittleEndian(bytes.substr(begin, length)) + (flag == 1 ? 256 : 0);
}

}  // namespace

bool ReadPageHeader(std::string_view bytes, PageHeader& page, size_t& header_bytes) {
  ThriftReader reader(bytes, {}, "page header", 0);
  for (ThriftStructReader header(reader, "PageHeader"); header.Next();) {
    if (header.id() == 1) page.type = header.Int32();
    if (header.id() == 2) page.uncompressed_bytes = header.Integer();
    if (header.id() == 3) page.compressed_bytes = header.Integer();
    const bool is_v2 = header.id() == 8;
    // data_page_header, dictionary_page_header, data_page_header_v2
    if (header.id() != 5 && header.id() != 7 && !is_v2) continue;
    header.Struct();
    for (ThriftStructReader kind(reader, "DataPageHeader"); kind.Next();) {
      if (kind.id() == 1) page.num_values = kind.Integer();
      if (kind.id() == (is_v2 ? 4 : 2)) page.encoding = kind.Int32();
      if (is_v2) {
        if (kind.id() == 5 || kind.id() == 6) page.level_bytes += kind.Count();
        if (kind.id() == 7) page.is_compressed = kind.Bool();
        continue;
      }
      if (kind.id() == 3 && kind.type() == ThriftType::kI32)
        page.definition_encoding = kind.Int32();
      if (kind.id() == 4 && kind.type() == ThriftType::kI32)
        page.repetition_encoding = kind.Int32();
    }
  }
  header_bytes = reader.position();
  return reader.ok();
}

uint64_t WidthOf(PhysicalType type) {
  switch (type) {
    case PhysicalType::kBoolean:
      return 1;
    case PhysicalType::kInt32:
    case PhysicalType::kFloat:
      return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kDouble:
      return 8;
    case PhysicalType::kInt96:
      return 12;
    default:
      return 0;
  }
}

Problem PageCheck::Corrupt(size_t row_group, size_t leaf, uint64_t at, std::string what) const {
  return Problem(Code::kCorrupt,
                 StrCat("a page of column `", Join(footer_.leaves[leaf].path, "."), "` ", what))
      .Kind(kind_)
      .At(StrCat(footer_.path, ": row group ", row_group, ", byte ", WithSeparators(at)))
      .Hint(
          "copy the file again, or leave its episodes out of a merge with --exclude-episodes: no "
          "reader can decode it");
}

Result<std::string_view> PageCheck::Bytes(uint64_t at, uint64_t length) {
  length = std::min(length, footer_.footer_begin - std::min(footer_.footer_begin, at));
  const bool is_inside =
      at >= window_begin_ && RangeFits(at - window_begin_, length, window_.size());
  if (!is_inside) {
    window_begin_ = at;
    window_.resize(std::min(std::max(length, kWindowBytes), footer_.footer_begin - at));
    const Status read = file_.ReadAt(at, std::as_writable_bytes(std::span<char>(window_)));
    if (!read.ok()) window_.clear();
    ROBOMERGE_RETURN_NOT_OK(read);
  }
  return std::string_view(window_).substr(at - window_begin_);
}

Result<bool> PageCheck::Header(uint64_t at, uint64_t end, PageHeader& page, uint64_t& body) {
  for (uint64_t length = 128;; length *= 8) {
    const uint64_t most = std::min(end - at, kMostHeaderBytes);
    ROBOMERGE_ASSIGN_OR_RETURN(std::string_view bytes, Bytes(at, std::min(length, most)));
    bytes = bytes.substr(0, most);
    page = PageHeader();
    size_t header_bytes = 0;
    if (ReadPageHeader(bytes, page, header_bytes)) {
      body = at + header_bytes;
      return true;
    }
    if (bytes.size() >= most) return false;
  }
}

Status PageCheck::CheckPage(size_t row_group, size_t leaf, const PageHeader& page, uint64_t at,
                            uint64_t body) {
  const ColumnChunk& chunk = footer_.row_groups[row_group].columns[leaf];
  const auto claimed = static_cast<uint64_t>(page.uncompressed_bytes);
  const auto stored = static_cast<uint64_t>(page.compressed_bytes);
  const int32_t codec = page.is_compressed ? footer_.place(row_group, leaf).codec : kUncompressed;
  const auto levels = static_cast<uint64_t>(page.level_bytes);
  if (levels > stored)
    return Corrupt(row_group, leaf, at, "claims more bytes of levels than it has");
  // How long the page becomes, where its bytes tell.
  std::optional<uint64_t> real;
  if (codec == kUncompressed) real = stored;
  if (codec == kSnappy || codec == kZstd) {
    ROBOMERGE_ASSIGN_OR_RETURN(std::string_view bytes,
                               Bytes(body + levels, std::min(stored - levels, kPreambleBytes)));
    bytes = bytes.substr(0, stored - levels);
    if (!bytes.empty()) real = codec == kSnappy ? SnappyLength(bytes) : ZstdLength(bytes);
    if (real) *real += levels;
  }
  const bool is_possible =
      real ? claimed == *real
           : claimed <= chunk.uncompressed_bytes && (claimed > 0 || page.num_values == 0);
  if (!is_possible) {
    return Corrupt(row_group, leaf, at, "claims another size than it has")
        .Expected(real ? StrCat(WithSeparators(*real), " bytes")
                       : StrCat("at most ", WithSeparators(chunk.uncompressed_bytes), " bytes"))
        .Found(StrCat(WithSeparators(claimed), " bytes"));
  }
  if (page.encoding < 0 || page.encoding > kLastEncoding || page.encoding == kNoEncoding) {
    return Corrupt(row_group, leaf, at,
                   StrCat("is encoded in a way that no reader knows, encoding ", page.encoding));
  }
  const PhysicalType type = footer_.leaves[leaf].type;
  const uint64_t width = type == PhysicalType::kByteArray ? 4 : WidthOf(type);
  const bool is_dictionary = page.type == kDictionaryPage;
  if (is_dictionary && width > 1 && static_cast<uint64_t>(page.num_values) > claimed / width) {
    return Corrupt(row_group, leaf, at, "claims more entries than its bytes can hold")
        .Found(StrCat(page.num_values, " in ", WithSeparators(claimed), " bytes"));
  }
  return Status();
}

Status PageCheck::CheckChunk(size_t row_group, size_t leaf) {
  const ColumnChunk& chunk = footer_.row_groups[row_group].columns[leaf];
  const uint64_t end = chunk.begin + chunk.compressed_bytes;
  bool has_dictionary = false;
  int64_t num_values = 0;
  for (uint64_t at = chunk.begin; num_values < chunk.num_values && at < end;) {
    PageHeader page;
    uint64_t body = 0;
    ROBOMERGE_ASSIGN_OR_RETURN(const bool is_header, Header(at, end, page, body));
    if (!is_header) return Corrupt(row_group, leaf, at, "has a damaged header");
    if (page.uncompressed_bytes < 0 || page.compressed_bytes < 0 ||
        static_cast<uint64_t>(page.compressed_bytes) > end - body) {
      return Corrupt(row_group, leaf, at, "claims another size than it has")
          .Expected(StrCat("0 to ", WithSeparators(end - body), " bytes"))
          .Found(StrCat(page.compressed_bytes, " bytes, ", page.uncompressed_bytes,
                        " when decompressed"));
    }
    const bool is_data = page.type == kDataPage || page.type == kDataPageV2;
    if (is_data || page.type == kDictionaryPage) {
      if (page.num_values < 0) return Corrupt(row_group, leaf, at, "has no number of values");
      ROBOMERGE_RETURN_NOT_OK(CheckPage(row_group, leaf, page, at, body));
      const bool needs_dictionary =
          is_data && (page.encoding == kPlainDictionary || page.encoding == kRleDictionary);
      if (needs_dictionary && !has_dictionary && page.num_values > 0)
        return Corrupt(row_group, leaf, at, "needs a dictionary, and there is none before it");
    }
    has_dictionary = has_dictionary || page.type == kDictionaryPage;
    if (is_data) num_values += std::min(page.num_values, INT64_MAX - num_values);
    at = body + static_cast<uint64_t>(page.compressed_bytes);
  }
  if (num_values == chunk.num_values) return Status();
  return Corrupt(row_group, leaf, chunk.begin, "or several hold another number of values in all")
      .Expected(
          StrCat(WithSeparators(static_cast<uint64_t>(chunk.num_values)), " (from the footer)"))
      .Found(WithSeparators(static_cast<uint64_t>(num_values)));
}

Result<uint64_t> PageCheck::MostDecodedBytes(size_t row_group, size_t leaf) {
  const ColumnChunk& chunk = footer_.row_groups[row_group].columns[leaf];
  const auto num_values = static_cast<uint64_t>(chunk.num_values);
  const auto times = [&](uint64_t bytes) {
    const auto product = CheckedMultiply<uint64_t>(num_values, bytes);
    const auto sum =
        product ? CheckedAdd<uint64_t>(*product, chunk.uncompressed_bytes) : std::nullopt;
    return sum.value_or(UINT64_MAX);
  };
  if (const uint64_t width = WidthOf(footer_.leaves[leaf].type); width > 0 || num_values == 0)
    return std::max(chunk.uncompressed_bytes, times(width) - chunk.uncompressed_bytes);
  PageHeader page;
  uint64_t body = 0;
  ROBOMERGE_ASSIGN_OR_RETURN(const bool is_header,
                             Header(chunk.begin, chunk.begin + chunk.compressed_bytes, page, body));
  if (!is_header || page.type != kDictionaryPage) return chunk.uncompressed_bytes;
  const auto dictionary_bytes = static_cast<uint64_t>(page.uncompressed_bytes);
  if (times(dictionary_bytes) <= kSmallChunkBytes || page.num_values < 2)
    return times(dictionary_bytes);
  // The longest entry counts, since any row may have it.
  ROBOMERGE_RETURN_NOT_OK(CheckChunk(row_group, leaf));
  const std::string what = "cannot read a dictionary";
  return AtArrowBoundary(what, footer_.path, [&]() -> Result<uint64_t> {
    const auto reader =
        ::parquet::ParquetFileReader::Open(ArrowFile(file_), ::parquet::default_reader_properties(),
                                           ArrowMetaData(SubsetFooter(footer_, row_group, 1)));
    const auto pages = reader->RowGroup(0)->GetColumnPageReader(static_cast<int>(leaf));
    const std::shared_ptr<::parquet::Page> first = pages->NextPage();
    if (!first || footer_.leaves[leaf].type != PhysicalType::kByteArray)
      return times(dictionary_bytes);
    std::string_view bytes(reinterpret_cast<const char*>(first->data()),
                           static_cast<size_t>(first->size()));
    uint64_t longest = 0;
    while (bytes.size() >= 4) {
      const uint64_t length = LittleEndian32(bytes);
      longest = std::max(longest, length);
      bytes.remove_prefix(static_cast<size_t>(std::min<uint64_t>(4 + length, bytes.size())));
    }
    return times(std::min(longest, dictionary_bytes));
  });
}

Result<uint64_t> PageCheck::MostDecodedBytes(uint64_t first_row, uint64_t num_rows, size_t leaf) {
  const bool has_width = WidthOf(footer_.leaves[leaf].type) > 0;
  const auto after =
      std::upper_bound(footer_.first_rows.begin(), footer_.first_rows.end() - 1, first_row);
  uint64_t sum = 0;
  for (auto number = static_cast<size_t>(after - footer_.first_rows.begin()) - 1;
       number < footer_.row_groups.size() && footer_.first_rows[number] < first_row + num_rows;
       ++number) {
    const RowGroup& row_group = footer_.row_groups[number];
    if (row_group.num_rows == 0) continue;
    const auto [entry, is_new] = most_bytes_.try_emplace({number, leaf}, 0);
    if (is_new) {
      ROBOMERGE_RETURN_NOT_OK(CheckChunk(number, leaf));
      ROBOMERGE_ASSIGN_OR_RETURN(entry->second, MostDecodedBytes(number, leaf));
    }
    // Values of any length may all lie in these rows; those of a dictionary are as many as rows.
    const uint64_t most = entry->second;
    const uint64_t apart =
        has_width ? 0 : std::min(most, row_group.columns[leaf].uncompressed_bytes);
    const uint64_t begin = std::max(footer_.first_rows[number], first_row);
    const uint64_t end = std::min(footer_.first_rows[number + 1], first_row + num_rows);
    const double share = static_cast<double>(end - begin) / static_cast<double>(row_group.num_rows);
    sum += apart + static_cast<uint64_t>(share * std::min(static_cast<double>(most - apart), 1e15));
  }
  return sum;
}

}  // namespace robomerge::parquet
