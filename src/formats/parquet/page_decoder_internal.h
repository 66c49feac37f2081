// Decodes column chunks of metadata tables straight from their pages.
//
// A dataset's episodes table has some 200 columns of a few values each. Arrow spends milliseconds
// on such a file, nearly all of it on objects per column, and that bounds a merge of thousands of
// small datasets. This decoder knows what the usual writers write (data pages v1, PLAIN and
// dictionary encoding, SNAPPY or none); for everything else, and in any doubt, it returns nothing
// and Arrow reads the file instead, so it never has to explain an error. Source of the rules:
// apache/parquet-format parquet.thrift, Encodings.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/parquet/footer_internal.h"

namespace robomerge::parquet {

/// The entries of one leaf over all row groups. A level vector is empty where its highest level is
/// 0: every entry is then a value at the top.
struct LeafValues {
  std::vector<uint8_t> definition_levels;  ///< one per entry
  std::vector<uint8_t> repetition_levels;  ///< one per entry
  // The values, those of highest definition level only, in the vector of the leaf's physical type.
  std::vector<int64_t> integers;  ///< INT32, INT64 (widened), BOOLEAN (0, 1)
  std::vector<double> doubles;    ///< FLOAT (widened), DOUBLE
  std::vector<std::string_view>
      texts;  ///< BYTE_ARRAY; views into the file's bytes or into `buffers`
  std::vector<std::unique_ptr<std::string>> buffers;  ///< decompressed pages
  uint64_t num_entries = 0;
};

/// Decodes leaf `leaf` of the file whose bytes are `file`. Nothing if its encoding is not known
/// here, or if it is damaged.
std::optional<LeafValues> DecodeLeaf(const Footer::Representation& footer, std::string_view file,
                                     size_t leaf);

}  // namespace robomerge::parquet
