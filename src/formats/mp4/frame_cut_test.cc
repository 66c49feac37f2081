#include "formats/mp4/frame_cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "formats/mp4/box_scope.h"
#include "formats/mp4/movie_splice.h"
#include "formats/mp4/stream_cutter.h"
#include "testing/made_movie.h"

namespace robomerge::mp4 {

void PrintTo(const FrameCut::Piece& piece, std::ostream* out) {
  *out << piece.first << "+" << piece.num << (piece.must_begin_file ? " begins a file" : "");
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Pieces = std::vector<FrameCut::Piece>;

// Frames whose numbers in order of presentation are `numbers`, in decode order.
MovieSpec Movie(const std::vector<int64_t>& numbers, std::vector<uint32_t> sync_samples) {
  MovieSpec spec = EvenMovie(static_cast<uint32_t>(numbers.size()));
  for (size_t i = 0; i < numbers.size(); ++i)
    spec.offsets.push_back({1, (numbers[i] - static_cast<int64_t>(i)) * 512});
  spec.sync_samples = std::move(sync_samples);
  return spec;
}

MovieSpec InOrder(uint32_t num_frames, std::vector<uint32_t> sync_samples) {
  MovieSpec spec = EvenMovie(num_frames);
  spec.sync_samples = std::move(sync_samples);
  return spec;
}

Pieces PiecesOf(const MovieSpec& spec, const std::vector<FrameRange>& wanted) {
  const Result<FrameCut> cut = PlanCut(MemoryFile(WriteTestFile(spec)), wanted);
  EXPECT_TRUE(cut.ok()) << cut.status().ToString();
  return cut.ok() ? cut->pieces : Pieces();
}

Status Refusal(const MovieSpec& spec, const std::vector<FrameRange>& wanted) {
  const Result<FrameCut> cut = PlanCut(MemoryFile(WriteTestFile(spec)), wanted);
  EXPECT_FALSE(cut.ok());
  return cut.status();
}

TEST(FrameCut, BeginsAtTheLastSyncSampleBefore) {
  const MovieSpec spec = InOrder(12, {0, 4, 8});
  EXPECT_EQ(PiecesOf(spec, {{4, 2}}), (Pieces{{4, 2}}));
  EXPECT_EQ(PiecesOf(spec, {{6, 1}}), (Pieces{{4, 3}}));
  EXPECT_EQ(PiecesOf(spec, {{3, 2}}), (Pieces{{0, 5}}));
  EXPECT_EQ(PiecesOf(spec, {{11, 1}}), (Pieces{{8, 4}}));
  EXPECT_EQ(PiecesOf(spec, {{0, 1}}), (Pieces{{0, 1}}));
}

TEST(FrameCut, RangesInAnyOrderAreJoinedWhereTheyMeet) {
  const MovieSpec spec = InOrder(12, {0, 4, 8});
  EXPECT_EQ(PiecesOf(spec, {{8, 1}, {0, 2}, {1, 1}, {5, 0}, {99, 0}}), (Pieces{{0, 2}, {8, 1}}));
  EXPECT_EQ(PiecesOf(spec, {{0, 4}, {4, 2}}), (Pieces{{0, 6}}));  // they touch
  EXPECT_EQ(PiecesOf(spec, {{0, 3}, {4, 2}}), (Pieces{{0, 3}, {4, 2}}));
  EXPECT_EQ(PiecesOf(spec, {{4, 1}, {6, 1}}), (Pieces{{4, 3}}));  // the same start
  EXPECT_EQ(PiecesOf(spec, {{0, 9}, {2, 1}}), (Pieces{{0, 9}}));  // one in the other
  EXPECT_EQ(PiecesOf(spec, {{3, 1}, {5, 1}}), (Pieces{{0, 6}}));  // padding meets the piece before
  EXPECT_THAT(PiecesOf(spec, {}), IsEmpty());
}

TEST(FrameCut, EndsWhereTheReorderedFramesAreComplete) {
  const MovieSpec spec = Movie({0, 3, 1, 2, 4, 7, 5, 6}, {0, 4});
  EXPECT_EQ(PiecesOf(spec, {{0, 1}}), (Pieces{{0, 1}}));
  EXPECT_EQ(PiecesOf(spec, {{1, 1}}), (Pieces{{0, 4}}));
  EXPECT_EQ(PiecesOf(spec, {{5, 1}}), (Pieces{{4, 4}}));
  EXPECT_EQ(PiecesOf(spec, {{4, 1}}), (Pieces{{4, 1}}));
}

TEST(FrameCut, DoesNotBeginAtAFrameWithLeadingFrames) {
  const MovieSpec open = Movie({0, 1, 4, 2, 3, 5, 6, 7}, {0, 2, 6});  // 2 and 3 lead sample 2
  EXPECT_EQ(PiecesOf(open, {{5, 1}}), (Pieces{{0, 6}}));
  EXPECT_EQ(PiecesOf(open, {{3, 1}}), (Pieces{{0, 5}}));
  EXPECT_EQ(PiecesOf(open, {{6, 1}}), (Pieces{{6, 1}}));
}

TEST(FrameCut, WithoutASyncTableEveryFrameIsAStart) {
  MovieSpec spec = EvenMovie(5);
  EXPECT_EQ(PiecesOf(spec, {{1, 1}, {3, 1}}), (Pieces{{1, 1}, {3, 1}}));
}

TEST(FrameCut, WholeIsSeen) {
  const MemoryFile file(WriteTestFile(InOrder(12, {0, 4, 8})));
  const std::vector<FrameRange> all{{0, 5}, {5, 7}};
  EXPECT_TRUE(PlanCut(file, all)->is_whole());
  const FrameRange part{0, 11};
  EXPECT_FALSE(PlanCut(file, std::span(&part, 1))->is_whole());
  EXPECT_FALSE(FrameCut().is_whole());
}

TEST(FrameCut, PlacesCountWhatIsKept) {
  const FrameCut cut{{{2, 3}, {8, 2}}, 20};
  EXPECT_EQ(cut.num_frames(), 5u);
  EXPECT_EQ(cut.PlaceOf(2), 0u);
  EXPECT_EQ(cut.PlaceOf(4), 2u);
  EXPECT_EQ(cut.PlaceOf(9), 4u);
  for (const uint64_t dropped : {0u, 1u, 5u, 7u, 10u, 99u})
    EXPECT_EQ(cut.PlaceOf(dropped), std::nullopt);
}

TEST(FrameCut, SplitsWhereAFileMustBegin) {
  const FrameCut cut{{{0, 1, true}, {2, 1}, {4, 1, true}, {6, 1}}, 9};
  EXPECT_THAT(cut.SplitAtFileStarts(), ElementsAre(FrameCut{{{0, 1, true}, {2, 1}}, 9},
                                                   FrameCut{{{4, 1, true}, {6, 1}}, 9}));
  EXPECT_THAT(FrameCut().SplitAtFileStarts(), IsEmpty());
}

TEST(FrameCut, NamesEveryRangePastTheEnd) {
  const Status status = Refusal(InOrder(12, {0}), {{0, 12}, {11, 2}, {~uint64_t{0}, 2}});
  ASSERT_EQ(status.problems().size(), 2u);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(
      Status(status.problems()[0]).ToString(),
      "invalid_argument: frames are wanted that the video does not have at clip.mp4, expected "
      "frames 0 to 11, found frames 11 to 12");
}

TEST(FrameCut, RefusesWhatCanOnlyBeKeptWhole) {
  MovieSpec uneven = EvenMovie(3);
  uneven.deltas = {{1, 512}, {1, 500}, {1, 512}};
  MovieSpec fragmented = EvenMovie(3);
  fragmented.has_extends = true;
  for (const MovieSpec& spec : {uneven, fragmented, InOrder(3, {1})}) {
    const Status status = Refusal(spec, {{0, 1}});
    EXPECT_EQ(status.code(), Code::kUnsupported);
    EXPECT_THAT(status.ToString(), HasSubstr("video cannot be cut without decoding: it"));
    EXPECT_THAT(status.problems()[0].hint, HasSubstr("copied whole"));
  }
}

// What a sample holds decides, not the sync table alone. Samples are single NAL units of one byte,
// or parameter sets before one.

std::vector<std::byte> NalUnits(std::initializer_list<int> headers) {
  std::vector<std::byte> bytes;
  for (const int header : headers) {
    const auto one = BytesOf({0, 0, 0, 1, header});
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  return bytes;
}

std::vector<std::byte> BoxOf(const char (&type)[5], const std::vector<std::byte>& body) {
  BoxWriter out;
  {
    BoxScope box(out, Tag(type));
    out.Bytes(body);
  }
  return std::move(out).Take();
}

MovieSpec Avc(const std::vector<std::vector<std::byte>>& samples) {
  MovieSpec spec = EvenMovie(static_cast<uint32_t>(samples.size()));
  spec.codec = Tag("avc1");
  spec.configuration = BoxOf("avcC", BytesOf({1, 0x42, 0xc0, 0x0a, 0xff, 0xe1, 0, 4, 0x67, 0x42,
                                              0xc0, 0x0a, 1, 0, 1, 0x68}));
  spec.samples = samples;
  return spec;
}

MovieSpec Hevc(const std::vector<int>& types, const std::vector<int64_t>& numbers) {
  MovieSpec spec = Movie(numbers, {});
  spec.codec = Tag("hvc1");
  std::vector<std::byte> head(22);  // a record without arrays but the parameter sets'
  head[0] = std::byte{1};
  head[21] = std::byte{3};  // four bytes of length
  const auto arrays = BytesOf({1, 0xa1, 0, 1, 0, 3, 0x42, 1, 9});
  head.insert(head.end(), arrays.begin(), arrays.end());
  spec.configuration = BoxOf("hvcC", head);
  for (size_t i = 0; i < types.size(); ++i) {
    spec.samples[i] = NalUnits({types[i] << 1});
    if (types[i] >= 16) spec.sync_samples->push_back(static_cast<uint32_t>(i));
  }
  return spec;
}

constexpr int kIdr = 0x65, kSlice = 0x61, kSps = 0x67, kMessage = 0x06, kOtherSps = 0x27;

TEST(FrameCut, H264BeginsAtAnInstantRefresh) {
  const MovieSpec spec = Avc({NalUnits({kIdr}),
                              NalUnits({kSlice}),
                              NalUnits({kMessage, kSlice}),
                              NalUnits({kMessage, kIdr}),
                              NalUnits({kSlice}),
                              {}});
  EXPECT_EQ(PiecesOf(spec, {{2, 1}}), (Pieces{{0, 3}}));
  EXPECT_EQ(PiecesOf(spec, {{4, 2}}), (Pieces{{3, 3}}));
}

TEST(FrameCut, H264ParameterSetsInsideBelongToThePiece) {
  const MovieSpec same = Avc({NalUnits({kSps, kIdr}), NalUnits({kSlice}), NalUnits({kSps, kIdr}),
                              NalUnits({kIdr}), NalUnits({kSlice})});
  EXPECT_EQ(PiecesOf(same, {{0, 1}, {2, 1}}), (Pieces{{0, 1}, {2, 1}}));
  EXPECT_EQ(PiecesOf(same, {{4, 1}}), (Pieces{{2, 3}}));  // not at 3, which may need those of 2

  const MovieSpec other = Avc({NalUnits({kSps, kIdr}), NalUnits({kSlice}),
                               NalUnits({kOtherSps, kIdr}), NalUnits({kSlice})});
  EXPECT_EQ(PiecesOf(other, {{0, 1}, {2, 1}}), (Pieces{{0, 1}, {2, 1, true}}));
  const MemoryFile file(WriteTestFile(other));
  const FrameRange last{3, 1};
  const FrameCut cut = *PlanCut(file, std::span(&last, 1));
  EXPECT_EQ(cut.pieces, (Pieces{{2, 2}}));
  EXPECT_THAT(ReadStreamSummary(file)->decoder_key, HasSubstr(" inside 67"));
  EXPECT_THAT(SummarizeCut(file, cut)->decoder_key, HasSubstr(" inside 27"));
}

TEST(FrameCut, HevcRandomAccessPointBeginsAFile) {
  const MovieSpec spec = Hevc({20, 1, 21, 1, 20, 1}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(PiecesOf(spec, {{0, 1}, {2, 1}, {4, 1}}), (Pieces{{0, 1}, {2, 1, true}, {4, 1}}));
  EXPECT_EQ(PiecesOf(spec, {{0, 2}, {2, 1}}), (Pieces{{0, 3}}));  // nothing is left out before it
  const MovieSpec leading = Hevc({20, 1, 21, 9, 1, 1}, {0, 1, 3, 2, 4, 5});
  EXPECT_EQ(PiecesOf(leading, {{4, 1}}), (Pieces{{0, 5}}));
}

TEST(FrameCut, HevcInstantRefreshMayHaveLeadingFrames) {
  const MovieSpec spec = Hevc({20, 1, 19, 7, 1}, {0, 1, 3, 2, 4});
  EXPECT_EQ(PiecesOf(spec, {{4, 1}}), (Pieces{{2, 3}}));
  EXPECT_EQ(PiecesOf(spec, {{2, 1}}), (Pieces{{2, 2}}));
}

std::vector<std::byte> Av1Frame(int first_byte) {
  return BytesOf({0x0a, 2, 0x00, 7, 0x32, 2, first_byte, 0});  // a sequence header before it
}

std::vector<std::byte> ShownKeyFrame() { return Av1Frame(0x10); }

MovieSpec Av1(const std::vector<std::vector<std::byte>>& samples) {
  MovieSpec spec = EvenMovie(static_cast<uint32_t>(samples.size()));
  spec.codec = Tag("av01");
  spec.configuration = BoxOf("av1C", BytesOf({0x81, 0, 0, 0}));
  spec.samples = samples;
  return spec;
}

TEST(FrameCut, Av1BeginsAtAShownKeyFrame) {
  MovieSpec spec = Av1({ShownKeyFrame(),
                        Av1Frame(0x30),                 // inter frame; there is no sync table
                        Av1Frame(0x00),                 // key frame that is shown later
                        BytesOf({0x1a, 1, 0x80}),       // shown by reference
                        Av1Frame(0x70),                 // switch frame
                        BytesOf({0x32, 9, 0x10, 0})});  // longer than its sample
  EXPECT_EQ(PiecesOf(spec, {{5, 1}}), (Pieces{{0, 6}}));
  spec.samples[3] = ShownKeyFrame();
  EXPECT_EQ(PiecesOf(spec, {{5, 1}}), (Pieces{{3, 3}}));
  spec.samples[3] = BytesOf({0x32, 2, 0x10, 0});  // needs a sequence header from before
  EXPECT_EQ(PiecesOf(spec, {{5, 1}}), (Pieces{{0, 6}}));
}

// How a splice takes cuts.

Status SpliceRefusal(const std::vector<SpliceSource>& sources) {
  return PlanSplice(sources, {}).status();
}

TEST(SpliceOfCuts, RefusesCutsThatDoNotFit) {
  const MemoryFile file(WriteTestFile(Hevc({20, 1, 21, 1, 20, 1}, {0, 1, 2, 3, 4, 5})));
  const FrameCut empty{{}, 6};
  EXPECT_THAT(SpliceRefusal({{&file, &empty}}).ToString(),
              HasSubstr("cut of a video keeps no frame"));
  for (const FrameCut& wrong : {FrameCut{{{1, 2}}, 6}, FrameCut{{{0, 1}}, 7}, FrameCut{{{0, 7}}, 7},
                                FrameCut{{{4, 1}, {0, 1}}, 6}})
    EXPECT_EQ(SpliceRefusal({{&file, &wrong}}).code(), Code::kInvalidArgument);
  const FrameCut two{{{0, 1}, {2, 1, true}}, 6};
  EXPECT_THAT(SpliceRefusal({{&file, &two}}).ToString(),
              HasSubstr("cut of a video needs several files"));
  const std::vector<FrameCut> parts = two.SplitAtFileStarts();
  EXPECT_TRUE(SpliceRefusal({{&file, &parts[1]}, {&file}}).ok());
  EXPECT_THAT(SpliceRefusal({{&file}, {&file, &parts[1]}}).ToString(),
              HasSubstr("a decoder must begin with this cut of a video"));
}

TEST(SpliceOfCuts, MovesKeptFramesToEvenTimes) {
  // Decode times are uneven, and the decode clock of the second half runs late.
  MovieSpec spec = Movie({0, 2, 1, 3, 5, 4}, {0, 3});
  spec.deltas = {{2, 100}, {1, 1336}, {2, 512}, {1, 512}};
  int64_t decode_ticks = 0;
  const std::vector<int64_t> deltas{100, 100, 1336, 512, 512, 512};
  const std::vector<int64_t> numbers{0, 2, 1, 3, 5, 4};
  for (size_t i = 0; i < numbers.size(); ++i) {
    spec.offsets[i].offset_ticks = numbers[i] * 512 - decode_ticks + 700;
    decode_ticks += deltas[i];
  }
  spec.samples_per_chunk = {4, 2};
  spec.gap_bytes = 3;
  const MemoryFile file(WriteTestFile(spec));
  const FrameRange wanted{4, 1};
  const FrameCut cut = *PlanCut(file, std::span(&wanted, 1));
  EXPECT_EQ(cut.pieces, (Pieces{{3, 3}}));
  const std::vector<SpliceSource> sources{{&file, &cut}, {&file, &cut}};
  const Result<SpliceLayout> layout = PlanSplice(sources, {});
  ASSERT_TRUE(layout.ok()) << layout.status().ToString();
  EXPECT_THAT(layout->start_ticks, ElementsAre(0u, 3u * 512));
  EXPECT_EQ(layout->end_ticks, 6u * 512);
  std::vector<std::byte> bytes(layout->file_size_bytes);
  std::copy(layout->head.begin(), layout->head.end(), bytes.begin());
  for (const io::PayloadRange& range : layout->ranges) {
    ASSERT_TRUE(range.source
                    ->ReadAt(range.source_offset,
                             std::span(bytes).subspan(range.destination_offset, range.length_bytes))
                    .ok());
  }
  const MemoryFile out(std::move(bytes), "out.mp4");
  const Result<ParsedStream> stream = ParseStream(out);
  ASSERT_TRUE(stream.ok());
  EXPECT_TRUE(stream->summary.starts_at_zero);
  EXPECT_EQ(stream->video().samples.decode_deltas, (std::vector<TimeRun>{{6, 512}}));
  const int64_t zero_ticks = stream->video().edits[0].media_time_ticks;
  const std::vector<TestFrame> frames = ReadFrames(*stream, out);
  const std::vector<TestFrame> from = ReadFrames(*ParseStream(file), file);
  ASSERT_EQ(frames.size(), 6u);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(frames[i].payload, from[3 + i % 3].payload);
    EXPECT_EQ(frames[i].is_sync, i % 3 == 0);
    const int64_t place = (i < 3 ? 0 : 3) + numbers[3 + i % 3] - 3;
    EXPECT_EQ(frames[i].shown_ticks - zero_ticks, place * 512);
  }
}

// The bytes of a layout.
std::vector<std::byte> BytesOf(const SpliceLayout& layout) {
  std::vector<std::byte> bytes(layout.file_size_bytes);
  std::copy(layout.head.begin(), layout.head.end(), bytes.begin());
  for (const io::PayloadRange& range : layout.ranges) {
    EXPECT_TRUE(range.source
                    ->ReadAt(range.source_offset,
                             std::span(bytes).subspan(range.destination_offset, range.length_bytes))
                    .ok());
  }
  return bytes;
}

TEST(ShownCut, AnEditListHidesWhatADecoderNeedsAndNobodyWants) {
  // Frames 5 to 7 need all from 4 on, and 8, which is decoded before 7.
  const MovieSpec spec = Movie({0, 2, 1, 3, 4, 6, 5, 8, 7, 9}, {0, 4, 9});
  const MemoryFile file(WriteTestFile(spec));
  StreamCutter cutter(file, *ParseStream(file));
  const FrameRange wanted{5, 3};
  const FrameCut cut = cutter.Plan(std::span(&wanted, 1))->cut;
  EXPECT_EQ(cut.pieces, (Pieces{{4, 5}}));
  const FrameRange shown{*cut.PlaceOf(5), 3};
  const Result<SpliceLayout> layout = PlanShown(cutter, cut, shown, file, {});
  ASSERT_TRUE(layout.ok()) << layout.status().ToString();
  const MemoryFile out(BytesOf(*layout), "out.mp4");
  const Result<ParsedStream> stream = ParseStream(out);
  ASSERT_TRUE(stream.ok()) << stream.status().ToString();
  EXPECT_EQ(stream->summary.num_frames, 5u);
  const Edit& edit = stream->movie.video.edits.at(0);
  EXPECT_EQ(edit.duration_movie_ticks, 3u * 512);
  std::vector<int64_t> times;  // of the wanted frames, from the start of the edit
  const std::vector<TestFrame> frames = ReadFrames(*stream, out);
  const std::vector<TestFrame> from = ReadFrames(*ParseStream(file), file);
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].payload, from[4 + i].payload);
    times.push_back((frames[i].shown_ticks - edit.media_time_ticks) / 512);
  }
  EXPECT_THAT(times, ElementsAre(-1, 1, 0, 3, 2));
}

