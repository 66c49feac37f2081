#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/type_traits.h>
#include <arrow/util/bitmap_ops.h>

#include <cmath>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "base/text.h"
#include "formats/parquet/number_cast_internal.h"

namespace robomerge::parquet {
namespace {

template <typename ArrowType>
struct TypeTag {
  using Type = ArrowType;
};

// Calls `action` with the tag of a number's type. REQUIRES: IsNumber(type).
template <typename Action>
auto OfNumber(const arrow::DataType& type, Action&& action) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return action(TypeTag<arrow::BooleanType>());
    case arrow::Type::INT8:
      return action(TypeTag<arrow::Int8Type>());
    case arrow::Type::INT16:
      return action(TypeTag<arrow::Int16Type>());
    case arrow::Type::INT32:
      return action(TypeTag<arrow::Int32Type>());
    case arrow::Type::UINT8:
      return action(TypeTag<arrow::UInt8Type>());
    case arrow::Type::UINT16:
      return action(TypeTag<arrow::UInt16Type>());
    case arrow::Type::UINT32:
      return action(TypeTag<arrow::UInt32Type>());
    case arrow::Type::UINT64:
      return action(TypeTag<arrow::UInt64Type>());
    case arrow::Type::FLOAT:
      return action(TypeTag<arrow::FloatType>());
    case arrow::Type::DOUBLE:
      return action(TypeTag<arrow::DoubleType>());
    default:
      return action(TypeTag<arrow::Int64Type>());
  }
}

// Each type's numbers are among those of one of three.
template <typename Value>
using WideOf =
    std::conditional_t<std::is_floating_point_v<Value>, double,
                       std::conditional_t<std::is_same_v<Value, uint64_t>, uint64_t, int64_t>>;

template <typename To>
std::string RangeText() {
  if constexpr (std::is_same_v<To, bool>) {
    return "0 or 1";
  } else if constexpr (std::is_floating_point_v<To>) {
    return StrCat("at most ", FormatDouble(std::numeric_limits<To>::max()));
  } else {
    return StrCat(int64_t{std::numeric_limits<To>::min()}, " to ",
                  uint64_t{std::numeric_limits<To>::max()});
  }
}

template <typename Wide>
std::string NumberText(Wide value) {
  if constexpr (std::is_same_v<Wide, double>)
    return FormatDouble(value);
  else
    return StrCat(value);
}

// The number as `To`, or why it is none.
template <typename To, typename Wide>
const char* Round(Wide value, To& out) {
  if constexpr (std::is_floating_point_v<To> && std::is_integral_v<Wide>) {
    out = static_cast<To>(value);
    // long double holds 64 bits exactly, and 2^64 too.
    if (static_cast<long double>(out) != static_cast<long double>(value))
      return "a whole number that this type holds exactly";
  } else if constexpr (std::is_same_v<To, float>) {
    // From half a step above the largest float on, the nearest would be infinite.
    if (std::isfinite(value) && std::fabs(value) >= 0x1.ffffffp127) return "";
    out = static_cast<float>(value);
  } else if constexpr (std::is_floating_point_v<To>) {
    out = value;
  } else if constexpr (std::is_integral_v<Wide>) {
    if constexpr (std::is_same_v<To, bool>) {
      if (value != 0 && value != 1) return "";
    } else {
      if (!std::in_range<To>(value)) return "";
    }
    out = static_cast<To>(value);
  } else {
    const double whole = std::nearbyint(value);
    const double end = std::ldexp(1.0, std::numeric_limits<To>::digits);
    if (!(whole >= static_cast<double>(std::numeric_limits<To>::min()) && whole < end)) return "";
    out = static_cast<To>(whole);
  }
  return nullptr;
}

template <typename From, typename To>
std::shared_ptr<arrow::Array> CastTyped(const arrow::Array& numbers,
                                        const std::shared_ptr<arrow::DataType>& to,
                                        Rounding& rounding, std::optional<Misfit>& misfit) {
  using Value = typename To::c_type;
  using Wide = WideOf<typename From::c_type>;
  const auto& from = static_cast<const typename arrow::TypeTraits<From>::ArrayType&>(numbers);
  std::vector<Value> values(static_cast<size_t>(numbers.length()));
  for (int64_t at = 0; at < numbers.length(); ++at) {
    if (from.IsNull(at)) continue;
    const Wide value = static_cast<Wide>(from.Value(at));
    Value out{};
    if (const char* why = Round(value, out)) {
      misfit = Misfit{at, *why != '\0' ? std::string(why) : RangeText<Value>(), NumberText(value)};
      return nullptr;
    }
    if constexpr (std::is_same_v<Wide, double>) {
      if (const double change = std::fabs(static_cast<double>(out) - value); change > 0)
        rounding += {change, 1};
    }
    values[static_cast<size_t>(at)] = out;
  }
  std::shared_ptr<arrow::Buffer> buffer;
  if constexpr (std::is_same_v<To, arrow::BooleanType>) {
    arrow::TypedBufferBuilder<bool> bits;
    if (!bits.Reserve(numbers.length()).ok()) throw std::bad_alloc();
    for (const bool value : values) bits.UnsafeAppend(value);
    buffer = bits.Finish().ValueOrDie();
  } else {
    buffer = arrow::Buffer::FromVector(std::move(values));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      to, numbers.length(), {ValidityOf(numbers), std::move(buffer)}, numbers.null_count()));
}

}  // namespace

bool IsNumber(const arrow::DataType& type) {
  return type.id() == arrow::Type::BOOL || arrow::is_integer(type.id()) ||
         type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
}

std::shared_ptr<arrow::Buffer> ValidityOf(const arrow::Array& array) {
  if (array.null_count() == 0) return nullptr;
  auto copied = arrow::internal::CopyBitmap(arrow::default_memory_pool(), array.null_bitmap_data(),
                                            array.offset(), array.length());
  if (!copied.ok()) throw std::bad_alloc();
  return std::move(copied).ValueUnsafe();
}

std::shared_ptr<arrow::Array> CastNumbers(const arrow::Array& numbers,
                                          const std::shared_ptr<arrow::DataType>& to,
                                          Rounding& rounding, std::optional<Misfit>& misfit) {
  return OfNumber(*numbers.type(), [&]<typename From>(From) {
    return OfNumber(*to, [&]<typename To>(To) {
      return CastTyped<typename From::Type, typename To::Type>(numbers, to, rounding, misfit);
    });
  });
}

}  // namespace robomerge::parquet
