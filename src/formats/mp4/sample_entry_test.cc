#include "formats/mp4/sample_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/mp4/box_scope.h"
#include "formats/mp4/stream.h"
#include "testing/made_movie.h"

namespace robomerge::mp4 {
namespace {

using testing::HasSubstr;

using Bytes = std::vector<std::byte>;

Bytes BoxOf(const char (&type)[5], const Bytes& body) {
  BoxWriter out;
  {
    BoxScope box(out, Tag(type));
    out.Bytes(body);
  }
  return std::move(out).Take();
}

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

StreamSummary SummaryOf(FourCc codec, const Bytes& configuration, const Bytes& first_sample = {}) {
  MovieSpec spec = EvenMovie(3);
  spec.codec = codec;
  spec.configuration = configuration;
  if (!first_sample.empty()) spec.samples.front() = first_sample;
  const MemoryFile file(WriteTestFile(spec));
  Result<StreamSummary> summary = ReadStreamSummary(file);
  EXPECT_TRUE(summary.ok()) << summary.status().ToString();
  return summary.ok() ? *summary : StreamSummary();
}

// What libx264 writes for 96x64 pixels of 4:2:0: profile 66, four-byte lengths, one SPS and one
// PPS.
Bytes Avcc() {
  return BoxOf("avcC",
               BytesOf({1,    0x42, 0xc0, 0x0a, 0xff, 0xe1, 0, 0x16, 0x67, 0x42, 0xc0, 0x0a, 0xda,
                        0x18, 0x98, 0x9b, 1,    0x10, 0,    0, 3,    0,    0x10, 0,    0,    3,
                        3,    0xc0, 0xf1, 0x22, 0x6a, 1,    0, 4,    0x68, 0xce, 0x0f, 0xc8}));
}

Bytes Esds(int id, int rate, int object_type = 0x20) {
  return BoxOf(
      "esds", BytesOf({0,    0,    0,  0,           3,    0x80, 0x80, 0x80, 30, 0, id,   0, 4, 0x80,
                       0x80, 0x80, 22, object_type, 0x11, 0,    rate, 0,    0,  0, rate, 0, 0, 0,
                       0,    rate, 5,  0x80,        0x80, 0x80, 5,    0,    0,  1, 0xb0, 1}));
}

TEST(SampleEntry, MeasuredRatesAndDefaultsAreNotPartOfTheKey) {
  const StreamSummary plain = SummaryOf(Tag("mp4v"), Esds(1, 7));
  EXPECT_EQ(plain.codec, "mpeg4");
  EXPECT_EQ(plain.pixel_format, "yuv420p");
  const Bytes noise = BoxOf("btrt", Bytes(12, std::byte{9})) + BoxOf("free", Bytes(3)) +
                      BoxOf("pasp", BytesOf({0, 0, 0, 7, 0, 0, 0, 7})) +
                      BoxOf("fiel", BytesOf({1, 0}));
  EXPECT_EQ(SummaryOf(Tag("mp4v"), noise + Esds(2, 8)).decoder_key, plain.decoder_key);
  EXPECT_NE(SummaryOf(Tag("mp4v"), Esds(1, 7) + BoxOf("pasp", BytesOf({0, 0, 0, 7, 0, 0, 0, 8})))
                .decoder_key,
            plain.decoder_key);
  EXPECT_NE(SummaryOf(Tag("mp4v"), Esds(1, 7) + BoxOf("fiel", BytesOf({2, 9}))).decoder_key,
            plain.decoder_key);
  EXPECT_EQ(SummaryOf(Tag("mp4v"), Esds(1, 7, 0x6c)).codec, "mp4v");
}

TEST(SampleEntry, OddDescriptorsAreTakenAsTheyAre) {
  const StreamSummary odd =
      SummaryOf(Tag("mp4v"), BoxOf("esds", BytesOf({0, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff, 0xff})));
  EXPECT_EQ(odd.codec, "mp4v");
  EXPECT_EQ(odd.own_file_reason, "");
}

TEST(SampleEntry, AvcStartsAtAnInstantRefresh) {
  const StreamSummary idr =
      SummaryOf(Tag("avc1"), Avcc(), BytesOf({0, 0, 0, 2, 6, 1, 0, 0, 0, 3, 0x65, 1, 2}));
  EXPECT_EQ(idr.codec, "h264");
  EXPECT_EQ(idr.pixel_format, "yuv420p");
  EXPECT_EQ(idr.own_file_reason, "");
  EXPECT_EQ(SummaryOf(Tag("avc1"), Avcc(), BytesOf({0, 0, 0, 2, 0x41, 1})).own_file_reason,
            "its first frame is no instant refresh (IDR): it may lean on frames before it");
  EXPECT_EQ(SummaryOf(Tag("avc1"), Avcc(), BytesOf({0, 0, 0, 9, 0x65, 1})).own_file_reason,
            "its first frame is not made of whole NAL units");
}

TEST(SampleEntry, ParameterSetsInTheFirstFrameArePartOfTheKey) {
  const StreamSummary none = SummaryOf(Tag("avc1"), Avcc(), BytesOf({0, 0, 0, 2, 0x65, 1}));
  const StreamSummary one =
      SummaryOf(Tag("avc1"), Avcc(), BytesOf({0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x65, 1}));
  const StreamSummary other =
      SummaryOf(Tag("avc1"), Avcc(), BytesOf({0, 0, 0, 2, 0x67, 2, 0, 0, 0, 2, 0x65, 1}));
  EXPECT_THAT(one.decoder_key, HasSubstr(" inside 6701"));
  EXPECT_NE(one.decoder_key, none.decoder_key);
  EXPECT_NE(one.decoder_key, other.decoder_key);
}

TEST(SampleEntry, ParameterSetsOnlyInsideFramesNeedAFileOfTheirOwn) {
  const Bytes empty_record = BoxOf("avcC", BytesOf({1, 0x42, 0, 0x0a, 0xff, 0xe0, 0}));
  EXPECT_EQ(SummaryOf(Tag("avc3"), empty_record).own_file_reason,
            "its parameter sets lie only inside the frames (avc3)");
  EXPECT_EQ(SummaryOf(Tag("hev1"), {}).own_file_reason,
            "its parameter sets lie only inside the frames (hev1)");
}

// The head of hvcC for Main 12 monochrome, then arrays as given. The SPS is a stub: only its
// presence counts here.
Bytes Hvcc(int num_arrays, const Bytes& arrays) {
  Bytes head(22);
  head[0] = std::byte{1};
  head[21] = std::byte{0x0f};
  head.push_back(static_cast<std::byte>(num_arrays));
  return BoxOf("hvcC", head + BytesOf({0xa1, 0, 1, 0, 3, 0x42, 1, 9}) + arrays);
}

TEST(SampleEntry, HevcStartsAtIdrAndNotAtCra) {
  EXPECT_EQ(
      SummaryOf(Tag("hvc1"), Hvcc(1, {}), BytesOf({0, 0, 0, 3, 19 << 1, 1, 2})).own_file_reason,
      "");
  EXPECT_EQ(
      SummaryOf(Tag("hev1"), Hvcc(1, {}), BytesOf({0, 0, 0, 3, 20 << 1, 1, 2})).own_file_reason,
      "");
  EXPECT_EQ(
      SummaryOf(Tag("hvc1"), Hvcc(1, {}), BytesOf({0, 0, 0, 3, 21 << 1, 1, 2})).own_file_reason,
      "its first frame is no instant refresh (IDR): it may lean on frames before it");
}

TEST(SampleEntry, OptionsThatX265WritesAreNotPartOfTheKey) {
  const Bytes idr = BytesOf({0, 0, 0, 3, 19 << 1, 1, 2});
  const std::string key = SummaryOf(Tag("hvc1"), Hvcc(1, {}), idr).decoder_key;
  const Bytes user_data = BytesOf({0xa7, 0, 1, 0, 8, 0x4e, 1, 5, 3, 'a', 'b', 'c', 0x80});
  EXPECT_EQ(SummaryOf(Tag("hvc1"), Hvcc(2, user_data), idr).decoder_key, key);
  const Bytes mastering_display = BytesOf({0xa7, 0, 1, 0, 8, 0x4e, 1, 137, 3, 'a', 'b', 'c', 0x80});
  EXPECT_NE(SummaryOf(Tag("hvc1"), Hvcc(2, mastering_display), idr).decoder_key, key);
  const Bytes two_messages =
      BytesOf({0xa7, 0, 1, 0, 10, 0x4e, 1, 5, 3, 'a', 'b', 'c', 137, 0, 0x80});
  EXPECT_NE(SummaryOf(Tag("hvc1"), Hvcc(2, two_messages), idr).decoder_key, key);
}

TEST(SampleEntry, Av1NamesItsPixelsUnlessTheyMayBeRgb) {
  const auto pixels = [](int profile, int flags) {
    return SummaryOf(Tag("av01"), BoxOf("av1C", BytesOf({0x81, profile << 5, flags, 0})))
        .pixel_format;
  };
  EXPECT_EQ(pixels(0, 0x0c), "yuv420p");
  EXPECT_EQ(pixels(0, 0x4c), "yuv420p10le");
  EXPECT_EQ(pixels(2, 0x6c), "yuv420p12le");
  EXPECT_EQ(pixels(0, 0x1c), "gray");
  EXPECT_EQ(pixels(2, 0x08), "yuv422p");
  EXPECT_EQ(pixels(1, 0x00), "");
}

TEST(SampleEntry, Vp9NamesItsPixels) {
  const StreamSummary vp9 =
      SummaryOf(Tag("vp09"), BoxOf("vpcC", BytesOf({1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0})));
  EXPECT_EQ(vp9.codec, "vp9");
  EXPECT_EQ(vp9.pixel_format, "yuv420p");
}

}  // namespace
}  // namespace robomerge::mp4
