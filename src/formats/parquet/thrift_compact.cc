#include "formats/parquet/thrift_compact.h"

#include <limits>

#include "base/check.h"
#include "base/text.h"

namespace robomerge::parquet {
namespace {

const char* TypeName(ThriftType type) {
  switch (type) {
    case ThriftType::kStop:
      return "stop";
    case ThriftType::kTrue:
    case ThriftType::kFalse:
      return "bool";
    case ThriftType::kByte:
      return "i8";
    case ThriftType::kI16:
      return "i16";
    case ThriftType::kI32:
      return "i32";
    case ThriftType::kI64:
      return "i64";
    case ThriftType::kDouble:
      return "double";
    case ThriftType::kBinary:
      return "binary";
    case ThriftType::kList:
      return "list";
    case ThriftType::kSet:
      return "set";
    case ThriftType::kMap:
      return "map";
    case ThriftType::kStruct:
      return "struct";
    case ThriftType::kUuid:
      return "uuid";
  }
  return "unknown";
}

}  // namespace

Status ThriftReader::status() const {
  if (ok_) return Status();
  return Problem(Code::kCorrupt, what_)
      .At(StrCat(path_, ": ", part_, ", byte ", WithSeparators(file_offset_ + failed_at_)))
      .Expected(expected_)
      .Found(found_);
}

void ThriftReader::Fail(std::string what, std::string expected, std::string found) {
  if (!ok_) return;
  ok_ = false;
  failed_at_ = position_;
  what_ = std::move(what);
  expected_ = std::move(expected);
  found_ = std::move(found);
  position_ = bytes_.size();  // nothing can be read any more, so no loop can run on
}

uint8_t ThriftReader::ReadByte() {
  if (remaining() == 0) {
    Fail(StrCat(part_, " ends early"));
    return 0;
  }
  return static_cast<uint8_t>(bytes_[position_++]);
}

uint64_t ThriftReader::ReadVarint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = ReadByte();
    if (!ok_) return 0;
    if (shift == 63 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  Fail(StrCat("a number in the ", part_, " is longer than 64 bits"));
  return 0;
}

int64_t ThriftReader::ReadZigzag() {
  const uint64_t value = ReadVarint();
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

std::string_view ThriftReader::ReadBinary() {
  const uint64_t length = ReadVarint();
  if (!ok_) return {};
  if (length > remaining()) {
    Fail(StrCat("a text in the ", part_, " is longer than the ", part_),
         StrCat("at most ", WithSeparators(remaining()), " bytes"),
         StrCat(WithSeparators(length), " bytes"));
    return {};
  }
  const std::string_view value = bytes_.substr(position_, static_cast<size_t>(length));
  position_ += static_cast<size_t>(length);
  return value;
}

size_t ThriftReader::ReadListHeader(ThriftType* element) {
  const uint8_t header = ReadByte();
  *element = static_cast<ThriftType>(header & 0x0f);
  uint64_t size = header >> 4;
  if (size == 15) size = ReadVarint();
  if (!ok_) return 0;
  // Every element of every type takes at least one byte.
  if (size > remaining()) {
    Fail(StrCat("a list in the ", part_, " is longer than the ", part_),
         StrCat("at most ", WithSeparators(remaining()), " elements"),
         StrCat(WithSeparators(size), " elements"));
    return 0;
  }
  return static_cast<size_t>(size);
}

size_t ThriftReader::ReadListOf(ThriftType expected) {
  ThriftType element;
  const size_t size = ReadListHeader(&element);
  const bool bools = (expected == ThriftType::kTrue || expected == ThriftType::kFalse) &&
                     (element == ThriftType::kTrue || element == ThriftType::kFalse);
  if (ok_ && size > 0 && element != expected && !bools) {
    Fail(StrCat("a list in the ", part_, " holds another type"), TypeName(expected),
         TypeName(element));
    return 0;
  }
  return size;
}

void ThriftReader::SkipElement(ThriftType type) {
  if (type == ThriftType::kTrue || type == ThriftType::kFalse) {
    ReadByte();
  } else {
    Skip(type);
  }
}

void ThriftReader::Skip(ThriftType type) {
  const auto skip_bytes = [this](size_t count) {
    if (remaining() < count) {
      Fail(StrCat(part_, " ends early"));
    } else {
      position_ += count;
    }
  };
  switch (type) {
    case ThriftType::kTrue:
    case ThriftType::kFalse:
      return;
    case ThriftType::kByte:
      skip_bytes(1);
      return;
    case ThriftType::kI16:
    case ThriftType::kI32:
    case ThriftType::kI64:
      ReadVarint();
      return;
    case ThriftType::kDouble:
      skip_bytes(8);
      return;
    case ThriftType::kUuid:
      skip_bytes(16);
      return;
    case ThriftType::kBinary:
      ReadBinary();
      return;
    case ThriftType::kStruct: {
      for (ThriftStructReader field(*this, "struct"); field.Next();) continue;
      return;
    }
    case ThriftType::kList:
    case ThriftType::kSet:
    case ThriftType::kMap:
      break;
    default:
      Fail(StrCat("the ", part_, " holds a type that Thrift does not have"), {},
           StrCat("type ", static_cast<int>(type)));
      return;
  }
  if (++depth_ > kThriftMaxDepth) {
    Fail(StrCat("the ", part_, " is nested too deeply"),
         StrCat("at most ", kThriftMaxDepth, " levels"));
  } else if (type == ThriftType::kMap) {
    const uint64_t size = ReadVarint();
    if (size > remaining()) Fail(StrCat("a map in the ", part_, " is longer than the ", part_));
    const uint8_t types = size == 0 ? 0 : ReadByte();
    for (uint64_t i = 0; ok_ && i < size; ++i) {
      SkipElement(static_cast<ThriftType>(types >> 4));
      SkipElement(static_cast<ThriftType>(types & 0x0f));
    }
  } else {
    ThriftType element;
    const size_t size = ReadListHeader(&element);
    for (size_t i = 0; ok_ && i < size; ++i) SkipElement(element);
  }
  --depth_;
}

ThriftStructReader::ThriftStructReader(ThriftReader& reader, const char* name)
    : reader_(reader), name_(name) {
  if (++reader_.depth_ > kThriftMaxDepth) {
    reader_.Fail(StrCat("the ", reader_.part_, " is nested too deeply"),
                 StrCat("at most ", kThriftMaxDepth, " levels"));
  }
}

void ThriftStructReader::SkipUnread() {
  if (pending_) reader_.Skip(type_);
  pending_ = false;
}

bool ThriftStructReader::Next() {
  SkipUnread();
  const uint8_t header = reader_.ReadByte();
  if (!reader_.ok()) return false;
  type_ = static_cast<ThriftType>(header & 0x0f);
  if (type_ == ThriftType::kStop) return false;
  if (const int delta = header >> 4; delta != 0) {
    if (id_ > std::numeric_limits<int16_t>::max() - delta) {
      reader_.Fail(StrCat("a field number of ", name_, " does not fit 16 bits"));
      return false;
    }
    id_ = static_cast<int16_t>(id_ + delta);
  } else {
    const int64_t id = reader_.ReadZigzag();
    if (!reader_.ok()) return false;
    if (id < std::numeric_limits<int16_t>::min() || id > std::numeric_limits<int16_t>::max()) {
      reader_.Fail(StrCat("a field number of ", name_, " does not fit 16 bits"), {},
                   std::to_string(id));
      return false;
    }
    id_ = static_cast<int16_t>(id);
  }
  pending_ = true;
  return true;
}

bool ThriftStructReader::Expect(bool fits, const char* expected) {
  pending_ = false;
  if (fits) return true;
  reader_.Fail(StrCat("field ", id_, " of ", name_, " has another type"), expected,
               TypeName(type_));
  return false;
}

int64_t ThriftStructReader::Integer() {
  if (type_ == ThriftType::kByte) {
    pending_ = false;
    return static_cast<int8_t>(reader_.ReadByte());
  }
  if (!Expect(type_ == ThriftType::kI16 || type_ == ThriftType::kI32 || type_ == ThriftType::kI64,
              "integer"))
    return 0;
  return reader_.ReadZigzag();
}

int32_t ThriftStructReader::Int32() {
  const int64_t value = Integer();
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    reader_.Fail(StrCat("field ", id_, " of ", name_, " does not fit 32 bits"), {},
                 WithSeparators(static_cast<uint64_t>(value)));
    return 0;
  }
  return static_cast<int32_t>(value);
}

int64_t ThriftStructReader::Count() {
  const int64_t value = Integer();
  if (value < 0) {
    reader_.Fail(StrCat("field ", id_, " of ", name_, " is negative"), "0 or more",
                 std::to_string(value));
    return 0;
  }
  return value;
}

bool ThriftStructReader::Bool() {
  if (!Expect(type_ == ThriftType::kTrue || type_ == ThriftType::kFalse, "bool")) return false;
  return type_ == ThriftType::kTrue;
}

std::string_view ThriftStructReader::Binary() {
  if (!Expect(type_ == ThriftType::kBinary, "binary")) return {};
  return reader_.ReadBinary();
}

size_t ThriftStructReader::List(ThriftType element) {
  if (!Expect(type_ == ThriftType::kList, "list")) return 0;
  return reader_.ReadListOf(element);
}

void ThriftStructReader::Struct() { Expect(type_ == ThriftType::kStruct, "struct"); }

std::string_view ThriftStructReader::Value() {
  pending_ = false;
  const size_t begin = reader_.position();
  reader_.Skip(type_);
  return reader_.ok() ? reader_.since(begin) : std::string_view();
}

void ThriftWriter::BeginStruct() {
  ROBOMERGE_CHECK(depth_ < kThriftMaxDepth);
  last_ids_[static_cast<size_t>(depth_++)] = 0;
}

void ThriftWriter::EndStruct() {
  ROBOMERGE_CHECK(depth_ > 0);
  --depth_;
  out_.push_back(0);
}

void ThriftWriter::BeginStructField(int16_t id) {
  FieldHeader(id, ThriftType::kStruct);
  BeginStruct();
}

void ThriftWriter::FieldHeader(int16_t id, ThriftType type) {
  ROBOMERGE_CHECK(depth_ > 0);
  int16_t& last = last_ids_[static_cast<size_t>(depth_ - 1)];
  const int delta = id - last;
  if (delta > 0 && delta <= 15) {
    out_.push_back(static_cast<char>(delta << 4 | static_cast<int>(type)));
  } else {
    out_.push_back(static_cast<char>(type));
    Zigzag(id);
  }
  last = id;
}

void ThriftWriter::Varint(uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
}

void ThriftWriter::Zigzag(int64_t value) {
  Varint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
}

void ThriftWriter::I16(int16_t id, int16_t value) {
  FieldHeader(id, ThriftType::kI16);
  Zigzag(value);
}

void ThriftWriter::I32(int16_t id, int32_t value) {
  FieldHeader(id, ThriftType::kI32);
  Zigzag(value);
}

void ThriftWriter::I64(int16_t id, int64_t value) {
  FieldHeader(id, ThriftType::kI64);
  Zigzag(value);
}

void ThriftWriter::Binary(int16_t id, std::string_view value) {
  FieldHeader(id, ThriftType::kBinary);
  ElementBinary(value);
}

void ThriftWriter::ElementBinary(std::string_view value) {
  Varint(value.size());
  out_.append(value);
}

void ThriftWriter::ListField(int16_t id, ThriftType element, size_t size) {
  FieldHeader(id, ThriftType::kList);
  if (size < 15) {
    out_.push_back(static_cast<char>(size << 4 | static_cast<size_t>(element)));
  } else {
    out_.push_back(static_cast<char>(0xf0 | static_cast<int>(element)));
    Varint(size);
  }
}

void ThriftWriter::Raw(int16_t id, ThriftType type, std::string_view value) {
  FieldHeader(id, type);
  out_.append(value);
}

}  // namespace robomerge::parquet
