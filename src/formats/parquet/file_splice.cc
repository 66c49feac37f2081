// Turns row ranges of sources into row groups of column chunks: copied where possible, otherwise
// decoded or encoded anew.
#include "formats/parquet/file_splice.h"

#include <arrow/array.h>

#include <algorithm>
#include <deque>
#include <map>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/chunk_stream_internal.h"
#include "formats/parquet/delta_encoding.h"
#include "formats/parquet/destination_schema_internal.h"
#include "formats/parquet/page_check_internal.h"
#include "formats/parquet/pictures_internal.h"
#include "formats/parquet/row_decoder_internal.h"
#include "formats/parquet/splice_writer_internal.h"

namespace robomerge::parquet {
namespace {

constexpr std::string_view kArrowSchemaKey = "ARROW:schema";

// Of one row group of the destination: rows that decode to more are not held, but for columns that
// are small.
constexpr uint64_t kMostDecodedBytes = uint64_t{32} << 20;
constexpr uint64_t kSmallColumnBytes = uint64_t{2} << 20;

/// How one source's columns become those of the destination. Indexed by the destination's columns.
struct SourceColumns {
  struct Column {
    bool present = false;
    bool copyable = false;
    bool streamable = false;  ///< the leaves differ at most in what may be null
    uint32_t first_leaf = 0;  ///< in the source
    uint32_t num_leaves = 0;
  };
  std::vector<Column> columns;
  bool same_order = false;  ///< leaf i of the source is leaf i of the destination
  bool drop_ordered_bounds = false;
};

const Progression* FindProgression(const RowGroupSource& row_group, const std::string& column) {
  for (const Progression& one : row_group.progressions) {
    if (one.column == column) return &one;
  }
  return nullptr;
}

std::shared_ptr<arrow::ChunkedArray> ValuesOf(const Progression& progression, uint64_t num_rows) {
  std::vector<double> values;
  for (uint64_t row = 0; row < num_rows; ++row)
    values.push_back(static_cast<double>(row * progression.numerator) /
                     static_cast<double>(progression.denominator));
  return std::make_shared<arrow::ChunkedArray>(std::make_shared<arrow::DoubleArray>(
      static_cast<int64_t>(num_rows), arrow::Buffer::FromVector(std::move(values))));
}

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
        destination_footer_(schema.footer()),
        destination_(destination_footer_.representation()),
        arrow_schema_(*schema.representation().arrow_schema),
        options_(options),
        output_(output),
        writer_(destination_, options, output),
        source_columns_(sources.size()) {}

