// Reads boxes from memory and checks every length.
//
// A cursor never throws and never reads outside its box. The first read that does not fit is
// recorded in the Diagnosis with the box's path, the field and the byte in the file; from then on
// every read of every cursor of that file gives zero and every list ends, so a parser can read on
// and check once at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/mp4/four_cc.h"
#include "robomerge/status.h"

namespace robomerge::mp4 {

/// The first problem found while one file is parsed. Later ones are its consequences and are
/// dropped.
class Diagnosis {
 public:
  explicit Diagnosis(std::string file_path) : file_path_(std::move(file_path)) {}
  Diagnosis(const Diagnosis&) = delete;
  Diagnosis& operator=(const Diagnosis&) = delete;

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  const std::string& file_path() const { return file_path_; }
  void Fail(Problem problem) {
    if (ok()) status_ = Status(std::move(problem));
  }
  /// Returns "file: place, byte 1,234", the form of every place in this room.
  std::string Place(std::string_view place, uint64_t byte) const;

 private:
  std::string file_path_;
  Status status_;
};

struct Box;

/// A window on the body of one box. Copying a cursor copies the position, not the bytes.
class BoxCursor {
 public:
  /// `bytes` lie at `file_offset` of the file; `path` names the box ("moov/trak[0]/mdia/mdhd",
  /// empty at the top). REQUIRES: bytes and diagnosis outlive the cursor and its copies.
  BoxCursor(std::span<const std::byte> bytes, uint64_t file_offset, std::string path,
            Diagnosis* diagnosis)
      : bytes_(bytes), file_offset_(file_offset), path_(std::move(path)), diagnosis_(diagnosis) {}

  bool ok() const { return diagnosis_->ok(); }
  const std::string& path() const { return path_; }
  uint64_t remaining_bytes() const { return ok() ? bytes_.size() - offset_ : 0; }
  /// Where in the file the next read begins.
  uint64_t byte() const { return file_offset_ + offset_; }
  Diagnosis* diagnosis() const { return diagnosis_; }

  uint8_t U8(const char* field) { return static_cast<uint8_t>(Number(1, field)); }
  uint16_t U16(const char* field) { return static_cast<uint16_t>(Number(2, field)); }
  uint32_t U24(const char* field) { return static_cast<uint32_t>(Number(3, field)); }
  uint32_t U32(const char* field) { return static_cast<uint32_t>(Number(4, field)); }
  uint64_t U64(const char* field) { return Number(8, field); }
  int16_t I16(const char* field) { return static_cast<int16_t>(U16(field)); }
  int32_t I32(const char* field) { return static_cast<int32_t>(U32(field)); }
  int64_t I64(const char* field) { return static_cast<int64_t>(U64(field)); }
  /// Returns the next `count` bytes, or an empty span after a failure.
  std::span<const std::byte> Bytes(uint64_t count, const char* field);
  void Skip(uint64_t count, const char* field) { Bytes(count, field); }
  /// Returns the bytes of `num_entries` table entries. A failure counts entries ("1,200 sizes,
  /// found 1,187").
  std::span<const std::byte> Table(uint64_t num_entries, uint64_t entry_bytes, const char* entries);
  /// Returns what is left, and moves to the end.
  std::span<const std::byte> Rest();

  /// Reads version and flags (ISO/IEC 14496-12, 4.2.2) and returns the version; fails if it is
  /// above `highest_version`.
  uint8_t FullBoxVersion(uint8_t highest_version, uint32_t* flags = nullptr);

  /// Returns the next child box, or nothing at the end. Repeated kinds are numbered in the path:
  /// "trak[0]", "trak[1]".
  std::optional<Box> NextBox();

  /// Records a kCorrupt problem at the next byte.
  void Fail(std::string what, std::string expected = {}, std::string found = {}) const;
  /// As above, at a byte that was already read.
  void FailAt(uint64_t file_byte, std::string what, std::string expected = {},
              std::string found = {}) const;
  /// Records a problem of another kind; `where` is filled in.
  void Fail(Problem problem) const;

 private:
  uint64_t Number(size_t num_bytes, const char* field);

  std::span<const std::byte> bytes_;
  uint64_t file_offset_;
  std::string path_;
  Diagnosis* diagnosis_;
  size_t offset_ = 0;          // invariant: offset_ <= bytes_.size()
  uint32_t num_repeated_ = 0;  // children of a repeated kind seen so far
};

struct Box {
  FourCc type;
  uint64_t header_bytes;
  BoxCursor body;
};

/// The children of a container, found by name.
class BoxList {
 public:
  explicit BoxList(BoxCursor container);

  /// Returns the only box of this type, or nothing; fails if there are two.
  std::optional<BoxCursor> Find(FourCc type) const;
  /// As Find, but fails if there is none.
  std::optional<BoxCursor> Require(FourCc type) const;
  const std::vector<Box>& boxes() const { return boxes_; }

 private:
  BoxCursor container_;
  std::vector<Box> boxes_;
};

/// Returns the big-endian number at `bytes`. REQUIRES: that many bytes are there.
inline uint32_t LoadU16(const std::byte* bytes) {
  return static_cast<uint32_t>(bytes[0]) << 8 | static_cast<uint32_t>(bytes[1]);
}
inline uint32_t LoadU32(const std::byte* bytes) {
  return LoadU16(bytes) << 16 | LoadU16(bytes + 2);
}
inline uint64_t LoadU64(const std::byte* bytes) {
  return uint64_t{LoadU32(bytes)} << 32 | LoadU32(bytes + 4);
}

}  // namespace robomerge::mp4
