// Turns row ranges of sources into row groups of column chunks: copied where possible, otherwise
// decoded or encoded anew.
#include "formats/parquet/file_splice.h"

#include <algorithm>
#include <deque>
#include <map>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/chunk_stream_internal.h"
#include "formats/parquet/column_decoder_internal.h"
#include "formats/parquet/delta_encoding.h"
#include "formats/parquet/page_check_internal.h"
#include "formats/parquet/splice_writer_internal.h"

namespace robomerge::parquet {
namespace {

// Of one row group of the destination: rows that decode to more are not held, but for columns that
// are small.
constexpr uint64_t kMostDecodedBytes = uint64_t{32} << 20;
constexpr uint64_t kSmallColumnBytes = uint64_t{2} << 20;

/// What pieces in memory need until the footer is written: all but the pages themselves.
struct PieceMetadata {
  std::deque<std::string> texts;  // a deque, because views into it are handed out while it grows
  std::vector<std::shared_ptr<const Footer::Representation>> footers;

  std::string_view Keep(std::string text) { return texts.emplace_back(std::move(text)); }
};

struct PiecePages {
  std::deque<std::string> texts;
  std::vector<std::shared_ptr<arrow::Buffer>> files;
};

class Splice {
 public:
  Splice(std::span<const SpliceSource> sources, const DestinationSchema& schema,
         const SpliceOptions& options, io::OutputFile& output)
      : sources_(sources),
        schema_(schema.representation()),
        destination_(schema.footer().representation()),
        options_(options),
        writer_(destination_, options, output),
        source_columns_(sources.size()),
        decoder_(sources, schema_) {}

  Status Check() const;
  Status Add(const RowGroupSource& row_group);
  Result<SpliceReport> Finish() {
    ROBOMERGE_ASSIGN_OR_RETURN(SpliceReport report, writer_.Finish());
    report.num_chunks_decoded = num_chunks_decoded_;
    for (const auto& [column, rounding] : decoder_.rounded())
      report.rounded.emplace_back(destination_.column_names[column], rounding);
    return report;
  }

 private:
  const Footer::Representation& Source(uint32_t source_index) const {
    return sources_[source_index].footer->representation();
  }
  std::string ColumnPlace(uint32_t source_index, const std::string& column) const {
    return StrCat(Source(source_index).path, ": column `", column, "`");
  }

  Status CheckRows(const RowRange& rows) const;
  Result<const SourceColumns*> ColumnsOf(uint32_t source_index);
  Status CheckPresent(uint32_t source_index, const SourceColumns& from, size_t column) const;
  std::optional<size_t> ExactRowGroup(const RowGroupSource& row_group) const;
  /// Per column of the destination: its new values, or null.
  Result<std::vector<const Int64Values*>> ReplacedColumns(const RowGroupSource& row_group) const;

  Status AddCopied(uint32_t source_index, size_t source_row_group, const SourceColumns& from,
                   size_t column, RowGroupPieces& pieces);
  Status AddReplaced(const Int64Values& values, uint64_t num_rows, size_t column,
                     RowGroupPieces& pieces, PieceMetadata& metadata, PiecePages& pages) const;
  /// Takes the columns of many bytes out of `decoded`.
  Status AddStreamed(const RowGroupSource& row_group, const SourceColumns& from, bool page_index,
                     std::vector<size_t>& decoded, RowGroupPieces& pieces);
  PageCheck& Pages(uint32_t source_index);
  /// `from`: one for each range of the row group.
  Status AddDecoded(const RowGroupSource& row_group, const std::vector<const SourceColumns*>& from,
                    const std::vector<size_t>& columns, bool page_index, RowGroupPieces& pieces,
                    PieceMetadata& metadata, PiecePages& pages);
  Status AddFilled(const RowGroupSource& row_group, const SourceColumns& from,
                   const std::vector<size_t>& columns, bool page_index, RowGroupPieces& pieces,
                   PieceMetadata& metadata, PiecePages& pages) const;
  /// Encodes the values of columns that have their own.
  Status AddValues(const RowGroupSource& row_group, const SourceColumns& from,
                   const std::vector<size_t>& columns, bool page_index, RowGroupPieces& pieces,
                   PieceMetadata& metadata, PiecePages& pages) const;
  /// The chunks of `columns`, in their order, which `encoded` holds.
  Status AddEncoded(const EncodedTable& encoded, const std::vector<size_t>& columns,
                    uint32_t source_index, RowGroupPieces& pieces, PieceMetadata& metadata,
                    PiecePages& pages) const;

