#include "formats/parquet/compare_rows.h"

#include <arrow/array.h>
#include <arrow/compare.h>
#include <arrow/scalar.h>
#include <arrow/table.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/changed_values_internal.h"
#include "formats/parquet/pictures_internal.h"
#include "formats/parquet/row_decoder_internal.h"

namespace robomerge::parquet {
namespace {

constexpr uint64_t kBlockBytes = uint64_t{1} << 20;

using Columns = std::shared_ptr<arrow::ChunkedArray>;

// A column of the file and where its values come from.
struct ComparedColumn {
  std::string name;                      // in the file
  std::string expected;                  // in the expected file; empty: it is filled
  const ColumnChange* change = nullptr;  // null: it is the same column

  bool is_filled() const { return change != nullptr && change->source_column.empty(); }
  bool has_new_values() const {
    return change != nullptr && (change->is_cast || !change->elements.empty());
  }
};

// The filled ones among them are in no file.
std::vector<std::string> ExpectedNames(const std::vector<ComparedColumn>& columns) {
  std::vector<std::string> names;
  for (const ComparedColumn& column : columns) {
    if (!column.is_filled()) names.push_back(column.expected);
  }
  return names;
}

std::vector<std::string> Names(const std::vector<ComparedColumn>& columns) {
  std::vector<std::string> names;
  for (const ComparedColumn& column : columns) names.push_back(column.name);
  return names;
}

// The row group that has exactly these rows, or nothing.
std::optional<size_t> ExactRowGroup(const Footer::Representation& footer, uint64_t first_row,
                                    uint64_t num_rows) {
  const auto after =
      std::upper_bound(footer.first_rows.begin(), footer.first_rows.end() - 1, first_row);
  if (after == footer.first_rows.begin()) return std::nullopt;
  const auto number = static_cast<size_t>(after - footer.first_rows.begin()) - 1;
  if (footer.first_rows[number] != first_row ||
      static_cast<uint64_t>(footer.row_groups[number].num_rows) != num_rows)
    return std::nullopt;
  return number;
}

std::vector<int> LeavesOf(const Footer::Representation& footer,
                          const std::vector<std::string>& columns) {
  std::vector<int> leaves;
  for (const std::string& name : columns) {
    const std::optional<uint32_t> column = footer.column(name);
    if (!column) continue;
    for (uint32_t leaf = footer.column_first_leaf[*column];
         leaf < footer.column_first_leaf[*column + 1]; ++leaf) {
      leaves.push_back(static_cast<int>(leaf));
    }
  }
  std::sort(leaves.begin(), leaves.end());
  return leaves;
}

// Keeps its RowDecoder as long as the same columns are asked for.
class Decoder {
 public:
  Decoder(const io::RandomAccessFile& file, const Footer& footer)
      : file_(file), footer_(footer.representation()) {}

  const Footer::Representation& footer() const { return footer_; }
  const io::RandomAccessFile& file() const { return file_; }
  Result<std::shared_ptr<arrow::Table>> Read(const std::vector<std::string>& columns,
                                             uint64_t first_row, uint64_t num_rows) {
    return Of(columns).Read(first_row, num_rows);
  }
  /// RowDecoder::BatchRows
  Result<uint64_t> BatchRows(const std::vector<std::string>& columns, uint64_t row) {
    return Of(columns).BatchRows(row);
  }

 private:
  RowDecoder& Of(const std::vector<std::string>& columns) {
    std::vector<int> leaves = LeavesOf(footer_, columns);
    if (!decoder_ || decoder_->leaves() != leaves)
      decoder_ = std::make_unique<RowDecoder>(file_, footer_, std::move(leaves));
    return *decoder_;
  }

