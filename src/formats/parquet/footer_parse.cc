// Reads the FileMetaData struct in place, and checks that it contradicts neither itself nor its
// file.
#include <algorithm>
#include <array>
#include <bit>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/footer_internal.h"

namespace robomerge::parquet {
namespace {

constexpr uint64_t kFirstDataByte = 4;  // after the magic
// A run of equal values costs a few bytes however long it is, so a file could claim any number of
// rows. No recording has more than kMostRows (155 hours at 30 fps) in fewer bytes than
// kMostRowsPerByte requires.
constexpr uint64_t kMostRows = uint64_t{1} << 24;
constexpr uint64_t kMostRowsPerByte = 8;

// parquet.thrift: CompressionCodec. LZO is in the format, but no reader of ours or LeRobot's has
// it.
constexpr int32_t kLzo = 3, kLastCodec = 7;

// Statistics hold INT32 and INT64 values as PLAIN: 4 or 8 little-endian bytes.
std::optional<double> PlainReal(std::string_view bytes, PhysicalType type) {
  if (type == PhysicalType::kFloat && bytes.size() == 4)
    return std::bit_cast<float>(LittleEndian32(bytes));
  if (type == PhysicalType::kDouble && bytes.size() == 8) {
    return std::bit_cast<double>(uint64_t{LittleEndian32(bytes)} |
                                 uint64_t{LittleEndian32(bytes.substr(4))} << 32);
  }
  return std::nullopt;
}

std::optional<int64_t> PlainInteger(std::string_view bytes, PhysicalType type) {
  if (type == PhysicalType::kInt32 && bytes.size() == 4)
    return static_cast<int32_t>(LittleEndian32(bytes));
  if (type == PhysicalType::kInt64 && bytes.size() == 8) {
    return static_cast<int64_t>(static_cast<uint64_t>(LittleEndian32(bytes)) |
                                static_cast<uint64_t>(LittleEndian32(bytes.substr(4))) << 32);
  }
  return std::nullopt;
}

// parquet-mr before 1.2.9 wrote chunk sizes that leave out the dictionary page header
// (PARQUET-816).
bool HasTrustedChunkSizes(std::string_view created_by) {
  constexpr std::string_view kWriter = "parquet-mr";
  if (!created_by.starts_with(kWriter)) return true;
  const size_t at = created_by.find("version ");
  if (at == std::string_view::npos) return false;
  std::string_view text = created_by.substr(at + 8);
  std::array<int, 3> parts{};
  for (int& part : parts) {
    size_t digits = 0;
    while (digits < text.size() && digits < 6 && text[digits] >= '0' && text[digits] <= '9')
      part = part * 10 + (text[digits++] - '0');
    text.remove_prefix(digits);
    if (text.empty() || text.front() != '.') break;
    text.remove_prefix(1);
  }
  return parts >= std::array<int, 3>{1, 2, 9};
}

struct ChunkFields {
  int32_t codec = 0;
  int64_t data_page_offset = 0, index_page_offset = 0, dictionary_page_offset = 0;
  int64_t column_index_offset = 0, column_index_bytes = 0, offset_index_offset = 0,
          offset_index_bytes = 0;
  int64_t compressed_bytes = 0, uncompressed_bytes = 0;
  bool encrypted = false;
  bool has_meta_data = false;
  int32_t type = -1;
  std::string_view file_path;
};

class FooterParser {
 public:
  FooterParser(Footer::Representation& footer)
      : footer_(footer), reader_(footer.bytes, footer.path, "footer", footer.footer_begin) {}

  Status Run() {
    ReadFile();
    ROBOMERGE_RETURN_NOT_OK(unsupported_);
    ROBOMERGE_RETURN_NOT_OK(reader_.status());
    for (const int16_t required :
         {field::kFileSchema, field::kFileNumRows, field::kFileRowGroups}) {
      const auto is_it = [&](const FileField& file_field) { return file_field.id == required; };
      if (std::count_if(footer_.fields.begin(), footer_.fields.end(), is_it) != 1) {
        return Corrupt(
            "the footer lacks its schema, its number of rows or its row groups, or has one of them "
            "twice");
      }
    }
    if (!HasTrustedChunkSizes(footer_.created_by)) {
      return Problem(Code::kUnsupported,
                     "the writer of this file is known for wrong chunk sizes (PARQUET-816)")
          .At(footer_.path)
          .Expected("parquet-mr 1.2.9 or later")
          .Found(std::string(footer_.created_by))
          .Hint("write the file anew with a current writer");
    }
    return CheckRowsAndRanges();
  }

