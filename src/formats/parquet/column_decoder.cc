#include <arrow/array.h>

#include <algorithm>

#include "base/text.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/changed_values_internal.h"
#include "formats/parquet/column_decoder_internal.h"
#include "formats/parquet/pictures_internal.h"

namespace robomerge::parquet {
namespace {

using Values = std::shared_ptr<arrow::ChunkedArray>;

// Of a filled column, what is held at once.
constexpr uint64_t kFilledBytes = uint64_t{1} << 20;
constexpr uint64_t kMostFilledRows = 1024;

Values ValuesOf(const Progression& progression, uint64_t num_rows) {
  std::vector<double> values;
  for (uint64_t row = 0; row < num_rows; ++row)
    values.push_back(static_cast<double>(row * progression.numerator) /
                     static_cast<double>(progression.denominator));
  return std::make_shared<arrow::ChunkedArray>(std::make_shared<arrow::DoubleArray>(
      static_cast<int64_t>(num_rows), arrow::Buffer::FromVector(std::move(values))));
}

// As the destination's column has them.
Result<Values> ForWriting(const Values& values, const arrow::Field& to, const std::string& where) {
  return AtArrowBoundary(StrCat("cannot convert column `", to.name(), "`"), where, [&] {
    return CastForWriting(values, to.type(), to.nullable(), to.name(), where);
  });
}

// The chunks of `next` behind those of `array`; types may differ in what Parquet does not store.
Result<Values> Joined(const arrow::ChunkedArray& array, const arrow::ChunkedArray& next,
                      const std::string& column, const std::string& where) {
  return AtArrowBoundary(
      StrCat("cannot convert column `", column, "`"), where, [&]() -> Result<Values> {
        ROBOMERGE_ASSIGN_OR_RETURN(const auto alike, Cast(std::make_shared<arrow::ChunkedArray>(
                                                              next.chunks(), next.type()),
                                                          array.type(), column, where));
        arrow::ArrayVector chunks = array.chunks();
        chunks.insert(chunks.end(), alike->chunks().begin(), alike->chunks().end());
        return std::make_shared<arrow::ChunkedArray>(std::move(chunks), array.type());
      });
}

// A row of a filled column, roughly; kFilledBytes stands for anything larger.
uint64_t FilledRowBytes(const ColumnChange& change) {
  const auto* text = std::get_if<std::string>(&change.fill);
  uint64_t bytes = std::min<uint64_t>(8 + (text != nullptr ? text->size() : 0), kFilledBytes);
  for (const int64_t length : change.shape) {
    const auto most = std::min(static_cast<uint64_t>(std::max<int64_t>(length, 1)), kFilledBytes);
    bytes = std::min(bytes * most, kFilledBytes);
  }
  return bytes;
}

// Whether the bytes of pictures fit into cells of this type.
bool HoldsPictures(const arrow::DataType& type) {
  const auto is_bytes = [](const arrow::DataType& of) {
    return arrow::is_base_binary_like(of.id()) && !arrow::is_string(of.id());
  };
  if (type.id() != arrow::Type::STRUCT) return is_bytes(type);
  const auto bytes = static_cast<const arrow::StructType&>(type).GetFieldByName("bytes");
  return bytes && is_bytes(*bytes->type());
}

}  // namespace

const Progression* FindProgression(const RowGroupSource& row_group, const std::string& column) {
  for (const Progression& one : row_group.progressions) {
    if (one.column == column) return &one;
  }
  return nullptr;
}

bool IsMade(const RowGroupSource& row_group, const std::string& column) {
  return FindProgression(row_group, column) != nullptr ||
         (row_group.shift && row_group.shift->column == column);
}

std::string ColumnDecoder::Place(uint32_t source_index, const std::string& column) const {
  return StrCat(sources_[source_index].footer->representation().path, ": column `", column, "`");
}

Result<Values> ColumnDecoder::Rows(const RowRange& range, const SourceColumns::Column& column,
                                   size_t number, const arrow::Table& decoded) {
  const std::string& name = destination_.column_names[number];
  const auto to = arrow_schema_.GetFieldByName(name);
  if (column.is_filled()) {
    const std::string where = Place(range.source_index, name);
    ROBOMERGE_ASSIGN_OR_RETURN(
        const Values filled, AtArrowBoundary("cannot fill a column", where, [&] {
          return FilledRows(*column.change, to->type(), range.num_rows, where);
        }));
    return ForWriting(filled, *to, where);
  }
  const std::string where = Place(range.source_index, column.name);
  Values values = decoded.GetColumnByName(column.name);
  if (values && to && column.lies_in_files) {
    if (!HoldsPictures(*to->type())) {
      return Problem(Code::kUnsupported, "pictures lie in files, and the table cannot hold them")
          .At(where)
          .Expected("cells of `bytes` and `path` in some source, whose form all others then take")
          .Found(to->type()->ToString())
          .Hint("merge it together with a dataset that LeRobot has recorded");
    }
    const PictureReader& read = sources_[range.source_index].pictures->read;
    ROBOMERGE_ASSIGN_OR_RETURN(values, AtArrowBoundary("cannot embed pictures", where, [&] {
                                 return EmbedPictures(values, read, where);
                               }));
  }
  if (!to || !values)
    return Problem(Code::kCorrupt, StrCat("column `", column.name, "` is not in the Arrow schema"))
        .At(where);
  if (column.has_new_values()) {
    Rounding rounding;
    ROBOMERGE_ASSIGN_OR_RETURN(
        values, AtArrowBoundary(StrCat("cannot convert column `", name, "`"), where, [&] {
          return ChangedRows(values, *column.change, to->type(), range.first_row, where, rounding);
        }));
    if (column.change->is_cast) rounded_[number] += rounding;
  }
  return ForWriting(values, *to, where);
}

Result<arrow::ChunkedArrayVector> ColumnDecoder::DecodeRange(const RowRange& range,
                                                             const SourceColumns& from,
                                                             const std::vector<size_t>& columns) {
  std::vector<int> leaves;
  for (const size_t column : columns) {
    for (uint32_t k = 0; k < from.columns[column].num_leaves; ++k)
      leaves.push_back(static_cast<int>(from.columns[column].first_leaf + k));
  }
  std::sort(leaves.begin(), leaves.end());
  std::shared_ptr<arrow::Table> rows;
  if (!leaves.empty()) {
    const SpliceSource& opened = sources_[range.source_index];
    if (!decoder_ || &decoder_->file() != opened.file || decoder_->leaves() != leaves) {
      decoder_ =
          std::make_unique<RowDecoder>(*opened.file, opened.footer->representation(), leaves);
    }
    ROBOMERGE_ASSIGN_OR_RETURN(rows, decoder_->Read(range.first_row, range.num_rows));
  } else {
    rows = arrow::Table::Make(arrow::schema({}), arrow::ChunkedArrayVector(),
                              static_cast<int64_t>(range.num_rows));
  }
  arrow::ChunkedArrayVector arrays;
  for (const size_t column : columns) {
    ROBOMERGE_ASSIGN_OR_RETURN(Values values, Rows(range, from.columns[column], column, *rows));
    arrays.push_back(std::move(values));
  }
  return arrays;
}

Result<std::shared_ptr<arrow::Table>> ColumnDecoder::Decode(
    const RowGroupSource& row_group, const std::vector<const SourceColumns*>& from,
    const std::vector<size_t>& columns) {
  std::vector<size_t> read;
  for (const size_t column : columns) {
    if (FindProgression(row_group, destination_.column_names[column]) == nullptr)
      read.push_back(column);
  }
  ROBOMERGE_ASSIGN_OR_RETURN(arrow::ChunkedArrayVector arrays,
                             DecodeRange(row_group.first(), *from.front(), read));
  uint64_t num_rows = row_group.num_rows;
  for (size_t part = 0; part < row_group.more.size(); ++part) {
    const RowRange& range = row_group.more[part];
    num_rows += range.num_rows;
    ROBOMERGE_ASSIGN_OR_RETURN(const arrow::ChunkedArrayVector more,
                               DecodeRange(range, *from[part + 1], read));
    for (size_t at = 0; at < arrays.size(); ++at) {
      const std::string& name = destination_.column_names[read[at]];
      ROBOMERGE_ASSIGN_OR_RETURN(
          arrays[at], Joined(*arrays[at], *more[at], name, Place(range.source_index, name)));
    }
  }
  arrow::FieldVector fields;
  for (size_t at = 0; at < columns.size(); ++at) {
    const std::string& name = destination_.column_names[columns[at]];
    const auto to = arrow_schema_.GetFieldByName(name);
    if (const Progression* progression = FindProgression(row_group, name)) {
      ROBOMERGE_ASSIGN_OR_RETURN(auto made, ForWriting(ValuesOf(*progression, num_rows), *to,
                                                       Place(row_group.source_index, name)));
      arrays.insert(arrays.begin() + static_cast<std::ptrdiff_t>(at), std::move(made));
    } else if (row_group.shift && row_group.shift->column == name) {
      const std::string where = Place(row_group.source_index, name);
      ROBOMERGE_ASSIGN_OR_RETURN(arrays[at], AtArrowBoundary("cannot move times", where, [&] {
                                   return ShiftedRows(arrays[at], *row_group.shift, where);
                                 }));
    }
    fields.push_back(arrow::field(to->name(), arrays[at]->type(), to->nullable()));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays),
                            static_cast<int64_t>(num_rows));
}

