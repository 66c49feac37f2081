#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/scalar.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/changed_values_internal.h"
#include "formats/parquet/column_values_internal.h"
#include "formats/parquet/number_cast_internal.h"

namespace robomerge::parquet {
namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using ChunkedPointer = std::shared_ptr<arrow::ChunkedArray>;
using TypePointer = std::shared_ptr<arrow::DataType>;

// Without extensions and dictionaries.
TypePointer BareType(const TypePointer& type) { return PlainType(StorageType(type)); }

bool IsText(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING ||
         type.id() == arrow::Type::STRING_VIEW;
}

// Of the lists at each level, the type at the bottom; `depth` counts the levels.
TypePointer ElementType(TypePointer type, size_t& depth) {
  for (depth = 0; IsListLike(*type); ++depth) type = ListElement(*type)->type();
  return type;
}

// What holds for all of one column.
struct Context {
  const ColumnChange& change;
  const TypePointer& element;  // of the destination
  const std::string& where;
  std::string what() const { return StrCat("cannot change column `", change.column, "`"); }
};

// The rows of a list of any kind: the elements of all that are not null, and where each row's
// begin.
struct FlatRows {
  ArrayPointer elements;
  std::vector<int32_t> begins;  // and the end
};

template <typename Lists>
Result<FlatRows> FlattenTyped(const Lists& lists, const Context& context) {
  FlatRows flat;
  ROBOMERGE_ASSIGN_OR_RETURN_ARROW(flat.elements, lists.Flatten(), context.what(), context.where);
  if (flat.elements->length() > INT32_MAX) {
    return Problem(Code::kUnsupported, context.what())
        .At(context.where)
        .Found("rows that hold more than 2^31 elements at once");
  }
  flat.begins.reserve(static_cast<size_t>(lists.length()) + 1);
  flat.begins.push_back(0);
  for (int64_t row = 0; row < lists.length(); ++row) {
    const auto length = lists.IsNull(row) ? 0 : static_cast<int32_t>(lists.value_length(row));
    flat.begins.push_back(flat.begins.back() + length);
  }
  return flat;
}

Result<FlatRows> Flatten(const arrow::Array& lists, const Context& context) {
  switch (lists.type_id()) {
    case arrow::Type::LIST:
      return FlattenTyped(static_cast<const arrow::ListArray&>(lists), context);
    case arrow::Type::LARGE_LIST:
      return FlattenTyped(static_cast<const arrow::LargeListArray&>(lists), context);
    default:
      return FlattenTyped(static_cast<const arrow::FixedSizeListArray&>(lists), context);
  }
}

// Lists with the nulls of `like`.
ArrayPointer MakeLists(std::vector<int32_t> begins, const ArrayPointer& elements,
                       const arrow::Array& like) {
  return std::make_shared<arrow::ListArray>(
      arrow::list(arrow::field("element", elements->type())), like.length(),
      arrow::Buffer::FromVector(std::move(begins)), elements, ValidityOf(like), like.null_count());
}

// As datasets call the type.
std::string DtypeOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::FLOAT:
      return "float32";
    case arrow::Type::DOUBLE:
      return "float64";
    default:
      return type.ToString();
  }
}

// A type that holds the number that was found.
std::string_view TypeOf(const std::string& number) {
  if (number.find_first_not_of("-0123456789") != std::string::npos) return "float64";
  int64_t value = 0;
  const char* const end = number.data() + number.size();
  return std::from_chars(number.data(), end, value).ec == std::errc() ? "int64" : "uint64";
}

Problem DoesNotFit(const Context& context, uint64_t row, const std::string& place,
                   const Misfit& misfit) {
  return Problem(Code::kIncompatible, StrCat("a value of column `", context.change.column,
                                             "` does not fit ", DtypeOf(*context.element)))
      .Kind("E-cast")
      .At(StrCat(context.where, ", row ", WithSeparators(row), place))
      .Expected(misfit.expected)
      .Found(misfit.found)
      .Hint(StrCat("choose a type that holds it (--cast ", context.change.column, "=",
                   TypeOf(misfit.found), "), or leave the feature out (--drop ",
                   context.change.column, ")"));
}