 private:
  Problem Corrupt(std::string what) const {
    return Problem(Code::kCorrupt, std::move(what))
        .At(StrCat(footer_.path, ": footer, byte ", WithSeparators(footer_.footer_begin)));
  }

  void Unsupported(std::string what, std::string hint = {}) {
    if (unsupported_.ok())
      unsupported_ =
          Problem(Code::kUnsupported, std::move(what)).At(footer_.path).Hint(std::move(hint));
    reader_.Fail("unsupported");
  }

  void ReadFile() {
    for (ThriftStructReader file(reader_, "FileMetaData"); file.Next();) {
      FileField present{file.id(), file.type(), {static_cast<uint32_t>(reader_.position()), 0}};
      switch (file.id()) {
        case field::kFileSchema:
          ReadSchema(file);
          break;
        case field::kFileNumRows:
          footer_.num_rows = file.Count();
          break;
        case field::kFileRowGroups:
          ReadRowGroups(file);
          break;
        case field::kFileKeyValues:
          ReadKeyValues(file);
          break;
        case field::kFileCreatedBy:
          footer_.created_by = file.Binary();
          break;
        case field::kFileColumnOrders:
          footer_.has_column_orders = true;
          break;
        case field::kFileEncryption:
          Unsupported("the file is encrypted");
          break;
        default:
          break;
      }
      file.SkipUnread();
      present.value.end = static_cast<uint32_t>(reader_.position());
      footer_.fields.push_back(present);
    }
  }

  void ReadSchema(ThriftStructReader& file) {
    const size_t num_elements = file.List(ThriftType::kStruct);
    if (has_schema_) return reader_.Fail("the footer has two schemas");
    has_schema_ = true;
    // A failure of the schema stays in the reader.
    [[maybe_unused]] const bool parsed = ParseSchema(reader_, num_elements, footer_).ok();
  }

  void ReadKeyValues(ThriftStructReader& file) {
    const size_t count = file.List(ThriftType::kStruct);
    for (size_t i = 0; reader_.ok() && i < count; ++i) {
      std::string_view key, value;
      for (ThriftStructReader pair(reader_, "KeyValue"); pair.Next();) {
        if (pair.id() == 1) key = pair.Binary();
        if (pair.id() == 2) value = pair.Binary();
      }
      footer_.key_values.emplace_back(key, value);
    }
  }

  void ReadRowGroups(ThriftStructReader& file) {
    const size_t count = file.List(ThriftType::kStruct);
    if (!has_schema_) return reader_.Fail("the row groups of the footer come before its schema");
    for (size_t i = 0; reader_.ok() && i < count; ++i) ReadRowGroup();
  }

  void ReadRowGroup() {
    RowGroup row_group;
    ByteSpan thrift;
    thrift.begin = static_cast<uint32_t>(reader_.position());
    {
      ThriftStructReader read(reader_, "RowGroup");
      while (read.Next()) {
        if (read.id() == field::kRowGroupColumns) ReadChunks(read, row_group);
        if (read.id() == field::kRowGroupNumRows) row_group.num_rows = read.Count();
      }
    }
    if (reader_.ok() && row_group.columns.size() != footer_.leaves.size()) {
      return reader_.Fail(
          StrCat("row group ", footer_.row_groups.size(), " has not one column chunk per column"),
          StrCat(footer_.leaves.size(), " chunks"), StrCat(row_group.columns.size(), " chunks"));
    }
    thrift.end = static_cast<uint32_t>(reader_.position());
    footer_.row_groups.push_back(std::move(row_group));
    footer_.row_group_thrift.push_back(thrift);
  }

  void ReadChunks(ThriftStructReader& row_group_reader, RowGroup& row_group) {
    const size_t count = row_group_reader.List(ThriftType::kStruct);
    if (!reader_.ok()) return;
    if (!row_group.columns.empty() || count != footer_.leaves.size()) {
      return reader_.Fail(
          StrCat("row group ", footer_.row_groups.size(), " has not one column chunk per column"),
          StrCat(footer_.leaves.size(), " chunks"), StrCat(count, " chunks"));
    }
    row_group.columns.resize(count);
    for (size_t leaf = 0; reader_.ok() && leaf < count; ++leaf)
      ReadChunk(leaf, row_group.columns[leaf]);
  }

  std::string ChunkName(size_t leaf) const {
    return StrCat("column `", Join(footer_.leaves[leaf].path, "."), "` of row group ",
                  footer_.row_groups.size());
  }

