#include "formats/mp4/movie_splice.h"
#include "write/payload.h"
#include "write/write.h"

namespace robomerge {

Status WriteVideo(const WriteContext& context, size_t step_number, schedule::Spawner& spawner,
                  WrittenCallback written) {
  const MergePlan& plan = *context.plan;
  const VideoStep& step = plan.video_steps[step_number];
  UnfilledFile video;
  video.name = DestinationVideoPath(plan.video_keys[step.key], step.id);
  video.sync = context.sync;
  std::vector<const io::RandomAccessFile*> sources;
  for (const VideoStep::Input& input : step.inputs) {
    const VideoFile& file =
        plan.sources[input.source]->dataset->video_keys[input.source_key].files[input.video_file];
    video.sources.push_back(
        std::make_unique<io::PooledFile>(*context.sources, file.path, file.stream.file_size_bytes));
    sources.push_back(video.sources.back().get());
  }
  std::vector<std::byte> head;
  if (step.is_copy) {
    video.written.mode = ReportedFile::Mode::kCopy;
    video.written.size_bytes = sources.front()->size_bytes();
    video.ranges.push_back({sources.front(), 0, sources.front()->size_bytes(), 0});
  } else {
    mp4::SpliceOptions options;
    options.alignment_bytes = context.alignment_bytes;
    options.fps_numerator = plan.rate.numerator;
    ROBOMERGE_ASSIGN_OR_RETURN(mp4::SpliceLayout layout, mp4::PlanSplice(sources, options));
    video.written.mode = ReportedFile::Mode::kSplice;
    video.written.size_bytes = layout.file_size_bytes;
    video.written.encoded_bytes = layout.head.size();
    video.ranges = std::move(layout.ranges);
    head = std::move(layout.head);
  }
  ROBOMERGE_ASSIGN_OR_RETURN(
      video.output,
      context.file_system->Create(io::JoinPath(context.directory, video.name), context.sharing));
  ROBOMERGE_RETURN_NOT_OK(video.output->SetSize(video.written.size_bytes));
  ROBOMERGE_RETURN_NOT_OK(video.output->WriteAt(0, head));
  return FillAndClose(std::move(video), spawner, std::move(written));
}

}  // namespace robomerge
