// The schema of a destination whose columns are not those of the file that gives the schema.
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/destination_schema_internal.h"
#include "formats/parquet/row_decoder_internal.h"

namespace robomerge::parquet {
namespace {

using FieldPointer = std::shared_ptr<arrow::Field>;
using TypePointer = std::shared_ptr<arrow::DataType>;

constexpr std::string_view kHuggingFaceKey = "huggingface", kPandasKey = "pandas";
// `datasets` has Array2D to Array5D.
constexpr size_t kMostDimensions = 5;

TypePointer TypeOf(const std::string& dtype) {
  static const std::array<std::pair<const char*, TypePointer>, 14> types = {
      {{"bool", arrow::boolean()},
       {"int8", arrow::int8()},
       {"int16", arrow::int16()},
       {"int32", arrow::int32()},
       {"int64", arrow::int64()},
       {"uint8", arrow::uint8()},
       {"uint16", arrow::uint16()},
       {"uint32", arrow::uint32()},
       {"uint64", arrow::uint64()},
       {"float32", arrow::float32()},
       {"float64", arrow::float64()},
       {"float", arrow::float32()},
       {"double", arrow::float64()},
       {"string", arrow::utf8()}}};
  for (const auto& [name, type] : types) {
    if (dtype == name) return type;
  }
  return nullptr;
}

// Whether a column of that type holds such rows already, as lists of any kind.
bool Holds(const TypePointer& type_in, const DestinationColumn& column, const TypePointer& wanted) {
  TypePointer type = PlainType(StorageType(type_in));
  std::vector<int64_t> lengths;  // -1: any
  for (; IsListLike(*type); type = ListElement(*type)->type()) {
    lengths.push_back(type->id() == arrow::Type::FIXED_SIZE_LIST
                          ? static_cast<const arrow::FixedSizeListType&>(*type).list_size()
                          : -1);
  }
  if (!ReadsAs(*type, *wanted)) return false;
  if (lengths.empty()) return column.is_single();
  const std::vector<int64_t> shape = column.shape.empty() ? std::vector<int64_t>{1} : column.shape;
  return std::equal(
      lengths.begin(), lengths.end(), shape.begin(), shape.end(),
      [](int64_t length, int64_t wanted_length) { return length < 0 || length == wanted_length; });
}

class ColumnsEditor {
 public:
  ColumnsEditor(const Footer::Representation& owner, const std::vector<DestinationColumn>& columns)
      : owner_(owner), columns_(columns) {}

  /// Nothing if the columns are the owner's own.
  Result<std::optional<std::string>> Run() {
    ROBOMERGE_RETURN_NOT_OK(Classify());
    const bool changed = std::any_of(described_.begin(), described_.end(), [](const auto& one) {
      return one.has_new_form || one.column->name != one.column->owner_column;
    });
    std::vector<std::string> names;
    for (const DestinationColumn& column : columns_) names.push_back(column.name);
    if (!changed && names == owner_.column_names) return std::optional<std::string>();
    ROBOMERGE_RETURN_NOT_OK(MakeElements());
    ROBOMERGE_ASSIGN_OR_RETURN(std::string footer, WriteFooter());
    return std::optional<std::string>(std::move(footer));
  }

 private:
  Problem CannotMake(const DestinationColumn& column) const {
    return Problem(Code::kIncompatible,
                   StrCat("column `", column.name, "` cannot be made in the destination"))
        .Kind("E-data-columns")
        .At(StrCat(owner_.path, ": column `",
                   column.owner_column.empty() ? column.name : column.owner_column, "`"));
  }

  // Which columns stay what they are, and the Arrow fields of the others.
  Status Classify() {
    ROBOMERGE_ASSIGN_OR_RETURN(arrow_schema_, ArrowSchemaOf(owner_));
    new_fields_.resize(columns_.size());
    for (size_t at = 0; at < columns_.size(); ++at) {
      const DestinationColumn& column = columns_[at];
      described_.push_back({&column});
      FieldPointer old;
      if (!column.owner_column.empty()) {
        old = arrow_schema_->GetFieldByName(column.owner_column);
        if (!old || !owner_.column(column.owner_column)) {
          return CannotMake(column)
              .Expected(StrCat("one of the columns ", Join(owner_.column_names, ", ")))
              .Found("no such column");
        }
      }
      const TypePointer element = TypeOf(column.dtype);
      if (old && !element) continue;
      if (!element || column.shape.size() > kMostDimensions ||
          std::any_of(column.shape.begin(), column.shape.end(),
                      [](int64_t length) { return length < 1 || length > INT32_MAX; })) {
        return CannotMake(column)
            .Expected("numbers, bool or string, of at most five dimensions")
            .Found(StrCat("dtype `", column.dtype, "` of ", column.shape.size(), " dimensions"));
      }
      if (old && Holds(old->type(), column, element)) continue;
      described_[at].has_new_form = true;
      new_fields_[at] = NewField(column, element, old);
      described_[at].has_fixed_size = new_fields_[at]->type()->id() == arrow::Type::FIXED_SIZE_LIST;
    }
    return Status();
  }

