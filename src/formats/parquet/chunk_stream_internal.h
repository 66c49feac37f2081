// Encodes rows of one leaf anew without holding them: values go from the pages of a source to the
// pages of a destination as the decoder hands them out, so that a dictionary stays one and no row
// is copied out of its page.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/parquet/footer_internal.h"
#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

/// How the definition levels of a source become those of a destination; -1 where that allows no
/// null. Empty: they stay as they are.
using LevelMap = std::vector<int16_t>;

/// Nothing if the shapes (Leaf::shape) differ in more than what may be null.
std::optional<LevelMap> MatchLevels(std::string_view source_shape,
                                    std::string_view destination_shape);

/// A column chunk whose pages are written.
struct StreamedChunk {
  std::shared_ptr<const Footer::Representation> footer;  ///< of a file with this chunk alone
  std::string column_index, offset_index;                ///< empty: none
};

/// One leaf of one source. Going forward decodes no row twice; holds one page of source and
/// destination.
class ChunkStream {
 public:
  /// `destination` is the leaf as it is to become. The references must outlive the stream.
  static std::unique_ptr<ChunkStream> Make(const io::RandomAccessFile& file,
                                           const Footer::Representation& footer, size_t leaf,
                                           const Leaf& destination, LevelMap levels);
  virtual ~ChunkStream() = default;

  /// Writes rows [first_row, first_row + num_rows) as the pages of one chunk at `offset` of
  /// `output`: Snappy, dictionary, as EncodeTable does.
  virtual Result<StreamedChunk> Write(uint64_t first_row, uint64_t num_rows, bool page_index,
                                      io::OutputFile& output, uint64_t offset) = 0;
};

}  // namespace robomerge::parquet
