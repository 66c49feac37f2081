#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/base64.h>
#include <parquet/arrow/schema.h>

#include <algorithm>

#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/destination_schema_internal.h"

namespace robomerge::parquet {
namespace {

constexpr std::string_view kArrowSchemaKey = "ARROW:schema";

Result<size_t> ScalarIntegerLeaf(const Footer::Representation& footer, const std::string& column) {
  const std::optional<uint32_t> number = footer.column(column);
  const Problem wrong =
      Problem(Code::kIncompatible,
              StrCat("column `", column, "` cannot become a column of 64-bit whole numbers"))
          .At(StrCat(footer.path, ": column `", column, "`"))
          .Expected("one whole number per row");
  if (!number) return Problem(wrong).Found("no such column");
  const uint32_t leaf = footer.column_first_leaf[*number];
  if (footer.column_first_leaf[*number + 1] != leaf + 1) return Problem(wrong).Found("a group");
  const Leaf& found = footer.leaves[leaf];
  const bool integer = found.type == PhysicalType::kInt32 || found.type == PhysicalType::kInt64;
  const std::string meaning = found.shape.substr(found.shape.rfind(' ') + 1);
  const bool plain = meaning.starts_with("int") || meaning.starts_with("uint");
  if (found.path.size() != 1 || found.max_repetition_level > 0 || !integer || !plain)
    return Problem(wrong).Found(found.shape);
  return size_t{leaf};
}

// The leaf's SchemaElement as INT64 without annotations.
void WritePlainInt64Element(const Footer::Representation& footer, size_t leaf,
                            ThriftWriter& writer) {
  constexpr int32_t kInt64 = 2;
  ThriftReader reader(footer.span(footer.leaf_schema_elements[leaf]), footer.path, "footer",
                      footer.footer_begin);
  writer.BeginStruct();
  for (ThriftStructReader element(reader, "SchemaElement"); element.Next();) {
    switch (element.id()) {
      case field::kSchemaType:
        writer.I32(field::kSchemaType, kInt64);
        break;
      case field::kSchemaTypeLength:
      case field::kSchemaConvertedType:
      case field::kSchemaLogicalType:
        break;
      default: {
        const int16_t id = element.id();
        const ThriftType type = element.type();
        writer.Raw(id, type, element.Value());
      }
    }
  }
  writer.EndStruct();
}

// The schema list with the changed leaves; everything else is copied.
void WriteSchemaField(const Footer::Representation& footer, const FileField& file,
                      const std::vector<size_t>& changed, ThriftWriter& writer) {
  ThriftReader reader(footer.span(file.value), footer.path, "footer", footer.footer_begin);
  const size_t num_elements = reader.ReadListOf(ThriftType::kStruct);
  writer.ListField(file.id, ThriftType::kStruct, num_elements);
  for (size_t i = 0; i < num_elements; ++i) {
    const size_t begin = reader.position();
    reader.Skip(ThriftType::kStruct);
    const auto leaf = std::find_if(changed.begin(), changed.end(), [&](size_t number) {
      return footer.leaf_schema_elements[number].begin == file.value.begin + begin;
    });
    if (leaf == changed.end()) {
      writer.ElementRaw(reader.since(begin));
    } else {
      WritePlainInt64Element(footer, *leaf, writer);
    }
  }
}

arrow::Result<std::string> ArrowSchemaWithInt64(std::string_view encoded,
                                                const std::vector<std::string>& columns) {
  const arrow::Result<std::string> decoded =
      arrow::util::base64_decode(encoded);  // a plain string before Arrow 25
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, decoded);
  arrow::io::BufferReader source(arrow::Buffer::FromString(bytes));
  arrow::ipc::DictionaryMemo memo;
  ARROW_ASSIGN_OR_RAISE(auto schema, arrow::ipc::ReadSchema(&source, &memo));
  for (const std::string& column : columns) {
    const int index = schema->GetFieldIndex(column);
    if (index < 0) return arrow::Status::Invalid("ARROW:schema has no field ", column);
    ARROW_ASSIGN_OR_RAISE(schema,
                          schema->SetField(index, schema->field(index)->WithType(arrow::int64())));
  }
  ARROW_ASSIGN_OR_RAISE(const auto out, arrow::ipc::SerializeSchema(*schema));
  return arrow::util::base64_encode(std::string_view(*out));
}

Result<std::string> FooterWithInt64(const Footer::Representation& footer,
                                    const std::vector<size_t>& leaves) {
  std::vector<std::string> columns;
  for (const size_t leaf : leaves) columns.push_back(footer.leaves[leaf].path.front());
  const std::string what = "cannot change the Arrow schema of the destination";
  std::string out;
  ThriftWriter writer(out);
  writer.BeginStruct();
  for (const FileField& file : footer.fields) {
    if (file.id == field::kFileNumRows) {
      writer.I64(file.id, 0);
    } else if (file.id == field::kFileRowGroups) {
      writer.ListField(file.id, ThriftType::kStruct, 0);
    } else if (file.id == field::kFileSchema) {
      WriteSchemaField(footer, file, leaves, writer);
    } else if (file.id == field::kFileKeyValues) {
      writer.ListField(file.id, ThriftType::kStruct, footer.key_values.size());
      for (const auto& [key, value] : footer.key_values) {
        writer.BeginStruct();
        writer.Binary(1, key);
        if (key == kArrowSchemaKey && !leaves.empty()) {
          ROBOMERGE_ASSIGN_OR_RETURN_ARROW(const std::string changed,
                                           ArrowSchemaWithInt64(value, columns), what, footer.path);
          writer.Binary(2, changed);
        } else {
          writer.Binary(2, value);
        }
        writer.EndStruct();
      }
    } else {
      writer.Raw(file.id, file.type, footer.span(file.value));
    }
  }
  writer.EndStruct();
  return out;
}

}  // namespace