  void ReadChunk(size_t leaf, ColumnChunk& chunk) {
    ChunkFields fields;
    ChunkPlace place;
    place.thrift.begin = static_cast<uint32_t>(reader_.position());
    {
      ThriftStructReader read(reader_, "ColumnChunk");
      while (read.Next()) {
        switch (read.id()) {
          case field::kChunkFilePath:
            fields.file_path = read.Binary();
            break;
          case field::kChunkMetaData:
            read.Struct();
            if (fields.has_meta_data)
              reader_.Fail(StrCat(ChunkName(leaf), " has its metadata twice"));
            fields.has_meta_data = true;
            ReadMetaData(leaf, fields, chunk);
            break;
          case field::kChunkOffsetIndexOffset:
            fields.offset_index_offset = read.Count();
            break;
          case field::kChunkOffsetIndexLength:
            fields.offset_index_bytes = read.Count();
            break;
          case field::kChunkColumnIndexOffset:
            fields.column_index_offset = read.Count();
            break;
          case field::kChunkColumnIndexLength:
            fields.column_index_bytes = read.Count();
            break;
          case field::kChunkCrypto:
          case field::kChunkEncryptedMetaData:
            fields.encrypted = true;
            break;
          default:
            break;
        }
      }
    }
    if (!reader_.ok()) return;
    place.thrift.end = static_cast<uint32_t>(reader_.position());
    if (fields.encrypted) return Unsupported(StrCat(ChunkName(leaf), " is encrypted"));
    if (!fields.file_path.empty()) {
      return Unsupported(StrCat(ChunkName(leaf), " lies in another file, `", fields.file_path, "`"),
                         "merge that file instead of this one");
    }
    if (!fields.has_meta_data) return reader_.Fail(StrCat(ChunkName(leaf), " has no metadata"));
    if (fields.type != static_cast<int32_t>(footer_.leaves[leaf].type)) {
      return reader_.Fail(
          StrCat(ChunkName(leaf), " has another physical type than the schema says"),
          StrCat("type ", static_cast<int>(footer_.leaves[leaf].type)),
          StrCat("type ", fields.type));
    }
    if (fields.codec < 0 || fields.codec > kLastCodec || fields.codec == kLzo) {
      return Unsupported(
          StrCat(ChunkName(leaf), " is compressed in a way that no reader knows, codec ",
                 fields.codec),
          "write the file anew with snappy or zstd");
    }
    Place(leaf, fields, chunk, place);
    footer_.places.push_back(place);
  }

  // A chunk begins with its dictionary page if it has one. Offsets of 0 mean "none": older writers,
  // and chunks of empty row groups.
  void Place(size_t leaf, const ChunkFields& fields, ColumnChunk& chunk, ChunkPlace& place) {
    int64_t begin = 0;
    for (const int64_t offset :
         {fields.data_page_offset, fields.index_page_offset, fields.dictionary_page_offset}) {
      if (offset > 0 && (begin == 0 || offset < begin)) begin = offset;
    }
    chunk.begin = static_cast<uint64_t>(begin);
    chunk.compressed_bytes = static_cast<uint64_t>(fields.compressed_bytes);
    chunk.uncompressed_bytes = static_cast<uint64_t>(fields.uncompressed_bytes);
    if (chunk.num_values > 0) {
      if (!RangeFits(chunk.begin, chunk.compressed_bytes, footer_.footer_begin) ||
          chunk.begin < kFirstDataByte) {
        return reader_.Fail(StrCat(ChunkName(leaf), " lies outside the data of the file"),
                            StrCat("bytes 4 to ", WithSeparators(footer_.footer_begin)),
                            StrCat(WithSeparators(chunk.compressed_bytes), " bytes from ",
                                   WithSeparators(chunk.begin)));
      }
      if (chunk.compressed_bytes == 0)
        return reader_.Fail(StrCat(ChunkName(leaf), " has values but no bytes"));
      if (fields.data_page_offset <= 0)
        return reader_.Fail(StrCat(ChunkName(leaf), " has values but no data page"));
      for (const int64_t offset :
           {fields.data_page_offset, fields.index_page_offset, fields.dictionary_page_offset}) {
        if (offset > 0 && static_cast<uint64_t>(offset) - chunk.begin >= chunk.compressed_bytes) {
          return reader_.Fail(StrCat("a page of ", ChunkName(leaf), " lies outside of it"),
                              StrCat(WithSeparators(chunk.compressed_bytes), " bytes from ",
                                     WithSeparators(chunk.begin)),
                              std::to_string(offset));
        }
      }
    }
    place.codec = fields.codec;
    PlaceIndex(leaf, "column index", fields.column_index_offset, fields.column_index_bytes,
               place.column_index_offset, place.column_index_bytes);
    PlaceIndex(leaf, "offset index", fields.offset_index_offset, fields.offset_index_bytes,
               place.offset_index_offset, place.offset_index_bytes);
  }

