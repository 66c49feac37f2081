// The top level of an MP4 file: where its boxes lie (ISO/IEC 14496-12, 4.2 and 8.1). Media data is
// never read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "formats/mp4/box_cursor.h"
#include "io/file_system.h"

namespace robomerge::mp4 {

/// A range of bytes of the file.
struct FileRange {
  uint64_t offset = 0;
  uint64_t length_bytes = 0;
  uint64_t end() const { return offset + length_bytes; }
};

struct Container {
  uint64_t file_size_bytes = 0;
  std::vector<std::byte> file_type;  ///< the whole ftyp box; empty if there is none (old QuickTime)
  FileRange movie_range;             ///< body of moov
  std::vector<std::byte> movie;      ///< the bytes of movie_range
  std::vector<FileRange> media;      ///< bodies of the mdat boxes, by offset
  std::vector<FileRange> fragments;  ///< bodies of the moof boxes, by offset
  bool has_trailing_bytes = false;   ///< bytes that are no box follow the last complete one

  /// Returns whether `range` lies within one mdat body.
  bool IsMedia(const FileRange& range) const;
};

/// Reads box headers and the whole moov. Problems go to `diagnosis`.
Result<Container> ReadContainer(const io::RandomAccessFile& file, Diagnosis* diagnosis);

}  // namespace robomerge::mp4
