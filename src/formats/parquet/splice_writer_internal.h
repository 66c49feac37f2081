// Lays out and writes a spliced file: where each column chunk goes, which ranges are copied, page
// indexes, footer. Knows neither Arrow nor schemas: it gets row groups that already consist of
// chunks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/parquet/chunk_stream_internal.h"
#include "formats/parquet/file_splice.h"
#include "formats/parquet/footer_writer_internal.h"

namespace robomerge::parquet {

/// Bytes of a page index: in a file, or in memory. `length` 0: none.
struct IndexBytes {
  uint64_t offset = 0;
  uint32_t length = 0;
  std::string_view memory;  ///< where the chunk itself is in memory
};

/// A column chunk ready to be placed.
struct ChunkPiece {
  const io::RandomAccessFile* file = nullptr;  ///< copied from there; null: written from `pages`
  std::string_view pages;
  /// Writes the pages at an offset of the output instead; then nothing else of the piece is set.
  std::function<Result<StreamedChunk>(io::OutputFile&, uint64_t)> stream;
  PlacedChunk chunk;  ///< all but new_begin and the index places
  IndexBytes column_index, offset_index;
};

struct RowGroupPieces {
  PlacedRowGroup row_group;        ///< all but `chunks`
  std::vector<ChunkPiece> chunks;  ///< one per leaf of the destination
  /// Never embedded: what lies between its chunks must not come along, not even unreferenced.
  bool is_packed = false;
  /// Holds whatever the views of pieces in memory point to: `pages` until they are written, the
  /// rest until Finish.
  std::shared_ptr<const void> pages_owner;
  std::vector<std::shared_ptr<const void>> metadata_owners;
};

class SpliceWriter {
 public:
  /// `alignment_bytes`: see SpliceOptions. Both references must outlive the writer.
  SpliceWriter(const Footer::Representation& destination, const SpliceOptions& options,
               io::OutputFile& output)
      : destination_(destination), options_(options), output_(output) {}

  /// Row groups in the order of the destination. All copied pieces of one row group come from one
  /// file.
  Status Add(RowGroupPieces pieces);
  /// Writes what is pending, page indexes and footer.
  Result<SpliceReport> Finish();

 private:
  // Row groups of one source, copied as one range of blocks at the same offset modulo the
  // alignment.
  struct Embedding {
    const io::RandomAccessFile* file = nullptr;
    uint64_t source_begin = 0;  // aligned
    uint64_t used_end = 0;      // end of the last chunk taken so far
    uint64_t begin = 0;         // in the destination, aligned
  };
  // A chunk in memory that follows the embedding which is still growing: its place is not known
  // yet.
  struct Waiting {
    size_t row_group = 0;
    size_t leaf = 0;
    std::string_view pages;
    std::shared_ptr<const void> owner;
  };
  struct Span {
    const io::RandomAccessFile* file = nullptr;
    uint64_t begin = 0, end = 0, bytes = 0;
  };

  Status Begin();
  Status PlacePacked(RowGroupPieces& pieces);
  Status PlaceEmbedded(RowGroupPieces& pieces, const Span& span);
  Status CloseEmbedding();
  Status CopyPages(const io::RandomAccessFile& file, uint64_t begin, uint64_t length,
                   uint64_t offset);
  Status WritePages(std::string_view pages);
  Status WriteStream(const ChunkPiece& piece, size_t leaf);
  Status FlushCopy();
  Status FlushWrites();
  Status WriteIndexes(std::string& tail, uint64_t tail_begin);
  Result<std::string_view> IndexOf(const IndexBytes& index, const io::RandomAccessFile* file,
                                   const PlacedChunk& chunk);
  static Span SpanOf(const RowGroupPieces& pieces);

  const Footer::Representation& destination_;
  const SpliceOptions& options_;
  io::OutputFile& output_;
  SpliceReport report_;
  bool begun_ = false;
  uint64_t position_ = 0;  // end of what is placed in the destination

  std::vector<PlacedRowGroup> row_groups_;
  struct IndexSource {
    const io::RandomAccessFile* file = nullptr;
    IndexBytes column_index, offset_index;
  };
  std::vector<IndexSource> index_sources_;  // row group major, as row_groups_' chunks
  std::vector<std::shared_ptr<const void>> metadata_owners_;

  std::optional<Embedding> embedding_;
  std::vector<Waiting> waiting_;
  uint64_t waiting_bytes_ = 0;

  // A copy, and writes, that may still grow at their end.
  const io::RandomAccessFile* copy_file_ = nullptr;
  uint64_t copy_begin_ = 0, copy_bytes_ = 0, copy_offset_ = 0;
  std::string written_;
  uint64_t written_offset_ = 0;

  // The part of a source that was read last for page indexes.
  const io::RandomAccessFile* window_file_ = nullptr;
  uint64_t window_offset_ = 0;
  std::string window_;
};

}  // namespace robomerge::parquet