  Status Check() const;
  Status Add(const RowGroupSource& row_group);
  Result<SpliceReport> Finish() {
    ROBOMERGE_ASSIGN_OR_RETURN(SpliceReport report, writer_.Finish());
    report.num_chunks_decoded = num_chunks_decoded_;
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
  Status MatchTypes(uint32_t source_index, SourceColumns& columns) const;
  bool LiesInFiles(uint32_t source_index, const std::string& column) const;
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
  Status AddDecoded(const RowGroupSource& row_group, const std::vector<size_t>& columns,
                    bool page_index, RowGroupPieces& pieces, PieceMetadata& metadata,
                    PiecePages& pages);
  /// The columns of one range of rows, as values of the destination's types.
  Result<arrow::ChunkedArrayVector> Decode(const RowRange& range,
                                           const std::vector<size_t>& columns);

  std::span<const SpliceSource> sources_;
  const Footer& destination_footer_;
  const Footer::Representation& destination_;
  const arrow::Schema& arrow_schema_;
  const SpliceOptions& options_;
  io::OutputFile& output_;
  SpliceWriter writer_;
  std::vector<std::optional<SourceColumns>> source_columns_;
  std::unique_ptr<RowDecoder> decoder_;
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

// Columns are matched by name, their leaves by position within the column, and both must have the
// same shape.
Result<const SourceColumns*> Splice::ColumnsOf(uint32_t source_index) {
  std::optional<SourceColumns>& known = source_columns_[source_index];
  if (known) return &*known;
  const Footer::Representation& source = Source(source_index);
  SourceColumns columns;
  columns.drop_ordered_bounds = destination_.has_column_orders && !source.has_column_orders;
  columns.same_order = source.leaves.size() == destination_.leaves.size();
  std::vector<bool> wanted(source.column_names.size(), false);
  for (size_t i = 0; i < destination_.column_names.size(); ++i) {
    SourceColumns::Column& column = columns.columns.emplace_back();
    const std::optional<uint32_t> number = source.column(destination_.column_names[i]);
    if (!number) {
      columns.same_order = false;
      continue;
    }
    wanted[*number] = true;
    column.present = true;
    column.first_leaf = source.column_first_leaf[*number];
    column.num_leaves = source.column_first_leaf[*number + 1] - column.first_leaf;
    const uint32_t first_leaf = destination_.column_first_leaf[i];
    column.copyable = column.num_leaves == destination_.column_first_leaf[i + 1] - first_leaf;
    column.streamable = column.copyable;
    for (uint32_t k = 0; column.streamable && k < column.num_leaves; ++k) {
      const auto levels = MatchLevels(source.leaves[column.first_leaf + k].shape,
                                      destination_.leaves[first_leaf + k].shape);
      column.streamable = levels.has_value();
      column.copyable = column.copyable && levels && levels->empty();
    }
    columns.same_order = columns.same_order && column.first_leaf == first_leaf;
  }
  if (const auto extra = std::find(wanted.begin(), wanted.end(), false); extra != wanted.end()) {
    const std::string& name = source.column_names[static_cast<size_t>(extra - wanted.begin())];
    return Problem(Code::kIncompatible, StrCat("column `", name, "` is not in the destination"))
        .At(ColumnPlace(source_index, name))
        .Expected(StrCat("columns ", Join(destination_.column_names, ", "), "   from ",
                         destination_.path));
  }
  ROBOMERGE_RETURN_NOT_OK(MatchTypes(source_index, columns));
  for (size_t i = 0; i < columns.columns.size(); ++i) {
    if (LiesInFiles(source_index, destination_.column_names[i]))
      columns.columns[i].copyable = false;
  }
  known = std::move(columns);
  return &*known;
}

bool Splice::LiesInFiles(uint32_t source_index, const std::string& column) const {
  const PicturesByPath* pictures = sources_[source_index].pictures;
  return pictures != nullptr && std::find(pictures->columns.begin(), pictures->columns.end(),
                                          column) != pictures->columns.end();
}

// Equal shapes may still be read as different Arrow types: a list whose destination has a fixed
// size, a duration in other units. ARROW:schema says which, so types are compared only where it
// differs.
Status Splice::MatchTypes(uint32_t source_index, SourceColumns& columns) const {
  const Footer::Representation& source = Source(source_index);
  const auto source_text = sources_[source_index].footer->key_value(kArrowSchemaKey);
  if (source_text == destination_footer_.key_value(kArrowSchemaKey)) return Status();
  ROBOMERGE_ASSIGN_OR_RETURN(const auto source_schema, ArrowSchemaOf(source));
  for (size_t i = 0; i < columns.columns.size(); ++i) {
    const auto from = source_schema->GetFieldByName(destination_.column_names[i]);
    const auto to = arrow_schema_.GetFieldByName(destination_.column_names[i]);
    if (!from || !to || !ReadsAs(*from->type(), *to->type()))
      columns.columns[i].copyable = columns.columns[i].streamable = false;
  }
  return Status();
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
           FindProgression(row_group, destination_.column_names[column]) != nullptr;
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

// As the destination's column has them.
Result<std::shared_ptr<arrow::ChunkedArray>> ForWriting(
    const std::shared_ptr<arrow::ChunkedArray>& values, const arrow::Field& to,
    const std::string& where) {
  return AtArrowBoundary(StrCat("cannot convert column `", to.name(), "`"), where, [&] {
    return CastForWriting(values, to.type(), to.nullable(), to.name(), where);
  });
}

Result<arrow::ChunkedArrayVector> Splice::Decode(const RowRange& range,
                                                 const std::vector<size_t>& columns) {
  const Footer::Representation& source = Source(range.source_index);
  ROBOMERGE_ASSIGN_OR_RETURN(const SourceColumns* from, ColumnsOf(range.source_index));
  if (columns.empty()) return arrow::ChunkedArrayVector();
  std::vector<int> leaves;
  for (const size_t column : columns) {
    for (uint32_t k = 0; k < from->columns[column].num_leaves; ++k)
      leaves.push_back(static_cast<int>(from->columns[column].first_leaf + k));
  }
  std::sort(leaves.begin(), leaves.end());
  const SpliceSource& opened = sources_[range.source_index];
  if (!decoder_ || &decoder_->file() != opened.file || decoder_->leaves() != leaves) {
    decoder_ = std::make_unique<RowDecoder>(*opened.file, source, leaves);
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const auto rows, decoder_->Read(range.first_row, range.num_rows));
  arrow::ChunkedArrayVector arrays;
  for (const size_t column : columns) {
    const std::string& name = destination_.column_names[column];
    const std::string where = ColumnPlace(range.source_index, name);
    const auto to = arrow_schema_.GetFieldByName(name);
    auto values = rows->GetColumnByName(name);
    if (values && LiesInFiles(range.source_index, name)) {
      ROBOMERGE_ASSIGN_OR_RETURN(values, AtArrowBoundary("cannot embed pictures", where, [&] {
                                   return EmbedPictures(values, opened.pictures->read, where);
                                 }));
    }
    if (!to || !values)
      return Problem(Code::kCorrupt, StrCat("column `", name, "` is not in the Arrow schema"))
          .At(where);
    ROBOMERGE_ASSIGN_OR_RETURN(values, ForWriting(values, *to, where));
    arrays.push_back(std::move(values));
  }
  return arrays;
}

// The chunks of `next` behind those of `array`; types may differ in what Parquet does not store.
Result<std::shared_ptr<arrow::ChunkedArray>> Joined(const arrow::ChunkedArray& array,
                                                    const arrow::ChunkedArray& next,
                                                    const std::string& column,
                                                    const std::string& where) {
  ROBOMERGE_ASSIGN_OR_RETURN(const auto alike,
                             Cast(std::make_shared<arrow::ChunkedArray>(next.chunks(), next.type()),
                                  array.type(), column, where));
  arrow::ArrayVector chunks = array.chunks();
  chunks.insert(chunks.end(), alike->chunks().begin(), alike->chunks().end());
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), array.type());
}

Status Splice::AddDecoded(const RowGroupSource& row_group, const std::vector<size_t>& columns,
                          bool page_index, RowGroupPieces& pieces, PieceMetadata& metadata,
                          PiecePages& pages) {
  const Footer::Representation& source = Source(row_group.source_index);
  ROBOMERGE_ASSIGN_OR_RETURN(const SourceColumns* from, ColumnsOf(row_group.source_index));
  std::vector<size_t> in_source_order = columns;
  std::sort(in_source_order.begin(), in_source_order.end(), [&](size_t a, size_t b) {
    return from->columns[a].first_leaf < from->columns[b].first_leaf;
  });
  std::vector<size_t> read;
  for (const size_t column : in_source_order) {
    if (FindProgression(row_group, destination_.column_names[column]) == nullptr)
      read.push_back(column);
  }
  ROBOMERGE_ASSIGN_OR_RETURN(arrow::ChunkedArrayVector arrays, Decode(row_group.first(), read));
  for (const RowRange& range : row_group.more) {
    ROBOMERGE_ASSIGN_OR_RETURN(const arrow::ChunkedArrayVector more, Decode(range, read));
    for (size_t at = 0; at < arrays.size(); ++at) {
      const std::string& name = destination_.column_names[read[at]];
      const std::string where = ColumnPlace(range.source_index, name);
      ROBOMERGE_ASSIGN_OR_RETURN(
          arrays[at], AtArrowBoundary(StrCat("cannot convert column `", name, "`"), where,
                                      [&] { return Joined(*arrays[at], *more[at], name, where); }));
    }
  }
  arrow::FieldVector fields;
  for (size_t at = 0; at < in_source_order.size(); ++at) {
    const std::string& name = destination_.column_names[in_source_order[at]];
    const auto to = arrow_schema_.GetFieldByName(name);
    if (const Progression* progression = FindProgression(row_group, name)) {
      const auto num_rows = static_cast<uint64_t>(pieces.row_group.num_rows);
      ROBOMERGE_ASSIGN_OR_RETURN(auto made, ForWriting(ValuesOf(*progression, num_rows), *to,
                                                       ColumnPlace(row_group.source_index, name)));
      arrays.insert(arrays.begin() + static_cast<std::ptrdiff_t>(at), std::move(made));
    }
    fields.push_back(arrow::field(to->name(), arrays[at]->type(), to->nullable()));
  }
  const auto table = arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays),
                                        pieces.row_group.num_rows);
  ROBOMERGE_ASSIGN_OR_RETURN(const EncodedTable encoded,
                             EncodeTable(*table, page_index, source.path));

