#include "formats/mp4/movie_splice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "formats/mp4/box_scope.h"
#include "formats/mp4/joined_tables.h"
#include "formats/mp4/movie_writer.h"
#include "testing/made_movie.h"

namespace robomerge::mp4 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Sources {
  std::vector<std::unique_ptr<MemoryFile>> files;
  std::vector<const io::RandomAccessFile*> views;
};

Sources MakeSources(const std::vector<MovieSpec>& specs) {
  Sources sources;
  for (size_t i = 0; i < specs.size(); ++i) {
    sources.files.push_back(
        std::make_unique<MemoryFile>(WriteTestFile(specs[i]), "clip" + std::to_string(i) + ".mp4"));
    sources.views.push_back(sources.files.back().get());
  }
  return sources;
}

// Applies a layout as a writer does, and checks what the layout promises.
MemoryFile Apply(const SpliceLayout& layout) {
  std::vector<std::byte> out(layout.file_size_bytes);
  std::copy(layout.head.begin(), layout.head.end(), out.begin());
  uint64_t end = layout.head.size();
  for (const io::PayloadRange& range : layout.ranges) {
    EXPECT_GE(range.destination_offset, end) << "ranges overlap or are out of order";
    EXPECT_GT(range.length_bytes, 0u);
    end = range.destination_offset + range.length_bytes;
    EXPECT_LE(end, layout.file_size_bytes);
    EXPECT_TRUE(range.source
                    ->ReadAt(range.source_offset,
                             std::span(out).subspan(range.destination_offset, range.length_bytes))
                    .ok());
  }
  EXPECT_EQ(end, layout.file_size_bytes);
  return MemoryFile(std::move(out), "out.mp4");
}

SpliceLayout Plan(const Sources& sources, const SpliceOptions& options = {}) {
  Result<SpliceLayout> layout = PlanSplice(sources.views, options);
  EXPECT_TRUE(layout.ok()) << layout.status().ToString();
  return layout.ok() ? std::move(layout).value() : SpliceLayout();
}

std::string Failure(const Sources& sources, const SpliceOptions& options = {}) {
  const Status status = PlanSplice(sources.views, options).status();
  EXPECT_FALSE(status.ok());
  return status.ToString();
}

std::vector<TestFrame> FramesOf(const io::RandomAccessFile& file) {
  Result<ParsedStream> stream = ParseStream(file);
  EXPECT_TRUE(stream.ok()) << stream.status().ToString();
  return stream.ok() ? ReadFrames(*stream, file) : std::vector<TestFrame>();
}

TEST(Splice, StartsEachSourceAtTheSumOfFramesBefore) {
  MovieSpec slow = EvenMovie(5, 1);
  slow.timescale = 90000;
  slow.deltas = {{5, 3000}};
  const Sources sources = MakeSources({EvenMovie(3), slow, EvenMovie(1, 2)});
  const SpliceLayout layout = Plan(sources);
  EXPECT_EQ(layout.timescale, 5760000u);  // lcm(15360, 90000)
  EXPECT_THAT(layout.start_ticks,
              ElementsAre(0u, 3u * layout.timescale / 30, 8u * layout.timescale / 30));
  EXPECT_EQ(layout.end_ticks, 9u * layout.timescale / 30);
}

TEST(Splice, TimescaleHoldsTheFrameRateToo) {
  EXPECT_EQ(Plan(MakeSources({EvenMovie(3)})).timescale, 15360u);
  EXPECT_EQ(Plan(MakeSources({EvenMovie(3)}), {.fps_numerator = 7}).timescale, 15360u * 7);
}

TEST(Splice, SingleSourceWorks) {
  const Sources sources = MakeSources({EvenMovie(4, 9)});
  const SpliceLayout layout = Plan(sources);
  const MemoryFile out = Apply(layout);
  EXPECT_EQ(FramesOf(out).size(), 4u);
  EXPECT_EQ(FramesOf(out)[3].payload, FramesOf(*sources.files[0])[3].payload);
}