  void PlaceIndex(size_t leaf, const char* name, int64_t offset, int64_t length,
                  uint64_t& offset_out, uint32_t& bytes_out) {
    if (offset <= 0 || length <= 0) return;
    if (length > INT32_MAX || !RangeFits(static_cast<uint64_t>(offset),
                                         static_cast<uint64_t>(length), footer_.footer_begin)) {
      return reader_.Fail(StrCat("the ", name, " of ", ChunkName(leaf), " lies outside the file"),
                          StrCat("bytes 4 to ", WithSeparators(footer_.footer_begin)),
                          StrCat(length, " bytes from ", offset));
    }
    offset_out = static_cast<uint64_t>(offset);
    bytes_out = static_cast<uint32_t>(length);
  }

  void ReadMetaData(size_t leaf, ChunkFields& fields, ColumnChunk& chunk) {
    for (ThriftStructReader meta(reader_, "ColumnMetaData"); meta.Next();) {
      switch (meta.id()) {
        case field::kMetaType:
          fields.type = meta.Int32();
          break;
        case field::kMetaCodec:
          fields.codec = meta.Int32();
          break;
        case field::kMetaNumValues:
          chunk.num_values = meta.Count();
          break;
        case field::kMetaUncompressedBytes:
          fields.uncompressed_bytes = meta.Count();
          break;
        case field::kMetaCompressedBytes:
          fields.compressed_bytes = meta.Count();
          break;
        case field::kMetaDataPageOffset:
          fields.data_page_offset = meta.Count();
          break;
        case field::kMetaIndexPageOffset:
          fields.index_page_offset = meta.Count();
          break;
        // Some writers say -1 or 0 for "no dictionary"; both are below any page.
        case field::kMetaDictionaryPageOffset:
          fields.dictionary_page_offset = meta.Integer();
          break;
        case field::kMetaStatistics:
          meta.Struct();
          ReadStatistics(leaf, chunk);
          break;
        default:
          break;
      }
    }
  }

  void ReadStatistics(size_t leaf, ColumnChunk& chunk) {
    std::string_view max, min, max_value, min_value;
    bool exact = true;
    for (ThriftStructReader read(reader_, "Statistics"); read.Next();) {
      switch (read.id()) {
        case field::kStatisticsMax:
          max = read.Binary();
          break;
        case field::kStatisticsMin:
          min = read.Binary();
          break;
        case field::kStatisticsNullCount: {
          const int64_t count = read.Integer();
          if (count >= 0) chunk.null_count = count;
          break;
        }
        case field::kStatisticsMaxValue:
          max_value = read.Binary();
          break;
        case field::kStatisticsMinValue:
          min_value = read.Binary();
          break;
        case field::kStatisticsMaxExact:
        case field::kStatisticsMinExact:
          exact = read.Bool() && exact;
          break;
        default:
          break;
      }
    }
    // For signed integers both pairs mean the same; for unsigned ones the older pair was compared
    // as signed (PARQUET-686).
    if (!footer_.leaf_is_signed[leaf] || !exact) return;
    const PhysicalType type = footer_.leaves[leaf].type;
    chunk.min_value = PlainInteger(min_value.empty() ? min : min_value, type);
    chunk.max_value = PlainInteger(max_value.empty() ? max : max_value, type);
    if (!chunk.min_value || !chunk.max_value || *chunk.min_value > *chunk.max_value)
      chunk.min_value = chunk.max_value = std::nullopt;
    chunk.min_real = PlainReal(min_value.empty() ? min : min_value, type);
    chunk.max_real = PlainReal(max_value.empty() ? max : max_value, type);
    // Also if one is NaN.
    if (!chunk.min_real || !chunk.max_real || !(*chunk.min_real <= *chunk.max_real))
      chunk.min_real = chunk.max_real = std::nullopt;
  }

