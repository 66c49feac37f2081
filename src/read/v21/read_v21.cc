#include "read/v21/read_v21.h"

#include <algorithm>
#include <set>

#include "read/carried_files.h"
#include "read/needed_files.h"
#include "read/v20/read_statistics.h"
#include "read/v21/episode_files.h"
#include "read/v30/data_columns.h"
#include "read/v30/read_v30.h"

namespace robomerge::v21 {
namespace {

void Gather(const Status& status, std::vector<Problem>& problems) {
  problems.insert(problems.end(), status.problems().begin(), status.problems().end());
}

// Whether the tasks and the length of every episode are known without its rows.
bool IsTold(const Dataset& dataset, const std::vector<EpisodeClaim>& claims) {
  const std::set<std::string> tasks(dataset.tasks.begin(), dataset.tasks.end());
  for (size_t place = 0; place < claims.size(); ++place) {
    const bool has_tasks =
        claims[place].has_tasks &&
        std::ranges::all_of(dataset.episodes[place].tasks,
                            [&](const std::string& task) { return tasks.contains(task); });
    if (!has_tasks || !claims[place].length) return false;
  }
  return true;
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
  Gather(ReadCarriedFiles(file_system, dataset), problems);
  FindTextColumns(dataset);
  Gather(v30::CheckDeclarations(dataset.schema, io::JoinPath(root, "meta/info.json")), problems);
  Gather(ReadTasks(file_system, source, dataset).OfKind("E-tasks"), problems);
  Gather(v30::ReadStatistics(file_system, dataset).OfKind("E-stats"), problems);
  const Result<std::vector<EpisodeClaim>> claims =
      ReadEpisodes(file_system, source, options, dataset);
  Gather(claims.status().OfKind("E-episodes"), problems);
  if (claims.ok()) {
    const bool is_told = IsTold(dataset, *claims);
    ReadOptions needed = options;
    needed.is_needed = EpisodesForRows(dataset, options, is_told);
    Gather(ReadDataFiles(file_system, source, needed, dataset).OfKind("E-data-file"), problems);
    // What is said of the whole is not of the rest.
    if (!options.left_out.empty()) dataset.statistics = std::vector<FeatureStatistics>();
    if (!options.left_out.empty() || !needed.is_needed.empty()) source.total_frames.reset();
    const bool has_rows = options.missing_files == nullptr || options.missing_files->empty();
    if (problems.empty() && has_rows) Gather(HoldAgainstRows(source, *claims, dataset), problems);
    needed.is_needed = EpisodesForVideos(dataset, options);
    if (!VideosWaitForRows(options, is_told))
      Gather(ReadVideoFiles(file_system, source, needed, dataset).OfKind("E-video-file"), problems);
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  HoldVideosAgainstRows(dataset);
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