Result<std::shared_ptr<arrow::Schema>> ArrowSchemaOf(const Footer::Representation& footer) {
  const std::string what = "cannot read the schema";
  return AtArrowBoundary(what, footer.path, [&]() -> Result<std::shared_ptr<arrow::Schema>> {
    const auto meta_data = ArrowMetaData(SubsetFooter(footer, 0, 0));
    std::shared_ptr<arrow::Schema> schema;
    const ::parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    ROBOMERGE_RETURN_NOT_ARROW_OK(
        ::parquet::arrow::FromParquetSchema(meta_data->schema(), properties,
                                            meta_data->key_value_metadata(), &schema),
        what, footer.path);
    return schema;
  });
}

DestinationSchema::DestinationSchema(std::shared_ptr<const Representation> representation)
    : representation_(std::move(representation)) {}
const Footer& DestinationSchema::footer() const { return representation_->footer; }

Result<DestinationSchema> DestinationSchema::From(const io::RandomAccessFile& file,
                                                  const Footer& footer_in,
                                                  const std::vector<std::string>& int64_columns) {
  const Footer::Representation& footer = footer_in.representation();
  std::vector<size_t> narrow;
  for (const std::string& column : int64_columns) {
    ROBOMERGE_ASSIGN_OR_RETURN(const size_t leaf, ScalarIntegerLeaf(footer, column));
    const std::string& shape = footer.leaves[leaf].shape;
    if (shape != "required int64" && shape != "optional int64") narrow.push_back(leaf);
  }
  return AtArrowBoundary(
      "cannot make the schema of the destination", file.path(), [&]() -> Result<DestinationSchema> {
        std::string bytes = SubsetFooter(footer, 0, 0);
        if (!narrow.empty()) {
          ROBOMERGE_ASSIGN_OR_RETURN(bytes, FooterWithInt64(footer, narrow));
        }
        auto made = std::make_shared<Representation>();
        ROBOMERGE_ASSIGN_OR_RETURN(auto parsed, ParseFooter(file.path(), footer.file_size_bytes,
                                                            footer.footer_begin, std::move(bytes)));
        made->footer = Footer(std::move(parsed));
        ROBOMERGE_ASSIGN_OR_RETURN(made->arrow_schema,
                                   ArrowSchemaOf(made->footer.representation()));
        return DestinationSchema(std::move(made));
      });
}

}  // namespace robomerge::parquet
