#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/datum.h>
#include <arrow/extension_type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bitmap_ops.h>

#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/arrow_types_internal.h"

namespace robomerge::parquet {
namespace {

using TypePointer = std::shared_ptr<arrow::DataType>;

bool IsText(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING ||
         type.id() == arrow::Type::STRING_VIEW;
}

bool IsBytes(const arrow::DataType& type) {
  return type.id() == arrow::Type::BINARY || type.id() == arrow::Type::LARGE_BINARY ||
         type.id() == arrow::Type::BINARY_VIEW;
}

// The same kind of nested type over other children.
TypePointer WithChildren(const arrow::DataType& type, const arrow::FieldVector& children) {
  switch (type.id()) {
    case arrow::Type::LIST:
      return arrow::list(children[0]);
    case arrow::Type::LARGE_LIST:
      return arrow::large_list(children[0]);
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(children[0],
                                    static_cast<const arrow::FixedSizeListType&>(type).list_size());
    case arrow::Type::STRUCT:
      return arrow::struct_(children);
    case arrow::Type::MAP: {
      const auto& entries = static_cast<const arrow::StructType&>(*children[0]->type());
      return std::make_shared<arrow::MapType>(
          entries.field(0), entries.field(1),
          static_cast<const arrow::MapType&>(type).keys_sorted());
    }
    default:
      return nullptr;
  }
}

bool IsNested(const arrow::DataType& type) {
  return IsListLike(type) || type.id() == arrow::Type::STRUCT || type.id() == arrow::Type::MAP;
}

// `to` with the parts that need no cast taken from `from`, and everything nullable: casts refuse to
// make a child non-nullable.
TypePointer CastTarget(const TypePointer& from, const TypePointer& to) {
  if (!IsNested(*to) && ReadsAs(*from, *to)) return from;
  if (IsListLike(*from) && IsListLike(*to)) {
    const TypePointer element = CastTarget(ListElement(*from)->type(), ListElement(*to)->type());
    const bool keep =
        to->id() != arrow::Type::FIXED_SIZE_LIST && from->id() != arrow::Type::FIXED_SIZE_LIST;
    return WithChildren(keep ? *from : *to, {arrow::field(ListElement(*from)->name(), element)});
  }
  if (from->id() == arrow::Type::STRUCT && to->id() == arrow::Type::STRUCT) {
    arrow::FieldVector children;
    for (const auto& child : to->fields()) {
      const auto source =
          static_cast<const arrow::StructType&>(*from).GetFieldByName(child->name());
      children.push_back(arrow::field(
          child->name(), source ? CastTarget(source->type(), child->type()) : child->type()));
    }
    return arrow::struct_(children);
  }
  if (ReadsAs(*from, *to)) return from;
  return to;
}

// `cast`, which CastTarget made, with the names and nullability of `to`.
TypePointer WithNullabilityOf(const TypePointer& cast, const TypePointer& to) {
  if (!IsNested(*cast) || cast->num_fields() != to->num_fields() || cast->id() == arrow::Type::MAP)
    return cast;
  arrow::FieldVector children;
  for (int i = 0; i < cast->num_fields(); ++i) {
    const auto& wanted = to->field(i);
    children.push_back(arrow::field(wanted->name(),
                                    WithNullabilityOf(cast->field(i)->type(), wanted->type()),
                                    wanted->nullable()));
  }
  return WithChildren(*cast, children);
}

// Whether a non-nullable part of `array` holds a null that is not under a null parent.
bool HasForbiddenNull(const arrow::Array& array) {
  const arrow::DataType& type = *array.type();
  if (IsListLike(type)) {
    std::shared_ptr<arrow::Array> values;
    if (type.id() == arrow::Type::LIST)
      values = static_cast<const arrow::ListArray&>(array).Flatten().ValueOr(nullptr);
    if (type.id() == arrow::Type::LARGE_LIST)
      values = static_cast<const arrow::LargeListArray&>(array).Flatten().ValueOr(nullptr);
    if (type.id() == arrow::Type::FIXED_SIZE_LIST)
      values = static_cast<const arrow::FixedSizeListArray&>(array).Flatten().ValueOr(nullptr);
    if (!values) return true;
    return (!ListElement(type)->nullable() && values->null_count() > 0) ||
           HasForbiddenNull(*values);
  }
  if (type.id() == arrow::Type::STRUCT) {
    const auto& parent = static_cast<const arrow::StructArray&>(array);
    for (int i = 0; i < type.num_fields(); ++i) {
      const auto child = parent.field(i);
      if (!type.field(i)->nullable() && child->null_count() > 0) {
        for (int64_t row = 0; row < array.length(); ++row) {
          if (parent.IsValid(row) && child->IsNull(row)) return true;
        }
      }
      if (HasForbiddenNull(*child)) return true;
    }
  }
  return false;
}

// Whether `to` is a group of a picture's bytes and path, and `from` one of the two alone, as some
// writers store pictures.
bool IsPictureWithoutGroup(const arrow::DataType& from, const arrow::DataType& to) {
  if (to.id() != arrow::Type::STRUCT || !(IsBytes(from) || IsText(from))) return false;
  const auto& group = static_cast<const arrow::StructType&>(to);
  const auto bytes = group.GetFieldByName("bytes"), path = group.GetFieldByName("path");
  return to.num_fields() == 2 && bytes && path && IsBytes(*bytes->type()) && IsText(*path->type());
}

// Pictures in their group; the other of `bytes` and `path` is null.
Result<std::shared_ptr<arrow::ChunkedArray>> InGroups(const arrow::ChunkedArray& pictures,
                                                      const TypePointer& to,
                                                      const std::string& where) {
  const std::string what = "cannot make groups of pictures";
  const char* given = IsBytes(*pictures.type()) ? "bytes" : "path";
  arrow::ArrayVector chunks;
  for (const auto& chunk : pictures.chunks()) {
    arrow::ArrayVector children;
    for (const auto& field : to->fields()) {
      if (field->name() == given) {
        children.push_back(chunk);
        continue;
      }
      ROBOMERGE_ASSIGN_OR_RETURN_ARROW(
          auto nulls, arrow::MakeArrayOfNull(field->type(), chunk->length()), what, where);
      children.push_back(std::move(nulls));
    }
    arrow::FieldVector fields;
    for (size_t at = 0; at < children.size(); ++at)
      fields.push_back(arrow::field(to->field(static_cast<int>(at))->name(), children[at]->type()));
    std::shared_ptr<arrow::Buffer> validity;
    if (chunk->null_count() > 0) {
      ROBOMERGE_ASSIGN_OR_RETURN_ARROW(
          validity,
          arrow::internal::CopyBitmap(arrow::default_memory_pool(), chunk->null_bitmap_data(),
                                      chunk->offset(), chunk->length()),
          what, where);
    }
    chunks.push_back(std::make_shared<arrow::StructArray>(arrow::struct_(fields), chunk->length(),
                                                          std::move(children), validity));
  }
  const TypePointer type = chunks.empty() ? to : chunks.front()->type();
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), type);
}

