#include "base/overloaded.h"
#include "write/shared_indexes.h"
#include "write/write_internal.h"

namespace robomerge {
namespace {

Status Finish(Result<WrittenFile> file, const WrittenCallback& written) {
  if (!file.ok()) return file.status();
  written(std::move(file).value());
  return Status();
}

// Several workers may fill larger ones.
constexpr uint64_t kSmallBytes = uint64_t{16} << 20;

Status WriteWith(const WriteContext& context, size_t step, SharedIndexes& indexes,
                 schedule::Spawner& spawner, WrittenCallback written) {
  using namespace write_internal;
  return std::visit(
      Overloaded{
          [&](const DataStep& data) {
            return WriteData(context, data, indexes, spawner, std::move(written));
          },
          [&](const EpisodeDataStep& data) {
            return WriteData(context, data, indexes, spawner, std::move(written));
          },
          [&](const VideoStep& video) {
            return WriteVideo(context, video, spawner, std::move(written));
          },
          [&](const EpisodeVideoStep& video) {
            return WriteEpisodeVideo(context, video, indexes, spawner, std::move(written));
          },
          [&](const EpisodesLinesStep& lines) {
            return Finish(WriteEpisodesLines(context, lines), written);
          },
          [&](const EpisodesStatsStep& lines) {
            return Finish(WriteEpisodesStats(context, lines), written);
          },
          [&](const TasksLinesStep& lines) {
            return Finish(WriteTasksLines(context, lines), written);
          },
          [&](const EpisodesStep& episodes) {
            return Finish(WriteEpisodes(context, episodes), written);
          },
          [&](const TasksStep& tasks) { return Finish(WriteTasks(context, tasks), written); },
          [&](const InfoStep& info) { return Finish(WriteInfo(context, info), written); },
          [&](const StatsStep& stats) { return Finish(WriteStats(context, stats), written); },
          [&](const RecordStep& record) { return Finish(WriteRecord(context, record), written); },
          [&](const SubtasksStep& subtasks) {
            return Finish(WriteSubtasks(context, subtasks), written);
          },
          [&](const ModalityStep& modality) {
            return Finish(WriteModality(context, modality), written);
          },
          [&](const CarriedFileStep& carried) {
            return WriteCarriedFile(context, carried, spawner, std::move(written));
          }},
      context.plan->steps[step]);
}

}  // namespace

Status WriteStep(const WriteContext& context, size_t step, schedule::Spawner& spawner,
                 WrittenCallback written) {
  SharedIndexes indexes(context);
  return WriteWith(context, step, indexes, spawner, std::move(written));
}

bool IsSmallEpisodeFile(const Step& step) {
  const bool is_of_episode = std::holds_alternative<EpisodeDataStep>(step) ||
                             std::holds_alternative<EpisodeVideoStep>(step);
  return is_of_episode && PayloadBytes(step) < kSmallBytes;
}

Status WriteEpisodeFiles(const WriteContext& context, std::span<const size_t> steps,
                         const schedule::StopToken& stop,
                         const std::function<void(size_t step, const WrittenFile&)>& written) {
  WriteContext alone = context;
  alone.one_worker = true;
  SharedIndexes indexes(alone);
  for (const size_t step : steps) {
    if (stop.StopRequested())
      return Problem(Code::kCancelled, "stopped before all files were written");
    schedule::Spawner unused;
    ROBOMERGE_RETURN_NOT_OK(WriteWith(alone, step, indexes, unused,
                                      [&, step](const WrittenFile& file) { written(step, file); }));
  }
  return Status();
}

}  // namespace robomerge
