// Reads one integer column through Arrow's low-level reader.
#include <parquet/column_reader.h>

#include <algorithm>

#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/file_splice.h"
#include "formats/parquet/page_check_internal.h"

namespace robomerge::parquet {
namespace {

struct IntegerLeaf {
  size_t leaf = 0;
  bool optional = false;
  bool is_unsigned = false;
};

Result<IntegerLeaf> FindIntegerLeaf(const Footer::Representation& footer,
                                    const std::string& column) {
  const std::optional<uint32_t> number = footer.column(column);
  if (!number) {
    return Problem(Code::kCorrupt, StrCat("there is no column `", column, "`"))
        .At(footer.path)
        .Found("columns " + Join(footer.column_names, ", "));
  }
  const size_t leaf = footer.column_first_leaf[*number];
  const Leaf* found = leaf < footer.column_first_leaf[*number + 1] ? &footer.leaves[leaf] : nullptr;
  const bool scalar = found && found->path.size() == 1 && found->max_repetition_level == 0;
  if (!scalar || (found->type != PhysicalType::kInt32 && found->type != PhysicalType::kInt64)) {
    return Problem(Code::kCorrupt, StrCat("column `", column, "` does not hold whole numbers"))
        .At(ColumnPlace(footer.path, column))
        .Expected("one int32 or int64 per row")
        .Found(found ? found->shape : "an empty group");
  }
  return IntegerLeaf{leaf, found->max_definition_level > 0, !footer.leaf_is_signed[leaf]};
}

Problem NullFound(const std::string& path, const std::string& column, size_t row_group) {
  return Problem(Code::kCorrupt, StrCat("column `", column, "` has nulls"))
      .At(StrCat(ColumnPlace(path, column), ", row group ", row_group))
      .Expected("a whole number in every row");
}

// Appends the values of one column chunk.
template <typename Reader, typename Value>
Status ReadChunk(::parquet::ColumnReader& column_reader, int64_t num_rows,
                 const Footer::Representation& footer, const std::string& column, size_t row_group,
                 std::vector<int64_t>& out) {
  auto& reader = static_cast<Reader&>(column_reader);
  constexpr int64_t kBatch = 1 << 16;
  std::vector<Value> values(static_cast<size_t>(std::min(num_rows, kBatch)));
  std::vector<int16_t> levels(values.size());
  int64_t done = 0;
  while (done < num_rows && reader.HasNext()) {
    int64_t num_values = 0;
    const int64_t batch = std::min(num_rows - done, static_cast<int64_t>(values.size()));
    const int64_t num_levels =
        reader.ReadBatch(batch, levels.data(), nullptr, values.data(), &num_values);
    if (num_values != num_levels) return NullFound(footer.path, column, row_group);
    if (num_values <= 0) break;
    out.insert(out.end(), values.begin(), values.begin() + num_values);
    done += num_values;
  }
  if (done == num_rows && !reader.HasNext()) return Status();
  return Problem(Code::kCorrupt, StrCat("the pages of column `", column, "` contradict its footer"))
      .At(StrCat(ColumnPlace(footer.path, column), ", row group ", row_group))
      .Expected(StrCat(WithSeparators(static_cast<uint64_t>(num_rows)), " values"))
      .Found(done == num_rows ? "more"
                              : StrCat(WithSeparators(static_cast<uint64_t>(done)), " values"));
}

// A chunk without nulls whose minimum and maximum are equal needs no decoding.
std::optional<int64_t> ConstantOf(const ColumnChunk& chunk, const IntegerLeaf& leaf) {
  if (leaf.optional && chunk.null_count != 0) return std::nullopt;
  if (!chunk.min_value || chunk.min_value != chunk.max_value) return std::nullopt;
  return chunk.min_value;
}

Result<std::vector<int64_t>> ReadRowGroups(const io::RandomAccessFile& file,
                                           const Footer& footer_in, const std::string& column,
                                           size_t first, size_t count, bool trusts_statistics) {
  const Footer::Representation& footer = footer_in.representation();
  ROBOMERGE_ASSIGN_OR_RETURN(const IntegerLeaf leaf, FindIntegerLeaf(footer, column));
  const std::string what = StrCat("cannot read column `", column, "`");
  const std::string where = ColumnPlace(footer.path, column);
  return AtArrowBoundary(what, where, [&]() -> Result<std::vector<int64_t>> {
    std::vector<int64_t> values;
    // Not reserved from the footer: the number of rows is only a claim until the pages confirm it.
    std::unique_ptr<::parquet::ParquetFileReader> reader;
    for (size_t i = first; i < first + count; ++i) {
      const int64_t num_rows = footer.row_groups[i].num_rows;
      if (num_rows == 0) continue;
      if (num_rows > int64_t{1} << 28) {
        return Problem(Code::kUnsupported, StrCat("row group ", i, " is too large"))
            .At(where)
            .Found(StrCat(num_rows, " rows"));
      }
      const std::optional<int64_t> constant =
          ConstantOf(footer.row_groups[i].columns[leaf.leaf], leaf);
      if (constant && trusts_statistics) {
        values.insert(values.end(), static_cast<size_t>(num_rows), *constant);
        continue;
      }
      ROBOMERGE_RETURN_NOT_OK(PageCheck(file, footer).CheckChunk(i, leaf.leaf));
      if (!reader) {
        reader = ::parquet::ParquetFileReader::Open(
            ArrowFile(file), ::parquet::default_reader_properties(),
            ArrowMetaData(SubsetFooter(footer, first, count)));
      }
      const auto chunk =
          reader->RowGroup(static_cast<int>(i - first))->Column(static_cast<int>(leaf.leaf));
      if (footer.leaves[leaf.leaf].type == PhysicalType::kInt64) {
        ROBOMERGE_RETURN_NOT_OK((ReadChunk<::parquet::Int64Reader, int64_t>(
            *chunk, num_rows, footer, column, i, values)));
        if (leaf.is_unsigned && std::any_of(values.end() - num_rows, values.end(),
                                            [](int64_t value) { return value < 0; })) {
          return Problem(Code::kCorrupt,
                         StrCat("column `", column, "` holds a number beyond int64"))
              .At(where);
        }
      } else if (leaf.is_unsigned) {
        ROBOMERGE_RETURN_NOT_OK((ReadChunk<::parquet::Int32Reader, int32_t>(
            *chunk, num_rows, footer, column, i, values)));
        std::transform(values.end() - num_rows, values.end(), values.end() - num_rows,
                       [](int64_t value) { return value & 0xffffffff; });
      } else {
        ROBOMERGE_RETURN_NOT_OK((ReadChunk<::parquet::Int32Reader, int32_t>(
            *chunk, num_rows, footer, column, i, values)));
      }
    }
    return values;
  });
}

}  // namespace

Result<std::vector<int64_t>> ReadInt64Column(const io::RandomAccessFile& file, const Footer& footer,
                                             const std::string& column) {
  return ReadRowGroups(file, footer, column, 0, footer.row_groups().size(),
                       /*trusts_statistics=*/true);
}

Result<std::vector<int64_t>> ReadInt64Column(const io::RandomAccessFile& file, const Footer& footer,
                                             const std::string& column, size_t row_group) {
  if (row_group >= footer.row_groups().size()) {
    return Problem(Code::kInvalidArgument, StrCat("there is no row group ", row_group))
        .At(file.path())
        .Expected(StrCat("fewer than ", footer.row_groups().size()));
  }
  return ReadRowGroups(file, footer, column, row_group, 1, /*trusts_statistics=*/false);
}

}  // namespace robomerge::parquet