// `misfit` is then of `array` too: its row.
Result<ArrayPointer> CastElements(const ArrayPointer& array, const Context& context,
                                  Rounding& rounding, std::optional<Misfit>& misfit,
                                  std::string& place) {
  if (!IsListLike(*array->type())) {
    if (array->type()->Equals(*context.element)) return array;
    if (!IsNumber(*array->type()) || !IsNumber(*context.element)) {
      return Problem(Code::kIncompatible,
                     StrCat("column `", context.change.column, "` cannot be cast"))
          .Kind("E-cast")
          .At(context.where)
          .Expected("numbers or booleans, to become " + DtypeOf(*context.element))
          .Found(DtypeOf(*array->type()))
          .Hint(StrCat("leave the feature out: --drop ", context.change.column));
    }
    return CastNumbers(*array, context.element, rounding, misfit);
  }
  ROBOMERGE_ASSIGN_OR_RETURN(FlatRows flat, Flatten(*array, context));
  ROBOMERGE_ASSIGN_OR_RETURN(const ArrayPointer cast,
                             CastElements(flat.elements, context, rounding, misfit, place));
  if (misfit) {
    const auto after = std::upper_bound(flat.begins.begin(), flat.begins.end(), misfit->at);
    const auto row = static_cast<size_t>(after - flat.begins.begin()) - 1;
    place = StrCat(", element ", misfit->at - flat.begins[row], place);
    misfit->at = static_cast<int64_t>(row);
    return ArrayPointer();
  }
  return MakeLists(std::move(flat.begins), cast, *array);
}

