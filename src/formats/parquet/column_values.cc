#include "formats/parquet/column_values.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/table.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/fingerprint.h"
#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/column_values_internal.h"
#include "formats/parquet/file_splice.h"
#include "formats/parquet/row_decoder_internal.h"

namespace robomerge::parquet {
namespace {

constexpr const char* kCannotTake = "cannot take the values of a column";
// `datasets` has Array2D to Array5D; and nothing that a recorder writes has more elements.
constexpr size_t kMostDimensionsOfRows = 5;
constexpr int64_t kMostElementsOfRow = 1 << 20;
constexpr size_t kMostKeysNamed = 5;

const std::array<std::pair<const char*, std::shared_ptr<arrow::DataType>>, 12>& ValueTypes() {
  static const std::array<std::pair<const char*, std::shared_ptr<arrow::DataType>>, 12> types = {
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
       {"string", arrow::utf8()}}};
  return types;
}

// Calls `take` with each value of the array as it is.
template <typename Array, typename Take>
void ForEachOf(const arrow::Array& array, const Take& take) {
  const auto& typed = static_cast<const Array&>(array);
  for (int64_t at = 0; at < typed.length(); ++at) take(typed.GetView(at));
}

template <typename Take>
void ForEachValue(const arrow::Array& array, const Take& take) {
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return ForEachOf<arrow::BooleanArray>(array, take);
    case arrow::Type::INT8:
      return ForEachOf<arrow::Int8Array>(array, take);
    case arrow::Type::INT16:
      return ForEachOf<arrow::Int16Array>(array, take);
    case arrow::Type::INT32:
      return ForEachOf<arrow::Int32Array>(array, take);
    case arrow::Type::INT64:
      return ForEachOf<arrow::Int64Array>(array, take);
    case arrow::Type::UINT8:
      return ForEachOf<arrow::UInt8Array>(array, take);
    case arrow::Type::UINT16:
      return ForEachOf<arrow::UInt16Array>(array, take);
    case arrow::Type::UINT32:
      return ForEachOf<arrow::UInt32Array>(array, take);
    case arrow::Type::UINT64:
      return ForEachOf<arrow::UInt64Array>(array, take);
    case arrow::Type::FLOAT:
      return ForEachOf<arrow::FloatArray>(array, take);
    case arrow::Type::DOUBLE:
      return ForEachOf<arrow::DoubleArray>(array, take);
    default:
      return ForEachOf<arrow::StringArray>(array, take);
  }
}

std::string FingerprintOf(const ColumnValues::Representation& values) {
  Fingerprint fingerprint;
  fingerprint.Add(values.dtype);
  fingerprint.Add(uint64_t{values.shape.size()});
  for (const int64_t extent : values.shape) fingerprint.Add(extent);
  fingerprint.Add(values.num_rows);
  for (const auto& chunk : values.elements->chunks()) {
    ForEachValue(*chunk, [&](const auto& value) {
      using Value = std::remove_cvref_t<decltype(value)>;
      if constexpr (std::is_same_v<Value, std::string_view>)
        fingerprint.Add(value);
      else if constexpr (std::is_floating_point_v<Value>)
        fingerprint.Add(static_cast<double>(value));
      else
        fingerprint.Add(static_cast<uint64_t>(value));
    });
  }
  return fingerprint.Hex();
}

