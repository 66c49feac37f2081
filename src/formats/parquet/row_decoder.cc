#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <parquet/arrow/writer.h>

#include <algorithm>

#include "base/text.h"
#include "formats/parquet/page_check_internal.h"
#include "formats/parquet/row_decoder_internal.h"

namespace robomerge::parquet {
namespace {

// A batch is what is decoded at once; pages of large row groups are read through a buffer instead
// of whole chunks.
constexpr uint64_t kBatchBytes = uint64_t{16} << 20;
constexpr uint64_t kMostBatchBytes = uint64_t{64} << 20;
constexpr uint64_t kMostBatchRows = uint64_t{1} << 20;
constexpr int64_t kPageBufferBytes = int64_t{1} << 20;
// Row groups of one reader, and what they may hold together.
constexpr size_t kMostGroups = 64;
constexpr uint64_t kManyGroupsBytes = uint64_t{1} << 20;

std::string_view View(const arrow::Buffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.data()), static_cast<size_t>(buffer.size())};
}

}  // namespace

// A reader is opened for each row group; of small ones, which are read one after another, for twice
// as many each time.
size_t RowDecoder::NumGroupsFrom(size_t row_group) const {
  if (is_careful_ || reader_ == nullptr || row_group != end_group_) return 1;
  const size_t most = std::min(2 * num_groups_, kMostGroups);
  size_t count = 0;
  uint64_t bytes = 0;
  for (; count < most && row_group + count < footer_.row_groups.size(); ++count) {
    for (const int leaf : leaves_) {
      const auto& column = footer_.row_groups[row_group + count].columns[static_cast<size_t>(leaf)];
      bytes += std::min(column.uncompressed_bytes, kBatchBytes);
    }
    if (bytes > kManyGroupsBytes) break;
  }
  return std::max<size_t>(1, count);
}

Status RowDecoder::Open(size_t row_group) {
  const std::string what = StrCat("cannot decode row group ", row_group);
  num_groups_ = NumGroupsFrom(row_group);
  end_group_ = row_group + num_groups_;
  batch_ = nullptr;
  batches_ = nullptr;
  reader_ = nullptr;
  uint64_t bytes = 1, most_bytes = 1, num_rows = 0;
  PageCheck pages(file_, footer_);
  std::vector<int> groups;
  for (size_t group = row_group; group < end_group_; ++group) {
    groups.push_back(static_cast<int>(group - row_group));
    num_rows += static_cast<uint64_t>(footer_.row_groups[group].num_rows);
    for (const int leaf : leaves_) {
      const auto number = static_cast<size_t>(leaf);
      bytes += footer_.row_groups[group].columns[number].uncompressed_bytes;
      ROBOMERGE_RETURN_NOT_OK(pages.CheckChunk(group, number));
      ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t most, pages.MostDecodedBytes(group, number));
      most_bytes += std::min(most, UINT64_MAX - most_bytes);
    }
  }
  // Not the default pool, which gives pages back to the system after each batch and takes new ones.
  arrow::MemoryPool* const pool = arrow::system_memory_pool();
  ::parquet::ReaderProperties low_level_properties(pool);
  if (bytes > kBatchBytes) {
    low_level_properties.enable_buffered_stream();
    low_level_properties.set_buffer_size(kPageBufferBytes);
  }
  auto low_level = ::parquet::ParquetFileReader::Open(
      ArrowFile(file_), low_level_properties,
      ArrowMetaData(SubsetFooter(footer_, row_group, num_groups_)));
  ::parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_pre_buffer(false);
  const auto rows_in_batch = [&](uint64_t of_bytes, uint64_t row_group_bytes) {
    return static_cast<double>(num_rows) / static_cast<double>(row_group_bytes) *
           static_cast<double>(of_bytes);
  };
  double batch_rows = rows_in_batch(kBatchBytes, bytes);
  // A dictionary makes more of the rows than the footer says.
  if (batch_rows > rows_in_batch(kMostBatchBytes, most_bytes))
    batch_rows = rows_in_batch(kBatchBytes, most_bytes);
  batch_rows_ =
      static_cast<uint64_t>(std::clamp(batch_rows, 1.0, static_cast<double>(kMostBatchRows)));
  properties.set_batch_size(static_cast<int64_t>(batch_rows_));
  ROBOMERGE_ASSIGN_OR_RETURN_ARROW(
      reader_, ::parquet::arrow::FileReader::Make(pool, std::move(low_level), properties), what,
      footer_.path);
  ROBOMERGE_ASSIGN_OR_RETURN_ARROW(batches_, reader_->GetRecordBatchReader(groups, leaves_), what,
                                   footer_.path);
  batch_first_row_ = footer_.first_rows[row_group];
  groups_end_ = footer_.first_rows[end_group_];
  return Status();
}