// Rows of `array`, which is lists or single values, with the elements that the change names.
Result<ArrayPointer> Rearrange(const ArrayPointer& array, bool to_lists, uint64_t first_row,
                               const Context& context) {
  const std::vector<int32_t>& order = context.change.elements;
  const int32_t length = *std::max_element(order.begin(), order.end()) + 1;
  const bool from_lists = IsListLike(*array->type());
  FlatRows flat{array, {}};
  if (from_lists) {
    ROBOMERGE_ASSIGN_OR_RETURN(flat, Flatten(*array, context));
  }
  if (IsListLike(*flat.elements->type()) || (!to_lists && order.size() != 1)) {
    return Problem(Code::kIncompatible,
                   StrCat("elements of column `", context.change.column, "` cannot be rearranged"))
        .Kind("E-elements")
        .At(context.where)
        .Expected("one vector per row")
        .Found(array->type()->ToString());
  }
  const auto num_rows = static_cast<size_t>(array->length());
  std::vector<int64_t> taken;
  std::vector<int32_t> begins = {0};
  taken.reserve(num_rows * order.size());
  begins.reserve(num_rows + 1);
  const int64_t zero = flat.elements->length();
  std::vector<bool> is_null(num_rows, false);
  for (size_t row = 0; row < num_rows; ++row) {
    const auto begin = from_lists ? flat.begins[row] : static_cast<int32_t>(row);
    const int32_t found = from_lists ? flat.begins[row + 1] - begin : 1;
    is_null[row] = array->IsNull(static_cast<int64_t>(row));
    if (is_null[row]) {
      if (!to_lists) taken.push_back(zero);
    } else if (found != length) {
      return Problem(Code::kIncompatible, StrCat("a row of column `", context.change.column,
                                                 "` has another number of elements"))
          .Kind("E-elements")
          .At(StrCat(context.where, ", row ", WithSeparators(first_row + row)))
          .Expected(StrCat(length, length == 1 ? " element" : " elements"))
          .Found(std::to_string(found))
          .Hint(StrCat("leave the feature out: --drop ", context.change.column));
    } else {
      for (const int32_t element : order) taken.push_back(element < 0 ? zero : begin + element);
    }
    begins.push_back(static_cast<int32_t>(taken.size()));
  }
  if (taken.size() > INT32_MAX) {
    return Problem(Code::kUnsupported, context.what())
        .At(context.where)
        .Found("rows that hold more than 2^31 elements at once");
  }
  // The element that stands for -1 comes behind the others.
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ROBOMERGE_RETURN_NOT_ARROW_OK(
      arrow::MakeBuilder(arrow::default_memory_pool(), flat.elements->type(), &builder),
      context.what(), context.where);
  ROBOMERGE_RETURN_NOT_ARROW_OK(builder->AppendEmptyValue(), context.what(), context.where);
  ROBOMERGE_ASSIGN_OR_RETURN_ARROW(const ArrayPointer zeros, builder->Finish(), context.what(),
                                   context.where);
  ROBOMERGE_ASSIGN_OR_RETURN_ARROW(const ArrayPointer all,
                                   arrow::Concatenate({flat.elements, zeros}), context.what(),
                                   context.where);
  const auto num_taken = static_cast<int64_t>(taken.size());
  const arrow::Int64Array numbers(num_taken, arrow::Buffer::FromVector(std::move(taken)));
  ROBOMERGE_ASSIGN_OR_RETURN_ARROW(const ArrayPointer elements, arrow::compute::Take(*all, numbers),
                                   context.what(), context.where);
  if (to_lists) return MakeLists(std::move(begins), elements, *array);
  if (array->null_count() == 0) return elements;
  const auto data = elements->data()->Copy();
  arrow::TypedBufferBuilder<bool> valid;
  for (size_t row = 0; row < num_rows; ++row) {
    ROBOMERGE_RETURN_NOT_ARROW_OK(
        valid.Append(!is_null[row] && elements->IsValid(static_cast<int64_t>(row))), context.what(),
        context.where);
  }
  ROBOMERGE_ASSIGN_OR_RETURN_ARROW(data->buffers[0], valid.Finish(), context.what(), context.where);
  data->null_count = arrow::kUnknownNullCount;
  return arrow::MakeArray(data);
}

std::string FillText(const FillValue& fill) {
  if (const auto* text = std::get_if<std::string>(&fill)) {
    return text->size() <= kMostValueText ? StrCat("the text `", *text, "`")
                                          : StrCat("a text of ", text->size(), " bytes");
  }
  if (const auto* flag = std::get_if<bool>(&fill)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<int64_t>(&fill)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&fill)) return FormatDouble(*real);
  return "no value";
}

arrow::Result<ArrayPointer> OneOf(const FillValue& fill) {
  std::shared_ptr<arrow::Scalar> scalar;
  if (const auto* text = std::get_if<std::string>(&fill))
    scalar = arrow::MakeScalar(*text);
  else if (const auto* flag = std::get_if<bool>(&fill))
    scalar = arrow::MakeScalar(*flag);
  else if (const auto* whole = std::get_if<int64_t>(&fill))
    scalar = arrow::MakeScalar(*whole);
  else
    scalar = arrow::MakeScalar(std::get<double>(fill));
  return arrow::MakeArrayFromScalar(*scalar, 1);
}

// What values of the type are, for messages.
std::string ValuesOf(const arrow::DataType& type) {
  if (IsText(type)) return "a text";
  if (type.id() == arrow::Type::BOOL) return "true or false";
  return arrow::is_integer(type.id()) ? "a whole number that fits " + DtypeOf(type)
         : IsNumber(type)             ? "a number that fits " + DtypeOf(type)
                                      : "a feature of numbers, booleans or texts";
}