// Puts in what follows from the rest, and checks the shape.
Result<std::shared_ptr<const ColumnValues>> Finished(ColumnValues::Representation values,
                                                     const std::string& path) {
  if (values.shape.empty()) values.shape = {1};
  for (const int64_t extent : values.shape) {
    const bool fits = extent > 0 && extent <= kMostElementsOfRow / values.width;
    values.width = fits ? values.width * extent : kMostElementsOfRow + 1;
    if (!fits) break;
  }
  if (values.width > kMostElementsOfRow || values.shape.size() > kMostDimensionsOfRows) {
    std::vector<std::string> extents;
    for (const int64_t extent : values.shape) extents.push_back(std::to_string(extent));
    return Problem(Code::kUnsupported, "rows of this shape cannot become a feature")
        .At(path)
        .Expected(StrCat("at most ", kMostDimensionsOfRows, " dimensions a row, and 1 to ",
                         WithSeparators(kMostElementsOfRow), " elements"))
        .Found(StrCat("a shape of ", Join(extents, " x ")));
  }
  if (values.dtype == "string" && values.width > 1) {
    return Problem(Code::kUnsupported, "lists of texts cannot become a feature: LeRobot reads none")
        .At(path)
        .Expected("one text a row")
        .Found(StrCat(values.width, " texts a row"));
  }
  if (values.dtype == "uint64") {
    uint64_t greatest = 0;
    for (const auto& chunk : values.elements->chunks()) {
      const auto& numbers = static_cast<const arrow::UInt64Array&>(*chunk);
      for (int64_t row = 0; row < numbers.length(); ++row)
        greatest = std::max(greatest, numbers.Value(row));
    }
    if (greatest > uint64_t{INT64_MAX}) {
      return Problem(Code::kUnsupported, "a number is greater than LeRobot can hand out")
          .At(path)
          .Expected(StrCat("at most ", INT64_MAX))
          .Found(StrCat(greatest));
    }
  }
  values.fingerprint = FingerprintOf(values);
  return std::make_shared<const ColumnValues>(
      std::make_unique<const ColumnValues::Representation>(std::move(values)));
}

// Reads the one column of a file and makes its elements flat.
class ParquetValues {
 public:
  ParquetValues(const io::RandomAccessFile& file, const std::string& name)
      : file_(file), name_(name) {}

  Result<std::shared_ptr<const ColumnValues>> Run() {
    ROBOMERGE_ASSIGN_OR_RETURN(footer_, Footer::Read(file_));
    ROBOMERGE_RETURN_NOT_OK(ChooseColumn());
    values_.num_rows = static_cast<uint64_t>(footer_.representation().num_rows);
    ROBOMERGE_RETURN_NOT_OK(ReadKeys());
    ROBOMERGE_RETURN_NOT_OK(ReadElements());
    ROBOMERGE_RETURN_NOT_OK(Sort());
    return Finished(std::move(values_), file_.path());
  }

 private:
  std::string Place() const { return StrCat(file_.path(), ": column `", column_, "`"); }
  bool Has(std::string_view column) const {
    return footer_.representation().column(std::string(column)).has_value();
  }

  Status ChooseColumn() {
    const std::vector<std::string>& names = footer_.column_names();
    std::vector<std::string> others;
    for (const std::string& one : names) {
      if (one != "index" && one != "episode_index" && one != "frame_index") others.push_back(one);
    }
    if (std::ranges::count(names, name_) > 1) {
      return Problem(Code::kInvalidArgument, "two columns have the feature's name")
          .At(StrCat(file_.path(), ": column `", name_, "`"));
    }
    if (Has(name_)) {
      column_ = name_;
    } else if (others.size() == 1) {
      column_ = others.front();
    } else {
      return Problem(Code::kInvalidArgument, "it is not clear which column holds the values")
          .At(file_.path())
          .Expected(
              StrCat("a column `", name_, "`, or one besides index, episode_index and frame_index"))
          .Found(others.empty() ? "no such column" : StrCat("columns ", Join(others, ", ")));
    }
    return Status();
  }

  Status ReadKeys() {
    const bool has_index = Has("index") && column_ != "index";
    const bool has_episodes = Has("episode_index"), has_frames = Has("frame_index");
    if (!has_index && has_episodes != has_frames) {
      return Problem(Code::kInvalidArgument,
                     "rows are told apart by two columns, of which one is missing")
          .At(file_.path())
          .Expected("episode_index and frame_index, or index, or none of them")
          .Found(has_episodes ? "episode_index alone" : "frame_index alone");
    }
    std::vector<std::pair<int64_t, int64_t>> by_frame;
    if (has_episodes && has_frames) {
      values_.keys = RowKeys::kEpisodeAndFrame;
      ROBOMERGE_ASSIGN_OR_RETURN(const auto episodes,
                                 ReadInt64Column(file_, footer_, "episode_index"));
      ROBOMERGE_ASSIGN_OR_RETURN(const auto frames, ReadInt64Column(file_, footer_, "frame_index"));
      for (size_t row = 0; row < std::min(episodes.size(), frames.size()); ++row)
        by_frame.emplace_back(episodes[row], frames[row]);
      values_.key_rows = by_frame;
    }
    if (has_index) {
      values_.keys = RowKeys::kIndex;
      values_.key_rows.clear();
      ROBOMERGE_ASSIGN_OR_RETURN(const auto indexes, ReadInt64Column(file_, footer_, "index"));
      for (const int64_t index : indexes) values_.key_rows.emplace_back(0, index);
      if (!by_frame.empty()) return CheckSameOrder(by_frame);
    }
    return Status();
  }

