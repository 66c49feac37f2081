#include "formats/parquet/pictures.h"

#include <arrow/array.h>
#include <arrow/builder.h>

#include <algorithm>
#include <numeric>

#include "base/path.h"
#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/footer_internal.h"
#include "formats/parquet/pictures_internal.h"
#include "formats/parquet/row_decoder_internal.h"

namespace robomerge::parquet {
namespace {

constexpr uint64_t kRowsAtOnce = 256;

// The one group of pictures that all forms become.
std::shared_ptr<arrow::DataType> PictureGroup() {
  return arrow::struct_(
      {arrow::field("bytes", arrow::large_binary()), arrow::field("path", arrow::large_utf8())});
}

std::vector<int> LeavesOf(const Footer::Representation& footer, uint32_t column) {
  std::vector<int> leaves(footer.column_first_leaf[column + 1] - footer.column_first_leaf[column]);
  std::iota(leaves.begin(), leaves.end(), static_cast<int>(footer.column_first_leaf[column]));
  return leaves;
}

bool MayLackBytes(const Footer& footer, const std::string& column) {
  const std::vector<Leaf>& leaves = footer.leaves();
  bool has_bytes = false;
  for (size_t at = 0; at < leaves.size(); ++at) {
    const Leaf& leaf = leaves[at];
    if (leaf.path.front() != column) continue;
    if (leaf.path.size() == 1) {
      // Bytes alone, or paths alone.
      return leaf.shape.ends_with(" string");
    }
    if (leaf.path.back() != "bytes") continue;
    has_bytes = true;
    if (leaf.max_definition_level == 0) continue;
    for (const RowGroup& row_group : footer.row_groups()) {
      if (row_group.columns[at].null_count != 0 && row_group.num_rows > 0) return true;
    }
  }
  return !has_bytes;
}

// The file that the path leads to, or an empty text where the cell needs none.
std::string_view PathOfCell(const arrow::StructArray& cells, const arrow::LargeBinaryArray& bytes,
                            const arrow::LargeStringArray& paths, int64_t row) {
  const bool needs_file = cells.IsValid(row) && bytes.IsNull(row) && paths.IsValid(row);
  return needs_file ? paths.GetView(row) : std::string_view();
}

// Calls `take(cells, bytes, paths)` for each chunk.
template <typename Take>
Status EachChunk(const std::shared_ptr<arrow::ChunkedArray>& column, const std::string& where,
                 Take take) {
  ROBOMERGE_ASSIGN_OR_RETURN(auto cells,
                             CastForWriting(column, PictureGroup(), true, "pictures", where));
  if (!cells->type()->Equals(*PictureGroup())) {
    ROBOMERGE_ASSIGN_OR_RETURN(cells, Cast(cells, PictureGroup(), "pictures", where));
  }
  for (const auto& chunk : cells->chunks()) {
    const auto& group = static_cast<const arrow::StructArray&>(*chunk);
    const auto bytes = group.field(0), paths = group.field(1);
    ROBOMERGE_RETURN_NOT_OK(take(group, static_cast<const arrow::LargeBinaryArray&>(*bytes),
                                 static_cast<const arrow::LargeStringArray&>(*paths)));
  }
  return Status();
}

arrow::Result<std::shared_ptr<arrow::Array>> Finished(arrow::ArrayBuilder& builder) {
  std::shared_ptr<arrow::Array> array;
  ARROW_RETURN_NOT_OK(builder.Finish(&array));
  return array;
}

}  // namespace

std::vector<std::string> ColumnsWithoutBytes(const Footer& footer,
                                             const std::vector<std::string>& columns) {
  std::vector<std::string> lacking;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(lacking),
               [&](const std::string& column) { return MayLackBytes(footer, column); });
  return lacking;
}

Result<std::string> ReadPicture(const io::RandomAccessFile& file, const Footer& footer_in,
                                const std::string& column, uint64_t row) {
  const Footer::Representation& footer = footer_in.representation();
  std::string picture;
  const std::optional<uint32_t> number = footer.column(column);
  if (!number) return picture;
  const std::string where = StrCat(footer.path, ": column `", column, "`");
  RowDecoder decoder(file, footer, LeavesOf(footer, *number));
  ROBOMERGE_ASSIGN_OR_RETURN(const auto table, decoder.Read(row, 1));
  ROBOMERGE_RETURN_NOT_OK(AtArrowBoundary("cannot read a picture", where, [&]() -> Status {
    return EachChunk(table->column(0), where,
                     [&](const auto& cells, const auto& bytes, const auto& /*paths*/) {
                       for (int64_t at = 0; at < cells.length(); ++at) {
                         if (cells.IsValid(at) && bytes.IsValid(at)) picture = bytes.GetView(at);
                       }
                       return Status();
                     });
  }));
  return picture;
}