// An array of one element: the fill as the destination's type has it.
Result<ArrayPointer> FilledElement(const Context& context) {
  const FillValue& fill = context.change.fill;
  const arrow::DataType& to = *context.element;
  const Problem wrong =
      Problem(Code::kIncompatible,
              StrCat("column `", context.change.column, "` cannot be filled with this value"))
          .Kind("E-fill")
          .At(context.where)
          .Expected(ValuesOf(to))
          .Found(FillText(fill))
          .Hint(StrCat("give such a value: --fill ", context.change.column, "=VALUE"));
  const bool is_text = std::holds_alternative<std::string>(fill),
             is_flag = std::holds_alternative<bool>(fill),
             is_number =
                 std::holds_alternative<int64_t>(fill) || std::holds_alternative<double>(fill);
  const bool fits = is_text   ? IsText(to)
                    : is_flag ? to.id() == arrow::Type::BOOL
                              : is_number && IsNumber(to) && to.id() != arrow::Type::BOOL;
  if (!fits) return wrong;
  ROBOMERGE_ASSIGN_OR_RETURN_ARROW(const ArrayPointer one, OneOf(fill), context.what(),
                                   context.where);
  if (!is_number) return one;
  Rounding rounding;
  std::optional<Misfit> misfit;
  ArrayPointer cast = CastNumbers(*one, context.element, rounding, misfit);
  if (misfit || (arrow::is_integer(to.id()) && rounding.num_changed > 0)) return wrong;
  return cast;
}

// Rows of the change's shape; `elements(count)` are those of all of them.
template <typename Elements>
Result<ChunkedPointer> NestedRows(const Context& context, const TypePointer& to, size_t depth,
                                  uint64_t num_rows, const Elements& elements) {
  std::vector<int64_t> shape = context.change.shape;
  if (depth == 0 && shape == std::vector<int64_t>{1}) shape.clear();
  if (depth == 1 && shape.empty()) shape = {1};
  int64_t count = static_cast<int64_t>(num_rows);
  bool fits = shape.size() == depth;
  for (const int64_t length : shape) {
    fits = fits && length > 0 && count <= INT32_MAX / length;
    if (fits) count *= length;
  }
  if (!fits) {
    return Problem(Code::kInvalidArgument, context.what())
        .At(context.where)
        .Expected(StrCat("rows of ", to->ToString()))
        .Found(StrCat("a shape of ", shape.size(), " dimensions for ", WithSeparators(num_rows),
                      " rows"));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(ArrayPointer array, elements(count));
  for (size_t level = depth; level-- > 0;) {
    const int64_t length = shape[level];
    count /= length;
    std::vector<int32_t> begins;
    for (int64_t row = 0; row <= count; ++row) begins.push_back(static_cast<int32_t>(row * length));
    array = std::make_shared<arrow::ListArray>(arrow::list(arrow::field("element", array->type())),
                                               count, arrow::Buffer::FromVector(std::move(begins)),
                                               array);
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(array));
}

// All values, those of nulls included, with those that another offset hides.
template <typename Value>
std::shared_ptr<arrow::ArrayData> ShiftedValues(const arrow::ArrayData& times,
                                                const TimeShift& shift) {
  const Value* old = times.GetValues<Value>(1, 0);
  std::vector<Value> values(old, old + times.offset + times.length);
  for (Value& value : values) value = static_cast<Value>(shift.Of(static_cast<double>(value)));
  std::shared_ptr<arrow::ArrayData> shifted = times.Copy();
  shifted->buffers[1] = arrow::Buffer::FromVector(std::move(values));
  return shifted;
}

}  // namespace