TEST(ShownCut, EachOfManyIsTheOneThatASpliceMakes) {
  MovieSpec spec = Movie({0, 2, 1, 3, 5, 4, 6, 8, 7, 9}, {0, 3, 6, 9});
  spec.samples_per_chunk = {2, 5, 3};
  spec.gap_bytes = 5;
  const MemoryFile file(WriteTestFile(spec));
  StreamCutter cutter(file, *ParseStream(file));
  for (const FrameRange& wanted : {FrameRange{6, 3}, FrameRange{0, 3}, FrameRange{3, 3},
                                   FrameRange{9, 1}, FrameRange{0, 10}}) {
    const FrameCut cut = cutter.Plan(std::span(&wanted, 1))->cut;
    EXPECT_EQ(cut, *PlanCut(file, std::span(&wanted, 1)));
    const Result<SpliceLayout> shown = PlanShown(cutter, cut, {0, wanted.num}, file, {});
    ASSERT_TRUE(shown.ok()) << shown.status().ToString();
    const SpliceSource source{&file, wanted.num == 10 ? nullptr : &cut};
    const Result<SpliceLayout> spliced = PlanSplice(std::span(&source, 1), {});
    EXPECT_EQ(shown->head, spliced->head);
    EXPECT_EQ(BytesOf(*shown), BytesOf(*spliced));
  }
  EXPECT_FALSE(
      PlanShown(cutter, *PlanCut(file, std::vector<FrameRange>{{3, 3}}), {1, 3}, file, {}).ok());
}

