#include "formats/parquet/thrift_compact.h"

#include <gmock/gmock.h>

#include <limits>

namespace robomerge::parquet {
namespace {

using ::testing::HasSubstr;

ThriftReader ReaderOf(std::string_view bytes) {
  return ThriftReader(bytes, "f.parquet", "footer", 1000);
}

// A struct that holds a value of every type, under field numbers near and far.
std::string Everything() {
  std::string out;
  ThriftWriter writer(out);
  writer.BeginStruct();
  writer.Bool(1, true);
  writer.Bool(2, false);
  writer.I16(3, -300);
  writer.I32(4, std::numeric_limits<int32_t>::min());
  writer.I64(5, std::numeric_limits<int64_t>::min());
  writer.I64(100, std::numeric_limits<int64_t>::max());
  writer.Binary(101, "text");
  writer.ListField(102, ThriftType::kI64, 20);
  for (int i = 0; i < 20; ++i) writer.ElementInteger(i - 10);
  writer.ListField(103, ThriftType::kTrue, 2);
  writer.ElementBool(true);
  writer.ElementBool(false);
  writer.BeginStructField(104);
  writer.I32(1, 7);
  writer.EndStruct();
  writer.Raw(105, ThriftType::kDouble, std::string(8, 'd'));
  writer.Raw(106, ThriftType::kMap,
             std::string("\x01\x85\x02ok\x0e", 6));  // one pair, of binary and i32
  writer.EndStruct();
  return out;
}

std::string EverythingWithoutMap() {
  std::string out;
  ThriftWriter writer(out);
  writer.BeginStruct();
  writer.I64(5, std::numeric_limits<int64_t>::min());
  writer.I64(100, std::numeric_limits<int64_t>::max());
  writer.I32(4, -1);  // a number lower than the one before it: the long form
  writer.EndStruct();
  return out;
}

TEST(ThriftReader, ReadsWhatTheWriterWrote) {
  const std::string bytes = Everything();
  ThriftReader reader = ReaderOf(bytes);
  int seen = 0;
  for (ThriftStructReader field(reader, "Everything"); field.Next(); ++seen) {
    switch (field.id()) {
      case 1:
        EXPECT_TRUE(field.Bool());
        break;
      case 2:
        EXPECT_FALSE(field.Bool());
        break;
      case 3:
        EXPECT_EQ(field.Integer(), -300);
        break;
      case 4:
        EXPECT_EQ(field.Int32(), std::numeric_limits<int32_t>::min());
        break;
      case 5:
        EXPECT_EQ(field.Integer(), std::numeric_limits<int64_t>::min());
        break;
      case 100:
        EXPECT_EQ(field.Integer(), std::numeric_limits<int64_t>::max());
        break;
      case 101:
        EXPECT_EQ(field.Binary(), "text");
        break;
      case 102: {
        ASSERT_EQ(field.List(ThriftType::kI64), 20u);
        for (int i = 0; i < 20; ++i) EXPECT_EQ(reader.ReadZigzag(), i - 10);
        break;
      }
      case 103: {
        ASSERT_EQ(field.List(ThriftType::kTrue), 2u);
        EXPECT_EQ(reader.ReadByte(), 1);
        EXPECT_EQ(reader.ReadByte(), 2);
        break;
      }
      case 104: {
        field.Struct();
        for (ThriftStructReader inner(reader, "Inner"); inner.Next();)
          EXPECT_EQ(inner.Integer(), 7);
        break;
      }
      default:
        break;  // double and map are skipped
    }
  }
  EXPECT_EQ(seen, 12);
  EXPECT_TRUE(reader.ok()) << reader.status().ToString();
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(ThriftReader, SkipsToTheSameEndAsReading) {
  const std::string bytes = Everything() + "after";
  ThriftReader reader = ReaderOf(bytes);
  reader.Skip(ThriftType::kStruct);
  EXPECT_TRUE(reader.ok()) << reader.status().ToString();
  EXPECT_EQ(reader.remaining(), 5u);
}

TEST(ThriftReader, CopyingFieldByFieldGivesTheSameBytes) {
  for (const std::string& bytes : {Everything(), EverythingWithoutMap()}) {
    ThriftReader reader = ReaderOf(bytes);
    std::string copy;
    ThriftWriter writer(copy);
    writer.BeginStruct();
    for (ThriftStructReader field(reader, "Everything"); field.Next();) {
      const int16_t id = field.id();
      const ThriftType type = field.type();
      writer.Raw(id, type, field.Value());
    }
    writer.EndStruct();
    EXPECT_EQ(copy, bytes);
  }
}

TEST(ThriftReader, EveryTruncationFailsAndNamesTheByte) {
  const std::string bytes = Everything();
  for (size_t length = 0; length < bytes.size(); ++length) {
    ThriftReader reader = ReaderOf(std::string_view(bytes).substr(0, length));
    reader.Skip(ThriftType::kStruct);
    ASSERT_FALSE(reader.ok()) << length;
    EXPECT_EQ(reader.status().code(), Code::kCorrupt);
    EXPECT_THAT(reader.status().ToString(), HasSubstr("f.parquet: footer, byte 1,"));
  }
}

TEST(ThriftReader, RefusesLengthsBeyondTheBytes) {
  struct Case {
    ThriftType type;
    std::string bytes;
    const char* message;
  };
  const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
  const Case cases[] = {
      {ThriftType::kBinary, huge + "ab", "a text in the footer is longer than the footer"},
      {ThriftType::kList, "\xf8" + huge, "a list in the footer is longer than the footer"},
      {ThriftType::kSet, "\x3c", "a list in the footer is longer than the footer"},
      {ThriftType::kMap, huge, "a map in the footer is longer than the footer"},
      {ThriftType::kI64, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "longer than 64 bits"},
      {ThriftType::kList, std::string("\x1f\0", 2), "a type that Thrift does not have"},
      {ThriftType::kStruct, std::string("\x1e\0", 2), "a type that Thrift does not have"},
      {ThriftType::kStruct, std::string("\x01\x80\x80\x04\0", 5), "does not fit 16 bits"},
  };
  for (const Case& one : cases) {
    ThriftReader reader = ReaderOf(one.bytes);
    reader.Skip(one.type);
    ASSERT_FALSE(reader.ok()) << one.message;
    EXPECT_THAT(reader.status().ToString(), HasSubstr(one.message));
  }
}

TEST(ThriftReader, RefusesNestingBeyondTheLimit) {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '\x1c') +
           std::string(static_cast<size_t>(depth) + 1, '\0');
  };
  const std::string allowed = nested(kThriftMaxDepth - 1), refused = nested(kThriftMaxDepth);
  ThriftReader inside = ReaderOf(allowed);
  inside.Skip(ThriftType::kStruct);
  EXPECT_TRUE(inside.ok()) << inside.status().ToString();
  EXPECT_EQ(inside.remaining(), 0u);
  ThriftReader outside = ReaderOf(refused);
  outside.Skip(ThriftType::kStruct);
  EXPECT_THAT(outside.status().ToString(), HasSubstr("nested too deeply"));
  // Lists of lists, which cost one byte per level.
  const std::string lists(100000, '\x19');
  ThriftReader deep_lists = ReaderOf(lists);
  deep_lists.Skip(ThriftType::kList);
  EXPECT_THAT(deep_lists.status().ToString(), HasSubstr("nested too deeply"));
}

TEST(ThriftStructReader, NamesTheFieldOfAWrongTypeOrSign) {
  std::string bytes;
  ThriftWriter writer(bytes);
  writer.BeginStruct();
  writer.I64(3, -5);
  writer.EndStruct();
  {
    ThriftReader reader = ReaderOf(bytes);
    ThriftStructReader field(reader, "RowGroup");
    ASSERT_TRUE(field.Next());
    field.Binary();
    EXPECT_THAT(reader.status().ToString(),
                HasSubstr("field 3 of RowGroup has another type at f.parquet: footer, byte 1,001, "
                          "expected binary, found i64"));
  }
  {
    ThriftReader reader = ReaderOf(bytes);
    ThriftStructReader field(reader, "RowGroup");
    ASSERT_TRUE(field.Next());
    EXPECT_EQ(field.Count(), 0);
    EXPECT_THAT(reader.status().ToString(), HasSubstr("field 3 of RowGroup is negative"));
    EXPECT_FALSE(field.Next());
  }
}

}  // namespace
}  // namespace robomerge::parquet