TEST(Splice, PackedRangesAreJoined) {
  MovieSpec in_pieces = EvenMovie(6);
  in_pieces.samples_per_chunk = {2, 2, 2};
  MovieSpec with_gaps = in_pieces;
  with_gaps.gap_bytes = 5;
  const Sources sources = MakeSources({in_pieces, with_gaps});
  const SpliceLayout layout = Plan(sources);
  ASSERT_EQ(layout.ranges.size(), 4u);
  EXPECT_EQ(layout.ranges[0].length_bytes, 60u);
  EXPECT_EQ(layout.ranges[3].length_bytes, 20u);
  EXPECT_EQ(layout.file_size_bytes, layout.head.size() + 120);
}

TEST(Splice, AlignedRangesAreWholeBlocksAtBlocks) {
  MovieSpec spec = EvenMovie(6);
  for (auto& sample : spec.samples) sample.resize(1000);
  spec.samples_per_chunk = {2, 2, 2};
  spec.gap_bytes = 4000;  // blocks of 512 between the chunks hold no samples
  const Sources sources = MakeSources({spec, spec});
  const SpliceLayout layout = Plan(sources, {.alignment_bytes = 512});
  EXPECT_EQ(layout.head.size() % 512, 0u);
  ASSERT_EQ(layout.ranges.size(), 6u);
  for (const io::PayloadRange& range : layout.ranges) {
    EXPECT_EQ(range.source_offset % 512, 0u);
    EXPECT_EQ(range.destination_offset % 512, 0u);
    const bool ends_with_its_file =
        range.source_offset + range.length_bytes == range.source->size_bytes();
    EXPECT_TRUE(ends_with_its_file || range.length_bytes % 512 == 0);
    EXPECT_LT(range.length_bytes, 2000u + 2 * 512);
  }
}

TEST(Splice, AlignedRangeStopsAtTheEndOfTheFile) {
  MovieSpec spec = EvenMovie(6);
  spec.has_moov_first = true;
  const Sources sources = MakeSources({spec, spec});
  const SpliceLayout layout = Plan(sources, {.alignment_bytes = 4096});
  ASSERT_EQ(layout.ranges.size(), 2u);
  EXPECT_EQ(layout.ranges[0].source_offset, 0u);
  EXPECT_EQ(layout.ranges[0].length_bytes, sources.files[0]->size_bytes());
  EXPECT_EQ(layout.ranges[1].destination_offset, layout.head.size() + 4096);
  EXPECT_EQ(FramesOf(Apply(layout)).size(), 12u);
}

TEST(Splice, UnequalDelaysShareOneEdit) {
  MovieSpec none = EvenMovie(4);
  MovieSpec late = EvenMovie(4, 1);
  late.offsets = {
      {1, 1024}, {1, 1536}, {1, 512}, {1, 1024}};  // shown from 1024 on: 1024, 2048, 1536, 2560
  MovieSpec early = EvenMovie(4, 2);
  early.offsets = {{4, -300}};
  const Sources sources = MakeSources({none, late, early});
  const MemoryFile out = Apply(Plan(sources));
  const Result<ParsedStream> stream = ParseStream(out);
  ASSERT_TRUE(stream.ok()) << stream.status().ToString();
  ASSERT_EQ(stream->video().edits.size(), 1u);
  EXPECT_EQ(stream->video().edits[0].media_time_ticks, 512);
  EXPECT_EQ(stream->video().edits[0].duration_movie_ticks, 12u * 512);
  EXPECT_TRUE(stream->summary.starts_at_zero);
  std::vector<int64_t> shown;
  for (const TestFrame& frame : FramesOf(out)) shown.push_back((frame.shown_ticks - 512) / 512);
  EXPECT_THAT(shown, ElementsAre(0, 1, 2, 3, 4, 6, 5, 7, 8, 9, 10, 11));
}