  std::span<const SpliceSource> sources_;
  const DestinationSchema::Representation& schema_;
  const Footer::Representation& destination_;
  const SpliceOptions& options_;
  SpliceWriter writer_;
  std::vector<std::optional<SourceColumns>> source_columns_;
  ColumnDecoder decoder_;
  // Of one source.
  const io::RandomAccessFile* open_file_ = nullptr;
  std::optional<PageCheck> pages_;
  std::map<uint32_t, std::unique_ptr<ChunkStream>> streams_;  // per leaf
  uint64_t num_chunks_decoded_ = 0;
};

Status Splice::Check() const {
  std::vector<std::string> names = destination_.column_names;
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    return Problem(Code::kUnsupported, StrCat("there are two columns called `", *twice, "`"))
        .At(destination_.path)
        .Hint("rename one of them");
  }
  return Status();
}

Status Splice::CheckRows(const RowRange& row_group) const {
  if (row_group.source_index >= sources_.size()) {
    return Problem(Code::kInvalidArgument,
                   "a row group of the destination names a source that is not there")
        .Found(std::to_string(row_group.source_index));
  }
  const auto file_rows = static_cast<uint64_t>(Source(row_group.source_index).num_rows);
  if (row_group.num_rows == 0 || !RangeFits(row_group.first_row, row_group.num_rows, file_rows)) {
    return Problem(Code::kInvalidArgument,
                   "a row group of the destination asks for rows that its source has not")
        .At(Source(row_group.source_index).path)
        .Expected(StrCat("at least one of ", WithSeparators(file_rows), " rows"))
        .Found(StrCat(WithSeparators(row_group.num_rows), " rows from row ",
                      WithSeparators(row_group.first_row)));
  }
  return Status();
}

Result<const SourceColumns*> Splice::ColumnsOf(uint32_t source_index) {
  std::optional<SourceColumns>& known = source_columns_[source_index];
  if (!known) {
    ROBOMERGE_ASSIGN_OR_RETURN(known, MatchColumns(sources_[source_index], schema_));
  }
  return &*known;
}

std::optional<size_t> Splice::ExactRowGroup(const RowGroupSource& row_group) const {
  if (!row_group.more.empty()) return std::nullopt;
  const Footer::Representation& source = Source(row_group.source_index);
  const auto after =
      std::upper_bound(source.first_rows.begin(), source.first_rows.end() - 1, row_group.first_row);
  const auto number = static_cast<size_t>(after - source.first_rows.begin()) - 1;
  if (source.first_rows[number] != row_group.first_row ||
      static_cast<uint64_t>(source.row_groups[number].num_rows) != row_group.num_rows)
    return std::nullopt;
  return number;
}

Result<std::vector<const Int64Values*>> Splice::ReplacedColumns(
    const RowGroupSource& row_group) const {
  std::vector<const Int64Values*> replaced(destination_.column_names.size(), nullptr);
  for (const auto& [name, values] : row_group.replaced) {
    const std::optional<uint32_t> column = destination_.column(name);
    const Leaf* leaf =
        column ? &destination_.leaves[destination_.column_first_leaf[*column]] : nullptr;
    if (!leaf || (leaf->shape != "required int64" && leaf->shape != "optional int64")) {
      return Problem(Code::kInvalidArgument,
                     StrCat("column `", name, "` cannot be given new values"))
          .At(destination_.path)
          .Expected("one int64 per row")
          .Found(leaf ? leaf->shape : "no such column");
    }
    replaced[*column] = &values;
  }
  return replaced;
}

PageCheck& Splice::Pages(uint32_t source_index) {
  if (open_file_ != sources_[source_index].file) {
    open_file_ = sources_[source_index].file;
    pages_.emplace(*open_file_, Source(source_index));
    streams_.clear();
  }
  return *pages_;
}

Status Splice::AddCopied(uint32_t source_index, size_t source_row_group, const SourceColumns& from,
                         size_t column, RowGroupPieces& pieces) {
  const Footer::Representation& source = Source(source_index);
  for (uint32_t k = 0; k < from.columns[column].num_leaves; ++k) {
    const uint32_t leaf = from.columns[column].first_leaf + k;
    // No decoder sees these pages.
    ROBOMERGE_RETURN_NOT_OK(Pages(source_index).CheckChunk(source_row_group, leaf));
    const ColumnChunk& chunk = source.row_groups[source_row_group].columns[leaf];
    const ChunkPlace& place = source.place(source_row_group, leaf);
    ChunkPiece& piece = pieces.chunks[destination_.column_first_leaf[column] + k];
    piece.file = sources_[source_index].file;
    piece.chunk.thrift = source.span(place.thrift);
    piece.chunk.path = source.path;
    piece.chunk.old_begin = chunk.begin;
    piece.chunk.compressed_bytes = chunk.compressed_bytes;
    piece.chunk.uncompressed_bytes = chunk.uncompressed_bytes;
    piece.chunk.drop_ordered_bounds = from.drop_ordered_bounds;
    // The bounds of a column index are ordered as column_orders says, like min_value and max_value.
    if (!from.drop_ordered_bounds)
      piece.column_index = {place.column_index_offset, place.column_index_bytes, {}};
    piece.offset_index = {place.offset_index_offset, place.offset_index_bytes, {}};
  }
  return Status();
}

Status Splice::AddReplaced(const Int64Values& values, uint64_t num_rows, size_t column,
                           RowGroupPieces& pieces, PieceMetadata& metadata,
                           PiecePages& pages) const {
  const uint32_t leaf = destination_.column_first_leaf[column];
  auto encoded =
      EncodeInt64Chunk(values, num_rows, destination_.leaves[leaf].max_definition_level > 0);
  if (!encoded.ok())
    return encoded.status().While(
        StrCat("making column `", destination_.column_names[column], "`"));
  ChunkPiece& piece = pieces.chunks[leaf];
  piece.pages = pages.texts.emplace_back(std::move(encoded->pages));
  piece.chunk.thrift = metadata.Keep(std::move(encoded->thrift));
  piece.chunk.path = destination_.path;
  piece.chunk.old_begin = kEncodedChunkBegin;
  piece.chunk.compressed_bytes = piece.chunk.uncompressed_bytes = piece.pages.size();
  piece.column_index.memory = metadata.Keep(std::move(encoded->column_index));
  piece.offset_index.memory = metadata.Keep(std::move(encoded->offset_index));
  piece.column_index.length = static_cast<uint32_t>(piece.column_index.memory.size());
  piece.offset_index.length = static_cast<uint32_t>(piece.offset_index.memory.size());
  return Status();
}

Status Splice::AddStreamed(const RowGroupSource& row_group, const SourceColumns& from,
                           bool page_index, std::vector<size_t>& decoded, RowGroupPieces& pieces) {
  if (!row_group.more.empty()) return Status();  // a stream reads one file
  PageCheck& pages = Pages(row_group.source_index);
  std::map<size_t, uint64_t> bytes;
  uint64_t sum = 0;
  for (const size_t column : decoded) {
    for (uint32_t k = 0; k < from.columns[column].num_leaves; ++k) {
      ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t most,
                                 pages.MostDecodedBytes(row_group.first_row, row_group.num_rows,
                                                        from.columns[column].first_leaf + k));
      bytes[column] += most;
      sum += most;
    }
  }
  if (sum <= kMostDecodedBytes) return Status();
  const auto stays = [&](size_t column) {
    return !from.columns[column].streamable || bytes[column] <= kSmallColumnBytes ||
           IsMade(row_group, destination_.column_names[column]);
  };
  const auto first = std::stable_partition(decoded.begin(), decoded.end(), stays);
  for (auto column = first; column != decoded.end(); ++column) {
    for (uint32_t k = 0; k < from.columns[*column].num_leaves; ++k) {
      const uint32_t leaf = from.columns[*column].first_leaf + k;
      const uint32_t to = destination_.column_first_leaf[*column] + k;
      std::unique_ptr<ChunkStream>& stream = streams_[leaf];
      if (!stream) {
        const Footer::Representation& source = Source(row_group.source_index);
        stream = ChunkStream::Make(
            *open_file_, source, leaf, destination_.leaves[to],
            MatchLevels(source.leaves[leaf].shape, destination_.leaves[to].shape).value());
      }
      pieces.chunks[to].stream = [raw = stream.get(), first_row = row_group.first_row,
                                  num_rows = row_group.num_rows,
                                  page_index](io::OutputFile& output, uint64_t offset) {
        return raw->Write(first_row, num_rows, page_index, output, offset);
      };
      ++num_chunks_decoded_;
    }
  }
  decoded.erase(first, decoded.end());
  return Status();
}