  const io::RandomAccessFile& file_;
  const Footer::Representation& footer_;
  std::unique_ptr<RowDecoder> decoder_;
};

// Shortens long values, and leaves raw bytes out of messages.
std::string ValueText(const arrow::ChunkedArray& values, int64_t row) {
  const auto scalar = values.GetScalar(row);
  if (!scalar.ok()) return scalar.status().ToString();
  if (!(*scalar)->is_valid) return "null";
  const arrow::Type::type id = (*scalar)->type->id();
  if (id == arrow::Type::STRUCT || id == arrow::Type::BINARY || id == arrow::Type::LARGE_BINARY)
    return "bytes of another content";
  std::string text = (*scalar)->ToString();
  if (text.size() > kMostValueText) text = text.substr(0, kMostValueText - 3) + "...";
  return text;
}

bool AreEqual(const arrow::ChunkedArray& left, const arrow::ChunkedArray& right) {
  return left.Equals(right,
                     arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false));
}

// REQUIRES: they differ, and have the same type and length.
int64_t FirstDifference(const arrow::ChunkedArray& left, const arrow::ChunkedArray& right) {
  int64_t begin = 0, count = left.length();
  while (count > 1) {
    const int64_t half = count / 2;
    if (AreEqual(*left.Slice(begin, half), *right.Slice(begin, half))) {
      begin += half;
      count -= half;
    } else {
      count = half;
    }
  }
  return begin;
}

}  // namespace

struct RowComparer::Representation {
  Decoder found, expected, equal;
  std::vector<std::string> columns;
  PicturesByPath pictures;
  const ColumnChanges* changes;
  const TimeShift* shift = nullptr;  // of the rows that are being compared
  // Of them too: their first row in the expected file, and in columns with values of their own.
  uint64_t range_first_row = 0, first_value = 0;

  bool IsShifted(const ComparedColumn& column) const {
    return shift != nullptr && shift->column == column.name;
  }
  bool LiesInFiles(const ComparedColumn& column) const {
    return std::find(pictures.columns.begin(), pictures.columns.end(), column.expected) !=
           pictures.columns.end();
  }

  bool SameShape(const ComparedColumn& column) const {
    const Footer::Representation &left = found.footer(), &right = expected.footer();
    const std::optional<uint32_t> a = left.column(column.name), b = right.column(column.expected);
    if (!a || !b) return false;
    const uint32_t num_leaves = left.column_first_leaf[*a + 1] - left.column_first_leaf[*a];
    if (right.column_first_leaf[*b + 1] - right.column_first_leaf[*b] != num_leaves) return false;
    for (uint32_t leaf = 0; leaf < num_leaves; ++leaf) {
      if (left.leaves[left.column_first_leaf[*a] + leaf].shape !=
          right.leaves[right.column_first_leaf[*b] + leaf].shape)
        return false;
    }
    return true;
  }

  // Whether all chunks of the column have the same bytes, and so the same values.
  Result<bool> SameBytes(const ComparedColumn& column, size_t row_group,
                         size_t expected_row_group) const {
    const Footer::Representation &left = found.footer(), &right = expected.footer();
    const uint32_t number = *left.column(column.name), a = left.column_first_leaf[number],
                   b = right.column_first_leaf[*right.column(column.expected)];
    const uint32_t num_leaves = left.column_first_leaf[number + 1] - a;
    for (uint32_t leaf = 0; leaf < num_leaves; ++leaf) {
      const ColumnChunk& from = left.row_groups[row_group].columns[a + leaf];
      const ColumnChunk& to = right.row_groups[expected_row_group].columns[b + leaf];
      if (from.compressed_bytes != to.compressed_bytes ||
          from.uncompressed_bytes != to.uncompressed_bytes || from.num_values != to.num_values ||
          left.place(row_group, a + leaf).codec !=
              right.place(expected_row_group, b + leaf).codec) {
        return false;
      }
      ROBOMERGE_ASSIGN_OR_RETURN(const bool same,
                                 SameRange(from.begin, to.begin, from.compressed_bytes));
      if (!same) return false;
    }
    return true;
  }

  Result<bool> SameRange(uint64_t offset, uint64_t expected_offset, uint64_t length) const {
    std::vector<std::byte> left(std::min(length, kBlockBytes)), right(left.size());
    for (uint64_t done = 0; done < length;) {
      const auto count = static_cast<size_t>(std::min(length - done, kBlockBytes));
      ROBOMERGE_RETURN_NOT_OK(found.file().ReadAt(offset + done, std::span(left).first(count)));
      ROBOMERGE_RETURN_NOT_OK(
          expected.file().ReadAt(expected_offset + done, std::span(right).first(count)));
      if (std::memcmp(left.data(), right.data(), count) != 0) return false;
      done += count;
    }
    return true;
  }