  // The index counts frames in their order, so both put the rows into one.
  Status CheckSameOrder(const std::vector<std::pair<int64_t, int64_t>>& by_frame) const {
    std::vector<std::pair<int64_t, std::pair<int64_t, int64_t>>> rows;
    for (size_t row = 0; row < std::min(by_frame.size(), values_.key_rows.size()); ++row)
      rows.emplace_back(values_.key_rows[row].second, by_frame[row]);
    std::sort(rows.begin(), rows.end());
    for (size_t row = 1; row < rows.size(); ++row) {
      if (rows[row].second >= rows[row - 1].second) continue;
      return Problem(Code::kCorrupt, "index says another order of rows than the other two columns")
          .Kind("E-feature-rows")
          .At(file_.path())
          .Expected("one order of frames by index, and by episode_index and frame_index")
          .Found(StrCat("index ", rows[row].first, " is episode ", rows[row].second.first,
                        " frame ", rows[row].second.second, ", behind episode ",
                        rows[row - 1].second.first, " frame ", rows[row - 1].second.second))
          .Hint("leave out the columns that are wrong");
    }
    return Status();
  }

  Status ReadElements() {
    const Footer::Representation& footer = footer_.representation();
    const uint32_t number = *footer.column(column_);
    std::vector<int> leaves;
    for (uint32_t leaf = footer.column_first_leaf[number];
         leaf < footer.column_first_leaf[number + 1]; ++leaf)
      leaves.push_back(static_cast<int>(leaf));
    RowDecoder decoder(file_, footer, leaves);
    std::shared_ptr<arrow::ChunkedArray> rows;
    if (values_.num_rows > 0) {
      ROBOMERGE_ASSIGN_OR_RETURN(const auto table, decoder.Read(0, values_.num_rows));
      rows = table->GetColumnByName(column_);
    }
    if (!rows) {
      return Problem(Code::kInvalidArgument, "has no rows")
          .At(Place())
          .Expected("a row for each frame");
    }
    return AtArrowBoundary(kCannotTake, Place(), [&]() -> Status {
      ROBOMERGE_ASSIGN_OR_RETURN(rows,
                                 Cast(WithType(*rows, StorageType(rows->type())),
                                      PlainType(StorageType(rows->type())), column_, Place()));
      arrow::ArrayVector chunks = rows->chunks();
      std::erase_if(chunks, [](const auto& chunk) { return chunk->length() == 0; });
      std::shared_ptr<arrow::DataType> type = rows->type();
      while (IsListLike(*type)) {
        ROBOMERGE_RETURN_NOT_OK(TakeLevel(chunks));
        type = ListElement(*type)->type();
      }
      for (const auto& chunk : chunks) {
        if (chunk->null_count() > 0) return NullProblem();
      }
      values_.elements = std::make_shared<arrow::ChunkedArray>(std::move(chunks), type);
      return TakeType(type);
    });
  }

  Problem NullProblem() const {
    return Problem(Code::kCorrupt, "a feature cannot have rows without a value")
        .At(Place())
        .Expected("a value in every row")
        .Found("a null")
        .Hint("write a number that stands for none, such as NaN");
  }