Status Splice::AddEncoded(const EncodedTable& encoded, const std::vector<size_t>& columns,
                          uint32_t source_index, RowGroupPieces& pieces, PieceMetadata& metadata,
                          PiecePages& pages) const {
  size_t encoded_leaf = 0;
  for (const size_t column : columns) {
    for (uint32_t leaf = destination_.column_first_leaf[column];
         leaf < destination_.column_first_leaf[column + 1]; ++leaf, ++encoded_leaf) {
      const bool fits =
          encoded_leaf < encoded.footer->leaves.size() &&
          encoded.footer->leaves[encoded_leaf].shape == destination_.leaves[leaf].shape;
      if (!fits) {
        return Problem(Code::kUnsupported, StrCat("column `", destination_.column_names[column],
                                                  "` has a form that cannot be written anew"))
            .At(ColumnPlace(source_index, destination_.column_names[column]))
            .Expected(StrCat(destination_.leaves[leaf].shape, "   from ", destination_.path))
            .Found(encoded_leaf < encoded.footer->leaves.size()
                       ? encoded.footer->leaves[encoded_leaf].shape
                       : "nothing")
            .Hint("write the first source's data files anew with a current pyarrow");
      }
      ChunkPiece piece = PieceOf(encoded, encoded_leaf);
      piece.column_index.memory = metadata.Keep(std::string(piece.column_index.memory));
      piece.offset_index.memory = metadata.Keep(std::string(piece.offset_index.memory));
      pieces.chunks[leaf] = piece;
    }
  }
  pages.files.push_back(encoded.file);
  metadata.footers.push_back(encoded.footer);
  return Status();
}