Result<std::vector<std::string>> PathsOfPictures(const io::RandomAccessFile& file,
                                                 const Footer& footer_in,
                                                 const std::string& column) {
  const Footer::Representation& footer = footer_in.representation();
  std::vector<std::string> found;
  const std::optional<uint32_t> number = footer.column(column);
  if (!number) return found;
  const std::string where = StrCat(footer.path, ": column `", column, "`");
  RowDecoder decoder(file, footer, LeavesOf(footer, *number));
  const auto num_rows = static_cast<uint64_t>(footer.num_rows);
  for (uint64_t row = 0; row < num_rows; row += kRowsAtOnce) {
    ROBOMERGE_ASSIGN_OR_RETURN(const auto table,
                               decoder.Read(row, std::min(kRowsAtOnce, num_rows - row)));
    ROBOMERGE_RETURN_NOT_OK(AtArrowBoundary("cannot read pictures", where, [&]() -> Status {
      return EachChunk(table->column(0), where,
                       [&](const auto& cells, const auto& bytes, const auto& paths) {
                         for (int64_t at = 0; at < cells.length(); ++at) {
                           const std::string_view path = PathOfCell(cells, bytes, paths, at);
                           if (!path.empty()) found.emplace_back(path);
                         }
                         return Status();
                       });
    }));
  }
  return found;
}

Result<std::shared_ptr<arrow::ChunkedArray>> EmbedPictures(
    const std::shared_ptr<arrow::ChunkedArray>& column, const PictureReader& read,
    const std::string& where) {
  const std::string what = "cannot embed pictures";
  arrow::ArrayVector chunks;
  ROBOMERGE_RETURN_NOT_OK(EachChunk(
      column, where,
      [&](const arrow::StructArray& cells, const arrow::LargeBinaryArray& bytes,
          const arrow::LargeStringArray& paths) -> Status {
        arrow::LargeBinaryBuilder new_bytes;
        arrow::LargeStringBuilder new_paths;
        arrow::TypedBufferBuilder<bool> validity;
        for (int64_t row = 0; row < cells.length(); ++row) {
          const std::string_view path = PathOfCell(cells, bytes, paths, row);
          ROBOMERGE_RETURN_NOT_ARROW_OK(validity.Append(cells.IsValid(row)), what, where);
          if (path.empty()) {
            ROBOMERGE_RETURN_NOT_ARROW_OK(
                bytes.IsNull(row) ? new_bytes.AppendNull() : new_bytes.Append(bytes.GetView(row)),
                what, where);
            ROBOMERGE_RETURN_NOT_ARROW_OK(
                paths.IsNull(row) ? new_paths.AppendNull() : new_paths.Append(paths.GetView(row)),
                what, where);
            continue;
          }
          ROBOMERGE_ASSIGN_OR_RETURN(const std::string picture, read(std::string(path)));
          ROBOMERGE_RETURN_NOT_ARROW_OK(new_bytes.Append(picture), what, where);
          ROBOMERGE_RETURN_NOT_ARROW_OK(new_paths.Append(NameOf(std::string(path))), what, where);
        }
        ROBOMERGE_ASSIGN_OR_RETURN_ARROW(auto byte_array, Finished(new_bytes), what, where);
        ROBOMERGE_ASSIGN_OR_RETURN_ARROW(auto path_array, Finished(new_paths), what, where);
        std::shared_ptr<arrow::Buffer> is_valid;
        ROBOMERGE_RETURN_NOT_ARROW_OK(validity.Finish(&is_valid), what, where);
        chunks.push_back(std::make_shared<arrow::StructArray>(
            PictureGroup(), cells.length(), arrow::ArrayVector{byte_array, path_array}, is_valid));
        return Status();
      }));
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), PictureGroup());
}

}  // namespace robomerge::parquet
