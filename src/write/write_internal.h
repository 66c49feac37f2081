// One function for each kind of step.
#pragma once

#include <memory>
#include <string>

#include "write/payload.h"
#include "write/write.h"

namespace robomerge::write_internal {

/// Splices row groups, and encodes the three bookkeeping columns anew (format spec 3.4).
/// `step` is a data step, of one episode or of several.
Status WriteData(const WriteContext& context, const Step& step, SharedIndexes& indexes,
                 schedule::Spawner& spawner, WrittenCallback written);

/// Copies one video as it is, or joins several under a new index.
Status WriteVideo(const WriteContext& context, const VideoStep& step, schedule::Spawner& spawner,
                  WrittenCallback written);

/// Copies one video as it is, or those of its frames that the episode needs.
Status WriteEpisodeVideo(const WriteContext& context, const EpisodeVideoStep& step,
                         SharedIndexes& indexes, schedule::Spawner& spawner,
                         WrittenCallback written);

Status WriteCarriedFile(const WriteContext& context, const CarriedFileStep& step,
                        schedule::Spawner& spawner, WrittenCallback written);

// Small files, which need no parts.
Result<WrittenFile> WriteEpisodes(const WriteContext& context, const EpisodesStep& step);
Result<WrittenFile> WriteEpisodesLines(const WriteContext& context, const EpisodesLinesStep& step);
Result<WrittenFile> WriteEpisodesStats(const WriteContext& context, const EpisodesStatsStep& step);
Result<WrittenFile> WriteTasksLines(const WriteContext& context, const TasksLinesStep& step);
Result<WrittenFile> WriteTasks(const WriteContext& context, const TasksStep& step);
Result<WrittenFile> WriteInfo(const WriteContext& context, const InfoStep& step);
Result<WrittenFile> WriteStats(const WriteContext& context, const StatsStep& step);
Result<WrittenFile> WriteSubtasks(const WriteContext& context, const SubtasksStep& step);
Result<WrittenFile> WriteModality(const WriteContext& context, const ModalityStep& step);
Result<WrittenFile> WriteRecord(const WriteContext& context, const RecordStep& step);

/// Copies all of `source` to `name`, a path in the destination.
Status CopyWhole(const WriteContext& context, const std::string& name,
                 std::shared_ptr<io::RandomAccessFile> source, schedule::Spawner& spawner,
                 WrittenCallback written);
/// The same of a payload file of source number `number`, which is linked if the context says so.
Status LinkOrCopy(const WriteContext& context, const std::string& name, uint32_t number,
                  std::shared_ptr<io::RandomAccessFile> source, schedule::Spawner& spawner,
                  WrittenCallback written);

}  // namespace robomerge::write_internal
