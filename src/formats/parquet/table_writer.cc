#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/io/memory.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>

#include "base/check.h"
#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/table_internal.h"

namespace robomerge::parquet {

struct TableWriter::Representation {
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector columns;
  std::string index_column;
  Status failed;  ///< the first failure of an Add call, which cannot return it

  void Add(const std::string& name, std::shared_ptr<arrow::ChunkedArray> column) {
    fields.push_back(arrow::field(name, column->type()));
    columns.push_back(std::move(column));
  }
  void Add(const std::string& name, std::shared_ptr<arrow::Array> column) {
    Add(name, std::make_shared<arrow::ChunkedArray>(std::move(column)));
  }

  // Builds a column; a failure (memory) is kept for Write.
  template <typename Build>
  void AddBuilt(const std::string& name, Build build) {
    const std::string what = StrCat("cannot build column `", name, "`");
    const Status status = AtArrowBoundary(what, {}, [&]() -> Status {
      std::shared_ptr<arrow::Array> column;
      ROBOMERGE_RETURN_NOT_ARROW_OK(build(&column), what, std::string());
      Add(name, std::move(column));
      return Status();
    });
    if (failed.ok() && !status.ok()) failed = status;
  }
};

namespace {

// Names no version of Arrow, so that a merge does not depend on the one it was made with. Readers
// split it at the word "version"; one that cannot would distrust the statistics (parquet-mr).
constexpr const char* kCreatedBy = "robomerge version 1";

// One cell of C values at depth 3 is C lists of one list of one value: shape (C, 1, 1).
arrow::Status NestedLists(const std::shared_ptr<arrow::Array>& values, const NumberLists& numbers,
                          std::shared_ptr<arrow::Array>* out) {
  std::shared_ptr<arrow::Array> nested = values;
  for (int depth = numbers.list_depth; depth > 1; --depth) {
    arrow::Int32Builder offsets;
    for (int64_t i = 0; i <= nested->length(); ++i)
      ARROW_RETURN_NOT_OK(offsets.Append(static_cast<int32_t>(i)));
    ARROW_ASSIGN_OR_RAISE(auto offset_array, offsets.Finish());
    nested = std::make_shared<arrow::ListArray>(
        arrow::list(arrow::field("element", nested->type())), values->length(),
        offset_array->data()->buffers[1], nested);
  }
  arrow::Int32Builder offsets;
  arrow::TypedBufferBuilder<bool> valid;
  for (const uint32_t begin : numbers.cell_begin)
    ARROW_RETURN_NOT_OK(offsets.Append(static_cast<int32_t>(begin)));
  for (const bool is_null : numbers.is_null) ARROW_RETURN_NOT_OK(valid.Append(!is_null));
  const int64_t null_count = valid.false_count();
  ARROW_ASSIGN_OR_RAISE(auto offset_array, offsets.Finish());
  ARROW_ASSIGN_OR_RAISE(auto valid_bits, valid.Finish());
  *out = std::make_shared<arrow::ListArray>(arrow::list(arrow::field("element", nested->type())),
                                            static_cast<int64_t>(numbers.is_null.size()),
                                            offset_array->data()->buffers[1], nested,
                                            null_count > 0 ? valid_bits : nullptr, null_count);
  return arrow::Status::OK();
}

template <typename Builder, typename Value>
arrow::Status NumberValues(const NumberLists& numbers, std::shared_ptr<arrow::Array>* out) {
  Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(numbers.values.size())));
  if (numbers.list_depth > 0) {
    for (const double value : numbers.values) builder.UnsafeAppend(static_cast<Value>(value));
    return builder.Finish(out);
  }
  for (size_t row = 0; row < numbers.is_null.size(); ++row) {
    if (numbers.is_null[row]) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(
          builder.Append(static_cast<Value>(numbers.values[numbers.cell_begin[row]])));
    }
  }
  return builder.Finish(out);
}