TEST(SpliceOfCuts, SummaryIsThatOfTheFileItMakes) {
  MovieSpec spec = InOrder(12, {0, 4, 8});
  spec.has_audio = true;
  const MemoryFile file(WriteTestFile(spec));
  const std::vector<FrameRange> wanted{{0, 2}, {9, 1}};
  const FrameCut cut = *PlanCut(file, wanted);
  const Result<StreamSummary> summary = SummarizeCut(file, cut);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->num_frames, 4u);
  EXPECT_EQ(summary->length_ticks, 4u * 512);
  EXPECT_FALSE(summary->has_audio);
  EXPECT_EQ(summary->num_other_tracks, 0u);
  const SpliceSource source{&file, &cut};
  EXPECT_EQ(summary->file_size_bytes, PlanSplice(std::span(&source, 1), {})->file_size_bytes);
  const std::vector<FrameRange> all{{0, 12}};
  const FrameCut whole = *PlanCut(file, all);
  EXPECT_EQ(SummarizeCut(file, whole)->file_size_bytes, file.size_bytes());
  const SpliceSource uncut{&file};
  const SpliceSource kept{&file, &whole};
  EXPECT_EQ(PlanSplice(std::span(&kept, 1), {})->head, PlanSplice(std::span(&uncut, 1), {})->head);
}

