// Small MP4 files made in memory, for tests: every table is written as specified, right or wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/mp4/movie.h"
#include "formats/mp4/parsed_stream.h"
#include "io/file_system.h"

namespace robomerge::mp4 {

/// A file that is only bytes.
class MemoryFile : public io::RandomAccessFile {
 public:
  explicit MemoryFile(std::vector<std::byte> bytes, std::string path = "clip.mp4")
      : bytes_(std::move(bytes)), path_(std::move(path)) {}
  const std::string& path() const override { return path_; }
  uint64_t size_bytes() const override { return bytes_.size(); }
  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override;
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  std::string path_;
};

/// What to write. Chunks are written in `chunk_order` (default: as numbered) with `gap_bytes` of
/// other bytes before each.
struct MovieSpec {
  FourCc codec = Tag("mp4v");
  std::vector<std::byte> configuration;  ///< child boxes of the sample entry
  uint16_t width = 64;
  uint16_t height = 48;
  uint32_t timescale = 15360;
  uint32_t movie_timescale = 1000;
  Matrix matrix{0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
  std::vector<Edit> edits;

  std::vector<TimeRun> deltas;
  std::vector<CompositionRun> offsets;
  std::optional<std::vector<uint32_t>> sync_samples;  ///< from 0
  std::optional<std::vector<uint8_t>> dependencies;
  std::vector<std::vector<std::byte>> samples;
  std::vector<uint32_t> samples_per_chunk;  ///< must add up to samples.size()
  std::vector<size_t> chunk_order;
  uint32_t gap_bytes = 0;
  bool has_constant_size = false;
  bool has_wide_offsets = false;
  bool has_moov_first = false;
  bool has_audio = false;
  bool has_extends = false;
};

/// Returns a spec of `num_frames` frames at 30 fps, ten bytes each, told apart by `seed`, in one
/// chunk.
MovieSpec EvenMovie(uint32_t num_frames, uint8_t seed = 0);

/// Writes the file.
std::vector<std::byte> WriteTestFile(const MovieSpec& spec);

/// Finds the first box named `type` and sets the 32-bit word number `word` after the name (0:
/// version and flags).
void SetWord(std::vector<std::byte>* file, const char* type, size_t word, uint32_t value);
/// Renames the first box named `from`.
void Rename(std::vector<std::byte>* file, const char* from, const char* to);
/// Appends a box with this body.
void AppendBox(std::vector<std::byte>* file, const char* type, std::vector<std::byte> body);
std::vector<std::byte> BytesOf(std::initializer_list<int> numbers);

/// One frame as a reader sees it.
struct TestFrame {
  int64_t decode_ticks = 0;
  int64_t shown_ticks = 0;  ///< decode time plus offset; the edit list is not applied
  bool is_sync = true;
  std::optional<uint8_t> dependency;
  std::vector<std::byte> payload;
};

/// Expands the tables of a parsed stream, frame by frame, in decode order.
std::vector<TestFrame> ReadFrames(const ParsedStream& stream, const io::RandomAccessFile& file);

}  // namespace robomerge::mp4