// The rows of one block, in the order wanted: a slice where they are consecutive.
arrow::Result<std::shared_ptr<arrow::ChunkedArray>> TakeRows(
    const std::shared_ptr<arrow::ChunkedArray>& column, const std::vector<int64_t>& rows) {
  bool consecutive = true;
  for (size_t i = 1; consecutive && i < rows.size(); ++i) consecutive = rows[i] == rows[i - 1] + 1;
  if (rows.empty()) return column->Slice(0, 0);
  if (consecutive) return column->Slice(rows.front(), static_cast<int64_t>(rows.size()));
  arrow::Int64Builder builder;
  ARROW_RETURN_NOT_OK(builder.AppendValues(rows));
  ARROW_ASSIGN_OR_RAISE(auto numbers, builder.Finish());
  ARROW_ASSIGN_OR_RAISE(auto taken,
                        arrow::compute::Take(arrow::Datum(column), arrow::Datum(numbers)));
  return taken.chunked_array();
}

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += StrCat('\\', c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      static constexpr char kHex[] = "0123456789abcdef";
      out += StrCat("\\u00", kHex[c >> 4], kHex[c & 15]);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// How pandas names types in its metadata: {pandas_type, numpy_type}.
std::pair<std::string, std::string> PandasTypes(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT64:
      return {"int64", "int64"};
    case arrow::Type::DOUBLE:
      return {"float64", "float64"};
    case arrow::Type::FLOAT:
      return {"float32", "float32"};
    case arrow::Type::BOOL:
      return {"bool", "bool"};
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
      return {"unicode", "object"};
    default:
      break;
  }
  if (IsListLike(type))
    return {StrCat("list[", PandasTypes(*ListElement(type)->type()).first, "]"), "object"};
  if (arrow::is_integer(type.id()) || arrow::is_floating(type.id()))
    return {type.ToString(), type.ToString()};
  return {"object", "object"};
}

// The metadata that pandas' own to_parquet writes, as far as reading needs it (pandas developer
// guide, "Storing pandas DataFrame objects in Apache Parquet format"). An index column that is
// named is both in `index_columns` and in `columns`.
std::string PandasMetadata(const arrow::FieldVector& fields, const std::string& index_column) {
  std::vector<std::string> columns;
  for (const auto& field : fields) {
    const auto [pandas_type, numpy_type] = PandasTypes(*field->type());
    columns.push_back(StrCat(
        "{\"name\": ", JsonString(field->name()), ", \"field_name\": ", JsonString(field->name()),
        ", \"pandas_type\": ", JsonString(pandas_type),
        ", \"numpy_type\": ", JsonString(numpy_type), ", \"metadata\": null}"));
  }
  return StrCat(
      "{\"index_columns\": [", JsonString(index_column),
      "], \"column_indexes\": [{\"name\": null, \"field_name\": null, \"pandas_type\": "
      "\"unicode\", "
      "\"numpy_type\": \"object\", "
      "\"metadata\": {\"encoding\": \"UTF-8\"}}], \"columns\": [",
      Join(columns, ", "),
      "], \"attributes\": {}, \"creator\": {\"library\": \"robomerge\", \"version\": \"1\"}, "
      "\"pandas_version\": \"2.0.0\"}");
}

}  // namespace

TableWriter::TableWriter() : representation_(std::make_unique<Representation>()) {}
TableWriter::~TableWriter() = default;

void TableWriter::AddInt64(const std::string& name, std::vector<int64_t> values) {
  representation_->AddBuilt(name, [&](std::shared_ptr<arrow::Array>* out) {
    arrow::Int64Builder builder;
    ARROW_RETURN_NOT_OK(builder.AppendValues(values));
    return builder.Finish(out);
  });
}

void TableWriter::AddDouble(const std::string& name, std::vector<double> values) {
  representation_->AddBuilt(name, [&](std::shared_ptr<arrow::Array>* out) {
    arrow::DoubleBuilder builder;
    ARROW_RETURN_NOT_OK(builder.AppendValues(values));
    return builder.Finish(out);
  });
}

