#include <limits>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/footer_writer_internal.h"

namespace robomerge::parquet {
namespace {

// Copies the field's bytes under a new header, so no field is lost, known to us or not.
void CopyField(ThriftStructReader& from, ThriftWriter& to) {
  const int16_t id = from.id();
  const ThriftType type = from.type();
  to.Raw(id, type, from.Value());
}

class ChunkWriter {
 public:
  ChunkWriter(const PlacedChunk& chunk, std::string_view path_list, ThriftWriter& out)
      : chunk_(chunk),
        path_list_(path_list),
        out_(out),
        reader_(chunk.thrift, chunk.path, "column chunk of the footer", 0) {}

  Status Run() {
    out_.BeginStruct();
    for (ThriftStructReader chunk(reader_, "ColumnChunk"); chunk.Next();) {
      switch (chunk.id()) {
        case field::kChunkFilePath:
          break;  // refused if not empty
        // Deprecated, and to be 0 (parquet.thrift): the metadata lies in the footer only.
        case field::kChunkFileOffset:
          out_.I64(field::kChunkFileOffset, 0);
          break;
        case field::kChunkMetaData:
          chunk.Struct();
          out_.BeginStructField(field::kChunkMetaData);
          MetaData();
          out_.EndStruct();
          PageIndexPlaces();  // fields 4 to 7
          break;
        case field::kChunkOffsetIndexOffset:
        case field::kChunkOffsetIndexLength:
        case field::kChunkColumnIndexOffset:
        case field::kChunkColumnIndexLength:
          break;
        default:
          CopyField(chunk, out_);
          break;
      }
    }
    out_.EndStruct();
    return reader_.status();
  }

 private:
  // Offsets that count were checked to lie within the chunk; a field given twice was not, hence the
  // unsigned arithmetic.
  int64_t Moved(int64_t offset) const {
    return static_cast<int64_t>(static_cast<uint64_t>(offset) - chunk_.old_begin +
                                chunk_.new_begin);
  }

  void MetaData() {
    for (ThriftStructReader meta(reader_, "ColumnMetaData"); meta.Next();) {
      switch (meta.id()) {
        case field::kMetaPath:
          meta.SkipUnread();
          out_.Raw(field::kMetaPath, ThriftType::kList, path_list_);
          break;
        case field::kMetaDataPageOffset:
          out_.I64(meta.id(), Moved(meta.Integer()));
          break;
        // 0 and less mean "none" to readers, so they must not become an offset.
        case field::kMetaIndexPageOffset:
        case field::kMetaDictionaryPageOffset:
          if (const int64_t offset = meta.Integer(); offset > 0) out_.I64(meta.id(), Moved(offset));
          break;
        case field::kMetaStatistics:
          Statistics(meta);
          break;
        case field::kMetaBloomOffset:
        case field::kMetaBloomLength:
          break;  // bloom filters are not copied
        default:
          CopyField(meta, out_);
          break;
      }
    }
  }

  void Statistics(ThriftStructReader& meta) {
    if (!chunk_.drop_ordered_bounds) return CopyField(meta, out_);
    meta.Struct();
    std::string kept;
    ThriftWriter writer(kept);
    bool has_bounds = false;
    writer.BeginStruct();
    for (ThriftStructReader statistics(reader_, "Statistics"); statistics.Next();) {
      const bool ordered = statistics.id() >= field::kStatisticsMaxValue &&
                           statistics.id() <= field::kStatisticsMinExact;
      if (ordered) continue;
      has_bounds = has_bounds || statistics.id() == field::kStatisticsMax ||
                   statistics.id() == field::kStatisticsMin;
      CopyField(statistics, writer);
    }
    writer.EndStruct();
    // Statistics of null_count alone made datafusion 55 prune every row.
    if (has_bounds) out_.Raw(field::kMetaStatistics, ThriftType::kStruct, kept);
  }