  size_t encoded_leaf = 0;
  for (const size_t column : in_source_order) {
    for (uint32_t leaf = destination_.column_first_leaf[column];
         leaf < destination_.column_first_leaf[column + 1]; ++leaf, ++encoded_leaf) {
      const bool fits =
          encoded_leaf < encoded.footer->leaves.size() &&
          encoded.footer->leaves[encoded_leaf].shape == destination_.leaves[leaf].shape;
      if (!fits) {
        return Problem(Code::kUnsupported, StrCat("column `", destination_.column_names[column],
                                                  "` has a form that cannot be written anew"))
            .At(ColumnPlace(row_group.source_index, destination_.column_names[column]))
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
      ++num_chunks_decoded_;
    }
  }
  pages.files.push_back(encoded.file);
  metadata.footers.push_back(encoded.footer);
  return Status();
}

Status Splice::Add(const RowGroupSource& row_group) {
  ROBOMERGE_RETURN_NOT_OK(CheckRows(row_group.first()));
  ROBOMERGE_ASSIGN_OR_RETURN(const SourceColumns* from, ColumnsOf(row_group.source_index));
  ROBOMERGE_ASSIGN_OR_RETURN(const auto replaced, ReplacedColumns(row_group));
  const Footer::Representation& source = Source(row_group.source_index);
  const std::optional<size_t> exact = ExactRowGroup(row_group);
  uint64_t num_rows = row_group.num_rows;
  for (const RowRange& range : row_group.more) {
    ROBOMERGE_RETURN_NOT_OK(CheckRows(range));
    ROBOMERGE_RETURN_NOT_OK(ColumnsOf(range.source_index).status());
    num_rows += range.num_rows;
  }

  RowGroupPieces pieces;
  pieces.chunks.resize(destination_.leaves.size());
  pieces.row_group.num_rows = static_cast<int64_t>(num_rows);
  const auto metadata = std::make_shared<PieceMetadata>();
  const auto pages = std::make_shared<PiecePages>();
  std::vector<size_t> decoded;
  bool page_index = false;
  for (size_t column = 0; column < replaced.size(); ++column) {
    if (replaced[column]) {
      ROBOMERGE_RETURN_NOT_OK(
          AddReplaced(*replaced[column], num_rows, column, pieces, *metadata, *pages));
      continue;
    }
    if (!from->columns[column].present) {
      return Problem(Code::kIncompatible,
                     StrCat("column `", destination_.column_names[column], "` is missing"))
          .At(source.path)
          .Expected(StrCat("columns ", Join(destination_.column_names, ", "), "   from ",
                           destination_.path))
          .Found(StrCat("columns ", Join(source.column_names, ", ")));
    }
    if (exact && from->columns[column].copyable &&
        FindProgression(row_group, destination_.column_names[column]) == nullptr) {
      ROBOMERGE_RETURN_NOT_OK(AddCopied(row_group.source_index, *exact, *from, column, pieces));
    } else {
      decoded.push_back(column);
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
    ROBOMERGE_RETURN_NOT_OK(AddDecoded(row_group, decoded, page_index, pieces, *metadata, *pages));
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
