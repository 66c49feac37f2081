#include "formats/parquet/table.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/io/memory.h>
#include <arrow/type_traits.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/direct_column_internal.h"
#include "formats/parquet/list_elements_internal.h"
#include "formats/parquet/page_check_internal.h"
#include "formats/parquet/table_internal.h"

namespace robomerge::parquet {
namespace {

// The names for a message: nine in ten of an episodes table are `stats/...`.
std::vector<std::string> WithoutStatistics(const std::vector<std::string>& names) {
  std::vector<std::string> kept;
  std::copy_if(names.begin(), names.end(), std::back_inserter(kept),
               [](const std::string& name) { return !name.starts_with("stats/"); });
  if (kept.size() < names.size())
    kept.push_back(StrCat("and ", names.size() - kept.size(), " of statistics"));
  return kept;
}

Result<std::shared_ptr<arrow::ChunkedArray>> FindColumn(const Table::Representation& table,
                                                        const std::string& column) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Table> all, table.Arrow());
  const int index = all->schema()->GetFieldIndex(column);
  if (index < 0) {
    const bool is_twice =
        std::count(table.column_names.begin(), table.column_names.end(), column) > 1;
    return Problem(Code::kCorrupt, is_twice ? StrCat("there are two columns called `", column, "`")
                                            : StrCat("there is no column `", column, "`"))
        .At(table.path)
        .Found("columns " + Join(WithoutStatistics(table.column_names), ", "));
  }
  // Arrow counts the rows of the pages; callers rely on the footer's count.
  if (all->column(index)->length() != table.footer.num_rows()) {
    return Problem(Code::kCorrupt,
                   StrCat("the pages of column `", column, "` contradict the footer"))
        .At(ColumnPlace(table.path, column))
        .Expected(StrCat(table.footer.num_rows(), " rows"))
        .Found(StrCat(all->column(index)->length(), " rows"));
  }
  return all->column(index);
}

Problem WrongType(const Table::Representation& table, const std::string& column,
                  const std::string& expected, const arrow::DataType& found) {
  return Problem(Code::kCorrupt, StrCat("column `", column, "` has another type"))
      .At(ColumnPlace(table.path, column))
      .Expected(expected)
      .Found(found.ToString());
}

Problem NullFound(const Table::Representation& table, const std::string& column) {
  return Problem(Code::kCorrupt, StrCat("column `", column, "` has nulls"))
      .At(ColumnPlace(table.path, column))
      .Expected("a value in every row");
}

// Casts to one plain type and hands its chunks, all without nulls, to `take`.
template <typename ArrayType, typename Take>
Status EachChunk(const Table::Representation& table, const std::string& column,
                 const std::string& expected, const std::shared_ptr<arrow::DataType>& type,
                 bool (*accepts)(const arrow::DataType&), Take take) {
  ROBOMERGE_ASSIGN_OR_RETURN(const auto values, FindColumn(table, column));
  if (!accepts(*values->type())) return WrongType(table, column, expected, *values->type());
  if (values->null_count() > 0) return NullFound(table, column);
  return AtArrowBoundary(StrCat("cannot read column `", column, "`"),
                         ColumnPlace(table.path, column), [&]() -> Status {
                           ROBOMERGE_ASSIGN_OR_RETURN(
                               const auto cast,
                               Cast(values, type, column, ColumnPlace(table.path, column)));
                           for (const auto& chunk : cast->chunks())
                             take(static_cast<const ArrayType&>(*chunk));
                           return Status();
                         });
}

bool IsInteger(const arrow::DataType& type) { return arrow::is_integer(type.id()); }
bool IsNumber(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id());
}
bool IsTextOrDictionaryOfIt(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY)
    return IsTextOrDictionaryOfIt(*static_cast<const arrow::DictionaryType&>(type).value_type());
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING ||
         type.id() == arrow::Type::STRING_VIEW;
}

// A footer can claim any number of rows, and a run of equal values costs a few bytes however long
// it is. Rows of metadata differ, so a real table that exceeds the first limit has more bytes than
// the second one requires.
constexpr uint64_t kMostRows = uint64_t{1} << 20, kMostRowsPerByte = 8;
constexpr uint64_t kMostValues = uint64_t{1} << 22, kMostValuesPerByte = 64;