void TableWriter::AddString(const std::string& name, std::vector<std::string> values) {
  representation_->AddBuilt(name, [&](std::shared_ptr<arrow::Array>* out) {
    arrow::StringBuilder builder;
    ARROW_RETURN_NOT_OK(builder.AppendValues(values));
    return builder.Finish(out);
  });
}

void TableWriter::AddStringList(const std::string& name,
                                std::vector<std::vector<std::string>> values) {
  representation_->AddBuilt(name, [&](std::shared_ptr<arrow::Array>* out) {
    const auto texts = std::make_shared<arrow::StringBuilder>();
    arrow::ListBuilder builder(arrow::default_memory_pool(), texts,
                               arrow::list(arrow::field("element", arrow::utf8())));
    for (const std::vector<std::string>& row : values) {
      ARROW_RETURN_NOT_OK(builder.Append());
      ARROW_RETURN_NOT_OK(texts->AppendValues(row));
    }
    return builder.Finish(out);
  });
}

void TableWriter::AddNumbers(const std::string& name, NumberLists numbers) {
  ROBOMERGE_CHECK(numbers.list_depth >= 0 &&
                  numbers.cell_begin.size() == numbers.is_null.size() + 1 &&
                  numbers.cell_begin.back() == numbers.values.size());
  representation_->AddBuilt(name, [&](std::shared_ptr<arrow::Array>* out) -> arrow::Status {
    std::shared_ptr<arrow::Array> values;
    switch (numbers.element) {
      case NumberLists::Element::kInteger:
        ARROW_RETURN_NOT_OK((NumberValues<arrow::Int64Builder, int64_t>(numbers, &values)));
        break;
      case NumberLists::Element::kBoolean:
        ARROW_RETURN_NOT_OK((NumberValues<arrow::BooleanBuilder, bool>(numbers, &values)));
        break;
      case NumberLists::Element::kFloat:
        ARROW_RETURN_NOT_OK((NumberValues<arrow::DoubleBuilder, double>(numbers, &values)));
        break;
    }
    if (numbers.list_depth > 0) return NestedLists(values, numbers, out);
    *out = std::move(values);
    return arrow::Status::OK();
  });
}

Status TableWriter::AddCarried(const std::string& name, const std::vector<Block>& blocks) {
  const std::string what = StrCat("cannot carry column `", name, "` over");
  std::shared_ptr<arrow::DataType> type = arrow::null();
  const Table* typed_by = nullptr;
  std::vector<std::shared_ptr<arrow::Table>> tables;  // one per block, or none
  for (const Block& block : blocks) {
    tables.emplace_back();
    if (!block.table) continue;
    ROBOMERGE_ASSIGN_OR_RETURN(tables.back(), block.table->representation().Arrow());
    const auto field = tables.back()->schema()->GetFieldByName(name);
    if (!field) continue;
    const auto unified = UnifiedType(type, field->type());
    if (!unified) {
      return Problem(Code::kIncompatible,
                     StrCat("column `", name,
                            "` of the episodes tables has types that do not fit "
                            "together"))
          .Kind("E-episodes")
          .At(StrCat(block.table->representation().path, ": column `", name, "`"))
          .Expected(StrCat(
              type->ToString(),
              typed_by ? StrCat("   from ", typed_by->representation().path) : std::string()))
          .Found(field->type()->ToString())
          .Hint("the format does not know this column: rename or remove it in one of the sources");
    }
    if (!typed_by || !unified->Equals(*type)) typed_by = block.table;
    type = unified;
  }
  return AtArrowBoundary(what, {}, [&]() -> Status {
    arrow::ArrayVector chunks;
    for (size_t at = 0; at < blocks.size(); ++at) {
      const Block& block = blocks[at];
      const std::string where = block.table ? block.table->representation().path : std::string();
      const auto column = tables[at] ? tables[at]->GetColumnByName(name) : nullptr;
      if (!column) {
        ROBOMERGE_ASSIGN_OR_RETURN_ARROW(
            auto nulls, arrow::MakeArrayOfNull(type, static_cast<int64_t>(block.rows.size())), what,
            where);
        chunks.push_back(std::move(nulls));
        continue;
      }
      for (const int64_t row : block.rows) {
        if (row < 0 || row >= column->length()) {
          return Problem(Code::kInvalidArgument, StrCat("there is no row ", row))
              .At(where)
              .Expected(StrCat("fewer than ", column->length(), " rows"));
        }
      }
      ROBOMERGE_ASSIGN_OR_RETURN_ARROW(auto taken, TakeRows(column, block.rows), what, where);
      ROBOMERGE_ASSIGN_OR_RETURN(const auto cast, Cast(taken, type, name, where));
      chunks.insert(chunks.end(), cast->chunks().begin(), cast->chunks().end());
    }
    representation_->Add(name, std::make_shared<arrow::ChunkedArray>(std::move(chunks), type));
    return Status();
  });
}