TEST(Splice, RefusesWhatItMustNotJoin) {
  MovieSpec other_size = EvenMovie(3);
  other_size.width = 128;
  EXPECT_THAT(
      Failure(MakeSources({EvenMovie(3), other_size})),
      HasSubstr("incompatible: streams need different decoder configurations at clip1.mp4"));
  MovieSpec other_rate = EvenMovie(3);
  other_rate.deltas = {{3, 256}};
  EXPECT_THAT(Failure(MakeSources({EvenMovie(3), other_rate})),
              HasSubstr("incompatible: streams differ in frame rate at clip1.mp4, expected "
                        "512/15360 s per frame"));
  MovieSpec hidden = EvenMovie(3);
  hidden.edits = {{100, 600, 0x10000}};
  EXPECT_THAT(Failure(MakeSources({EvenMovie(3), hidden})),
              HasSubstr("invalid_argument: stream cannot be spliced: its edit list hides frames at "
                        "the start at clip1.mp4"));
  EXPECT_THAT(Failure(Sources()), HasSubstr("nothing to splice"));
  EXPECT_THAT(Failure(MakeSources({EvenMovie(3)}), {.alignment_bytes = 3}),
              HasSubstr("is not a power of two"));
  EXPECT_THAT(Failure(MakeSources({EvenMovie(3)}), {.alignment_bytes = 0}),
              HasSubstr("is not a power of two"));
}

TEST(Splice, RefusesClocksWithoutACommonOne) {
  std::vector<MovieSpec> specs(2, EvenMovie(3));
  specs[0].timescale = 30 * 65537;
  specs[0].deltas = {{3, 65537}};
  specs[1].timescale = 30 * 65539;
  specs[1].deltas = {{3, 65539}};
  EXPECT_THAT(Failure(MakeSources(specs)), HasSubstr("no common multiple that fits 31 bits"));
}

TEST(Splice, RefusesTimesThatDoNotFitTheTables) {
  MovieSpec spec = EvenMovie(3);
  spec.deltas = {{3, 0x80000000}};
  EXPECT_THAT(Failure(MakeSources({spec})), HasSubstr("the time between two frames does not fit"));
  spec = EvenMovie(3);
  spec.offsets = {{3, 0x7fffffff}};  // alone it is shifted away
  EXPECT_EQ(Plan(MakeSources({spec})).end_ticks, 3u * 512);
  MovieSpec early = EvenMovie(3);
  early.offsets = {{1, 0x7fffffff}, {1, 0x7fffffff}, {1, 0x7fffffff}};
  early.deltas = {{3, 512}};
  MovieSpec reordered = EvenMovie(3);
  reordered.offsets = {{3, -0x7fffffff}};
  EXPECT_EQ(Plan(MakeSources({early, reordered})).end_ticks, 6u * 512);
}

TEST(MovieWriter, WideOffsetsBeyondFourGigabytes) {
  MovieSpec spec = EvenMovie(4);
  spec.samples_per_chunk = {2, 2};
  const MemoryFile file(WriteTestFile(spec));
  const Result<ParsedStream> stream = ParseStream(file);
  ASSERT_TRUE(stream.ok());
  SampleTable samples = stream->video().samples;
  samples.chunks[0].range.offset = 0;
  samples.chunks[1].range.offset = uint64_t{5} << 30;
  BoxWriter narrow;
  BoxWriter wide;
  const MovieToWrite movie{&stream->movie, 15360, 2048, 2048, 0, &samples, true};
  WriteMovie(movie, 1000, &wide);
  const auto name = BytesOf({'c', 'o', '6', '4'});
  const auto found =
      std::search(wide.bytes().begin(), wide.bytes().end(), name.begin(), name.end());
  ASSERT_NE(found, wide.bytes().end());
  const std::byte* body = &*found + 4;
  EXPECT_EQ(LoadU32(body + 4), 2u);
  EXPECT_EQ(LoadU64(body + 8), 1000u);
  EXPECT_EQ(LoadU64(body + 16), (uint64_t{5} << 30) + 1000);
}

// The promise of a splice, on random tables: every frame of every source, in order, byte for byte,
// at its exact time.

uint32_t Draw(std::mt19937* random, uint32_t from, uint32_t to) {
  return from +
         static_cast<uint32_t>((*random)() %
                               (to - from + 1));  // not a distribution: the same on every machine
}