Result<std::shared_ptr<arrow::RecordBatch>> ColumnDecoder::Filled(
    uint32_t source_index, const SourceColumns& from, const std::vector<size_t>& columns,
    uint64_t num_rows) const {
  uint64_t row_bytes = 1;
  for (const size_t column : columns) row_bytes += FilledRowBytes(*from.columns[column].change);
  const uint64_t batch_rows =
      std::min(num_rows, std::clamp<uint64_t>(kFilledBytes / row_bytes, 1, kMostFilledRows));
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const size_t column : columns) {
    const std::string& name = destination_.column_names[column];
    const std::string where = Place(source_index, name);
    const auto to = arrow_schema_.GetFieldByName(name);
    if (!to)
      return Problem(Code::kCorrupt, StrCat("column `", name, "` is not in the Arrow schema"))
          .At(destination_.path);
    ROBOMERGE_ASSIGN_OR_RETURN(
        const Values filled, AtArrowBoundary("cannot fill a column", where, [&] {
          return FilledRows(*from.columns[column].change, to->type(), batch_rows, where);
        }));
    ROBOMERGE_ASSIGN_OR_RETURN(const Values values, ForWriting(filled, *to, where));
    fields.push_back(arrow::field(name, values->type(), to->nullable()));
    arrays.push_back(values->chunk(0));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)),
                                  static_cast<int64_t>(batch_rows), std::move(arrays));
}

Result<std::shared_ptr<arrow::Table>> ColumnDecoder::Added(const RowGroupSource& row_group,
                                                           const SourceColumns& from,
                                                           const std::vector<size_t>& columns,
                                                           uint64_t num_rows) const {
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector arrays;
  for (const size_t column : columns) {
    const std::string& name = destination_.column_names[column];
    const std::string where = Place(row_group.source_index, name);
    const auto to = arrow_schema_.GetFieldByName(name);
    if (!to)
      return Problem(Code::kCorrupt, StrCat("column `", name, "` is not in the Arrow schema"))
          .At(destination_.path);
    ROBOMERGE_ASSIGN_OR_RETURN(const Values added,
                               AtArrowBoundary("cannot add a column", where, [&] {
                                 return AddedRows(*from.columns[column].change, to->type(),
                                                  row_group.first_value, num_rows, where);
                               }));
    ROBOMERGE_ASSIGN_OR_RETURN(Values values, ForWriting(added, *to, where));
    fields.push_back(arrow::field(name, values->type(), to->nullable()));
    arrays.push_back(std::move(values));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays),
                            static_cast<int64_t>(num_rows));
}

}  // namespace robomerge::parquet