void TableWriter::SetPandasIndex(const std::string& index_column) {
  representation_->index_column = index_column;
}

Result<uint64_t> TableWriter::Write(io::OutputFile& output, int64_t rows_per_group) {
  ROBOMERGE_RETURN_NOT_OK(representation_->failed);
  const arrow::FieldVector& fields = representation_->fields;
  const int64_t num_rows =
      representation_->columns.empty() ? 0 : representation_->columns.front()->length();
  for (size_t i = 0; i < fields.size(); ++i) {
    if (representation_->columns[i]->length() != num_rows) {
      return Problem(Code::kInvalidArgument, "the columns of the table differ in length")
          .At(output.path())
          .Expected(StrCat(num_rows, " rows, as in `", fields.front()->name(), "`"))
          .Found(
              StrCat(representation_->columns[i]->length(), " rows in `", fields[i]->name(), "`"));
    }
  }
  auto schema = arrow::schema(fields);
  if (const std::string& index = representation_->index_column; !index.empty()) {
    if (schema->GetFieldIndex(index) < 0) {
      return Problem(Code::kInvalidArgument,
                     StrCat("the index column `", index, "` is not in the table"))
          .At(output.path());
    }
    schema = schema->WithMetadata(
        arrow::key_value_metadata({"pandas"}, {PandasMetadata(fields, index)}));
  }
  const std::string what = "cannot write the table";
  uint64_t file_size_bytes = 0;
  ROBOMERGE_RETURN_NOT_OK(AtArrowBoundary(what, output.path(), [&]() -> Status {
    ROBOMERGE_ASSIGN_OR_RETURN_ARROW(auto sink, arrow::io::BufferOutputStream::Create(), what,
                                     output.path());
    const auto properties = ::parquet::WriterProperties::Builder()
                                .compression(::parquet::Compression::SNAPPY)
                                ->version(::parquet::ParquetVersion::PARQUET_2_6)
                                ->created_by(kCreatedBy)
                                ->build();
    const auto arrow_properties =
        ::parquet::ArrowWriterProperties::Builder().store_schema()->build();
    const auto table = arrow::Table::Make(schema, representation_->columns, num_rows);
    ROBOMERGE_RETURN_NOT_ARROW_OK(
        ::parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink,
                                     std::max<int64_t>(rows_per_group, 1), properties,
                                     arrow_properties),
        what, output.path());
    ROBOMERGE_ASSIGN_OR_RETURN_ARROW(const auto buffer, sink->Finish(), what, output.path());
    file_size_bytes = static_cast<uint64_t>(buffer->size());
    return output.WriteAt(0,
                          std::as_bytes(std::span<const uint8_t>(buffer->data(), file_size_bytes)));
  }));
  return file_size_bytes;
}

}  // namespace robomerge::parquet
