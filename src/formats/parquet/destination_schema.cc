#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/base64.h>
#include <parquet/arrow/schema.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/destination_schema_internal.h"

namespace robomerge::parquet {
namespace {

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

// What of a footer's schema is changed.
struct SchemaChanges {
  std::vector<size_t> int64_leaves;           // become plain INT64
  std::vector<std::string> nullable_columns;  // may hold nulls at every level

  bool empty() const { return int64_leaves.empty() && nullable_columns.empty(); }
  bool MakesNullable(const std::string& column) const {
    return std::find(nullable_columns.begin(), nullable_columns.end(), column) !=
           nullable_columns.end();
  }
};

// A SchemaElement, as INT64 without annotations or as OPTIONAL where it is REQUIRED.
void WriteElement(const Footer::Representation& footer, std::string_view bytes, bool as_int64,
                  bool as_optional, ThriftWriter& writer) {
  constexpr int32_t kInt64 = 2, kRequired = 0, kOptional = 1;
  ThriftReader reader(bytes, footer.path, "footer", footer.footer_begin);
  writer.BeginStruct();
  for (ThriftStructReader element(reader, "SchemaElement"); element.Next();) {
    const int16_t id = element.id();
    if (as_int64 && id == field::kSchemaType) {
      writer.I32(id, kInt64);
    } else if (as_int64 && (id == field::kSchemaTypeLength || id == field::kSchemaConvertedType ||
                            id == field::kSchemaLogicalType)) {
      continue;
    } else if (as_optional && id == field::kSchemaRepetition) {
      const int32_t repetition = element.Int32();
      writer.I32(id, repetition == kRequired ? kOptional : repetition);
    } else {
      const ThriftType type = element.type();
      writer.Raw(id, type, element.Value());
    }
  }
  writer.EndStruct();
}

// The schema list with the changed elements; everything else is copied. The first element is the
// root, and each column's elements follow one another.
void WriteSchemaField(const Footer::Representation& footer, const FileField& file,
                      const SchemaChanges& changes, ThriftWriter& writer) {
  ThriftReader reader(footer.span(file.value), footer.path, "footer", footer.footer_begin);
  const size_t num_elements = reader.ReadListOf(ThriftType::kStruct);
  writer.ListField(file.id, ThriftType::kStruct, num_elements);
  size_t column = 0;
  int64_t num_left = 0;  // elements of the present column
  for (size_t i = 0; i < num_elements; ++i) {
    const size_t begin = reader.position();
    reader.Skip(ThriftType::kStruct);
    const std::string_view bytes = reader.since(begin);
    if (i > 0 && num_left == 0) num_left = 1, ++column;
    if (i > 0) num_left += NumChildren(footer, bytes) - 1;
    const bool as_int64 =
        std::any_of(changes.int64_leaves.begin(), changes.int64_leaves.end(), [&](size_t number) {
          return footer.leaf_schema_elements[number].begin == file.value.begin + begin;
        });
    const bool as_optional = i > 0 && column <= footer.column_names.size() &&
                             changes.MakesNullable(footer.column_names[column - 1]);
    if (as_int64 || as_optional)
      WriteElement(footer, bytes, as_int64, as_optional, writer);
    else
      writer.ElementRaw(bytes);
  }
}

// The same type with nullable children.
std::shared_ptr<arrow::DataType> NullableInside(const std::shared_ptr<arrow::DataType>& type) {
  const auto child = [&](int number) {
    const auto& field = type->field(number);
    return field->WithType(NullableInside(field->type()))->WithNullable(true);
  };
  switch (type->id()) {
    case arrow::Type::LIST:
      return arrow::list(child(0));
    case arrow::Type::LARGE_LIST:
      return arrow::large_list(child(0));
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(
          child(0), static_cast<const arrow::FixedSizeListType&>(*type).list_size());
    case arrow::Type::STRUCT: {
      arrow::FieldVector children;
      for (int number = 0; number < type->num_fields(); ++number) children.push_back(child(number));
      return arrow::struct_(children);
    }
    default:
      return type;
  }
}

arrow::Result<std::string> ChangedArrowSchema(std::string_view encoded,
                                              const Footer::Representation& footer,
                                              const SchemaChanges& changes) {
  ARROW_ASSIGN_OR_RAISE(auto schema, DecodeArrowSchema(encoded));
  const auto change = [&](const std::string& column, auto changed) -> arrow::Status {
    const int index = schema->GetFieldIndex(column);
    if (index < 0) return arrow::Status::Invalid("ARROW:schema has no field ", column);
    return schema->SetField(index, changed(*schema->field(index))).Value(&schema);
  };
  for (const size_t leaf : changes.int64_leaves) {
    ARROW_RETURN_NOT_OK(change(footer.leaves[leaf].path.front(), [](const arrow::Field& field) {
      return field.WithType(arrow::int64());
    }));
  }
  for (const std::string& column : changes.nullable_columns) {
    ARROW_RETURN_NOT_OK(change(column, [](const arrow::Field& field) {
      return field.WithType(NullableInside(field.type()))->WithNullable(true);
    }));
  }
  return EncodeArrowSchema(*schema);
}

Result<std::string> ChangedFooter(const Footer::Representation& footer,
                                  const SchemaChanges& changes) {
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
      WriteSchemaField(footer, file, changes, writer);
    } else if (file.id == field::kFileKeyValues) {
      writer.ListField(file.id, ThriftType::kStruct, footer.key_values.size());
      for (const auto& [key, value] : footer.key_values) {
        writer.BeginStruct();
        writer.Binary(1, key);
        if (key == kArrowSchemaKey) {
          ROBOMERGE_ASSIGN_OR_RETURN_ARROW(const std::string changed,
                                           ChangedArrowSchema(value, footer, changes), what,
                                           footer.path);
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

int64_t NumChildren(const Footer::Representation& footer, std::string_view bytes) {
  ThriftReader reader(bytes, footer.path, "footer", footer.footer_begin);
  int64_t num_children = 0;
  for (ThriftStructReader element(reader, "SchemaElement"); element.Next();) {
    if (element.id() == field::kSchemaNumChildren) num_children = element.Count();
  }
  return num_children;
}

arrow::Result<std::shared_ptr<arrow::Schema>> DecodeArrowSchema(std::string_view encoded) {
  const arrow::Result<std::string> decoded =
      arrow::util::base64_decode(encoded);  // a plain string before Arrow 25
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, decoded);
  arrow::io::BufferReader source(arrow::Buffer::FromString(bytes));
  arrow::ipc::DictionaryMemo memo;
  return arrow::ipc::ReadSchema(&source, &memo);
}

arrow::Result<std::string> EncodeArrowSchema(const arrow::Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(const auto out, arrow::ipc::SerializeSchema(schema));
  return arrow::util::base64_encode(std::string_view(*out));
}

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

Status CheckArrowSchema(const Footer& footer) {
  // Files of one recorder have one schema, so it is read once for all of them.
  static std::mutex mutex;
  static std::set<std::string> sound;
  constexpr size_t kMostKept = 256;
  const Footer::Representation& bytes = footer.representation();
  std::string key(footer.key_value(kArrowSchemaKey).value_or(""));
  for (const FileField& file : bytes.fields) {
    if (file.id == field::kFileSchema) key += bytes.span(file.value);
  }
  {
    const std::lock_guard lock(mutex);
    if (sound.contains(key)) return Status();
  }
  const Result<std::shared_ptr<arrow::Schema>> schema = ArrowSchemaOf(bytes);
  if (!schema.ok()) {
    return Problem(Code::kCorrupt, "the Arrow schema in the footer is damaged")
        .At(bytes.path + ": ARROW:schema")
        .Expected("the columns of the file")
        .Found("what no Arrow schema is")
        .Hint("copy the file again");
  }
  const std::lock_guard lock(mutex);
  if (sound.size() < kMostKept) sound.insert(std::move(key));
  return Status();
}

Result<DestinationSchema> DestinationSchema::From(const io::RandomAccessFile& file,
                                                  const Footer& footer_in,
                                                  const std::vector<std::string>& int64_columns,
                                                  const std::vector<std::string>& nullable_columns,
                                                  const std::vector<DestinationColumn>& columns) {
  std::shared_ptr<const Footer::Representation> owner = footer_in.shared_representation();
  if (!columns.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(owner, WithColumns(owner, columns));
  }
  const Footer::Representation& footer = *owner;
  SchemaChanges changes;
  changes.nullable_columns = nullable_columns;
  for (const std::string& column : int64_columns) {
    ROBOMERGE_ASSIGN_OR_RETURN(const size_t leaf, ScalarIntegerLeaf(footer, column));
    const std::string& shape = footer.leaves[leaf].shape;
    if (shape != "required int64" && shape != "optional int64")
      changes.int64_leaves.push_back(leaf);
  }
  return AtArrowBoundary(
      "cannot make the schema of the destination", file.path(), [&]() -> Result<DestinationSchema> {
        std::string bytes = SubsetFooter(footer, 0, 0);
        if (!changes.empty()) {
          ROBOMERGE_ASSIGN_OR_RETURN(bytes, ChangedFooter(footer, changes));
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