  // The kind of lists of the owner's vectors, that of this column first.
  arrow::Type::type KindOfVectors(const FieldPointer& old) const {
    const auto kind = [](const arrow::Field& field) {
      const TypePointer type = StorageType(field.type());
      const bool is_vector = IsListLike(*type) && !IsListLike(*ListElement(*type)->type()) &&
                             ListElement(*type)->type()->id() != arrow::Type::STRUCT;
      return is_vector ? type->id() : arrow::Type::NA;
    };
    if (old && kind(*old) != arrow::Type::NA) return kind(*old);
    for (const FieldPointer& field : arrow_schema_->fields()) {
      if (kind(*field) != arrow::Type::NA) return kind(*field);
    }
    return HasKey(kArrowSchemaKey) ? arrow::Type::FIXED_SIZE_LIST : arrow::Type::LIST;
  }

  FieldPointer NewField(const DestinationColumn& column, const TypePointer& element,
                        const FieldPointer& old) const {
    if (column.is_single()) return arrow::field(column.name, element);
    if (column.shape.size() > 1) {
      TypePointer type = element;
      std::vector<std::string> lengths;
      for (const int64_t length : column.shape) {
        type = arrow::list(arrow::field("element", type));
        lengths.push_back(std::to_string(length));
      }
      const bool is_extension = HasKey(kHuggingFaceKey);
      return arrow::field(
          column.name, type, true,
          is_extension ? arrow::key_value_metadata(
                             {"ARROW:extension:name", "ARROW:extension:metadata"},
                             {StrCat("datasets.features.features.Array", column.shape.size(),
                                     "DExtensionType"),
                              StrCat("[[", Join(lengths, ", "), "], \"", column.dtype, "\"]")})
                       : nullptr);
    }
    const FieldPointer child = arrow::field("element", element);
    switch (KindOfVectors(old)) {
      case arrow::Type::FIXED_SIZE_LIST:
        return arrow::field(
            column.name, arrow::fixed_size_list(child, static_cast<int32_t>(column.shape.front())));
      case arrow::Type::LARGE_LIST:
        return arrow::field(column.name, arrow::large_list(child));
      default:
        return arrow::field(column.name, arrow::list(child));
    }
  }

  bool HasKey(std::string_view key) const {
    return std::any_of(owner_.key_values.begin(), owner_.key_values.end(),
                       [&](const auto& one) { return one.first == key; });
  }

  // The schema elements of each column, one string per element, as they are in the footer.
  static std::vector<std::vector<std::string_view>> ElementsOf(const Footer::Representation& footer,
                                                               std::string_view& root) {
    std::vector<std::vector<std::string_view>> columns;
    for (const FileField& file : footer.fields) {
      if (file.id != field::kFileSchema) continue;
      ThriftReader reader(footer.span(file.value), footer.path, "footer", footer.footer_begin);
      const size_t num_elements = reader.ReadListOf(ThriftType::kStruct);
      int64_t num_left = 0;  // elements of the present column
      for (size_t i = 0; i < num_elements; ++i) {
        const size_t begin = reader.position();
        reader.Skip(ThriftType::kStruct);
        const std::string_view bytes = reader.since(begin);
        if (i == 0) {
          root = bytes;
          continue;
        }
        if (num_left == 0) {
          num_left = 1;
          columns.emplace_back();
        }
        num_left += NumChildren(footer, bytes) - 1;
        columns.back().push_back(bytes);
      }
    }
    return columns;
  }