  // Replaces lists, which must all be equally long, by their elements.
  Status TakeLevel(arrow::ArrayVector& chunks) {
    int64_t length = -1;
    for (auto& chunk : chunks) {
      if (chunk->null_count() > 0) return NullProblem();
      const auto take = [&](const auto& lists) -> Status {
        for (int64_t row = 0; row < lists.length(); ++row) {
          const int64_t found = lists.value_length(row);
          if (length < 0) length = found;
          if (found == length) continue;
          return Problem(Code::kCorrupt, "lists of a feature must all be equally long")
              .At(Place())
              .Expected(StrCat(length, " elements, as in the first row"))
              .Found(std::to_string(found));
        }
        ROBOMERGE_ASSIGN_OR_RETURN_ARROW(chunk, lists.Flatten(), kCannotTake, Place());
        return Status();
      };
      const std::shared_ptr<arrow::Array> lists = chunk;
      if (lists->type_id() == arrow::Type::LIST)
        ROBOMERGE_RETURN_NOT_OK(take(static_cast<const arrow::ListArray&>(*lists)));
      else if (lists->type_id() == arrow::Type::LARGE_LIST)
        ROBOMERGE_RETURN_NOT_OK(take(static_cast<const arrow::LargeListArray&>(*lists)));
      else
        ROBOMERGE_RETURN_NOT_OK(take(static_cast<const arrow::FixedSizeListArray&>(*lists)));
    }
    values_.shape.push_back(length);
    return Status();
  }

  Status TakeType(const std::shared_ptr<arrow::DataType>& type) {
    if (type->id() == arrow::Type::LARGE_STRING || type->id() == arrow::Type::STRING_VIEW) {
      ROBOMERGE_ASSIGN_OR_RETURN(values_.elements,
                                 Cast(values_.elements, arrow::utf8(), column_, Place()));
    }
    for (const auto& [name, known] : ValueTypes()) {
      if (values_.elements->type()->Equals(*known)) values_.dtype = name;
    }
    if (!values_.dtype.empty()) return Status();
    return Problem(Code::kUnsupported, "values of this type cannot become a feature")
        .At(Place())
        .Expected(
            "int8 to int64, uint8 to uint64, float32, float64, bool or texts, or lists of them")
        .Found(type->ToString().substr(0, 200));
  }

  Status Sort() {
    std::vector<std::pair<int64_t, int64_t>>& keys = values_.key_rows;
    if (values_.keys == RowKeys::kNone || std::is_sorted(keys.begin(), keys.end()))
      return CheckOnce();
    std::vector<int64_t> order(keys.size());
    std::iota(order.begin(), order.end(), int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](int64_t left, int64_t right) {
      return keys[static_cast<size_t>(left)] < keys[static_cast<size_t>(right)];
    });
    std::sort(keys.begin(), keys.end());
    ROBOMERGE_RETURN_NOT_OK(CheckOnce());
    int64_t width = 1;
    for (const int64_t extent : values_.shape) width *= extent;
    std::vector<int64_t> taken;
    taken.reserve(order.size() * static_cast<size_t>(width));
    for (const int64_t row : order) {
      for (int64_t at = 0; at < width; ++at) taken.push_back(row * width + at);
    }
    const auto num_taken = static_cast<int64_t>(taken.size());
    const arrow::Int64Array numbers(num_taken, arrow::Buffer::FromVector(std::move(taken)));
    return AtArrowBoundary(kCannotTake, Place(), [&]() -> Status {
      ROBOMERGE_ASSIGN_OR_RETURN_ARROW(
          const arrow::Datum sorted,
          arrow::compute::Take(arrow::Datum(values_.elements), arrow::Datum(numbers.data())),
          kCannotTake, Place());
      values_.elements = sorted.is_chunked_array()
                             ? sorted.chunked_array()
                             : std::make_shared<arrow::ChunkedArray>(sorted.make_array());
      return Status();
    });
  }

  Status CheckOnce() const {
    std::vector<std::string> twice;
    const auto& keys = values_.key_rows;
    for (size_t row = 1; row < keys.size() && twice.size() <= kMostKeysNamed; ++row) {
      if (keys[row] == keys[row - 1] && (row < 2 || keys[row] != keys[row - 2])) {
        twice.push_back(values_.keys == RowKeys::kIndex
                            ? StrCat("index ", keys[row].second)
                            : StrCat("episode ", keys[row].first, " frame ", keys[row].second));
      }
    }
    if (twice.empty()) return Status();
    if (twice.size() > kMostKeysNamed) twice.back() = "...";
    return Problem(Code::kCorrupt, "frames have several rows")
        .Kind("E-feature-rows")
        .At(file_.path())
        .Expected("one row for each frame")
        .Found(Join(twice, ", "));
  }

  const io::RandomAccessFile& file_;
  const std::string& name_;
  Footer footer_;
  std::string column_;
  ColumnValues::Representation values_;
};

}  // namespace