bool IsSigned(arrow::Type::type id) { return arrow::is_signed_integer(id); }

// Numbers: the narrowest common type that loses nothing, with double as the common type of whole
// numbers and floats.
TypePointer UnifiedNumber(const TypePointer& a, const TypePointer& b) {
  const auto is_float = [](const arrow::DataType& type) { return arrow::is_floating(type.id()); };
  if (is_float(*a) && is_float(*b)) return a->bit_width() >= b->bit_width() ? a : b;
  if (is_float(*a) || is_float(*b)) return arrow::float64();
  if (IsSigned(a->id()) == IsSigned(b->id())) return a->bit_width() >= b->bit_width() ? a : b;
  const TypePointer& unsigned_one = IsSigned(a->id()) ? b : a;
  return unsigned_one->bit_width() < 64 ? arrow::int64() : nullptr;
}

}  // namespace

bool IsListLike(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST ||
         type.id() == arrow::Type::FIXED_SIZE_LIST;
}

std::shared_ptr<arrow::Field> ListElement(const arrow::DataType& type) { return type.field(0); }

TypePointer StorageType(const TypePointer& type) {
  if (type->id() == arrow::Type::EXTENSION)
    return StorageType(static_cast<const arrow::ExtensionType&>(*type).storage_type());
  if (!IsNested(*type)) return type;
  arrow::FieldVector children;
  bool changed = false;
  for (const auto& child : type->fields()) {
    const TypePointer storage = StorageType(child->type());
    changed = changed || storage != child->type();
    children.push_back(child->WithType(storage));
  }
  return changed ? WithChildren(*type, children) : type;
}