Status Splice::AddDecoded(const RowGroupSource& row_group,
                          const std::vector<const SourceColumns*>& from,
                          const std::vector<size_t>& columns, bool page_index,
                          RowGroupPieces& pieces, PieceMetadata& metadata, PiecePages& pages) {
  std::vector<size_t> in_source_order = columns;
  std::stable_sort(in_source_order.begin(), in_source_order.end(), [&](size_t a, size_t b) {
    return from.front()->columns[a].first_leaf < from.front()->columns[b].first_leaf;
  });
  ROBOMERGE_ASSIGN_OR_RETURN(const auto table, decoder_.Decode(row_group, from, in_source_order));
  ROBOMERGE_ASSIGN_OR_RETURN(const EncodedTable encoded,
                             EncodeTable(*table, page_index, Source(row_group.source_index).path));
  num_chunks_decoded_ += encoded.footer->leaves.size();
  return AddEncoded(encoded, in_source_order, row_group.source_index, pieces, metadata, pages);
}

Status Splice::AddFilled(const RowGroupSource& row_group, const SourceColumns& from,
                         const std::vector<size_t>& columns, bool page_index,
                         RowGroupPieces& pieces, PieceMetadata& metadata, PiecePages& pages) const {
  const auto num_rows = static_cast<uint64_t>(pieces.row_group.num_rows);
  ROBOMERGE_ASSIGN_OR_RETURN(const auto rows,
                             decoder_.Filled(row_group.source_index, from, columns, num_rows));
  ROBOMERGE_ASSIGN_OR_RETURN(
      const EncodedTable encoded,
      EncodeRepeated(*rows, num_rows, page_index, Source(row_group.source_index).path));
  return AddEncoded(encoded, columns, row_group.source_index, pieces, metadata, pages);
}

