#include "formats/mp4/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/mp4/box_scope.h"
#include "testing/made_movie.h"

namespace robomerge::mp4 {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

StreamSummary Summary(const std::vector<std::byte>& file) {
  Result<StreamSummary> summary = ReadStreamSummary(MemoryFile(file));
  EXPECT_TRUE(summary.ok()) << summary.status().ToString();
  return summary.ok() ? *summary : StreamSummary();
}

std::string Reason(const MovieSpec& spec) { return Summary(WriteTestFile(spec)).own_file_reason; }

std::string Failure(const std::vector<std::byte>& file) {
  const Status status = ReadStreamSummary(MemoryFile(file)).status();
  EXPECT_FALSE(status.ok());
  return status.ToString();
}

std::vector<std::byte> NinetyFrames() { return WriteTestFile(EvenMovie(90)); }

TEST(Stream, EvenMovieCanBeSpliced) {
  MovieSpec spec = EvenMovie(90);
  spec.sync_samples = {{0, 30, 60}};
  const StreamSummary summary = Summary(WriteTestFile(spec));
  EXPECT_EQ(summary.own_file_reason, "");
  EXPECT_EQ(summary.codec, "mp4v");  // no esds says which
  EXPECT_EQ(summary.width, 64u);
  EXPECT_EQ(summary.height, 48u);
  EXPECT_EQ(summary.timescale, 15360u);
  EXPECT_EQ(summary.num_frames, 90u);
  EXPECT_EQ(summary.frame_ticks, 512u);
  EXPECT_EQ(summary.length_ticks, 90u * 512);
  EXPECT_TRUE(summary.starts_at_zero);
  EXPECT_FALSE(summary.has_audio);
  EXPECT_FALSE(summary.has_trailing_bytes);
  EXPECT_TRUE(summary.OnFrameGrid(30, 1));
  EXPECT_FALSE(summary.OnFrameGrid(30000, 1001));
  EXPECT_FALSE(summary.OnFrameGrid(~uint64_t{0}, 1));
}

TEST(Stream, WideOffsetsGapsAndMoovFirstChangeNothing) {
  MovieSpec spec = EvenMovie(9);
  spec.has_wide_offsets = spec.has_moov_first = spec.has_constant_size = true;
  spec.samples_per_chunk = {2, 3, 4};
  spec.chunk_order = {2, 0, 1};
  spec.gap_bytes = 7;
  const StreamSummary summary = Summary(WriteTestFile(spec));
  EXPECT_EQ(summary.own_file_reason, "");
  EXPECT_EQ(summary.decoder_key, Summary(NinetyFrames()).decoder_key);
}

// Damaged files, and files whose tables claim what cannot be. Each is refused with the box and the
// byte.

TEST(BrokenStream, EmptyFile) {
  EXPECT_EQ(
      Failure({}),
      "corrupt: E-foreign-file: another kind of file is in this place at clip.mp4, expected an "
      "MP4 file, found an empty file");
}

TEST(BrokenStream, NotMp4) {
  EXPECT_EQ(Failure(BytesOf({'\n', 'x', 'x', 'x', 1, 2, 3, 4, 5})),
            "corrupt: not an MP4 file at clip.mp4: byte 0, expected a box header");
}

TEST(BrokenStream, MoovMissing) {
  std::vector<std::byte> file = NinetyFrames();
  Rename(&file, "moov", "free");
  EXPECT_THAT(Failure(file), StartsWith("corrupt: file has no moov box at clip.mp4: byte "));
}

TEST(BrokenStream, TwoMoov) {
  std::vector<std::byte> file = NinetyFrames();
  AppendBox(&file, "moov", {});
  EXPECT_THAT(Failure(file), StartsWith("corrupt: file has two moov boxes at clip.mp4: byte "));
}

TEST(BrokenStream, CutAnywhere) {
  for (const bool has_moov_first : {false, true}) {
    MovieSpec spec = EvenMovie(3);
    spec.has_moov_first = has_moov_first;
    const std::vector<std::byte> whole = WriteTestFile(spec);
    for (size_t length = 0; length < whole.size(); ++length) {
      const std::vector<std::byte> cut(whole.begin(),
                                       whole.begin() + static_cast<std::ptrdiff_t>(length));
      const Status status = ReadStreamSummary(MemoryFile(cut)).status();
      ASSERT_FALSE(status.ok()) << length;
      EXPECT_EQ(status.code(), Code::kCorrupt) << length;
    }
    const std::vector<std::byte> cut(whole.begin(), whole.end() - 1);
    EXPECT_THAT(Failure(cut),
                HasSubstr(has_moov_first ? "box \"mdat\" reaches beyond the end of the file"
                                         : "box \"moov\" reaches beyond the end of the file"));
  }
}

TEST(BrokenStream, SampleDataPastTheEnd) {
  std::vector<std::byte> file = NinetyFrames();
  SetWord(&file, "stco", 2, 1000000);
  EXPECT_EQ(Failure(file),
            "corrupt: sample data past the end of the file at clip.mp4: "
            "moov/trak[0]/mdia/minf/stbl/stco, byte 1,823, "
            "expected bytes "
            "below 1,827 (size of the file), found chunk 1 of 900 B at byte 1,000,000");
}

TEST(BrokenStream, SampleDataOutsideMdat) {
  std::vector<std::byte> file = NinetyFrames();
  SetWord(&file, "stco", 2, 100 + 24);  // the last 92 bytes of the chunk would be the moov box
  EXPECT_THAT(
      Failure(file),
      HasSubstr(
          "sample data lies outside the mdat boxes at clip.mp4: moov/trak[0]/mdia/minf/stbl/stco"));
}

TEST(BrokenStream, OverlappingChunks) {
  MovieSpec spec = EvenMovie(90);
  spec.samples_per_chunk = {30, 30, 30};
  for (auto& sample : spec.samples) sample.resize(100);
  std::vector<std::byte> file = WriteTestFile(spec);
  const auto mdat_start = 24u + 8u;
  for (size_t i = 0; i < 3; ++i) SetWord(&file, "stco", 2 + i, mdat_start);
  EXPECT_EQ(Summary(file).own_file_reason, "");  // odd, but what it claims is in the file
  spec.samples_per_chunk.assign(90, 1);
  file = WriteTestFile(spec);
  for (auto word : {3, 4})
    SetWord(&file, "stsz", static_cast<size_t>(word),
            9000);  // two samples, nearly all of mdat each
  SetWord(&file, "stco", 2, mdat_start);
  SetWord(&file, "stco", 3, mdat_start);
  EXPECT_THAT(Failure(file), HasSubstr("samples overlap: they are larger than the file together"));
}

TEST(BrokenStream, TimesForFewerSamples) {
  std::vector<std::byte> file = NinetyFrames();
  SetWord(&file, "stts", 2, 80);
  EXPECT_EQ(Failure(file),
            "corrupt: box covers fewer samples than there are (sum of time runs) at clip.mp4: "
            "moov/trak[0]/mdia/minf/stbl/stts, byte "
            "1,391, expected 90 samples (from stsz), found 80");
}

TEST(BrokenStream, TimesForMoreSamples) {
  std::vector<std::byte> file = NinetyFrames();
  SetWord(&file, "stts", 2, 0xffffffff);
  EXPECT_THAT(Failure(file),
              HasSubstr("expected 90 samples (from stsz), found 4,294,967,295 or more"));
}

TEST(BrokenStream, OffsetsForOtherSamples) {
  MovieSpec spec = EvenMovie(90);
  spec.offsets = {{80, 1024}};
  EXPECT_THAT(Failure(WriteTestFile(spec)),
              HasSubstr("box covers fewer samples than there are (sum of composition runs)"));
  spec.offsets = {{91, 1024}};
  EXPECT_THAT(Failure(WriteTestFile(spec)),
              HasSubstr("box covers more samples than there are (sum of composition runs)"));
}

TEST(BrokenStream, ChunksForOtherSamples) {
  MovieSpec spec = EvenMovie(90);
  spec.samples_per_chunk = {40, 50};
  std::vector<std::byte> file = WriteTestFile(spec);
  SetWord(&file, "stsc", 3, 39);
  EXPECT_THAT(Failure(file), HasSubstr("box covers fewer samples than there are (sum of chunks)"));
  SetWord(&file, "stsc", 3, 41);
  EXPECT_THAT(Failure(file), HasSubstr("box covers more samples than there are (sum of chunks)"));
  SetWord(&file, "stsc", 3, 0);
  EXPECT_THAT(Failure(file), HasSubstr("chunk 1 holds no samples"));
  SetWord(&file, "stsc", 3, 40);
  SetWord(&file, "stsc", 4, 2);
  EXPECT_THAT(Failure(file), HasSubstr("a sample description that is not there"));
  SetWord(&file, "stsc", 4, 1);
  SetWord(&file, "stsc", 5, 1);
  EXPECT_THAT(
      Failure(file),
      HasSubstr(
          "sample-to-chunk runs are out of order or name a chunk that is not there at clip.mp4: "));
  EXPECT_THAT(Failure(file), HasSubstr("expected a first_chunk above 1, at most 2, found 1"));
  SetWord(&file, "stsc", 5, 4);
  EXPECT_THAT(Failure(file), HasSubstr("expected a first_chunk above 1, at most 2, found 4"));
  SetWord(&file, "stsc", 5, 3);
  EXPECT_THAT(Failure(file), HasSubstr("expected a first_chunk above 0, at most 2, found 3"));
  SetWord(&file, "stsc", 2, 2);
  EXPECT_THAT(Failure(file), HasSubstr("sample-to-chunk runs do not begin with chunk 1"));
}

TEST(BrokenStream, SyncSamplesOutOfOrder) {
  MovieSpec spec = EvenMovie(90);
  spec.sync_samples = {{0, 5, 5}};
  EXPECT_THAT(Failure(WriteTestFile(spec)), HasSubstr("expected a number from 7 to 90, found 6"));
  spec.sync_samples = {{0, 90}};
  EXPECT_THAT(Failure(WriteTestFile(spec)),
              HasSubstr("sync samples are out of order or out of range"));
}

TEST(BrokenStream, TablesThatClaimMoreThanTheyHold) {
  for (const char* type : {"stts", "stsc", "stco"}) {
    std::vector<std::byte> file = NinetyFrames();
    SetWord(&file, type, 1, 0xffffffff);
    EXPECT_THAT(
        Failure(file),
        HasSubstr(std::string("sample table ends early at clip.mp4: moov/trak[0]/mdia/minf/stbl/") +
                  type));
  }
  std::vector<std::byte> file = NinetyFrames();
  SetWord(&file, "stsz", 2, 1u << 24);
  EXPECT_THAT(Failure(file), HasSubstr("expected 16,777,216 sizes, found 90"));
}

TEST(BrokenStream, SampleCountsWithoutBytesBehindThem) {
  std::vector<std::byte> file = NinetyFrames();
  SetWord(&file, "stsz", 1, 1);
  SetWord(&file, "stsz", 2, 4000000000u);
  EXPECT_THAT(Failure(file), HasSubstr("unsupported: track has too many samples"));
}

TEST(BrokenStream, MissingBoxesAreNamed) {
  for (const char* type : {"mvhd", "tkhd", "mdia", "hdlr", "mdhd", "minf", "stbl", "stsd", "stts",
                           "stsc", "stsz", "stco"}) {
    std::vector<std::byte> file = NinetyFrames();
    Rename(&file, type, "free");
    EXPECT_THAT(Failure(file),
                HasSubstr(std::string("box \"") + type + "\" is missing at clip.mp4: moov"));
  }
}

TEST(BrokenStream, TimescaleOfNothing) {
  MovieSpec spec = EvenMovie(3);
  spec.timescale = 0;
  EXPECT_THAT(Failure(WriteTestFile(spec)),
              HasSubstr("timescale of the video track is out of range"));
  spec.timescale = 0x80000000;
  EXPECT_THAT(Failure(WriteTestFile(spec)), HasSubstr("found 2,147,483,648"));
}

TEST(UnsupportedStream, Encrypted) {
  std::vector<std::byte> file = NinetyFrames();
  Rename(&file, "mp4v", "encv");
  EXPECT_THAT(
      Failure(file),
      StartsWith(
          "unsupported: video is encrypted at clip.mp4: moov/trak[0]/mdia/minf/stbl/stsd/encv"));
  MovieSpec spec = EvenMovie(3);
  spec.configuration = BytesOf({0, 0, 0, 8, 's', 'i', 'n', 'f'});
  EXPECT_THAT(Failure(WriteTestFile(spec)), HasSubstr("video is encrypted"));
}

TEST(UnsupportedStream, NoVideoOrTwo) {
  std::vector<std::byte> file = NinetyFrames();
  Rename(&file, "vide", "meta");
  EXPECT_THAT(Failure(file),
              StartsWith("unsupported: file has no video track at clip.mp4: moov, byte "));
  MovieSpec spec = EvenMovie(3);
  spec.has_audio = true;
  file = WriteTestFile(spec);
  Rename(&file, "soun", "vide");
  EXPECT_THAT(Failure(file), HasSubstr("file has several video tracks"));
  SetWord(&file, "tkhd", 0, 0);  // the first of them is disabled
  EXPECT_EQ(Summary(file).own_file_reason, "");
}

TEST(UnsupportedStream, SamplesInAnotherFile) {
  std::vector<std::byte> file = NinetyFrames();
  SetWord(&file, "url ", 0, 0);
  EXPECT_THAT(Failure(file), StartsWith("unsupported: samples lie in another file"));
}

TEST(UnsupportedStream, VersionsFromTheFuture) {
  std::vector<std::byte> file = NinetyFrames();
  SetWord(&file, "stts", 0, 0x01000000);
  EXPECT_THAT(Failure(file),
              StartsWith("unsupported: box version is newer than ISO/IEC 14496-12 describes"));
}

// What is valid but needs a file of its own, and what is only noted.

TEST(OwnFile, UnevenFrames) {
  MovieSpec spec = EvenMovie(6);
  spec.timescale = 1000;
  spec.deltas = {{2, 33}, {1, 34}, {3, 33}};
  EXPECT_EQ(Reason(spec), "its frames are spaced unevenly (33 to 34 ticks of 1/1000 s)");
  spec = EvenMovie(4);
  spec.offsets = {{1, 512}, {1, 1536}, {1, 0}, {1, 513}};
  EXPECT_EQ(Reason(spec), "its frames are spaced unevenly");
  spec.offsets = {{1, 512}, {1, 1536}, {1, 0}, {1, -512}};  // two frames at one time
  EXPECT_EQ(Reason(spec), "its frames are spaced unevenly");
}

TEST(OwnFile, FramesThatLastNoTime) {
  MovieSpec spec = EvenMovie(6);
  spec.deltas = {{5, 512}, {1, 0}};
  EXPECT_EQ(Reason(spec), "some of its frames last no time");
}

TEST(Stream, LongLastFrameGetsItsProperTime) {
  MovieSpec spec = EvenMovie(6);
  spec.deltas = {{5, 512}, {1, 1024}};
  EXPECT_EQ(Reason(spec), "");
}

TEST(OwnFile, DecodeClockBeyondTheFrames) {
  MovieSpec spec = EvenMovie(3);
  spec.deltas = {{1, 512}, {1, 1024}, {1, 512}};
  spec.offsets = {{1, 0}, {1, 0}, {1, -512}};
  EXPECT_EQ(Reason(spec), "its decode clock runs past its frames, to 2048 ticks of 1/15360 s");
}

TEST(OwnFile, EditLists) {
  MovieSpec spec = EvenMovie(90);  // 3 s
  spec.edits = {{3000, 7680, 0x10000}};
  EXPECT_EQ(Reason(spec), "its edit list hides frames at the start");
  spec.edits = {{2000, 0, 0x10000}};
  EXPECT_EQ(Reason(spec), "its edit list hides frames at the end");
  spec.edits = {{1000, 0, 0x10000}, {1000, 0, 0x10000}};
  EXPECT_EQ(Reason(spec), "its edit list has 2 edits");
  spec.edits = {{3000, 0, 0x8000}};
  EXPECT_EQ(Reason(spec), "its edit list changes the speed");
  spec.edits = {{3000, -1, 0x10000}};
  EXPECT_EQ(Reason(spec), "its edit list shows no frame");
  spec.edits = {{500, -1, 0x10000}, {100, -1, 0x10000}, {3000, 0, 0x10000}};
  EXPECT_EQ(Reason(spec), "its edit list has 2 edits");
  spec.edits = {{3000, -2, 0x10000}};
  EXPECT_EQ(Reason(spec), "its edit list is not understood");
}

// As many as FFmpeg decodes of such a file.
TEST(Stream, CountsTheFramesThatAnEditListShows) {
  MovieSpec spec = EvenMovie(90);  // 3 s, 512 ticks a frame
  const auto shown = [&](std::vector<Edit> edits) {
    spec.edits = std::move(edits);
    const StreamSummary summary = Summary(WriteTestFile(spec));
    EXPECT_EQ(summary.num_frames, 90u);
    return summary.num_shown_frames;
  };
  EXPECT_EQ(shown({}), 90u);
  EXPECT_EQ(shown({{3000, 0, 0x10000}}), 90u);
  EXPECT_EQ(shown({{500, -1, 0x10000}, {3000, 0, 0x10000}}), 90u);
  EXPECT_EQ(shown({{3000, -1, 0x10000}}), 0u);
  EXPECT_EQ(shown({{3000, 0x7fffffff, 0x10000}}), 0u);
  EXPECT_EQ(shown({{0, 0, 0x10000}}), 0u);
  EXPECT_EQ(shown({{3000, 512, 0x10000}}), 89u);
  EXPECT_EQ(shown({{3000, 513, 0x10000}}), 88u);
  EXPECT_EQ(shown({{999, 0, 0x10000}}), 30u);
  EXPECT_EQ(shown({{999, 0, 0x10000}, {999, 15360, 0x10000}}), 60u);
  EXPECT_EQ(shown({{3000, 0, 0x8000}}), 90u);  // not understood: nothing is claimed
  EXPECT_EQ(shown({{0xffffffff, 0, 0x10000}}), 90u);
  // Durations in the track's own ticks are exact.
  spec.movie_timescale = spec.timescale;
  EXPECT_EQ(shown({{90 * 512, 0, 0x10000}}), 90u);
  EXPECT_EQ(shown({{89 * 512, 0, 0x10000}}), 89u);
  EXPECT_EQ(shown({{89 * 512 + 1, 0, 0x10000}}), 90u);
  EXPECT_EQ(shown({{30 * 512, 512, 0x10000}}), 30u);
}

TEST(OwnFile, NoSyncSampleFirst) {
  MovieSpec spec = EvenMovie(9);
  spec.sync_samples = {{1, 2}};
  EXPECT_EQ(Reason(spec), "its first frame is not a sync sample");
  spec.sync_samples.emplace();
  EXPECT_EQ(Reason(spec), "its first frame is not a sync sample");
}

TEST(OwnFile, NoFrames) {
  MovieSpec spec = EvenMovie(0);
  spec.samples_per_chunk.clear();
  EXPECT_EQ(Reason(spec), "it has no frames");
}

TEST(OwnFile, SeveralSampleDescriptions) {
  std::vector<std::byte> file = NinetyFrames();
  // Room for a second entry: a child of the first one becomes its neighbour.
  MovieSpec spec = EvenMovie(90);
  spec.configuration.assign(86, std::byte{0});
  const auto header = BytesOf({0, 0, 0, 86, 'm', 'p', '4', 'v'});
  std::copy(header.begin(), header.end(), spec.configuration.begin());
  file = WriteTestFile(spec);
  const auto name = BytesOf({'m', 'p', '4', 'v'});
  const auto entry = std::search(file.begin(), file.end(), name.begin(), name.end());
  *(entry - 1) = std::byte{86};
  EXPECT_EQ(Summary(file).own_file_reason,
            "it changes its decoder configuration (2 sample descriptions)");
}

TEST(OwnFile, Fragmented) {
  MovieSpec spec = EvenMovie(0);
  spec.samples_per_chunk.clear();
  spec.has_extends = true;
  std::vector<std::byte> file = WriteTestFile(spec);
  EXPECT_EQ(Summary(file).own_file_reason, "it is fragmented");
  BoxWriter traf;  // 7 samples of the default duration, then 2 with their own
  {
    BoxScope box(traf, Tag("traf"));
    {
      BoxScope tfhd(traf, Tag("tfhd"), FullBox{});
      traf.U32(2);
    }
    {
      BoxScope trun(traf, Tag("trun"), FullBox{});
      traf.U32(7);
    }
    BoxScope trun(traf, Tag("trun"), FullBox{.flags = 0x301});
    traf.U32(2);
    traf.U32(0);  // data_offset
    for (const uint32_t number : {100u, 9u, 200u, 9u}) traf.U32(number);
  }
  AppendBox(&file, "moof", traf.bytes());
  const StreamSummary summary = Summary(file);
  EXPECT_EQ(summary.own_file_reason, "it is fragmented");
  EXPECT_EQ(summary.num_frames, 9u);
  EXPECT_EQ(summary.length_ticks, 7u * 512 + 300);
  EXPECT_EQ(summary.timescale, 15360u);
  SetWord(&file, "trun", 1, 0xffffffff);
  EXPECT_THAT(Failure(file),
              HasSubstr("track has too many samples at clip.mp4: moof/traf[0]/trun"));
}

TEST(Stream, TrailingBytesAreAcceptedAndFlagged) {
  for (const auto& garbage : {BytesOf({1, 2, 3}), BytesOf({0, 0, 0, 0, 0, 0, 0, 0, 0}),
                              BytesOf({0, 0, 0, 99, 'j', 'u', 'n', 'k', 1})}) {
    std::vector<std::byte> file = NinetyFrames();
    file.insert(file.end(), garbage.begin(), garbage.end());
    const StreamSummary summary = Summary(file);
    EXPECT_TRUE(summary.has_trailing_bytes);
    EXPECT_EQ(summary.own_file_reason, "");
  }
}

TEST(Stream, StartsThatAreNormalised) {
  MovieSpec spec = EvenMovie(90);
  spec.offsets = {{90, 1024}};
  StreamSummary summary = Summary(WriteTestFile(spec));  // no edit list
  EXPECT_EQ(summary.own_file_reason, "");
  EXPECT_FALSE(summary.starts_at_zero);
  EXPECT_EQ(summary.length_ticks, 90u * 512);
  spec.edits = {{3000, 1024, 0x10000}};
  EXPECT_TRUE(Summary(WriteTestFile(spec)).starts_at_zero);
  spec.edits = {{433, -1, 0x10000}, {3000, 1024, 0x10000}};
  summary = Summary(WriteTestFile(spec));
  EXPECT_EQ(summary.own_file_reason, "");
  EXPECT_FALSE(summary.starts_at_zero);
  spec.offsets = {{90, -512}};
  spec.edits.clear();
  EXPECT_EQ(Reason(spec), "");
}

TEST(Stream, NegativeOffsetsInVersionZeroAreUnderstood) {
  MovieSpec spec = EvenMovie(2);
  spec.offsets = {{1, 512}, {1, -512}};
  std::vector<std::byte> file = WriteTestFile(spec);
  SetWord(&file, "ctts", 0, 0);
  EXPECT_EQ(Summary(file).own_file_reason, "");
  EXPECT_EQ(Summary(file).frame_ticks, 512u);
}

TEST(Stream, ShortLastFrameGetsItsFullTime) {
  MovieSpec spec = EvenMovie(6);
  spec.deltas = {{5, 512}, {1, 1}};
  EXPECT_EQ(Reason(spec), "");
  EXPECT_EQ(Summary(WriteTestFile(spec)).length_ticks, 6u * 512);
}

TEST(Stream, AudioIsNoted) {
  MovieSpec spec = EvenMovie(6);
  spec.has_audio = true;
  const StreamSummary summary = Summary(WriteTestFile(spec));
  EXPECT_TRUE(summary.has_audio);
  EXPECT_EQ(summary.num_other_tracks, 1u);
  EXPECT_EQ(summary.own_file_reason, "");
}

TEST(Stream, DecoderKeyTellsRotationAndSizeApart) {
  const std::string key = Summary(NinetyFrames()).decoder_key;
  MovieSpec spec = EvenMovie(90);
  spec.matrix = {0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000};
  EXPECT_NE(Summary(WriteTestFile(spec)).decoder_key, key);
  spec = EvenMovie(90);
  spec.width = 66;
  EXPECT_NE(Summary(WriteTestFile(spec)).decoder_key, key);
  spec = EvenMovie(90);
  spec.codec = Tag("jpeg");
  EXPECT_NE(Summary(WriteTestFile(spec)).decoder_key, key);
  EXPECT_EQ(Summary(WriteTestFile(spec)).codec, "jpeg");
}

}  // namespace
}  // namespace robomerge::mp4
