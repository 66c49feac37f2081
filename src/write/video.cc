#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/text.h"
#include "formats/mp4/splice.h"
#include "write/write.h"

namespace robomerge {
namespace {

// What one worker copies at a time of a file that several may work at.
constexpr uint64_t kPartBytes = uint64_t{32} << 20;
// Workers beyond the first that may join in at one file.
constexpr size_t kMostHelpers = 7;

// What the parts of one file share.
struct OpenVideo {
  std::vector<std::unique_ptr<io::PooledFile>> sources;
  std::vector<mp4::CopyRange> ranges;
  std::unique_ptr<io::OutputFile> output;
  std::string name;  // within the destination
  bool sync = true;
  WrittenFile written;
  std::vector<size_t> part_begins;     // indices into `ranges`, one more than there are parts
  std::atomic<size_t> next_part = 0;   // the first that nobody has taken
  std::mutex mutex;                    // guards written.moved
};

Status CopyRanges(OpenVideo& video, size_t begin, size_t end) {
  io::MovedBytes moved;
  for (size_t at = begin; at < end; ++at) {
    const mp4::CopyRange& range = video.ranges[at];
    ROBOMERGE_ASSIGN_OR_RETURN(const io::MovedBytes of_range,
                               video.output->CopyRange(*video.sources[range.source_index], range.source_offset, range.length_bytes,
                                                       range.destination_offset));
    moved += of_range;
  }
  const std::lock_guard lock(video.mutex);
  video.written.moved += moved;
  return Status();
}

// Cuts ranges that are larger than a part, at multiples of its size from their begin.
std::vector<mp4::CopyRange> CutRanges(const std::vector<mp4::CopyRange>& ranges) {
  std::vector<mp4::CopyRange> cut;
  for (mp4::CopyRange range : ranges) {
    while (range.length_bytes > kPartBytes) {
      mp4::CopyRange head = range;
      head.length_bytes = kPartBytes;
      cut.push_back(head);
      range.source_offset += kPartBytes;
      range.destination_offset += kPartBytes;
      range.length_bytes -= kPartBytes;
    }
    cut.push_back(range);
  }
  return cut;
}

// Where each part begins, and the end.
std::vector<size_t> CutParts(const std::vector<mp4::CopyRange>& ranges) {
  std::vector<size_t> begins;
  uint64_t bytes = kPartBytes;
  for (size_t at = 0; at < ranges.size(); ++at) {
    if (bytes >= kPartBytes) {
      begins.push_back(at);
      bytes = 0;
    }
    bytes += ranges[at].length_bytes;
  }
  begins.push_back(ranges.size());
  return begins;
}

// Copies the next part that nobody has taken, and comes back until there is none.
Status CopyNextPart(const std::shared_ptr<OpenVideo>& video, schedule::Spawner& spawner) {
  const size_t part = video->next_part.fetch_add(1, std::memory_order_relaxed);
  spawner.SetHandled(0);
  if (part + 1 >= video->part_begins.size()) return Status();
  const size_t begin = video->part_begins[part], end = video->part_begins[part + 1];
  uint64_t bytes = 0;
  for (size_t at = begin; at < end; ++at) bytes += video->ranges[at].length_bytes;
  ROBOMERGE_RETURN_NOT_OK(CopyRanges(*video, begin, end));
  if (video->sync) video->output->BeginSync(video->ranges[begin].destination_offset, bytes);
  spawner.SetHandled(bytes);
  spawner.Spawn({}, [video](schedule::Spawner& next) { return CopyNextPart(video, next); });
  return Status();
}

Result<std::shared_ptr<OpenVideo>> Open(const WriteContext& context, const VideoStep& step) {
  const MergePlan& plan = *context.plan;
  auto video = std::make_shared<OpenVideo>();
  std::vector<const io::RandomAccessFile*> sources;
  for (const VideoStep::Input& input : step.inputs) {
    const VideoFile& file = plan.sources[input.source]->dataset->video_keys[input.source_key].files[input.video_file];
    video->sources.push_back(std::make_unique<io::PooledFile>(*context.sources, file.path, file.stream.file_size_bytes));
    sources.push_back(video->sources.back().get());
  }
  std::vector<std::byte> head;
  if (step.is_copy) {
    video->written.mode = ReportedFile::Mode::kCopy;
    video->written.size_bytes = sources.front()->size_bytes();
    video->ranges.push_back({0, 0, sources.front()->size_bytes(), 0});
  } else {
    mp4::SpliceOptions options;
    options.alignment_bytes = context.alignment_bytes;
    options.fps_numerator = plan.rate.numerator;
    ROBOMERGE_ASSIGN_OR_RETURN(mp4::SpliceLayout layout, mp4::PlanSplice(sources, options));
    video->written.mode = ReportedFile::Mode::kSplice;
    video->written.size_bytes = layout.file_size_bytes;
    video->written.encoded_bytes = layout.head.size();
    video->ranges = std::move(layout.ranges);
    head = std::move(layout.head);
  }
  video->sync = context.sync;
  video->name = DestinationVideoPath(plan.video_keys[step.key], step.id);
  ROBOMERGE_ASSIGN_OR_RETURN(video->output, context.file_system->Create(io::JoinPath(context.directory, video->name), context.copy_mode));
  ROBOMERGE_RETURN_NOT_OK(video->output->WriteAt(0, head));
  return video;
}

}  // namespace

Status WriteVideo(const WriteContext& context, size_t step_number, schedule::Spawner& spawner, WrittenCallback written) {
  const VideoStep& step = context.plan->video_steps[step_number];
  ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<OpenVideo> video, Open(context, step));
  const auto finish = [video, written = std::move(written)]() -> Status {
    ROBOMERGE_RETURN_NOT_OK(video->output->Close(video->sync));
    written(video->written);
    return Status();
  };
  // Shared extents must be appended in order (a partial last block may only be shared at the destination's end), and cost no time to split.
  if (context.alignment_bytes > 1 || video->written.size_bytes < 2 * kPartBytes) {
    ROBOMERGE_RETURN_NOT_OK(CopyRanges(*video, 0, video->ranges.size()));
    return finish();
  }
  video->ranges = CutRanges(video->ranges);
  video->part_begins = CutParts(video->ranges);
  // One worker goes through the file and others join in only when there is no file left to begin: kernels let one writer at a time into a file
  // (the inode's lock), so that two workers on two files are twice as fast as two on one.
  std::vector<schedule::Item> parts(std::min(video->part_begins.size() - 1, 1 + kMostHelpers));
  for (schedule::Item& part : parts) {
    part.name = "write " + video->name;
    part.category = "write";
    part.is_spare = &part != &parts.front();
    part.body = [video](schedule::Spawner& own) { return CopyNextPart(video, own); };
  }
  spawner.SetHandled(0);
  spawner.Spawn(std::move(parts), [finish](schedule::Spawner&) { return finish(); });
  return Status();
}

}  // namespace robomerge