// Bytes of a table: of its file, and of all its values when each stands for itself. LeRobot begins
// a new file at 100 MB; rows that repeat take little of the file.
constexpr uint64_t kMostTableBytes = uint64_t{512} << 20;
constexpr uint64_t kMostDecodedBytes = uint64_t{128} << 20, kMostDecodedPerByte = 64;
// A file of this size is read at once.
constexpr uint64_t kSmallFileBytes = uint64_t{1} << 20;

// The bytes of a table as a file.
class BytesFile : public io::RandomAccessFile {
 public:
  BytesFile(const std::string& path, std::string_view bytes) : path_(path), bytes_(bytes) {}
  const std::string& path() const override { return path_; }
  uint64_t size_bytes() const override { return bytes_.size(); }
  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    if (!RangeFits(offset, out.size(), bytes_.size()))
      return Problem(Code::kCorrupt, "file ends early").At(path_);
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return Status();
  }

 private:
  const std::string& path_;
  std::string_view bytes_;
};

Problem TooLarge(const std::string& path, const char* what, uint64_t most, uint64_t found) {
  return Problem(Code::kCorrupt, what)
      .At(path)
      .Expected(StrCat("at most ", WithSeparators(most), " bytes"))
      .Found(found == UINT64_MAX ? "more than can be counted"
                                 : StrCat(WithSeparators(found), " bytes"))
      .Hint("look for rows or texts that do not belong there, and write the table anew");
}

Status CheckDecodedBytes(const io::RandomAccessFile& file, const Footer::Representation& footer) {
  const uint64_t most = std::max(kMostDecodedBytes, kMostDecodedPerByte * footer.file_size_bytes);
  uint64_t sum = 0;
  PageCheck pages(file, footer, "");  // the caller knows which table it is
  const auto add = [&](uint64_t bytes) { sum += std::min(bytes, UINT64_MAX - sum); };
  for (const RowGroup& row_group : footer.row_groups) add(row_group.uncompressed_bytes());
  if (sum > most)
    return TooLarge(footer.path, "table becomes too large when decompressed", most, sum);
  sum = 0;
  for (size_t row_group = 0; row_group < footer.row_groups.size(); ++row_group) {
    for (size_t leaf = 0; leaf < footer.leaves.size(); ++leaf) {
      if (footer.row_groups[row_group].columns[leaf].num_values == 0) continue;
      ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t bytes, pages.MostDecodedBytes(row_group, leaf));
      add(bytes);
      if (sum > most)
        return TooLarge(footer.path, "table has more values than metadata can need", most, sum);
    }
  }
  return Status();
}

Status CheckClaims(const Footer::Representation& footer) {
  const auto check = [&](int64_t claimed, uint64_t most, uint64_t most_per_byte,
                         const char* unit) -> Status {
    const uint64_t bound = std::max(most, most_per_byte * footer.file_size_bytes);
    if (static_cast<uint64_t>(claimed) <= bound) return Status();
    return Problem(Code::kCorrupt, StrCat("table claims more ", unit, " than its bytes can hold"))
        .At(footer.path)
        .Expected(StrCat("at most ", WithSeparators(bound), " ", unit, " in ",
                         WithSeparators(footer.file_size_bytes), " bytes"))
        .Found(WithSeparators(static_cast<uint64_t>(claimed)));
  };
  ROBOMERGE_RETURN_NOT_OK(check(footer.num_rows, kMostRows, kMostRowsPerByte, "rows"));
  for (const RowGroup& row_group : footer.row_groups) {
    for (const ColumnChunk& chunk : row_group.columns)
      ROBOMERGE_RETURN_NOT_OK(check(chunk.num_values, kMostValues, kMostValuesPerByte, "values"));
  }
  return Status();
}

