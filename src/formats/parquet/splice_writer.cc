#include <algorithm>

#include "base/checked.h"
#include "base/text.h"
#include "formats/parquet/splice_writer_internal.h"

namespace robomerge::parquet {
namespace {

constexpr std::string_view kMagic = "PAR1";

// An embedding also copies what lies between the chunks it needs: replaced chunks, padding. Up to
// this many bytes are cheaper than a new extent; more would be dead space in every copy of the
// file.
constexpr uint64_t kMostGapBytes = uint64_t{1} << 20;
// Encoded chunks wait in memory for the end of their embedding; beyond this the embedding ends.
constexpr uint64_t kMostWaitingBytes = uint64_t{64} << 20;
constexpr size_t kWriteBytes = size_t{1} << 20;
constexpr uint64_t kIndexWindowBytes = uint64_t{1} << 20;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

}  // namespace

SpliceWriter::Span SpliceWriter::SpanOf(const RowGroupPieces& pieces) {
  Span span;
  for (const ChunkPiece& piece : pieces.chunks) {
    if (!piece.file || piece.chunk.compressed_bytes == 0) continue;
    const uint64_t end = piece.chunk.old_begin + piece.chunk.compressed_bytes;
    span.begin = span.file ? std::min(span.begin, piece.chunk.old_begin) : piece.chunk.old_begin;
    span.end = std::max(span.end, end);
    span.bytes += piece.chunk.compressed_bytes;
    span.file = piece.file;
  }
  return span;
}

// The magic, unless the first embedding brings the source's own.
Status SpliceWriter::Begin() {
  if (begun_) return Status();
  begun_ = true;
  position_ = kMagic.size();
  return output_.WriteAt(0, Bytes(kMagic));
}

Status SpliceWriter::Add(RowGroupPieces pieces) {
  const Span span = SpanOf(pieces);
  row_groups_.push_back(std::move(pieces.row_group));
  row_groups_.back().chunks.reserve(pieces.chunks.size());
  for (const ChunkPiece& piece : pieces.chunks) {
    row_groups_.back().chunks.push_back(piece.chunk);
    index_sources_.push_back({piece.file, piece.column_index, piece.offset_index});
    if (!piece.file) report_.encoded_bytes += piece.chunk.compressed_bytes;
  }
  for (auto& owner : pieces.metadata_owners) metadata_owners_.push_back(std::move(owner));
  const bool has_stream =
      std::any_of(pieces.chunks.begin(), pieces.chunks.end(),
                  [](const ChunkPiece& piece) { return piece.stream != nullptr; });
  const bool scattered = span.end - span.begin > 2 * span.bytes + kMostGapBytes;
  if (options_.alignment_bytes > 1 && span.file && !scattered && !has_stream && !pieces.is_packed)
    return PlaceEmbedded(pieces, span);
  ROBOMERGE_RETURN_NOT_OK(CloseEmbedding());
  return PlacePacked(pieces);
}

Status SpliceWriter::PlacePacked(RowGroupPieces& pieces) {
  ROBOMERGE_RETURN_NOT_OK(Begin());
  for (size_t leaf = 0; leaf < pieces.chunks.size(); ++leaf) {
    const ChunkPiece& piece = pieces.chunks[leaf];
    row_groups_.back().chunks[leaf].new_begin = position_;
    if (piece.stream) {
      ROBOMERGE_RETURN_NOT_OK(WriteStream(piece, leaf));
    } else if (piece.file) {
      ROBOMERGE_RETURN_NOT_OK(
          CopyPages(*piece.file, piece.chunk.old_begin, piece.chunk.compressed_bytes, position_));
      position_ += piece.chunk.compressed_bytes;
    } else {
      ROBOMERGE_RETURN_NOT_OK(WritePages(piece.pages));
    }
  }
  return Status();
}

Status SpliceWriter::PlaceEmbedded(RowGroupPieces& pieces, const Span& span) {
  const bool grows =
      embedding_ && embedding_->file == span.file && span.begin >= embedding_->used_end &&
      span.begin - embedding_->used_end <= kMostGapBytes && waiting_bytes_ <= kMostWaitingBytes;
  if (!grows) {
    ROBOMERGE_RETURN_NOT_OK(CloseEmbedding());
    Embedding next;
    next.file = span.file;
    next.source_begin = span.begin / options_.alignment_bytes * options_.alignment_bytes;
    // The first block of the first source brings the magic with it; anything else begins after
    // ours.
    if (!begun_ && next.source_begin == 0) {
      begun_ = true;
    } else {
      ROBOMERGE_RETURN_NOT_OK(Begin());
      next.begin = RoundUp(position_, options_.alignment_bytes);
    }
    embedding_ = next;
  }
  embedding_->used_end = span.end;
  for (size_t leaf = 0; leaf < pieces.chunks.size(); ++leaf) {
    const ChunkPiece& piece = pieces.chunks[leaf];
    if (piece.file) {
      row_groups_.back().chunks[leaf].new_begin =
          piece.chunk.old_begin - embedding_->source_begin + embedding_->begin;
    } else {
      waiting_.push_back({row_groups_.size() - 1, leaf, piece.pages, pieces.pages_owner});
      waiting_bytes_ += piece.pages.size();
    }
  }
  return Status();
}

Status SpliceWriter::CloseEmbedding() {
  if (!embedding_) return Status();
  const Embedding embedding = *embedding_;
  embedding_.reset();
  // Whole blocks, so that the file system can share them; the last one may hold what follows in the
  // source, unreferenced.
  const uint64_t source_end =
      std::min(RoundUp(embedding.used_end, options_.alignment_bytes), embedding.file->size_bytes());
  const uint64_t length = source_end - embedding.source_begin;
  ROBOMERGE_RETURN_NOT_OK(
      CopyPages(*embedding.file, embedding.source_begin, length, embedding.begin));
  position_ = embedding.begin + length;
  for (const Waiting& waiting : waiting_) {
    row_groups_[waiting.row_group].chunks[waiting.leaf].new_begin = position_;
    ROBOMERGE_RETURN_NOT_OK(WritePages(waiting.pages));
  }
  waiting_.clear();
  waiting_bytes_ = 0;
  return Status();
}

Status SpliceWriter::CopyPages(const io::RandomAccessFile& file, uint64_t begin, uint64_t length,
                               uint64_t offset) {
  if (length == 0) return Status();
  if (copy_file_ == &file && copy_begin_ + copy_bytes_ == begin &&
      copy_offset_ + copy_bytes_ == offset) {
    copy_bytes_ += length;
    return Status();
  }
  ROBOMERGE_RETURN_NOT_OK(FlushCopy());
  copy_file_ = &file;
  copy_begin_ = begin;
  copy_bytes_ = length;
  copy_offset_ = offset;
  return Status();
}

Status SpliceWriter::FlushCopy() {
  if (!copy_file_) return Status();
  const io::RandomAccessFile& file = *copy_file_;
  copy_file_ = nullptr;
  if (options_.leaves_copies && options_.alignment_bytes == 1) {
    report_.left_to_copy.push_back({&file, copy_begin_, copy_bytes_, copy_offset_});
    return Status();
  }
  auto moved = output_.CopyRange(file, copy_begin_, copy_bytes_, copy_offset_);
  if (!moved.ok()) return moved.status().While(StrCat("copying column chunks of ", file.path()));
  report_.raw += *moved;
  return Status();
}

Status SpliceWriter::WritePages(std::string_view pages) {
  const uint64_t offset = position_;
  position_ += pages.size();
  if (written_offset_ + written_.size() != offset) ROBOMERGE_RETURN_NOT_OK(FlushWrites());
  if (written_.empty()) written_offset_ = offset;
  if (pages.size() >= kWriteBytes) {
    ROBOMERGE_RETURN_NOT_OK(FlushWrites());
    return output_.WriteAt(offset, Bytes(pages));
  }
  written_ += pages;
  return written_.size() >= kWriteBytes ? FlushWrites() : Status();
}

// Writes the pages of a chunk whose size nobody knows before.
Status SpliceWriter::WriteStream(const ChunkPiece& piece, size_t leaf) {
  ROBOMERGE_RETURN_NOT_OK(FlushWrites());
  ROBOMERGE_ASSIGN_OR_RETURN(StreamedChunk streamed, piece.stream(output_, position_));
  const auto kept = std::make_shared<const StreamedChunk>(std::move(streamed));
  metadata_owners_.push_back(kept);
  const ColumnChunk& column = kept->footer->row_groups.front().columns.front();
  std::vector<PlacedChunk>& chunks = row_groups_.back().chunks;
  PlacedChunk& placed = chunks[leaf];
  placed.thrift = kept->footer->span(kept->footer->place(0, 0).thrift);
  placed.path = kept->footer->path;
  placed.old_begin = column.begin;
  placed.compressed_bytes = column.compressed_bytes;
  placed.uncompressed_bytes = column.uncompressed_bytes;
  IndexSource& index = index_sources_[index_sources_.size() - chunks.size() + leaf];
  index.column_index = {0, static_cast<uint32_t>(kept->column_index.size()), kept->column_index};
  index.offset_index = {0, static_cast<uint32_t>(kept->offset_index.size()), kept->offset_index};
  position_ += column.compressed_bytes;
  report_.encoded_bytes += column.compressed_bytes;
  return Status();
}

Status SpliceWriter::FlushWrites() {
  if (written_.empty()) return Status();
  // A pending copy is written first, so that the file mostly grows in order.
  ROBOMERGE_RETURN_NOT_OK(FlushCopy());
  const Status written = output_.WriteAt(written_offset_, Bytes(written_));
  written_.clear();
  return written;
}

Result<std::string_view> SpliceWriter::IndexOf(const IndexBytes& index,
                                               const io::RandomAccessFile* file,
                                               const PlacedChunk& chunk) {
  if (!file) return index.memory;
  const bool inside = window_file_ == file && index.offset >= window_offset_ &&
                      RangeFits(index.offset - window_offset_, index.length, window_.size());
  if (!inside) {
    // Page indexes of one source are adjacent, so one read serves many of them.
    if (!RangeFits(index.offset, index.length, file->size_bytes())) {
      return Problem(Code::kCorrupt, "a page index lies outside its file")
          .At(StrCat(chunk.path, ": byte ", WithSeparators(index.offset)));
    }
    const uint64_t length = std::min(std::max<uint64_t>(index.length, kIndexWindowBytes),
                                     file->size_bytes() - index.offset);
    window_file_ = nullptr;
    window_.resize(length);
    ROBOMERGE_RETURN_NOT_OK(
        file->ReadAt(index.offset, std::as_writable_bytes(std::span<char>(window_))));
    window_file_ = file;
    window_offset_ = index.offset;
  }
  return std::string_view(window_).substr(index.offset - window_offset_, index.length);
}

// Column indexes hold no offsets and are copied; all those of a row group lie together, since
// readers fetch them as one range (arrow's PageIndexReader). Offset indexes follow, with their
// pages moved.
Status SpliceWriter::WriteIndexes(std::string& tail, uint64_t tail_begin) {
  if (!options_.keep_page_index) return Status();
  size_t number = 0;
  for (PlacedRowGroup& row_group : row_groups_) {
    for (PlacedChunk& chunk : row_group.chunks) {
      const IndexSource& source = index_sources_[number++];
      // A column index is of no use without the offsets of its pages.
      if (source.column_index.length == 0 || source.offset_index.length == 0) continue;
      ROBOMERGE_ASSIGN_OR_RETURN(const std::string_view bytes,
                                 IndexOf(source.column_index, source.file, chunk));
      ROBOMERGE_RETURN_NOT_OK(CheckColumnIndex(bytes, chunk.path, source.column_index.offset));
      chunk.column_index_offset = tail_begin + tail.size();
      chunk.column_index_bytes = static_cast<uint32_t>(bytes.size());
      tail += bytes;
    }
  }
  number = 0;
  for (PlacedRowGroup& row_group : row_groups_) {
    for (PlacedChunk& chunk : row_group.chunks) {
      const IndexSource& source = index_sources_[number++];
      if (source.offset_index.length == 0) continue;
      ROBOMERGE_ASSIGN_OR_RETURN(const std::string_view bytes,
                                 IndexOf(source.offset_index, source.file, chunk));
      ROBOMERGE_ASSIGN_OR_RETURN(const std::string moved,
                                 MoveOffsetIndex(bytes, chunk, source.offset_index.offset));
      if (moved.size() > INT32_MAX)
        return Problem(Code::kUnsupported, "an offset index is larger than the format allows")
            .At(std::string(chunk.path));
      chunk.offset_index_offset = tail_begin + tail.size();
      chunk.offset_index_bytes = static_cast<uint32_t>(moved.size());
      tail += moved;
    }
  }
  return Status();
}

Result<SpliceReport> SpliceWriter::Finish() {
  ROBOMERGE_RETURN_NOT_OK(Begin());
  ROBOMERGE_RETURN_NOT_OK(CloseEmbedding());
  ROBOMERGE_RETURN_NOT_OK(FlushCopy());
  ROBOMERGE_RETURN_NOT_OK(FlushWrites());
  std::string tail;
  ROBOMERGE_RETURN_NOT_OK(WriteIndexes(tail, position_));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string footer, WriteFooter(destination_, row_groups_));
  tail += footer;
  for (int i = 0; i < 4; ++i) tail.push_back(static_cast<char>(footer.size() >> (8 * i)));
  tail += kMagic;
  ROBOMERGE_RETURN_NOT_OK(output_.WriteAt(position_, Bytes(tail)));
  report_.file_size_bytes = position_ + tail.size();
  return std::move(report_);
}

}  // namespace robomerge::parquet