Status Splice::AddValues(const RowGroupSource& row_group, const SourceColumns& from,
                         const std::vector<size_t>& columns, bool page_index,
                         RowGroupPieces& pieces, PieceMetadata& metadata, PiecePages& pages) const {
  const auto num_rows = static_cast<uint64_t>(pieces.row_group.num_rows);
  ROBOMERGE_ASSIGN_OR_RETURN(const auto table, decoder_.Added(row_group, from, columns, num_rows));
  ROBOMERGE_ASSIGN_OR_RETURN(const EncodedTable encoded,
                             EncodeTable(*table, page_index, Source(row_group.source_index).path));
  return AddEncoded(encoded, columns, row_group.source_index, pieces, metadata, pages);
}

Status Splice::CheckPresent(uint32_t source_index, const SourceColumns& from, size_t column) const {
  if (from.columns[column].present) return Status();
  const Footer::Representation& source = Source(source_index);
  const std::string& name = from.columns[column].name;
  return Problem(Code::kIncompatible,
                 StrCat("column `", name.empty() ? destination_.column_names[column] : name,
                        "` is missing"))
      .At(source.path)
      .Expected(
          StrCat("columns ", Join(destination_.column_names, ", "), "   from ", destination_.path))
      .Found(StrCat("columns ", Join(source.column_names, ", ")));
}

