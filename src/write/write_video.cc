#include "formats/mp4/movie_splice.h"
#include "write/shared_indexes.h"
#include "write/write_internal.h"

namespace robomerge::write_internal {
namespace {

Status WriteLayout(const WriteContext& context, mp4::SpliceLayout layout, UnfilledFile video,
                   schedule::Spawner& spawner, WrittenCallback written) {
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

mp4::SpliceOptions OptionsOf(const WriteContext& context) {
  mp4::SpliceOptions options;
  options.alignment_bytes = context.alignment_bytes;
  options.fps_numerator = context.plan->rate.numerator;
  return options;
}

}  // namespace

Status WriteVideo(const WriteContext& context, const VideoStep& step, schedule::Spawner& spawner,
                  WrittenCallback written) {
  const MergePlan& plan = *context.plan;
  UnfilledFile video;
  video.name = PathOf(plan, step);
  video.sync = context.sync;
  video.one_worker = context.one_worker;
  std::vector<mp4::SpliceSource> sources;
  for (const VideoStep::Input& input : step.inputs) {
    const VideoFile& file = VideoFileOf(plan, input);
    video.sources.push_back(
        std::make_unique<io::PooledFile>(*context.sources, file.path, file.size_bytes));
    sources.push_back({video.sources.back().get(), file.cut.get()});
  }
  if (step.is_copy)
    return LinkOrCopy(context, video.name, step.inputs.front().source, video.sources.front(),
                      spawner, std::move(written));
  ROBOMERGE_ASSIGN_OR_RETURN(mp4::SpliceLayout layout,
                             mp4::PlanSplice(sources, OptionsOf(context)));
  return WriteLayout(context, std::move(layout), std::move(video), spawner, std::move(written));
}

Status WriteEpisodeVideo(const WriteContext& context, const EpisodeVideoStep& step,
                         SharedIndexes& indexes, schedule::Spawner& spawner,
                         WrittenCallback written) {
  const MergePlan& plan = *context.plan;
  const VideoFile& file = VideoFileOf(plan, step.input);
  UnfilledFile video;
  video.name = PathOf(plan, step);
  video.sync = context.sync;
  video.one_worker = context.one_worker;
  video.sources.push_back(
      std::make_unique<io::PooledFile>(*context.sources, file.path, file.size_bytes));
  if (step.is_copy)
    return LinkOrCopy(context, video.name, step.input.source, video.sources.front(), spawner,
                      std::move(written));
  const DescribedSource& source = *plan.sources[step.input.source];
  const uint32_t episode = plan.episodes[step.episode].source_episode;
  const VideoPlace& place = source.video_places[step.input.source_key][episode];
  const mp4::FrameRange shown{place.first_frame, NumPictures(source, *source.dataset, episode)};
  ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<mp4::StreamCutter> cutter, indexes.Cutter(file));
  ROBOMERGE_ASSIGN_OR_RETURN(
      mp4::SpliceLayout layout,
      mp4::PlanShown(*cutter, *file.cut, shown, *video.sources.front(), OptionsOf(context)));
  return WriteLayout(context, std::move(layout), std::move(video), spawner, std::move(written));
}

}  // namespace robomerge::write_internal