// Makes batch_ the one that holds `row`.
Status RowDecoder::MoveTo(uint64_t row) {
  const bool ahead = batches_ && row >= batch_first_row_ && row < groups_end_;
  if (!ahead) {
    // The last row group that begins at or before the row: empty ones before it begin there too.
    const auto after =
        std::upper_bound(footer_.first_rows.begin(), footer_.first_rows.end() - 1, row);
    ROBOMERGE_RETURN_NOT_OK(Open(static_cast<size_t>(after - footer_.first_rows.begin()) - 1));
  }
  while (!batch_ || row >= batch_first_row_ + static_cast<uint64_t>(batch_->num_rows())) {
    if (batch_) batch_first_row_ += static_cast<uint64_t>(batch_->num_rows());
    batch_ = nullptr;
    ROBOMERGE_RETURN_NOT_ARROW_OK(batches_->ReadNext(&batch_), "cannot decode rows",
                                  StrCat(footer_.path, ": row ", batch_first_row_));
    if (!batch_) {
      return Problem(Code::kCorrupt, "the pages of a row group contradict its footer")
          .At(StrCat(footer_.path, ": row ", WithSeparators(batch_first_row_)))
          .Expected(StrCat("rows up to ", WithSeparators(groups_end_)))
          .Found("the end of a column chunk");
    }
  }
  return Status();
}

// Runs `call`, and once more with a reader for each row group if one of several is damaged: rows
// before the damage are as good as ever.
template <typename Call>
auto RowDecoder::Carefully(uint64_t row, Call&& call) {
  const std::string where = StrCat(footer_.path, ": row ", WithSeparators(row));
  auto result = AtArrowBoundary("cannot decode rows", where, call);
  if (!result.ok() && num_groups_ > 1) {
    is_careful_ = true;
    batches_ = nullptr;
    result = AtArrowBoundary("cannot decode rows", where, call);
  }
  if (result.ok()) return result;
  return decltype(result)(result.status().OfKind("E-data-file"));
}

Result<uint64_t> RowDecoder::BatchRows(uint64_t row) {
  return Carefully(row, [&]() -> Result<uint64_t> {
    ROBOMERGE_RETURN_NOT_OK(MoveTo(row));
    return batch_rows_;
  });
}

Result<std::shared_ptr<arrow::Table>> RowDecoder::Read(uint64_t first_row, uint64_t num_rows) {
  return Carefully(first_row, [&]() -> Result<std::shared_ptr<arrow::Table>> {
    std::vector<std::shared_ptr<arrow::RecordBatch>> slices;
    for (uint64_t row = first_row; row < first_row + num_rows;) {
      ROBOMERGE_RETURN_NOT_OK(MoveTo(row));
      const uint64_t skipped = row - batch_first_row_;
      const uint64_t count =
          std::min(static_cast<uint64_t>(batch_->num_rows()) - skipped, first_row + num_rows - row);
      slices.push_back(batch_->Slice(static_cast<int64_t>(skipped), static_cast<int64_t>(count)));
      row += count;
    }
    ROBOMERGE_ASSIGN_OR_RETURN_ARROW(auto table, arrow::Table::FromRecordBatches(slices),
                                     "cannot decode rows", footer_.path);
    return table;
  });
}

