#include "formats/mp4/movie_splice.h"
#include "write/write_internal.h"

namespace robomerge::write_internal {

Status WriteVideo(const WriteContext& context, const VideoStep& step, schedule::Spawner& spawner,
                  WrittenCallback written) {
  const MergePlan& plan = *context.plan;
  UnfilledFile video;
  video.name = DestinationVideoPath(plan.video_keys[step.key], step.id);
  video.sync = context.sync;
  std::vector<mp4::SpliceSource> sources;
  for (const VideoStep::Input& input : step.inputs) {
    const VideoFile& file = VideoFileOf(plan, input);
    video.sources.push_back(
        std::make_unique<io::PooledFile>(*context.sources, file.path, file.size_bytes));
    sources.push_back({video.sources.back().get(), file.cut.get()});
  }
  if (step.is_copy) {
    return CopyWhole(context, video.name, std::move(video.sources.front()), spawner,
                     std::move(written));
  }
  mp4::SpliceOptions options;
  options.alignment_bytes = context.alignment_bytes;
  options.fps_numerator = plan.rate.numerator;
  ROBOMERGE_ASSIGN_OR_RETURN(mp4::SpliceLayout layout, mp4::PlanSplice(sources, options));
  video.written.mode = ReportedFile::Mode::kSplice;
  video.written.size_bytes = layout.file_size_bytes;
  video.written.encoded_bytes = layout.head.size();
  video.ranges = std::move(layout.ranges);
  ROBOMERGE_ASSIGN_OR_RETURN(
      video.output,
      context.file_system->Create(io::JoinPath(context.directory, video.name), context.sharing));
  ROBOMERGE_RETURN_NOT_OK(video.output->SetSize(video.written.size_bytes));
  ROBOMERGE_RETURN_NOT_OK(video.output->WriteAt(0, layout.head));
  return FillAndClose(std::move(video), spawner, std::move(written));
}

}  // namespace robomerge::write_internal
