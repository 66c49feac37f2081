#include "formats/mp4/frame_list.h"

#include <gtest/gtest.h>

#include "testing/made_movie.h"

namespace robomerge::mp4 {
namespace {

std::vector<int64_t> Times(const FrameList& list) {
  std::vector<int64_t> times;
  for (const ShownFrame& frame : list.frames) times.push_back(frame.shown_ticks);
  return times;
}

// The coded bytes of the frame.
std::vector<std::byte> Payload(const MemoryFile& file, const ShownFrame& frame) {
  const auto begin = file.bytes().begin() + static_cast<std::ptrdiff_t>(frame.offset);
  return {begin, begin + static_cast<std::ptrdiff_t>(frame.size_bytes)};
}

TEST(FrameList, NamesTimeAndBytesOfEveryFrame) {
  MovieSpec spec = EvenMovie(5, 7);
  spec.samples_per_chunk = {2, 3};
  spec.gap_bytes = 5;
  const MemoryFile file(WriteTestFile(spec));
  const Result<FrameList> list = ReadFrameList(file);
  ASSERT_TRUE(list.ok()) << list.status().ToString();
  EXPECT_FALSE(list->is_fragmented);
  EXPECT_EQ(Times(*list), (std::vector<int64_t>{0, 512, 1024, 1536, 2048}));
  EXPECT_DOUBLE_EQ(list->Seconds(3), 0.1);
  for (size_t frame = 0; frame < 5; ++frame)
    EXPECT_EQ(Payload(file, list->frames[frame]), spec.samples[frame]) << frame;
}

TEST(FrameList, IsInDisplayOrder) {
  MovieSpec spec = EvenMovie(4);
  // Decoded I P B B, shown I B B P one frame late, which the edit list compensates.
  spec.offsets = {{1, 512}, {1, 1536}, {2, 0}};
  spec.edits = {{0, 512, 0x10000}};
  const MemoryFile file(WriteTestFile(spec));
  const Result<FrameList> list = ReadFrameList(file);
  ASSERT_TRUE(list.ok()) << list.status().ToString();
  EXPECT_EQ(Times(*list), (std::vector<int64_t>{0, 512, 1024, 1536}));
  EXPECT_EQ(Payload(file, list->frames[1]), spec.samples[2]);
  EXPECT_EQ(Payload(file, list->frames[3]), spec.samples[1]);
}

TEST(FrameList, CountsAPauseBeforeTheFirstFrame) {
  MovieSpec spec = EvenMovie(2);
  spec.edits = {{500, -1, 0x10000}, {0, 0, 0x10000}};  // half a second, of 1/1000 s
  const Result<FrameList> list = ReadFrameList(MemoryFile(WriteTestFile(spec)));
  ASSERT_TRUE(list.ok()) << list.status().ToString();
  EXPECT_EQ(Times(*list), (std::vector<int64_t>{7680, 8192}));
}

}  // namespace
}  // namespace robomerge::mp4