MovieSpec RandomMovie(std::mt19937* random, uint8_t seed) {
  const uint32_t num_frames = Draw(random, 1, 40);
  MovieSpec spec = EvenMovie(num_frames, seed);
  constexpr uint32_t kTimescales[] = {30, 600, 15360, 90000, 12000};
  spec.timescale = kTimescales[Draw(random, 0, 4)];
  const uint32_t frame_ticks = spec.timescale / 30;
  spec.deltas.clear();
  for (uint32_t i = 0; i < num_frames; ++i) spec.deltas.push_back({1, frame_ticks});

  // Frames shown in another order than decoded, with an arbitrary delay, which may be negative.
  if (Draw(random, 0, 2) > 0) {
    std::vector<uint32_t> position(num_frames);
    std::iota(position.begin(), position.end(), 0u);
    for (uint32_t i = 0; i + 1 < num_frames; ++i) {
      const uint32_t j = std::min(num_frames - 1, i + Draw(random, 0, 3));
      std::swap(position[i], position[j]);
    }
    const int64_t delay_ticks = int64_t{Draw(random, 0, 4000)} - 1000;
    for (uint32_t i = 0; i < num_frames; ++i) {
      spec.offsets.push_back({1, (int64_t{position[i]} - int64_t{i}) * frame_ticks + delay_ticks});
    }
  }
  spec.has_constant_size = Draw(random, 0, 3) == 0;
  for (auto& sample : spec.samples) {
    if (!spec.has_constant_size) sample.resize(Draw(random, 1, 300));
    for (std::byte& byte : sample) byte = static_cast<std::byte>((*random)());
  }
  if (Draw(random, 0, 1) == 0) {
    spec.sync_samples = {{0}};
    for (uint32_t i = 1; i < num_frames; ++i) {
      if (Draw(random, 0, 4) == 0) spec.sync_samples->push_back(i);
    }
  }
  if (Draw(random, 0, 3) > 0) {
    spec.dependencies.emplace();
    for (uint32_t i = 0; i < num_frames; ++i)
      spec.dependencies->push_back(static_cast<uint8_t>(Draw(random, 0, 255)));
  }
  spec.samples_per_chunk.clear();
  for (uint32_t left = num_frames; left > 0; left -= spec.samples_per_chunk.back()) {
    spec.samples_per_chunk.push_back(Draw(random, 1, std::min(left, 6u)));
  }
  spec.chunk_order.resize(spec.samples_per_chunk.size());
  std::iota(spec.chunk_order.begin(), spec.chunk_order.end(), size_t{0});
  if (Draw(random, 0, 2) == 0) std::reverse(spec.chunk_order.begin(), spec.chunk_order.end());
  spec.gap_bytes = Draw(random, 0, 1) * Draw(random, 1, 2000);
  spec.has_wide_offsets = Draw(random, 0, 1) == 0;
  spec.has_moov_first = Draw(random, 0, 1) == 0;
  return spec;
}

void CheckLaw(const Sources& sources, const SpliceLayout& layout, const MemoryFile& out) {
  const Result<ParsedStream> stream = ParseStream(out);
  ASSERT_TRUE(stream.ok()) << stream.status().ToString();
  EXPECT_EQ(stream->summary.own_file_reason, "");
  EXPECT_TRUE(stream->summary.starts_at_zero);
  EXPECT_EQ(stream->summary.length_ticks, layout.end_ticks);
  const int64_t media_time_ticks = stream->video().edits.front().media_time_ticks;
  const std::vector<TestFrame> frames = ReadFrames(*stream, out);
  size_t number = 0;
  uint64_t num_frames_before = 0;
  for (size_t i = 0; i < sources.files.size(); ++i) {
    const Result<ParsedStream> source = ParseStream(*sources.files[i]);
    ASSERT_TRUE(source.ok());
    EXPECT_EQ(layout.start_ticks[i], num_frames_before * layout.timescale / 30);
    const std::vector<TestFrame> from = ReadFrames(*source, *sources.files[i]);
    int64_t first_ticks = from.front().shown_ticks;
    for (const TestFrame& frame : from) first_ticks = std::min(first_ticks, frame.shown_ticks);
    const int64_t factor = layout.timescale / source->video().timescale;
    for (const TestFrame& frame : from) {
      ASSERT_LT(number, frames.size());
      const TestFrame& moved = frames[number++];
      EXPECT_EQ(moved.payload, frame.payload);
      EXPECT_EQ(moved.is_sync, frame.is_sync);
      EXPECT_EQ(
          moved.shown_ticks - media_time_ticks,
          static_cast<int64_t>(layout.start_ticks[i]) + (frame.shown_ticks - first_ticks) * factor);
      EXPECT_GE(moved.shown_ticks, moved.decode_ticks);
      const bool keeps_dependencies = stream->video().samples.dependencies.has_value();
      EXPECT_EQ(moved.dependency, keeps_dependencies ? frame.dependency : std::nullopt);
    }
    num_frames_before += from.size();
  }
  EXPECT_EQ(number, frames.size());
}