Status Splice::Add(const RowGroupSource& row_group) {
  ROBOMERGE_RETURN_NOT_OK(CheckRows(row_group.first()));
  ROBOMERGE_ASSIGN_OR_RETURN(const SourceColumns* from, ColumnsOf(row_group.source_index));
  ROBOMERGE_ASSIGN_OR_RETURN(const auto replaced, ReplacedColumns(row_group));
  const Footer::Representation& source = Source(row_group.source_index);
  const std::optional<size_t> exact = ExactRowGroup(row_group);
  uint64_t num_rows = row_group.num_rows;
  std::vector<const SourceColumns*> from_each = {from};
  for (const RowRange& range : row_group.more) {
    ROBOMERGE_RETURN_NOT_OK(CheckRows(range));
    ROBOMERGE_ASSIGN_OR_RETURN(const SourceColumns* also_from, ColumnsOf(range.source_index));
    from_each.push_back(also_from);
    num_rows += range.num_rows;
  }

  RowGroupPieces pieces;
  pieces.chunks.resize(destination_.leaves.size());
  pieces.row_group.num_rows = static_cast<int64_t>(num_rows);
  const auto metadata = std::make_shared<PieceMetadata>();
  const auto pages = std::make_shared<PiecePages>();
  std::vector<size_t> decoded, filled, added;
  bool page_index = false;
  for (size_t column = 0; column < replaced.size(); ++column) {
    if (replaced[column]) {
      ROBOMERGE_RETURN_NOT_OK(
          AddReplaced(*replaced[column], num_rows, column, pieces, *metadata, *pages));
      continue;
    }
    ROBOMERGE_RETURN_NOT_OK(CheckPresent(row_group.source_index, *from, column));
    for (size_t part = 0; part < row_group.more.size(); ++part)
      ROBOMERGE_RETURN_NOT_OK(
          CheckPresent(row_group.more[part].source_index, *from_each[part + 1], column));
    const bool is_filled =
        std::all_of(from_each.begin(), from_each.end(), [&](const SourceColumns* one) {
          return one->columns[column].change != nullptr &&
                 one->columns[column].change == from->columns[column].change &&
                 one->columns[column].is_filled();
        });
    const bool is_made = IsMade(row_group, destination_.column_names[column]);
    if (exact && from->columns[column].copyable && !is_made) {
      ROBOMERGE_RETURN_NOT_OK(AddCopied(row_group.source_index, *exact, *from, column, pieces));
    } else {
      const bool has_values = is_filled && from->columns[column].change->values != nullptr;
      (has_values ? added : is_filled && !is_made ? filled : decoded).push_back(column);
    }
  }
  // New chunks get a page index where the source's row group has one: readers use it for all
  // columns of a row group or for none.
  const size_t index_row_group = exact.value_or(0);
  for (size_t leaf = 0; leaf < source.leaves.size(); ++leaf)
    page_index = page_index || source.place(index_row_group, leaf).offset_index_bytes > 0;
  page_index = page_index && options_.keep_page_index;
  if (!decoded.empty())
    ROBOMERGE_RETURN_NOT_OK(AddStreamed(row_group, *from, page_index, decoded, pieces));
  if (!decoded.empty())
    ROBOMERGE_RETURN_NOT_OK(
        AddDecoded(row_group, from_each, decoded, page_index, pieces, *metadata, *pages));
  if (!filled.empty())
    ROBOMERGE_RETURN_NOT_OK(
        AddFilled(row_group, *from, filled, page_index, pieces, *metadata, *pages));
  if (!added.empty())
    ROBOMERGE_RETURN_NOT_OK(
        AddValues(row_group, *from, added, page_index, pieces, *metadata, *pages));
  if (!page_index) {
    for (ChunkPiece& piece : pieces.chunks)
      piece.column_index.length = piece.offset_index.length = 0;
  }
  if (exact) {
    pieces.row_group.thrift = source.span(source.row_group_thrift[*exact]);
    // Sorting columns are named by leaf number, and new values need not be sorted.
    pieces.row_group.keep_sorting =
        from->same_order && row_group.replaced.empty() && row_group.progressions.empty();
  }
  pieces.is_packed = from->leaves_out;
  pieces.pages_owner = pages;
  pieces.metadata_owners.push_back(metadata);
  return writer_.Add(std::move(pieces));
}

}  // namespace

Result<SpliceReport> WriteSplice(std::span<const SpliceSource> sources,
                                 std::span<const RowGroupSource> row_groups,
                                 const DestinationSchema& schema, const SpliceOptions& options,
                                 io::OutputFile& output) {
  if (options.alignment_bytes == 0 ||
      (options.alignment_bytes & (options.alignment_bytes - 1)) != 0) {
    return Problem(Code::kInvalidArgument, "the alignment is not a power of two")
        .Found(StrCat(options.alignment_bytes, " bytes"));
  }
  Splice splice(sources, schema, options, output);
  ROBOMERGE_RETURN_NOT_OK(splice.Check());
  for (size_t i = 0; i < row_groups.size(); ++i) {
    if (const Status added = splice.Add(row_groups[i]); !added.ok())
      return added.While(StrCat("writing row group ", i));
  }
  return splice.Finish();
}

}  // namespace robomerge::parquet