Result<ChunkedPointer> ShiftedRows(const ChunkedPointer& rows, const TimeShift& shift,
                                   const std::string& where) {
  const TypePointer type = StorageType(rows->type());
  const TypePointer element = IsListLike(*type) ? StorageType(ListElement(*type)->type()) : type;
  const int field = element->id() == arrow::Type::STRUCT
                        ? static_cast<const arrow::StructType&>(*element).GetFieldIndex("timestamp")
                        : -1;
  const arrow::Type::type kind =
      field < 0 || !IsListLike(*type) ? arrow::Type::NA : element->field(field)->type()->id();
  if (kind != arrow::Type::FLOAT && kind != arrow::Type::DOUBLE) {
    return Problem(Code::kIncompatible,
                   StrCat("times in column `", shift.column, "` cannot be moved"))
        .Kind("E-data-columns")
        .At(where)
        .Expected("lists whose elements have a number `timestamp`, as LeRobot writes them")
        .Found(rows->type()->ToString().substr(0, kMostValueText))
        .Hint(StrCat("leave the feature out: --drop ", shift.column));
  }
  arrow::ArrayVector chunks;
  for (const ArrayPointer& chunk : rows->chunks()) {
    const auto data = chunk->data()->Copy();
    const auto elements = data->child_data[0]->Copy();
    std::shared_ptr<arrow::ArrayData>& times = elements->child_data[static_cast<size_t>(field)];
    times = kind == arrow::Type::FLOAT ? ShiftedValues<float>(*times, shift)
                                       : ShiftedValues<double>(*times, shift);
    data->child_data[0] = elements;
    chunks.push_back(arrow::MakeArray(data));
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), rows->type());
}

Result<ChunkedPointer> ChangedRows(const ChunkedPointer& rows, const ColumnChange& change,
                                   const TypePointer& to, uint64_t first_row,
                                   const std::string& where, Rounding& rounding) {
  size_t depth = 0;
  const TypePointer element = ElementType(BareType(to), depth);
  const Context context{change, element, where};
  ROBOMERGE_ASSIGN_OR_RETURN(const ChunkedPointer plain,
                             Cast(WithType(*rows, StorageType(rows->type())),
                                  BareType(rows->type()), change.column, where));
  arrow::ArrayVector chunks;
  for (ArrayPointer chunk : plain->chunks()) {
    if (!change.elements.empty()) {
      ROBOMERGE_ASSIGN_OR_RETURN(chunk, Rearrange(chunk, depth > 0, first_row, context));
    }
    const auto length = static_cast<uint64_t>(chunk->length());
    if (change.is_cast) {
      std::optional<Misfit> misfit;
      std::string place;
      ROBOMERGE_ASSIGN_OR_RETURN(chunk, CastElements(chunk, context, rounding, misfit, place));
      if (misfit)
        return DoesNotFit(context, first_row + static_cast<uint64_t>(misfit->at), place, *misfit);
    }
    chunks.push_back(std::move(chunk));
    first_row += length;
  }
  const TypePointer type = chunks.empty() ? plain->type() : chunks.front()->type();
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), type);
}

Result<ChunkedPointer> FilledRows(const ColumnChange& change, const TypePointer& to,
                                  uint64_t num_rows, const std::string& where) {
  size_t depth = 0;
  const TypePointer element = ElementType(BareType(to), depth);
  const Context context{change, element, where};
  ROBOMERGE_ASSIGN_OR_RETURN(const ArrayPointer one, FilledElement(context));
  const auto repeated = [&](int64_t count) -> Result<ArrayPointer> {
    ROBOMERGE_ASSIGN_OR_RETURN_ARROW(const auto scalar, one->GetScalar(0), context.what(), where);
    ROBOMERGE_ASSIGN_OR_RETURN_ARROW(ArrayPointer array, arrow::MakeArrayFromScalar(*scalar, count),
                                     context.what(), where);
    return array;
  };
  return NestedRows(context, to, depth, num_rows, repeated);
}

Result<ChunkedPointer> AddedRows(const ColumnChange& change, const TypePointer& to,
                                 uint64_t first_row, uint64_t num_rows, const std::string& where) {
  size_t depth = 0;
  const TypePointer element = ElementType(BareType(to), depth);
  const Context context{change, element, where};
  return NestedRows(context, to, depth, num_rows, [&](int64_t) {
    return change.values->representation().Rows(first_row, num_rows);
  });
}

}  // namespace robomerge::parquet