namespace {

constexpr const char* kEncoding = "cannot encode a row group";

// What `write` puts into a file of one row group of `num_rows` rows.
template <typename Write>
Result<EncodedTable> Encode(const arrow::Schema& schema, int64_t num_rows, bool page_index,
                            const std::string& where, Write&& write) {
  return AtArrowBoundary(kEncoding, where, [&]() -> Result<EncodedTable> {
    ROBOMERGE_ASSIGN_OR_RETURN_ARROW(auto sink, arrow::io::BufferOutputStream::Create(), kEncoding,
                                     where);
    ::parquet::WriterProperties::Builder properties;
    properties.compression(::parquet::Compression::SNAPPY)
        ->version(::parquet::ParquetVersion::PARQUET_2_6);
    properties.max_row_group_length(std::max<int64_t>(num_rows, 1));
    if (page_index) properties.enable_write_page_index();
    ROBOMERGE_ASSIGN_OR_RETURN_ARROW(
        const auto writer,
        ::parquet::arrow::FileWriter::Open(schema, arrow::default_memory_pool(), sink,
                                           properties.build()),
        kEncoding, where);
    ROBOMERGE_RETURN_NOT_ARROW_OK(write(*writer), kEncoding, where);
    ROBOMERGE_RETURN_NOT_ARROW_OK(writer->Close(), kEncoding, where);
    EncodedTable encoded;
    ROBOMERGE_ASSIGN_OR_RETURN_ARROW(encoded.file, sink->Finish(), kEncoding, where);
    ROBOMERGE_ASSIGN_OR_RETURN(encoded.footer, ParseFileInMemory(where, View(*encoded.file)));
    return encoded;
  });
}

}  // namespace

Result<EncodedTable> EncodeTable(const arrow::Table& table, bool page_index,
                                 const std::string& where) {
  return Encode(*table.schema(), table.num_rows(), page_index, where,
                [&](::parquet::arrow::FileWriter& writer) {
                  return writer.WriteTable(table, std::max<int64_t>(table.num_rows(), 1));
                });
}

Result<EncodedTable> EncodeRepeated(const arrow::RecordBatch& batch, uint64_t num_rows,
                                    bool page_index, const std::string& where) {
  return Encode(*batch.schema(), static_cast<int64_t>(num_rows), page_index, where,
                [&](::parquet::arrow::FileWriter& writer) -> arrow::Status {
                  ARROW_RETURN_NOT_OK(writer.NewBufferedRowGroup());
                  for (auto left = static_cast<int64_t>(num_rows); left > 0;) {
                    const auto slice = batch.Slice(0, std::min(left, batch.num_rows()));
                    ARROW_RETURN_NOT_OK(writer.WriteRecordBatch(*slice));
                    left -= slice->num_rows();
                  }
                  return arrow::Status::OK();
                });
}

ChunkPiece PieceOf(const EncodedTable& encoded, size_t leaf) {
  const std::string_view file = View(*encoded.file);
  const ColumnChunk& column = encoded.footer->row_groups.front().columns[leaf];
  const ChunkPlace& place = encoded.footer->place(0, leaf);
  ChunkPiece piece;
  piece.pages = file.substr(column.begin, column.compressed_bytes);
  piece.chunk.thrift = encoded.footer->span(place.thrift);
  piece.chunk.path = encoded.footer->path;
  piece.chunk.old_begin = column.begin;
  piece.chunk.compressed_bytes = column.compressed_bytes;
  piece.chunk.uncompressed_bytes = column.uncompressed_bytes;
  piece.column_index = {0, place.column_index_bytes,
                        file.substr(place.column_index_offset, place.column_index_bytes)};
  piece.offset_index = {0, place.offset_index_bytes,
                        file.substr(place.offset_index_offset, place.offset_index_bytes)};
  return piece;
}

}  // namespace robomerge::parquet