TypePointer PlainType(const TypePointer& type) {
  if (type->id() == arrow::Type::DICTIONARY)
    return static_cast<const arrow::DictionaryType&>(*type).value_type();
  if (!IsNested(*type) || type->id() == arrow::Type::MAP) return type;
  arrow::FieldVector children;
  for (const auto& child : type->fields())
    children.push_back(child->WithType(PlainType(child->type())));
  return WithChildren(*type, children);
}

std::shared_ptr<arrow::ArrayData> WithType(const std::shared_ptr<arrow::ArrayData>& data,
                                           const TypePointer& type) {
  auto out = data->Copy();
  out->type = type;
  if (IsNested(*type)) {
    for (size_t i = 0; i < out->child_data.size(); ++i)
      out->child_data[i] = WithType(out->child_data[i], type->field(static_cast<int>(i))->type());
  }
  return out;
}

std::shared_ptr<arrow::ChunkedArray> WithType(const arrow::ChunkedArray& array,
                                              const TypePointer& type) {
  arrow::ArrayVector chunks;
  for (const auto& chunk : array.chunks())
    chunks.push_back(arrow::MakeArray(WithType(chunk->data(), type)));
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), type);
}

bool ReadsAs(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() == arrow::Type::EXTENSION)
    return ReadsAs(*static_cast<const arrow::ExtensionType&>(from).storage_type(), to);
  if (to.id() == arrow::Type::EXTENSION)
    return ReadsAs(from, *static_cast<const arrow::ExtensionType&>(to).storage_type());
  if (from.id() == arrow::Type::DICTIONARY)
    return ReadsAs(*static_cast<const arrow::DictionaryType&>(from).value_type(), to);
  if (to.id() == arrow::Type::DICTIONARY)
    return ReadsAs(from, *static_cast<const arrow::DictionaryType&>(to).value_type());
  if ((IsText(from) && IsText(to)) || (IsBytes(from) && IsBytes(to))) return true;
  if (IsListLike(from) && IsListLike(to)) {
    if (to.id() == arrow::Type::FIXED_SIZE_LIST) {
      if (from.id() != arrow::Type::FIXED_SIZE_LIST) return false;
      if (static_cast<const arrow::FixedSizeListType&>(from).list_size() !=
          static_cast<const arrow::FixedSizeListType&>(to).list_size())
        return false;
    }
    return ReadsAs(*ListElement(from)->type(), *ListElement(to)->type());
  }
  if (from.id() != to.id()) return false;
  if (from.id() == arrow::Type::STRUCT || from.id() == arrow::Type::MAP) {
    if (from.num_fields() != to.num_fields()) return false;
    for (int i = 0; i < from.num_fields(); ++i) {
      if (from.id() == arrow::Type::STRUCT && from.field(i)->name() != to.field(i)->name())
        return false;
      if (!ReadsAs(*from.field(i)->type(), *to.field(i)->type())) return false;
    }
    return true;
  }
  return from.Equals(to);
}