  // Arrow writes a file of the new columns, whose schema elements are taken.
  Status MakeElements() {
    arrow::FieldVector fields;
    for (const FieldPointer& one : new_fields_) {
      if (one) fields.push_back(one->RemoveMetadata());
    }
    std::vector<std::vector<std::string_view>> made;
    std::string_view made_root;
    if (!fields.empty()) {
      ROBOMERGE_ASSIGN_OR_RETURN_ARROW(const auto table,
                                       arrow::Table::MakeEmpty(arrow::schema(fields)),
                                       "cannot make new columns", owner_.path);
      ROBOMERGE_ASSIGN_OR_RETURN(const EncodedTable encoded,
                                 EncodeTable(*table, false, owner_.path));
      made_footer_ = encoded.footer;
      made = ElementsOf(*made_footer_, made_root);
    }
    const auto old = ElementsOf(owner_, root_);
    size_t next = 0;
    for (size_t at = 0; at < columns_.size(); ++at) {
      const std::optional<uint32_t> number = owner_.column(columns_[at].owner_column);
      const auto& taken = new_fields_[at] ? made : old;
      const size_t from = new_fields_[at] ? next++ : number.value();
      if (from >= taken.size()) {
        return Problem(Code::kCorrupt, "the schema in the footer is damaged").At(owner_.path);
      }
      elements_.push_back(taken[from]);
    }
    return Status();
  }

  // An element under another name, or with another number of children.
  void WriteElement(std::string_view bytes, const std::string* name, std::optional<size_t> children,
                    ThriftWriter& writer) const {
    ThriftReader reader(bytes, owner_.path, "footer", owner_.footer_begin);
    writer.BeginStruct();
    for (ThriftStructReader element(reader, "SchemaElement"); element.Next();) {
      const int16_t id = element.id();
      if (name != nullptr && id == field::kSchemaName) {
        writer.Binary(id, *name);
      } else if (children && id == field::kSchemaNumChildren) {
        writer.I32(id, static_cast<int32_t>(*children));
      } else {
        const ThriftType type = element.type();
        writer.Raw(id, type, element.Value());
      }
    }
    writer.EndStruct();
  }

  void WriteSchema(ThriftWriter& writer) const {
    size_t num_elements = 1;
    for (const auto& column : elements_) num_elements += column.size();
    writer.ListField(field::kFileSchema, ThriftType::kStruct, num_elements);
    WriteElement(root_, nullptr, columns_.size(), writer);
    for (size_t at = 0; at < columns_.size(); ++at) {
      const bool is_renamed = columns_[at].name != columns_[at].owner_column;
      for (size_t i = 0; i < elements_[at].size(); ++i) {
        if (i == 0 && is_renamed)
          WriteElement(elements_[at][i], &columns_[at].name, std::nullopt, writer);
        else
          writer.ElementRaw(elements_[at][i]);
      }
    }
  }

  // One order per leaf; new ones have that of their type.
  void WriteColumnOrders(const FileField& file, ThriftWriter& writer) const {
    ThriftReader reader(owner_.span(file.value), owner_.path, "footer", owner_.footer_begin);
    const size_t num_old = reader.ReadListOf(ThriftType::kStruct);
    std::vector<std::string_view> old;
    for (size_t leaf = 0; leaf < num_old; ++leaf) {
      const size_t begin = reader.position();
      reader.Skip(ThriftType::kStruct);
      old.push_back(reader.since(begin));
    }
    std::vector<std::optional<std::string_view>> orders;
    size_t made_column = 0;
    for (size_t at = 0; at < columns_.size(); ++at) {
      const bool is_new = new_fields_[at] != nullptr;
      const Footer::Representation& from = is_new ? *made_footer_ : owner_;
      const size_t column =
          is_new ? made_column++ : owner_.column(columns_[at].owner_column).value();
      for (size_t leaf = from.column_first_leaf[column]; leaf < from.column_first_leaf[column + 1];
           ++leaf) {
        orders.push_back(is_new || leaf >= old.size() ? std::nullopt
                                                      : std::optional<std::string_view>(old[leaf]));
      }
    }
    writer.ListField(file.id, ThriftType::kStruct, orders.size());
    for (const auto& order : orders) {
      if (order) {
        writer.ElementRaw(*order);
        continue;
      }
      constexpr int16_t kTypeOrder = 1;
      writer.BeginStruct();
      writer.BeginStructField(kTypeOrder);
      writer.EndStruct();
      writer.EndStruct();
    }
  }