// Whatever bytes change, the result is a cut that can be laid out, or a problem.
TEST(SpliceOfCuts, DamagedBytesAreAnAnswerOrAProblem) {
  const std::vector<MovieSpec> specs{
      Hevc({20, 1, 21, 9, 1, 19, 7, 1}, {0, 1, 3, 2, 4, 6, 5, 7}),
      Avc({NalUnits({kSps, kIdr}), NalUnits({kSlice}), NalUnits({kSps, kIdr}), NalUnits({kIdr})}),
      Av1({ShownKeyFrame(), ShownKeyFrame(), ShownKeyFrame()}), InOrder(12, {0, 4, 8})};
  std::mt19937 random(5);
  uint32_t num_cuts = 0;
  for (uint32_t round = 0; round < 4000; ++round) {
    std::vector<std::byte> bytes = WriteTestFile(specs[round % specs.size()]);
    for (uint64_t left = 1 + random() % 3; left > 0; --left)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    const MemoryFile file(std::move(bytes));
    const std::vector<FrameRange> wanted{{random() % 12, random() % 4}, {random() % 3, 1}};
    const Result<FrameCut> cut = PlanCut(file, wanted);
    if (!cut.ok()) {
      EXPECT_NE(cut.status().code(), Code::kInternal);
      continue;
    }
    ++num_cuts;
    for (const FrameCut& part : cut->SplitAtFileStarts()) {
      const SpliceSource source{&file, &part};
      const Result<SpliceLayout> layout =
          PlanSplice(std::span(&source, 1), {.alignment_bytes = round % 2 == 0 ? 1u : 512u});
      EXPECT_EQ(SummarizeCut(file, part).ok(), layout.ok());
      EXPECT_TRUE(layout.ok() || layout.status().code() != Code::kInternal);
    }
  }
  EXPECT_GT(num_cuts, 1000u);
}

}  // namespace
}  // namespace robomerge::mp4
