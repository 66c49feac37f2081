#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/mp4/bit_reader.h"
#include "formats/mp4/box_cursor.h"
#include "formats/mp4/box_scope.h"
#include "testing/made_movie.h"

namespace robomerge::mp4 {
namespace {

using testing::HasSubstr;

TEST(BoxScope, FillsInSizesWhenItCloses) {
  BoxWriter out;
  {
    BoxScope outer(out, Tag("moov"));
    BoxScope inner(out, Tag("mvhd"), FullBox{.version = 1, .flags = 2});
    out.U16(0x1234);
  }
  EXPECT_EQ(out.bytes(), BytesOf({0,  0,   0,   22,  'm', 'o', 'o', 'v', 0, 0,    0,
                                  14, 'm', 'v', 'h', 'd', 1,   0,   0,   2, 0x12, 0x34}));
}

TEST(BoxCursor, ReadsWhatScopesWrote) {
  BoxWriter out;
  {
    BoxScope box(out, Tag("test"));
    out.U8(1);
    out.U16(0x0203);
    out.U24(0x040506);
    out.U32(0x0708090a);
    out.U64(0x0b0c0d0e0f101112);
    out.I32(-5);
    out.I64(-6);
  }
  Diagnosis diagnosis("clip.mp4");
  BoxCursor file(out.bytes(), 0, "", &diagnosis);
  std::optional<Box> box = file.NextBox();
  ASSERT_TRUE(box.has_value());
  EXPECT_EQ(box->type, Tag("test"));
  EXPECT_EQ(box->body.path(), "test");
  EXPECT_EQ(box->body.U8("a"), 1);
  EXPECT_EQ(box->body.U16("b"), 0x0203);
  EXPECT_EQ(box->body.U24("c"), 0x040506u);
  EXPECT_EQ(box->body.U32("d"), 0x0708090au);
  EXPECT_EQ(box->body.U64("e"), 0x0b0c0d0e0f101112u);
  EXPECT_EQ(box->body.I32("f"), -5);
  EXPECT_EQ(box->body.I64("g"), -6);
  EXPECT_EQ(box->body.remaining_bytes(), 0u);
  EXPECT_FALSE(file.NextBox().has_value());
  EXPECT_TRUE(diagnosis.ok());
}

TEST(BoxCursor, SaysWhatItTriedToReadAndWhereAndKeepsTheFirstProblem) {
  const auto bytes = BytesOf({1, 2, 3});
  Diagnosis diagnosis("clip.mp4");
  BoxCursor body(bytes, 1000, "moov/mvhd", &diagnosis);
  EXPECT_EQ(body.U16("version"), 0x0102);
  EXPECT_EQ(body.U32("timescale"), 0u);
  EXPECT_EQ(body.U8("rate"), 0);  // nothing more is read, although a byte is there
  body.Fail("something later");
  EXPECT_EQ(diagnosis.status().ToString(),
            "corrupt: box ends early at clip.mp4: moov/mvhd, byte 1,002, expected 4 B of "
            "timescale, found 1 B to the "
            "end of the box");
}

TEST(BoxCursor, CountsTableEntriesBeforeReadingThem) {
  const auto bytes = BytesOf({1, 2, 3, 4, 5, 6, 7, 8, 9});
  Diagnosis diagnosis("clip.mp4");
  BoxCursor body(bytes, 0, "stsz", &diagnosis);
  EXPECT_TRUE(body.Table(0xffffffff, 4, "sizes").empty());
  EXPECT_EQ(diagnosis.status().ToString(),
            "corrupt: sample table ends early at clip.mp4: stsz, byte 0, expected 4,294,967,295 "
            "sizes, found 2");
}

TEST(BoxCursor, NumbersTracks) {
  BoxWriter out;
  for (int i = 0; i < 2; ++i) BoxScope trak(out, Tag("trak"));
  Diagnosis diagnosis("clip.mp4");
  BoxCursor moov(out.bytes(), 0, "moov", &diagnosis);
  EXPECT_EQ(moov.NextBox()->body.path(), "moov/trak[0]");
  EXPECT_EQ(moov.NextBox()->body.path(), "moov/trak[1]");
}

TEST(BoxCursor, RefusesSizesThatCannotBe) {
  for (const int size : {0, 1, 7, 17}) {
    const auto bytes = BytesOf({0, 0, 0, size, 'f', 'r', 'e', 'e', 0, 0, 0, 0, 0, 0, 0, 9});
    Diagnosis diagnosis("clip.mp4");
    BoxCursor moov(bytes, 0, "moov", &diagnosis);
    EXPECT_FALSE(moov.NextBox().has_value());
    EXPECT_THAT(diagnosis.status().ToString(),
                HasSubstr("box \"free\" does not fit into the box around it"))
        << size;
  }
}

TEST(BoxCursor, AcceptsTheZeroThatClosesQuickTimeLists) {
  const auto bytes = BytesOf({0, 0, 0, 0});
  Diagnosis diagnosis("clip.mp4");
  BoxCursor list(bytes, 0, "stsd/mp4v", &diagnosis);
  EXPECT_FALSE(list.NextBox().has_value());
  EXPECT_TRUE(diagnosis.ok());
}

TEST(BoxList, WantsExactlyOne) {
  BoxWriter out;
  for (int i = 0; i < 2; ++i) BoxScope box(out, Tag("stts"));
  Diagnosis diagnosis("clip.mp4");
  const BoxList list(BoxCursor(out.bytes(), 0, "stbl", &diagnosis));
  EXPECT_FALSE(list.Find(Tag("ctts")).has_value());
  EXPECT_TRUE(diagnosis.ok());
  EXPECT_FALSE(list.Find(Tag("stts")).has_value());
  EXPECT_THAT(diagnosis.status().ToString(), HasSubstr("box holds two \"stts\" boxes"));
}

TEST(BitReader, ReadsExpGolombAndStepsOverEmulationPrevention) {
  const auto bytes = BytesOf({0b10100110, 0b01000011, 0, 0, 3, 1});
  BitReader bits(bytes);
  EXPECT_EQ(bits.Unsigned(), 0u);  // 1
  EXPECT_EQ(bits.Unsigned(), 1u);  // 010
  EXPECT_EQ(bits.Signed(), -1);    // 011, then 0
  EXPECT_EQ(bits.Unsigned(), 3u);  // 00100 across a byte boundary
  EXPECT_EQ(bits.Bits(4), 3u);
  EXPECT_EQ(bits.Bits(24), 1u);  // 00 00 01, the 03 left out
  EXPECT_TRUE(bits.ok());
  EXPECT_EQ(bits.Bits(1), 0u);
  EXPECT_FALSE(bits.ok());
}

}  // namespace
}  // namespace robomerge::mp4