// Reads `leaves`, or all.
Result<std::shared_ptr<arrow::Table>> ReadThroughArrow(
    std::shared_ptr<arrow::io::RandomAccessFile> source, const std::string& path,
    const std::vector<int>* leaves) {
  const std::string what = "cannot read the table";
  return AtArrowBoundary(what, path, [&]() -> Result<std::shared_ptr<arrow::Table>> {
    auto low_level = ::parquet::ParquetFileReader::Open(std::move(source));
    ::parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_pre_buffer(false);
    std::unique_ptr<::parquet::arrow::FileReader> reader;
    ROBOMERGE_RETURN_NOT_ARROW_OK(
        ::parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(low_level),
                                           properties)
            .Value(&reader),
        what, path);
    std::shared_ptr<arrow::Table> all;
    ROBOMERGE_ASSIGN_OR_RETURN_ARROW(all, leaves ? reader->ReadTable(*leaves) : reader->ReadTable(),
                                     what, path);
    arrow::FieldVector fields;
    arrow::ChunkedArrayVector arrays;
    for (int i = 0; i < all->num_columns(); ++i) {
      const auto type = StorageType(all->field(i)->type());
      fields.push_back(all->field(i)->WithType(type));
      arrays.push_back(WithType(*all->column(i), type));
    }
    return arrow::Table::Make(arrow::schema(std::move(fields), all->schema()->metadata()),
                              std::move(arrays), all->num_rows());
  });
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> Table::Representation::Arrow() const {
  std::call_once(once, [this] {
    if (arrow_table) return;
    const BytesFile file(path, bytes);
    PageCheck pages(file, footer.representation(), "");
    for (size_t row_group = 0; row_group < footer.row_groups().size(); ++row_group) {
      for (size_t leaf = 0; leaf < footer.leaves().size(); ++leaf) {
        if (const Status status = pages.CheckChunk(row_group, leaf); !status.ok()) {
          arrow_table = status;
          return;
        }
      }
    }
    const auto buffer = std::make_shared<arrow::Buffer>(std::string_view(bytes));
    arrow_table =
        ReadThroughArrow(std::make_shared<arrow::io::BufferReader>(buffer), path, nullptr);
  });
  return *arrow_table;
}

Table::Table(std::shared_ptr<const Representation> representation)
    : representation_(std::move(representation)) {}

Result<Table> Table::Read(const io::RandomAccessFile& file) {
  auto table = std::make_shared<Representation>();
  table->path = file.path();
  if (file.size_bytes() > kMostTableBytes)
    return TooLarge(file.path(), "table is too large to be one of metadata", kMostTableBytes,
                    file.size_bytes());
  // What the footer says is known before a large file is read.
  if (file.size_bytes() > kSmallFileBytes) {
    ROBOMERGE_ASSIGN_OR_RETURN(table->footer, Footer::Read(file));
    ROBOMERGE_RETURN_NOT_OK(CheckClaims(table->footer.representation()));
  }
  table->bytes.resize(static_cast<size_t>(file.size_bytes()));
  ROBOMERGE_RETURN_NOT_OK(file.ReadAt(0, std::as_writable_bytes(std::span(table->bytes))));
  if (file.size_bytes() <= kSmallFileBytes) {
    ROBOMERGE_ASSIGN_OR_RETURN(auto footer, ParseFileInMemory(file.path(), table->bytes));
    ROBOMERGE_RETURN_NOT_OK(CheckClaims(*footer));
    table->footer = Footer(std::move(footer));
  }
  ROBOMERGE_RETURN_NOT_OK(
      CheckDecodedBytes(BytesFile(file.path(), table->bytes), table->footer.representation()));
  table->column_names = table->footer.column_names();
  return Table(std::move(table));
}

Result<Table> Table::ReadColumns(const io::RandomAccessFile& file,
                                 const std::vector<std::string>& columns) {
  auto table = std::make_shared<Representation>();
  table->path = file.path();
  ROBOMERGE_ASSIGN_OR_RETURN(table->footer, Footer::Read(file));
  const Footer::Representation& footer = table->footer.representation();
  ROBOMERGE_RETURN_NOT_OK(CheckClaims(footer));
  ROBOMERGE_RETURN_NOT_OK(CheckDecodedBytes(file, footer));
  std::vector<int> leaves;
  for (const std::string& column : columns) {
    const auto number = footer.column(column);
    if (!number) continue;
    table->column_names.push_back(column);
    for (uint32_t leaf = footer.column_first_leaf[*number];
         leaf < footer.column_first_leaf[*number + 1]; ++leaf)
      leaves.push_back(static_cast<int>(leaf));
  }
  table->arrow_table = ReadThroughArrow(ArrowFile(file), file.path(), &leaves);
  ROBOMERGE_RETURN_NOT_OK(table->arrow_table->status());
  return Table(std::move(table));
}

int64_t Table::num_rows() const { return representation_->footer.num_rows(); }
const std::vector<std::string>& Table::column_names() const {
  return representation_->column_names;
}
bool Table::has(const std::string& column) const {
  return std::count(representation_->column_names.begin(), representation_->column_names.end(),
                    column) == 1;
}
uint64_t Table::uncompressed_bytes() const { return representation_->footer.uncompressed_bytes(); }