TEST(SpliceProperty, EveryFrameMovesWholeToItsExactTime) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::vector<MovieSpec> specs;
    const uint32_t num_sources = Draw(&random, 1, 6);
    for (uint32_t i = 0; i < num_sources; ++i)
      specs.push_back(RandomMovie(&random, static_cast<uint8_t>(i)));
    const Sources sources = MakeSources(specs);
    constexpr uint64_t kAlignments[] = {1, 512, 4096};
    const SpliceOptions options{.alignment_bytes = kAlignments[Draw(&random, 0, 2)],
                                .fps_numerator = 30};
    const SpliceLayout layout = Plan(sources, options);
    CheckLaw(sources, layout, Apply(layout));
    EXPECT_EQ(Plan(sources, options).head, layout.head);
    if (HasFailure()) break;
  }
}

TEST(SpliceProperty, SplicingSplicesIsSplicing) {
  for (uint32_t seed = 1000; seed < 1040; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::vector<MovieSpec> specs;
    for (uint32_t i = 0; i < 3; ++i) specs.push_back(RandomMovie(&random, static_cast<uint8_t>(i)));
    const Sources all = MakeSources(specs);
    const Sources head = MakeSources({specs[0], specs[1]});
    Sources nested;
    nested.files.push_back(
        std::make_unique<MemoryFile>(Apply(Plan(head, {.alignment_bytes = 512}))));
    nested.files.push_back(std::make_unique<MemoryFile>(WriteTestFile(specs[2])));
    for (const auto& file : nested.files) nested.views.push_back(file.get());
    const std::vector<TestFrame> once = FramesOf(Apply(Plan(all, {.fps_numerator = 90000 * 16})));
    const std::vector<TestFrame> twice =
        FramesOf(Apply(Plan(nested, {.fps_numerator = 90000 * 16})));
    ASSERT_EQ(once.size(), twice.size());
    for (size_t i = 0; i < once.size(); ++i) {
      EXPECT_EQ(once[i].payload, twice[i].payload);
      EXPECT_EQ(once[i].shown_ticks - once[0].shown_ticks,
                twice[i].shown_ticks - twice[0].shown_ticks);
      EXPECT_EQ(once[i].is_sync, twice[i].is_sync);
    }
    if (HasFailure()) break;
  }
}

// Whatever bytes change, the result is a layout or a problem, never a crash or an internal error.
TEST(SpliceProperty, DamagedBytesAreAnAnswerOrAProblem) {
  std::mt19937 random(5);
  for (uint32_t round = 0; round < 3000; ++round) {
    MovieSpec spec = RandomMovie(&random, 0);
    spec.edits = {{1000, 0, 0x10000}};
    std::vector<std::byte> bytes = WriteTestFile(spec);
    for (uint32_t left = Draw(&random, 1, 4); left > 0; --left) {
      constexpr uint8_t kValues[] = {0, 1, 0x7f, 0x80, 0xff};
      bytes[random() % bytes.size()] = static_cast<std::byte>(kValues[Draw(&random, 0, 4)]);
    }
    const MemoryFile file(std::move(bytes));
    const io::RandomAccessFile* const view = &file;
    const Result<SpliceLayout> layout = PlanSplice(std::span(&view, 1), {.alignment_bytes = 512});
    if (layout.ok()) continue;
    EXPECT_NE(layout.status().code(), Code::kInternal);
    EXPECT_FALSE(layout.status().problems().front().what.empty());
  }
}

}  // namespace
}  // namespace robomerge::mp4