Result<std::shared_ptr<arrow::Array>> ColumnValues::Representation::Rows(
    uint64_t first_row, uint64_t num_rows_in) const {
  if (first_row > num_rows || num_rows_in > num_rows - first_row)
    return Problem(Code::kInternal, "rows of an added feature that are not there");
  const auto slice = elements->Slice(static_cast<int64_t>(first_row) * width,
                                     static_cast<int64_t>(num_rows_in) * width);
  if (slice->num_chunks() == 1) return slice->chunk(0);
  ROBOMERGE_ASSIGN_OR_RETURN_ARROW(auto array,
                                   slice->num_chunks() == 0 ? arrow::MakeEmptyArray(slice->type())
                                                            : arrow::Concatenate(slice->chunks()),
                                   kCannotTake, dtype);
  return array;
}

ColumnValues::ColumnValues(std::unique_ptr<const Representation> representation)
    : representation_(std::move(representation)) {}
ColumnValues::~ColumnValues() = default;

Result<std::shared_ptr<const ColumnValues>> ColumnValues::FromNumbers(const std::string& dtype,
                                                                      std::vector<int64_t> shape,
                                                                      uint64_t num_rows,
                                                                      std::string bytes,
                                                                      const std::string& path) {
  Representation values;
  values.dtype = dtype;
  values.shape = std::move(shape);
  values.num_rows = num_rows;
  return AtArrowBoundary(kCannotTake, path, [&]() -> Result<std::shared_ptr<const ColumnValues>> {
    std::shared_ptr<arrow::Array> array;
    if (dtype == "bool") {
      arrow::BooleanBuilder builder;
      const auto* flags = reinterpret_cast<const uint8_t*>(bytes.data());
      ROBOMERGE_RETURN_NOT_ARROW_OK(builder.AppendValues(flags, static_cast<int64_t>(bytes.size())),
                                    kCannotTake, path);
      ROBOMERGE_RETURN_NOT_ARROW_OK(builder.Finish(&array), kCannotTake, path);
    } else {
      const auto& types = ValueTypes();
      const auto type = std::find_if(types.begin(), types.end(),
                                     [&](const auto& one) { return dtype == one.first; });
      if (type == types.end() || dtype == "string")
        return Problem(Code::kInvalidArgument, kCannotTake).At(path).Found(dtype);
      const auto length = static_cast<int64_t>(bytes.size()) / type->second->byte_width();
      array = arrow::MakeArray(arrow::ArrayData::Make(
          type->second, length, {nullptr, arrow::Buffer::FromString(std::move(bytes))}, 0));
    }
    values.elements = std::make_shared<arrow::ChunkedArray>(std::move(array));
    return Finished(std::move(values), path);
  });
}

Result<std::shared_ptr<const ColumnValues>> ColumnValues::FromParquet(
    const io::RandomAccessFile& file, const std::string& name) {
  return ParquetValues(file, name).Run();
}

const std::string& ColumnValues::dtype() const { return representation_->dtype; }
const std::vector<int64_t>& ColumnValues::shape() const { return representation_->shape; }
uint64_t ColumnValues::num_rows() const { return representation_->num_rows; }
RowKeys ColumnValues::keys() const { return representation_->keys; }
const std::vector<std::pair<int64_t, int64_t>>& ColumnValues::key_rows() const {
  return representation_->key_rows;
}
const std::string& ColumnValues::fingerprint() const { return representation_->fingerprint; }

std::vector<double> ColumnValues::Numbers(uint64_t first_row, uint64_t num_rows) const {
  std::vector<double> numbers;
  const Representation& values = *representation_;
  if (values.dtype == "string") return numbers;
  const auto slice = values.elements->Slice(static_cast<int64_t>(first_row) * values.width,
                                            static_cast<int64_t>(num_rows) * values.width);
  for (const auto& chunk : slice->chunks()) {
    ForEachValue(*chunk, [&](const auto& value) {
      if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(value)>, std::string_view>)
        numbers.push_back(static_cast<double>(value));
    });
  }
  return numbers;
}

}  // namespace robomerge::parquet
