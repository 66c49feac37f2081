// A Parquet footer: parsed, written again with all row groups and with one, and parsed again, which
// must give the same.
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/footer.h"
#include "formats/parquet/memory_file_internal.h"
#include "fuzz/check.h"
#include "fuzz/mutate.h"

namespace robomerge {
using parquet::Footer;

FUZZ_MUTATE_WITH(fuzz::MutateParquet);

namespace {

bool Same(const parquet::ColumnChunk& left, const parquet::ColumnChunk& right) {
  return left.begin == right.begin && left.compressed_bytes == right.compressed_bytes &&
         left.uncompressed_bytes == right.uncompressed_bytes &&
         left.num_values == right.num_values && left.min_value == right.min_value &&
         left.max_value == right.max_value && left.null_count == right.null_count;
}

void WriteAndParse(const Footer::Representation& footer, size_t first, size_t count) {
  const Result<std::shared_ptr<const Footer::Representation>> again =
      parquet::ParseFooter(footer.path, footer.file_size_bytes, footer.footer_begin,
                           parquet::SubsetFooter(footer, first, count));
  FUZZ_CHECK(fuzz::Fine(again.status()), again.status().ToString());
  const Footer::Representation& copy = **again;
  FUZZ_CHECK(copy.row_groups.size() == count && copy.leaves.size() == footer.leaves.size(),
             "row groups or leaves are missing");
  FUZZ_CHECK(copy.column_names == footer.column_names && copy.key_values == footer.key_values &&
                 copy.created_by == footer.created_by,
             "metadata differs");
  for (size_t leaf = 0; leaf < footer.leaves.size(); ++leaf) {
    FUZZ_CHECK(copy.leaves[leaf].path == footer.leaves[leaf].path &&
                   copy.leaves[leaf].shape == footer.leaves[leaf].shape,
               "a leaf differs");
  }
  for (size_t at = 0; at < count; ++at) {
    FUZZ_CHECK(copy.row_groups[at].num_rows == footer.row_groups[first + at].num_rows,
               "rows differ");
    for (size_t leaf = 0; leaf < footer.leaves.size(); ++leaf) {
      FUZZ_CHECK(
          Same(copy.row_groups[at].columns[leaf], footer.row_groups[first + at].columns[leaf]),
          "a column chunk differs");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const parquet::MemoryFile file("file.parquet", std::string(fuzz::Text(data, size)));
  const Result<Footer> footer = Footer::Read(file);
  if (!fuzz::Fine(footer)) return 0;
  int64_t num_rows = 0;
  for (const parquet::RowGroup& row_group : footer->row_groups()) {
    num_rows += row_group.num_rows;
    for (const parquet::ColumnChunk& chunk : row_group.columns) {
      // One without values is never read.
      FUZZ_CHECK(chunk.num_values == 0 ||
                     (chunk.begin <= size && chunk.compressed_bytes <= size - chunk.begin),
                 "a column chunk lies outside the file");
    }
  }
  FUZZ_CHECK(num_rows == footer->num_rows(), "rows do not add up");
  const Footer::Representation& all = footer->representation();
  WriteAndParse(all, 0, all.row_groups.size());
  if (all.row_groups.size() > 1) WriteAndParse(all, all.row_groups.size() - 1, 1);
  return 0;
}

}  // namespace robomerge