  Status CheckRowsAndRanges() {
    int64_t rows = 0;
    footer_.first_rows.reserve(footer_.row_groups.size() + 1);
    std::vector<std::pair<uint64_t, uint64_t>> ranges;
    ranges.reserve(footer_.places.size());
    for (size_t i = 0; i < footer_.row_groups.size(); ++i) {
      const RowGroup& row_group = footer_.row_groups[i];
      footer_.first_rows.push_back(static_cast<uint64_t>(rows));
      const std::optional<int64_t> sum = CheckedAdd(rows, row_group.num_rows);
      if (!sum) return Corrupt("the rows of the row groups do not fit 64 bits");
      rows = *sum;
      uint64_t uncompressed_bytes = 0;
      for (size_t leaf = 0; leaf < row_group.columns.size(); ++leaf) {
        const ColumnChunk& chunk = row_group.columns[leaf];
        ROBOMERGE_RETURN_NOT_OK(CheckValues(i, leaf));
        const std::optional<uint64_t> bytes =
            CheckedAdd(uncompressed_total_, chunk.uncompressed_bytes);
        if (!bytes || *bytes > INT64_MAX)
          return Corrupt("the uncompressed sizes of the column chunks do not fit 64 bits");
        uncompressed_total_ = *bytes;
        uncompressed_bytes += chunk.uncompressed_bytes;
        if (chunk.num_values > 0)
          ranges.emplace_back(chunk.begin, chunk.begin + chunk.compressed_bytes);
      }
    }
    footer_.first_rows.push_back(static_cast<uint64_t>(rows));
    if (rows != footer_.num_rows) {
      return Corrupt("the rows of the row groups do not add up")
          .Expected(StrCat(WithSeparators(static_cast<uint64_t>(footer_.num_rows)),
                           " rows (from the footer)"))
          .Found(StrCat(WithSeparators(static_cast<uint64_t>(rows)), " rows in ",
                        footer_.row_groups.size(), " row groups"));
    }
    const uint64_t most_rows = std::max(kMostRows, kMostRowsPerByte * footer_.file_size_bytes);
    if (static_cast<uint64_t>(rows) > most_rows) {
      return Corrupt("the file claims more rows than its bytes can hold")
          .Expected(StrCat("at most ", WithSeparators(most_rows), " rows in ",
                           WithSeparators(footer_.file_size_bytes), " bytes"))
          .Found(WithSeparators(static_cast<uint64_t>(rows)));
    }
    if (!std::is_sorted(ranges.begin(), ranges.end())) std::sort(ranges.begin(), ranges.end());
    for (size_t i = 1; i < ranges.size(); ++i) {
      if (ranges[i].first < ranges[i - 1].second) {
        return Corrupt("two column chunks overlap")
            .Expected(StrCat("a chunk from byte ", WithSeparators(ranges[i - 1].second), " on"))
            .Found(StrCat("one from byte ", WithSeparators(ranges[i].first)));
      }
    }
    return Status();
  }

  Status CheckValues(size_t row_group, size_t leaf) const {
    const ColumnChunk& chunk = footer_.row_groups[row_group].columns[leaf];
    const int64_t num_rows = footer_.row_groups[row_group].num_rows;
    const bool repeated = footer_.leaves[leaf].max_repetition_level > 0;
    // A row of a repeated leaf has at least one entry, be it a null for "no list".
    if (repeated ? chunk.num_values >= num_rows && (num_rows > 0 || chunk.num_values == 0)
                 : chunk.num_values == num_rows)
      return Status();
    return Corrupt(StrCat("column `", Join(footer_.leaves[leaf].path, "."), "` of row group ",
                          row_group, " has another number of values than the row group has rows"))
        .Expected(StrCat(repeated ? "at least " : "",
                         WithSeparators(static_cast<uint64_t>(num_rows)), " values"))
        .Found(StrCat(WithSeparators(static_cast<uint64_t>(chunk.num_values)), " values"));
  }

  Footer::Representation& footer_;
  ThriftReader reader_;
  Status unsupported_;
  bool has_schema_ = false;
  uint64_t uncompressed_total_ = 0;
};

}  // namespace

Result<std::shared_ptr<const Footer::Representation>> ParseFooter(std::string path,
                                                                  uint64_t file_size_bytes,
                                                                  uint64_t footer_begin,
                                                                  std::string bytes) {
  auto footer = std::make_shared<Footer::Representation>();
  footer->path = std::move(path);
  footer->file_size_bytes = file_size_bytes;
  footer->footer_begin = footer_begin;
  footer->bytes = std::move(bytes);
  ROBOMERGE_RETURN_NOT_OK(FooterParser(*footer).Run());
  return std::shared_ptr<const Footer::Representation>(std::move(footer));
}

}  // namespace robomerge::parquet