  // Equal bytes prove equal values only if there are values in them.
  Status DecodeOnce(const std::vector<std::string>& proved, uint64_t first_row, uint64_t num_rows) {
    uint64_t count = 0;
    for (uint64_t done = 0; done < num_rows; done += count) {
      ROBOMERGE_ASSIGN_OR_RETURN(count, equal.BatchRows(proved, first_row + done));
      count = std::min(count, num_rows - done);
      ROBOMERGE_RETURN_NOT_OK(equal.Read(proved, first_row + done, count).status());
    }
    return Status();
  }

  // Reads both ranges in batches; the first difference of each column is kept.
  Status CompareDecoded(const std::vector<ComparedColumn>& decoded, uint64_t first_row,
                        uint64_t expected_first_row, uint64_t num_rows, ComparedRows& result) {
    std::vector<ComparedColumn> same = decoded;
    uint64_t count = 0;
    for (uint64_t done = 0; done < num_rows && !same.empty(); done += count) {
      const std::vector<std::string> names = Names(same), expected_names = ExpectedNames(same);
      ROBOMERGE_ASSIGN_OR_RETURN(count, found.BatchRows(names, first_row + done));
      count = std::min(count, num_rows - done);
      std::shared_ptr<arrow::Table> right;
      if (!expected_names.empty()) {
        ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t expected_count,
                                   expected.BatchRows(expected_names, expected_first_row + done));
        count = std::min(expected_count, count);
        ROBOMERGE_ASSIGN_OR_RETURN(right,
                                   expected.Read(expected_names, expected_first_row + done, count));
      }
      ROBOMERGE_ASSIGN_OR_RETURN(const auto left, found.Read(names, first_row + done, count));
      for (size_t at = 0; at < same.size();) {
        ROBOMERGE_ASSIGN_OR_RETURN(
            std::optional<RowDifference> difference,
            CompareColumn(same[at], *left, right.get(), expected_first_row + done));
        if (!difference) {
          ++at;
          continue;
        }
        difference->row += done;
        result.differences.push_back(std::move(*difference));
        same.erase(same.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    return Status();
  }

  // The rows that the file must have, of any type that holds the values of `to`.
  Result<Columns> ExpectedRows(const ComparedColumn& column,
                               const std::shared_ptr<arrow::DataType>& to, const Columns& rows,
                               uint64_t first_row, uint64_t num_rows) const {
    const std::string where = StrCat(expected.footer().path, ": column `",
                                     column.is_filled() ? column.name : column.expected, "`");
    if (column.is_filled() && column.change->values != nullptr) {
      return AddedRows(*column.change, to, first_value + (first_row - range_first_row), num_rows,
                       where);
    }
    if (column.is_filled()) return FilledRows(*column.change, to, num_rows, where);
    Columns wanted = rows;
    if (IsShifted(column)) {
      ROBOMERGE_ASSIGN_OR_RETURN(wanted, ShiftedRows(rows, *shift, where));
    }
    if (LiesInFiles(column)) {
      ROBOMERGE_ASSIGN_OR_RETURN(wanted, EmbedPictures(rows, pictures.read, where));
    }
    if (column.has_new_values()) {
      Rounding rounding;
      return ChangedRows(wanted, *column.change, to, first_row, where, rounding);
    }
    return Cast(WithType(*wanted, StorageType(wanted->type())),
                PlainType(StorageType(wanted->type())), column.expected, where);
  }

  Result<std::optional<RowDifference>> CompareColumn(const ComparedColumn& column,
                                                     const arrow::Table& left_table,
                                                     const arrow::Table* right_table,
                                                     uint64_t expected_first_row) const {
    using Outcome = std::optional<RowDifference>;
    const std::string& name = column.name;
    const std::string where = StrCat(found.footer().path, ": column `", name, "`");
    return AtArrowBoundary("cannot compare rows", where, [&]() -> Result<Outcome> {
      const Columns left_column = left_table.GetColumnByName(name),
                    right_column =
                        right_table ? right_table->GetColumnByName(column.expected) : nullptr;
      if (!left_column || (!right_column && !column.is_filled()))
        return Outcome(RowDifference{name, 0, "a column", "none"});
      // Dictionaries are compared by the values they stand for: chunks may have one each, with the
      // values in another order.
      ROBOMERGE_ASSIGN_OR_RETURN(const Columns left,
                                 Cast(WithType(*left_column, StorageType(left_column->type())),
                                      PlainType(StorageType(left_column->type())), name, where));
      const Result<Columns> wanted =
          ExpectedRows(column, left->type(), right_column, expected_first_row,
                       static_cast<uint64_t>(left_table.num_rows()));
      if (!wanted.ok() && column.change != nullptr &&
          wanted.status().code() == Code::kIncompatible) {
        const Problem& problem = wanted.status().problems().front();
        return Outcome(RowDifference{
            name, 0, StrCat("what the rules make of ", problem.found, " at ", problem.where),
            "values of " + left_column->type()->ToString()});
      }
      ROBOMERGE_RETURN_NOT_OK(wanted.status());
      Result<Columns> cast = CastForWriting(*wanted, left->type(), true, name, where);
      if (cast.ok() && !(*cast)->type()->Equals(*left->type()))
        cast = Cast(*cast, left->type(), name, where);
      if (!cast.ok()) {
        return Outcome(RowDifference{name, 0, "values of " + (*wanted)->type()->ToString(),
                                     left_column->type()->ToString()});
      }
      const Columns& right = *cast;
      if (AreEqual(*left, *right)) return Outcome();
      const int64_t row = FirstDifference(*left, *right);
      return Outcome(RowDifference{name, static_cast<uint64_t>(row), ValueText(*right, row),
                                   ValueText(*left, row)});
    });
  }
};

RowComparer::RowComparer(const io::RandomAccessFile& file, const Footer& footer,
                         const io::RandomAccessFile& expected, const Footer& expected_footer,
                         std::vector<std::string> columns, PicturesByPath pictures,
                         const ColumnChanges* changes)
    : representation_(new Representation{Decoder(file, footer), Decoder(expected, expected_footer),
                                         Decoder(file, footer), std::move(columns),
                                         std::move(pictures), changes}) {}
RowComparer::~RowComparer() = default;
RowComparer::RowComparer(RowComparer&&) noexcept = default;

Result<ComparedRows> RowComparer::Compare(uint64_t first_row, uint64_t expected_first_row,
                                          uint64_t num_rows, const TimeShift* shift,
                                          uint64_t first_value) {
  ComparedRows result;
  Representation& rows = *representation_;
  rows.shift = shift;
  rows.range_first_row = expected_first_row;
  rows.first_value = first_value;
  const std::optional<size_t> row_group = ExactRowGroup(rows.found.footer(), first_row, num_rows);
  const std::optional<size_t> expected =
      ExactRowGroup(rows.expected.footer(), expected_first_row, num_rows);
  std::vector<ComparedColumn> decoded, equal;
  for (const std::string& name : rows.columns) {
    ComparedColumn column{name, {}, rows.changes == nullptr ? nullptr : rows.changes->Of(name)};
    const std::optional<std::string_view> from = SourceColumnOf(rows.changes, name);
    column.expected = from.value_or(std::string_view());
    if (column.change != nullptr && column.change->is_unknown()) continue;
    const bool is_there = rows.found.footer().column(name).has_value();
    const bool is_expected =
        column.is_filled() || (from && rows.expected.footer().column(column.expected));
    if (!is_there || !is_expected) {
      // What the rules leave out is rightly in neither.
      if (!is_there && !is_expected && !from) continue;
      result.differences.push_back({name, 0, is_there ? "no such column" : "a column",
                                    is_there ? "a column" : "no such column"});
      continue;
    }
    bool same = false;
    const bool can_be_same = row_group && expected && !column.is_filled() &&
                             !rows.IsShifted(column) &&
                             !(column.change != nullptr && !column.change->elements.empty());
    if (can_be_same && rows.SameShape(column) && !rows.LiesInFiles(column)) {
      ROBOMERGE_ASSIGN_OR_RETURN(same, rows.SameBytes(column, *row_group, *expected));
    }
    (same ? equal : decoded).push_back(std::move(column));
  }
  if (!equal.empty()) ROBOMERGE_RETURN_NOT_OK(rows.DecodeOnce(Names(equal), first_row, num_rows));
  if (!decoded.empty())
    ROBOMERGE_RETURN_NOT_OK(
        rows.CompareDecoded(decoded, first_row, expected_first_row, num_rows, result));
  return result;
}

}  // namespace robomerge::parquet