  void PageIndexPlaces() {
    if (chunk_.offset_index_bytes > 0) {
      out_.I64(field::kChunkOffsetIndexOffset, static_cast<int64_t>(chunk_.offset_index_offset));
      out_.I32(field::kChunkOffsetIndexLength, static_cast<int32_t>(chunk_.offset_index_bytes));
    }
    if (chunk_.column_index_bytes > 0) {
      out_.I64(field::kChunkColumnIndexOffset, static_cast<int64_t>(chunk_.column_index_offset));
      out_.I32(field::kChunkColumnIndexLength, static_cast<int32_t>(chunk_.column_index_bytes));
    }
  }

  const PlacedChunk& chunk_;
  std::string_view path_list_;
  ThriftWriter& out_;
  ThriftReader reader_;
};

// path_in_schema of each leaf, as the value of a list field.
std::vector<std::string> PathLists(const Footer::Representation& destination) {
  std::vector<std::string> lists;
  for (const Leaf& leaf : destination.leaves) {
    std::string with_header;
    ThriftWriter writer(with_header);
    writer.BeginStruct();
    writer.ListField(1, ThriftType::kBinary, leaf.path.size());
    for (const std::string& name : leaf.path) writer.ElementBinary(name);
    lists.push_back(with_header.substr(1));  // without the one byte of the field's header
  }
  return lists;
}

Status WriteRowGroup(const PlacedRowGroup& row_group, size_t number,
                     const std::vector<std::string>& path_lists, ThriftWriter& out) {
  uint64_t uncompressed_bytes = 0, compressed_bytes = 0;
  for (const PlacedChunk& chunk : row_group.chunks) {
    const auto uncompressed = CheckedAdd(uncompressed_bytes, chunk.uncompressed_bytes);
    const auto compressed = CheckedAdd(compressed_bytes, chunk.compressed_bytes);
    if (!uncompressed || !compressed || *uncompressed > INT64_MAX || *compressed > INT64_MAX) {
      return Problem(Code::kUnsupported,
                     StrCat("row group ", number, " of the destination is larger than 2^63 bytes"));
    }
    uncompressed_bytes = *uncompressed;
    compressed_bytes = *compressed;
  }
  out.BeginStruct();
  out.ListField(field::kRowGroupColumns, ThriftType::kStruct, row_group.chunks.size());
  for (size_t leaf = 0; leaf < row_group.chunks.size(); ++leaf) {
    ROBOMERGE_RETURN_NOT_OK(ChunkWriter(row_group.chunks[leaf], path_lists[leaf], out).Run());
  }
  out.I64(field::kRowGroupTotalBytes, static_cast<int64_t>(uncompressed_bytes));
  out.I64(field::kRowGroupNumRows, row_group.num_rows);
  const auto each_source_field = [&](auto&& take) {
    if (row_group.thrift.empty()) return Status();
    ThriftReader reader(
        row_group.thrift,
        row_group.chunks.empty() ? std::string_view() : row_group.chunks.front().path,
        "row group of the footer", 0);
    for (ThriftStructReader source(reader, "RowGroup"); source.Next();) take(source);
    return reader.status();
  };
  if (row_group.keep_sorting) {
    ROBOMERGE_RETURN_NOT_OK(each_source_field([&](ThriftStructReader& source) {
      if (source.id() == field::kRowGroupSorting) CopyField(source, out);
    }));
  }
  if (!row_group.chunks.empty())
    out.I64(field::kRowGroupFileOffset, static_cast<int64_t>(row_group.chunks.front().new_begin));
  out.I64(field::kRowGroupCompressedBytes, static_cast<int64_t>(compressed_bytes));
  // 16 bits in the format; optional, and readers do without.
  if (number <= static_cast<size_t>(std::numeric_limits<int16_t>::max()))
    out.I16(field::kRowGroupOrdinal, static_cast<int16_t>(number));
  ROBOMERGE_RETURN_NOT_OK(each_source_field([&](ThriftStructReader& source) {
    if (source.id() > field::kRowGroupOrdinal) CopyField(source, out);
  }));
  out.EndStruct();
  return Status();
}

}  // namespace

Result<std::string> WriteFooter(const Footer::Representation& destination,
                                const std::vector<PlacedRowGroup>& row_groups) {
  const std::vector<std::string> path_lists = PathLists(destination);
  int64_t num_rows = 0;
  size_t thrift_bytes = destination.bytes.size();
  for (const PlacedRowGroup& row_group : row_groups) {
    const std::optional<int64_t> sum = CheckedAdd(num_rows, row_group.num_rows);
    if (!sum) return Problem(Code::kUnsupported, "the destination has more than 2^63 rows");
    num_rows = *sum;
    for (const PlacedChunk& chunk : row_group.chunks) thrift_bytes += chunk.thrift.size() + 64;
  }
  std::string out;
  out.reserve(thrift_bytes);
  ThriftWriter writer(out);
  writer.BeginStruct();
  for (const FileField& file : destination.fields) {
    if (file.id == field::kFileNumRows) {
      writer.I64(file.id, num_rows);
    } else if (file.id == field::kFileRowGroups) {
      writer.ListField(file.id, ThriftType::kStruct, row_groups.size());
      for (size_t i = 0; i < row_groups.size(); ++i)
        ROBOMERGE_RETURN_NOT_OK(WriteRowGroup(row_groups[i], i, path_lists, writer));
    } else {
      writer.Raw(file.id, file.type, destination.span(file.value));
    }
  }
  writer.EndStruct();
  if (out.size() > INT32_MAX) {
    return Problem(Code::kUnsupported,
                   "the footer of the destination would be larger than the format allows")
        .Expected("at most 2 GiB")
        .Found(FormatBytes(out.size()))
        .Hint("choose a smaller size limit for data files");
  }
  return out;
}

Result<std::string> MoveOffsetIndex(std::string_view offset_index, const PlacedChunk& chunk,
                                    uint64_t file_offset) {
  std::string out;
  ThriftWriter writer(out);
  ThriftReader reader(offset_index, chunk.path, "offset index", file_offset);
  writer.BeginStruct();
  for (ThriftStructReader index(reader, "OffsetIndex"); index.Next();) {
    if (index.id() != field::kPageLocations) {
      CopyField(index, writer);
      continue;
    }
    const size_t num_pages = index.List(ThriftType::kStruct);
    writer.ListField(field::kPageLocations, ThriftType::kStruct, num_pages);
    for (size_t i = 0; reader.ok() && i < num_pages; ++i) {
      writer.BeginStruct();
      for (ThriftStructReader page(reader, "PageLocation"); page.Next();) {
        if (page.id() != field::kPageLocationOffset) {
          CopyField(page, writer);
          continue;
        }
        const auto offset = static_cast<uint64_t>(page.Count());
        if (offset < chunk.old_begin || offset - chunk.old_begin >= chunk.compressed_bytes) {
          reader.Fail("a page of the offset index lies outside its column chunk",
                      StrCat(WithSeparators(chunk.compressed_bytes), " bytes from ",
                             WithSeparators(chunk.old_begin)),
                      WithSeparators(offset));
        }
        writer.I64(field::kPageLocationOffset,
                   static_cast<int64_t>(offset - chunk.old_begin + chunk.new_begin));
      }
      writer.EndStruct();
    }
  }
  if (reader.ok() && reader.remaining() != 0)
    reader.Fail("the offset index is shorter than its announced length");
  writer.EndStruct();
  ROBOMERGE_RETURN_NOT_OK(reader.status());
  return out;
}

Status CheckColumnIndex(std::string_view bytes, std::string_view path, uint64_t file_offset) {
  ThriftReader reader(bytes, path, "column index", file_offset);
  reader.Skip(ThriftType::kStruct);
  if (reader.ok() && reader.remaining() != 0)
    reader.Fail("the column index is shorter than its announced length");
  return reader.status();
}

}  // namespace robomerge::parquet