  arrow::Result<std::string> ChangedArrowSchema(std::string_view encoded) const {
    ARROW_ASSIGN_OR_RAISE(const auto old, DecodeArrowSchema(encoded));
    arrow::FieldVector fields;
    for (size_t at = 0; at < columns_.size(); ++at) {
      if (new_fields_[at]) {
        fields.push_back(new_fields_[at]);
        continue;
      }
      const auto kept = old->GetFieldByName(columns_[at].owner_column);
      if (!kept)
        return arrow::Status::Invalid("ARROW:schema has no field ", columns_[at].owner_column);
      fields.push_back(kept->WithName(columns_[at].name));
    }
    // What Arrow's writer was given as metadata stands in here too.
    std::shared_ptr<arrow::KeyValueMetadata> metadata;
    if (old->HasMetadata()) {
      metadata = std::make_shared<arrow::KeyValueMetadata>();
      for (int64_t i = 0; i < old->metadata()->size(); ++i) {
        const auto value = Changed(old->metadata()->key(i), old->metadata()->value(i));
        if (value) metadata->Append(old->metadata()->key(i), *value);
      }
    }
    return EncodeArrowSchema(*arrow::schema(std::move(fields), old->endianness(), metadata));
  }

  std::optional<std::string> Changed(std::string_view key, std::string_view value) const {
    if (key == kHuggingFaceKey) return HuggingFaceFeatures(value, described_, owner_.column_names);
    if (key == kPandasKey) return PandasColumns(value, described_, owner_.column_names);
    return std::string(value);
  }

  Result<std::string> WriteFooter() const {
    std::vector<std::pair<std::string_view, std::string>> key_values;
    for (const auto& [key, value] : owner_.key_values) {
      std::optional<std::string> changed;
      if (key == kArrowSchemaKey) {
        ROBOMERGE_ASSIGN_OR_RETURN_ARROW(changed, ChangedArrowSchema(value),
                                         "cannot change the Arrow schema of the destination",
                                         owner_.path);
      } else {
        changed = Changed(key, value);
      }
      if (changed) key_values.emplace_back(key, std::move(*changed));
    }
    std::string out;
    ThriftWriter writer(out);
    writer.BeginStruct();
    for (const FileField& file : owner_.fields) {
      if (file.id == field::kFileNumRows) {
        writer.I64(file.id, 0);
      } else if (file.id == field::kFileRowGroups) {
        writer.ListField(file.id, ThriftType::kStruct, 0);
      } else if (file.id == field::kFileSchema) {
        WriteSchema(writer);
      } else if (file.id == field::kFileColumnOrders) {
        WriteColumnOrders(file, writer);
      } else if (file.id == field::kFileKeyValues) {
        writer.ListField(file.id, ThriftType::kStruct, key_values.size());
        for (const auto& [key, value] : key_values) {
          writer.BeginStruct();
          writer.Binary(1, key);
          writer.Binary(2, value);
          writer.EndStruct();
        }
      } else {
        writer.Raw(file.id, file.type, owner_.span(file.value));
      }
    }
    writer.EndStruct();
    return out;
  }

  const Footer::Representation& owner_;
  const std::vector<DestinationColumn>& columns_;
  std::shared_ptr<arrow::Schema> arrow_schema_;  // of the owner
  std::vector<DescribedColumn> described_;
  std::vector<FieldPointer> new_fields_;  // per column; null: it stays what it is
  std::shared_ptr<const Footer::Representation> made_footer_;
  std::string_view root_;
  std::vector<std::vector<std::string_view>> elements_;  // per column
};

}  // namespace

Result<std::shared_ptr<const Footer::Representation>> WithColumns(
    const std::shared_ptr<const Footer::Representation>& owner,
    const std::vector<DestinationColumn>& columns) {
  return AtArrowBoundary("cannot make the schema of the destination", owner->path,
                         [&]() -> Result<std::shared_ptr<const Footer::Representation>> {
                           ROBOMERGE_ASSIGN_OR_RETURN(std::optional<std::string> changed,
                                                      ColumnsEditor(*owner, columns).Run());
                           if (!changed) return owner;
                           return ParseFooter(owner->path, owner->file_size_bytes,
                                              owner->footer_begin, std::move(*changed));
                         });
}

}  // namespace robomerge::parquet
