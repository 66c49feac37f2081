// Thrift's compact protocol, as far as Parquet's footers use it: a checked reader and a writer.
//
// No generated code and no node tree: a footer of thousands of row groups is walked in place, and
// whatever we do not touch is copied as a byte span (ThriftStructReader::value), so that no field
// is lost, known to us or not. Source of the rules: apache/thrift
// doc/specs/thrift-compact-protocol.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "robomerge/status.h"

namespace robomerge::parquet {

/// The compact protocol's own type numbers. A boolean field carries its value in its type.
enum class ThriftType : uint8_t {
  kStop = 0,
  kTrue = 1,
  kFalse = 2,
  kByte = 3,
  kI16 = 4,
  kI32 = 5,
  kI64 = 6,
  kDouble = 7,
  kBinary = 8,
  kList = 9,
  kSet = 10,
  kMap = 11,
  kStruct = 12,
  kUuid = 13,
};

/// Deepest nesting of structs and lists that is read. Parquet's own structs need about ten.
inline constexpr int kThriftMaxDepth = 48;

/// Walks compact-protocol bytes. The first failure sticks: from then on every read returns zero or
/// nothing, and status() says what was wrong and where, so that callers check once per struct
/// instead of once per field.
///
/// Every length is checked against the bytes that are left before anything is allocated. Not
/// thread-safe. The bytes must outlive it.
class ThriftReader {
 public:
  /// `part` ("footer", "page index": a literal) of the file `path`, which begins at `file_offset`:
  /// only for messages.
  ThriftReader(std::string_view bytes, std::string_view path, const char* part,
               uint64_t file_offset)
      : bytes_(bytes), path_(path), part_(part), file_offset_(file_offset) {}

  bool ok() const { return ok_; }
  Status status() const;
  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  std::string_view bytes() const { return bytes_; }
  /// Bytes [begin, position()).
  std::string_view since(size_t begin) const { return bytes_.substr(begin, position_ - begin); }

  /// Fails at the present position (or at `where`), unless something failed before.
  void Fail(std::string what, std::string expected = {}, std::string found = {});

  uint64_t ReadVarint();
  int64_t ReadZigzag();
  uint8_t ReadByte();
  /// A view into the bytes.
  std::string_view ReadBinary();
  /// Skips one value. For a boolean, whose value is its type, nothing.
  void Skip(ThriftType type);
  /// Skips one element of a list: unlike a field, a boolean here is one byte.
  void SkipElement(ThriftType type);
  /// Returns the number of elements of a list or set and sets their type. Fails if there cannot be
  /// as many in the bytes left.
  size_t ReadListHeader(ThriftType* element);
  /// The same, failing unless the elements are of `expected` type (an empty list may claim any).
  size_t ReadListOf(ThriftType expected);

 private:
  friend class ThriftStructReader;

  std::string_view bytes_;
  std::string_view path_;
  const char* part_;
  uint64_t file_offset_;
  size_t position_ = 0;
  int depth_ = 0;
  bool ok_ = true;
  size_t failed_at_ = 0;
  std::string what_, expected_, found_;
};

/// Walks the fields of one struct: `for (ThriftStructReader field(reader, "RowGroup");
/// field.Next();) switch (field.id()) ...`. A field that the body does not read is skipped by the
/// following Next().
class ThriftStructReader {
 public:
  /// `name` appears in messages and must be a literal.
  ThriftStructReader(ThriftReader& reader, const char* name);
  ~ThriftStructReader() { --reader_.depth_; }
  ThriftStructReader(const ThriftStructReader&) = delete;
  ThriftStructReader& operator=(const ThriftStructReader&) = delete;

  /// Moves to the next field. False at the end of the struct, or when the reader has failed.
  bool Next();
  int16_t id() const { return id_; }
  ThriftType type() const { return type_; }

  // The value of the present field. Each fails the reader if the type is another.
  int64_t Integer();  ///< i8, i16, i32 or i64
  int32_t Int32();    ///< Integer() that fits 32 bits
  /// Integer() that is not negative.
  int64_t Count();
  bool Bool();
  std::string_view Binary();
  size_t List(ThriftType element);
  void Struct();
  /// Skips the value now, unless it was read.
  void SkipUnread();
  /// Skips the value and returns its bytes, as ThriftWriter::Raw takes them.
  std::string_view Value();

 private:
  bool Expect(bool fits, const char* expected);

  ThriftReader& reader_;
  const char* name_;
  int16_t id_ = 0;
  ThriftType type_ = ThriftType::kStop;
  bool pending_ = false;
};

/// Writes compact-protocol bytes to the end of a string. Begin and End calls must pair; nesting is
/// bounded by kThriftMaxDepth.
class ThriftWriter {
 public:
  explicit ThriftWriter(std::string& out) : out_(out) {}

  /// A struct that stands alone or is a list's element.
  void BeginStruct();
  void EndStruct();
  void BeginStructField(int16_t id);

  void Bool(int16_t id, bool value) {
    FieldHeader(id, value ? ThriftType::kTrue : ThriftType::kFalse);
  }
  void I16(int16_t id, int16_t value);
  void I32(int16_t id, int32_t value);
  void I64(int16_t id, int64_t value);
  void Binary(int16_t id, std::string_view value);
  /// The elements follow: Element calls, or BeginStruct/EndStruct pairs.
  void ListField(int16_t id, ThriftType element, size_t size);
  /// A value as ThriftStructReader::Value() returned it.
  void Raw(int16_t id, ThriftType type, std::string_view value);

  void ElementInteger(int64_t value) { Zigzag(value); }
  void ElementBinary(std::string_view value);
  void ElementBool(bool value) { out_.push_back(value ? 1 : 2); }
  void ElementRaw(std::string_view value) { out_.append(value); }

 private:
  void FieldHeader(int16_t id, ThriftType type);
  void Varint(uint64_t value);
  void Zigzag(int64_t value);

  std::string& out_;
  std::array<int16_t, kThriftMaxDepth> last_ids_{};
  int depth_ = 0;
};

}  // namespace robomerge::parquet