std::optional<std::string> Table::key_value(const std::string& key) const {
  const std::optional<std::string_view> value = representation_->footer.key_value(key);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

Result<std::vector<int64_t>> Table::Int64s(const std::string& column) const {
  if (auto direct =
          DirectInt64s(representation_->footer.representation(), representation_->bytes, column))
    return *std::move(direct);
  std::vector<int64_t> values;
  ROBOMERGE_RETURN_NOT_OK(EachChunk<arrow::Int64Array>(
      *representation_, column, "whole numbers", arrow::int64(), IsInteger,
      [&](const arrow::Int64Array& chunk) {
        values.insert(values.end(), chunk.raw_values(), chunk.raw_values() + chunk.length());
      }));
  return values;
}

Result<std::vector<int64_t>> Table::Int64sOr(const std::string& column, int64_t otherwise) const {
  if (auto direct =
          DirectInt64s(representation_->footer.representation(), representation_->bytes, column))
    return *std::move(direct);
  if (!has(column)) return std::vector<int64_t>(static_cast<size_t>(num_rows()), otherwise);
  ROBOMERGE_ASSIGN_OR_RETURN(const auto values, FindColumn(*representation_, column));
  const std::string where = ColumnPlace(representation_->path, column);
  const bool is_integer = arrow::is_integer(values->type()->id());
  const bool is_null = values->type()->id() == arrow::Type::NA;
  if (!is_null && !IsNumber(*values->type()))
    return WrongType(*representation_, column, "whole numbers", *values->type());
  std::vector<int64_t> numbers;
  ROBOMERGE_RETURN_NOT_OK(
      AtArrowBoundary(StrCat("cannot read column `", column, "`"), where, [&]() -> Status {
        ROBOMERGE_ASSIGN_OR_RETURN(
            const auto cast,
            Cast(values, is_integer ? arrow::int64() : arrow::float64(), column, where));
        for (const auto& chunk : cast->chunks()) {
          for (int64_t row = 0; row < chunk->length(); ++row) {
            numbers.push_back(otherwise);
            if (chunk->IsNull(row)) continue;
            if (is_integer) {
              numbers.back() = static_cast<const arrow::Int64Array&>(*chunk).Value(row);
              continue;
            }
            const double number = static_cast<const arrow::DoubleArray&>(*chunk).Value(row);
            // Beyond 2^53 a double does not say which whole number is meant.
            if (number == std::floor(number) && std::fabs(number) <= 9007199254740992.0)
              numbers.back() = static_cast<int64_t>(number);
          }
        }
        return Status();
      }));
  return numbers;
}

bool Table::HoldsStrings(const std::string& column) const {
  const Footer& footer = representation_->footer;
  const auto leaf = std::find_if(footer.leaves().begin(), footer.leaves().end(),
                                 [&](const Leaf& one) { return one.path.front() == column; });
  return has(column) && leaf != footer.leaves().end() && leaf->path.size() == 1 &&
         leaf->max_repetition_level == 0 && leaf->type == PhysicalType::kByteArray;
}

Result<std::vector<double>> Table::Doubles(const std::string& column) const {
  if (auto direct =
          DirectDoubles(representation_->footer.representation(), representation_->bytes, column))
    return *std::move(direct);
  std::vector<double> values;
  ROBOMERGE_RETURN_NOT_OK(EachChunk<arrow::DoubleArray>(
      *representation_, column, "numbers", arrow::float64(), IsNumber,
      [&](const arrow::DoubleArray& chunk) {
        values.insert(values.end(), chunk.raw_values(), chunk.raw_values() + chunk.length());
      }));
  return values;
}

Result<std::vector<double>> Table::DoublesOrNan(const std::string& column) const {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (auto direct =
          DirectDoubles(representation_->footer.representation(), representation_->bytes, column))
    return *std::move(direct);
  if (!has(column)) return std::vector<double>(static_cast<size_t>(num_rows()), nan);
  ROBOMERGE_ASSIGN_OR_RETURN(const auto values, FindColumn(*representation_, column));
  if (values->type()->id() == arrow::Type::NA)
    return std::vector<double>(static_cast<size_t>(num_rows()), nan);
  if (!IsNumber(*values->type()))
    return WrongType(*representation_, column, "numbers", *values->type());
  const std::string where = ColumnPlace(representation_->path, column);
  std::vector<double> numbers;
  ROBOMERGE_RETURN_NOT_OK(
      AtArrowBoundary(StrCat("cannot read column `", column, "`"), where, [&]() -> Status {
        ROBOMERGE_ASSIGN_OR_RETURN(const auto cast, Cast(values, arrow::float64(), column, where));
        for (const auto& chunk : cast->chunks()) {
          const auto& doubles = static_cast<const arrow::DoubleArray&>(*chunk);
          for (int64_t row = 0; row < doubles.length(); ++row)
            numbers.push_back(doubles.IsNull(row) ? nan : doubles.Value(row));
        }
        return Status();
      }));
  return numbers;
}

Result<std::vector<std::string>> Table::Strings(const std::string& column) const {
  if (auto direct =
          DirectStrings(representation_->footer.representation(), representation_->bytes, column))
    return *std::move(direct);
  std::vector<std::string> values;
  ROBOMERGE_RETURN_NOT_OK(EachChunk<arrow::LargeStringArray>(
      *representation_, column, "texts", arrow::large_utf8(), IsTextOrDictionaryOfIt,
      [&](const arrow::LargeStringArray& chunk) {
        for (int64_t i = 0; i < chunk.length(); ++i) values.push_back(chunk.GetString(i));
      }));
  return values;
}

Result<std::vector<std::vector<std::string>>> Table::StringLists(const std::string& column) const {
  if (auto direct = DirectStringLists(representation_->footer.representation(),
                                      representation_->bytes, column))
    return *std::move(direct);
  const auto accepts = [](const arrow::DataType& type) {
    return IsListLike(type) && IsTextOrDictionaryOfIt(*ListElement(type)->type());
  };
  std::vector<std::vector<std::string>> rows;
  bool null_inside = false;
  const auto type = arrow::large_list(arrow::field("element", arrow::large_utf8()));
  ROBOMERGE_RETURN_NOT_OK(EachChunk<arrow::LargeListArray>(
      *representation_, column, "lists of texts", type, accepts,
      [&](const arrow::LargeListArray& chunk) {
        const auto& texts = static_cast<const arrow::LargeStringArray&>(*chunk.values());
        for (int64_t i = 0; i < chunk.length(); ++i) {
          std::vector<std::string>& row = rows.emplace_back();
          for (int64_t k = chunk.value_offset(i); k < chunk.value_offset(i + 1); ++k) {
            null_inside = null_inside || texts.IsNull(k);
            row.push_back(texts.GetString(k));
          }
        }
      }));
  if (null_inside) return NullFound(*representation_, column);
  return rows;
}

Result<NumberLists> Table::Numbers(const std::string& column) const {
  if (auto direct =
          DirectNumbers(representation_->footer.representation(), representation_->bytes, column))
    return *std::move(direct);
  ROBOMERGE_ASSIGN_OR_RETURN(const auto values, FindColumn(*representation_, column));
  NumberLists out;
  out.list_depth = 0;
  const arrow::DataType* innermost = values->type().get();
  for (; IsListLike(*innermost); innermost = ListElement(*innermost)->type().get())
    ++out.list_depth;
  if (arrow::is_integer(innermost->id())) {
    out.element = NumberLists::Element::kInteger;
  } else if (innermost->id() == arrow::Type::BOOL) {
    out.element = NumberLists::Element::kBoolean;
  } else if (arrow::is_floating(innermost->id()) || innermost->id() == arrow::Type::NA) {
    out.element = NumberLists::Element::kFloat;
  } else {
    return WrongType(*representation_, column, "numbers, or lists of them", *values->type());
  }
  const std::string where = ColumnPlace(representation_->path, column);
  return AtArrowBoundary(
      StrCat("cannot read column `", column, "`"), where, [&]() -> Result<NumberLists> {
        ROBOMERGE_ASSIGN_OR_RETURN(const auto cast,
                                   Cast(values, DoubleLists(*values->type()), column, where));
        NumberFlattener flattener(out, out.element == NumberLists::Element::kFloat);
        out.cell_begin.push_back(0);
        for (const auto& chunk : cast->chunks()) {
          for (int64_t i = 0; i < chunk->length(); ++i) {
            out.is_null.push_back(chunk->IsNull(i));
            if (!chunk->IsNull(i) && !flattener.Append(*chunk, i, i + 1, out.list_depth))
              return NullFound(*representation_, column);
            if (out.values.size() > std::numeric_limits<uint32_t>::max()) {
              return Problem(Code::kUnsupported,
                             StrCat("column `", column, "` holds more than 2^32 numbers"))
                  .At(where);
            }
            out.cell_begin.push_back(static_cast<uint32_t>(out.values.size()));
          }
        }
        return out;
      });
}

}  // namespace robomerge::parquet