Result<std::shared_ptr<arrow::ChunkedArray>> Cast(const std::shared_ptr<arrow::ChunkedArray>& array,
                                                  const TypePointer& to, const std::string& column,
                                                  const std::string& where) {
  if (array->type()->Equals(*to)) return array;
  const auto cast =
      arrow::compute::Cast(arrow::Datum(array), arrow::compute::CastOptions::Safe(to));
  if (!cast.ok() && cast.status().IsOutOfMemory())
    return FromArrow(cast.status(), StrCat("cannot convert column `", column, "`"), where);
  if (!cast.ok()) {
    return Problem(Code::kIncompatible, StrCat("column `", column, "` cannot be converted"))
        .At(where)
        .Expected(to->ToString())
        .Found(StrCat(array->type()->ToString(), ", or a value that does not fit"));
  }
  return cast->chunked_array();
}

Result<std::shared_ptr<arrow::ChunkedArray>> CastForWriting(
    const std::shared_ptr<arrow::ChunkedArray>& array, const TypePointer& to_in, bool nullable,
    const std::string& column, const std::string& where) {
  const TypePointer to = StorageType(to_in);
  std::shared_ptr<arrow::ChunkedArray> values = WithType(*array, StorageType(array->type()));
  if (IsPictureWithoutGroup(*values->type(), *to)) {
    ROBOMERGE_ASSIGN_OR_RETURN(values, InGroups(*values, to, where));
  }
  const TypePointer target = CastTarget(values->type(), to);
  if (!ReadsAs(*values->type(), *to)) {
    ROBOMERGE_ASSIGN_OR_RETURN(values, Cast(values, target, column, where));
  }
  values = WithType(*values, WithNullabilityOf(values->type(), to));
  bool forbidden = !nullable && values->null_count() > 0;
  for (const auto& chunk : values->chunks()) forbidden = forbidden || HasForbiddenNull(*chunk);
  if (forbidden) {
    return Problem(Code::kIncompatible,
                   StrCat("column `", column, "` has nulls where the destination allows none"))
        .At(where)
        .Expected(StrCat(to->ToString(), nullable ? "" : " not null"));
  }
  return values;
}

TypePointer UnifiedType(const TypePointer& a_in, const TypePointer& b_in) {
  const TypePointer a = StorageType(a_in), b = StorageType(b_in);
  if (a->Equals(*b)) return a;
  if (a->id() == arrow::Type::NA) return b;
  if (b->id() == arrow::Type::NA) return a;
  if (a->id() == arrow::Type::DICTIONARY)
    return UnifiedType(static_cast<const arrow::DictionaryType&>(*a).value_type(), b);
  if (b->id() == arrow::Type::DICTIONARY)
    return UnifiedType(a, static_cast<const arrow::DictionaryType&>(*b).value_type());
  const auto is_number = [](const arrow::DataType& type) {
    return arrow::is_integer(type.id()) || arrow::is_floating(type.id());
  };
  if (is_number(*a) && is_number(*b)) return UnifiedNumber(a, b);
  if (IsText(*a) && IsText(*b)) return arrow::large_utf8();
  if (IsBytes(*a) && IsBytes(*b)) return arrow::large_binary();
  if (IsListLike(*a) && IsListLike(*b)) {
    const TypePointer element = UnifiedType(ListElement(*a)->type(), ListElement(*b)->type());
    if (!element) return nullptr;
    const bool large = a->id() == arrow::Type::LARGE_LIST || b->id() == arrow::Type::LARGE_LIST;
    const auto field = arrow::field("element", element);
    return large ? arrow::large_list(field) : arrow::list(field);
  }
  if (a->id() == arrow::Type::STRUCT && b->id() == arrow::Type::STRUCT &&
      a->num_fields() == b->num_fields()) {
    arrow::FieldVector children;
    for (const auto& child : a->fields()) {
      const auto other = static_cast<const arrow::StructType&>(*b).GetFieldByName(child->name());
      const TypePointer type = other ? UnifiedType(child->type(), other->type()) : nullptr;
      if (!type) return nullptr;
      children.push_back(arrow::field(child->name(), type));
    }
    return arrow::struct_(children);
  }
  return nullptr;
}

}  // namespace robomerge::parquet
