#include "base/overloaded.h"
#include "write/write_internal.h"

namespace robomerge {
namespace {

Status Finish(Result<WrittenFile> file, const WrittenCallback& written) {
  if (!file.ok()) return file.status();
  written(std::move(file).value());
  return Status();
}

}  // namespace

Status WriteStep(const WriteContext& context, size_t step, schedule::Spawner& spawner,
                 WrittenCallback written) {
  using namespace write_internal;
  return std::visit(
      Overloaded{
          [&](const DataStep& data) {
            return WriteData(context, data, spawner, std::move(written));
          },
          [&](const VideoStep& video) {
            return WriteVideo(context, video, spawner, std::move(written));
          },
          [&](const EpisodesStep& episodes) {
            return Finish(WriteEpisodes(context, episodes), written);
          },
          [&](const TasksStep& tasks) { return Finish(WriteTasks(context, tasks), written); },
          [&](const InfoStep& info) { return Finish(WriteInfo(context, info), written); },
          [&](const StatsStep& stats) { return Finish(WriteStats(context, stats), written); },
          [&](const RecordStep& record) { return Finish(WriteRecord(context, record), written); },
          [&](const CarriedFileStep& carried) {
            return WriteCarriedFile(context, carried, spawner, std::move(written));
          }},
      context.plan->steps[step]);
}

}  // namespace robomerge
