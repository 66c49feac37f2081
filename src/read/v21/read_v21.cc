#include "read/v21/read_v21.h"

#include <algorithm>

#include "read/v20/read_statistics.h"
#include "read/v21/episode_files.h"
#include "read/v30/data_columns.h"
#include "read/v30/read_v30.h"

namespace robomerge::v21 {
namespace {

void Gather(const Status& status, std::vector<Problem>& problems) {
  problems.insert(problems.end(), status.problems().begin(), status.problems().end());
}

}  // namespace

Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const VersionedInfo& info, const ReadOptions& options) {
  Dataset dataset;
  dataset.root = root;
  dataset.version = info.label;
  ROBOMERGE_ASSIGN_OR_RETURN(SourceInfo source, ReadInfo(info, dataset));
  std::vector<Problem> problems;
  Gather(v30::ReadSubtasks(file_system, dataset).OfKind("E-subtasks"), problems);
  Gather(v30::CheckDeclarations(dataset.schema, io::JoinPath(root, "meta/info.json")), problems);
  Gather(ReadTasks(file_system, source, dataset).OfKind("E-tasks"), problems);
  Gather(v30::ReadStatistics(file_system, dataset).OfKind("E-stats"), problems);
  const Result<std::vector<EpisodeClaim>> claims =
      ReadEpisodes(file_system, source, options, dataset);
  Gather(claims.status().OfKind("E-episodes"), problems);
  if (claims.ok()) {
    Gather(ReadDataFiles(file_system, source, options, dataset).OfKind("E-data-file"), problems);
    Gather(ReadVideoFiles(file_system, source, options, dataset).OfKind("E-video-file"), problems);
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  if (!options.left_out.empty()) {
    // What is said of the whole is not of the rest.
    source.total_frames.reset();
    dataset.statistics = std::vector<FeatureStatistics>();
  }
  ROBOMERGE_RETURN_NOT_OK(HoldAgainstRows(source, *claims, dataset));
  ROBOMERGE_RETURN_NOT_OK(ReadEpisodeStatistics(file_system, options, dataset).OfKind("E-stats"));
  if (info.version == FormatVersion::kV20) v20::CompleteStatistics(dataset);
  return dataset;
}

Status ReadOutline(const io::FileSystem& file_system, const VersionedInfo& info, Dataset& dataset,
                   std::vector<std::pair<std::string, mp4::StreamSummary>>& first_videos) {
  ROBOMERGE_ASSIGN_OR_RETURN(const SourceInfo source, ReadInfo(info, dataset));
  ROBOMERGE_RETURN_NOT_OK(LeaveOutLostFeatures(file_system, source, dataset));
  std::vector<Problem> problems;
  Gather(v30::ReadSubtasks(file_system, dataset).OfKind("E-subtasks"), problems);
  Gather(ReadTasks(file_system, source, dataset).OfKind("E-tasks"), problems);
  Gather(v30::ReadStatistics(file_system, dataset).OfKind("E-stats"), problems);
  for (const std::string& key : dataset.schema.video_keys()) {
    FileId id;
    bool is_elsewhere = false;
    // Episodes may be numbered otherwise.
    Gather(v30::AddFirstVideo(OpenEpisodeFile(file_system, dataset, source, source.video_path, key,
                                              0, id, is_elsewhere),
                              key, first_videos),
           problems);
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace robomerge::v21
