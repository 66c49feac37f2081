#include "read/v30/read_v30.h"

#include "base/text.h"

namespace robomerge::v30 {
namespace {

void Gather(const Status& status, std::vector<Problem>& problems) {
  problems.insert(problems.end(), status.problems().begin(), status.problems().end());
}

// Nothing in LeRobot reads the subtasks table of early 2026 today. Without the table the column
// subtask_index would have no meaning (W-22).
Status RefuseSubtasks(const io::FileSystem& file_system, const Dataset& dataset) {
  if (dataset.schema.Find("subtask_index") == nullptr) return Status();
  const std::string path = io::JoinPath(dataset.root, "meta/subtasks.parquet");
  ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system, path));
  if (!exists) return Status();
  return Problem(Code::kUnsupported,
                 "dataset has a subtasks table, whose numbers cannot be kept in a merge")
      .Kind("E-subtasks")
      .At(path)
      .Hint("remove the feature `subtask_index` and this table first");
}

}  // namespace

Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const json::Json& info, const ReadOptions& options) {
  Dataset dataset;
  dataset.root = root;
  // Without info.json nothing can be read, and without the episodes table no payload files. The
  // other parts are read even if one of them fails, so that all problems are reported.
  ROBOMERGE_ASSIGN_OR_RETURN(const SourceInfo source_info, ReadInfo(root, info, dataset));
  std::vector<Problem> problems;
  Gather(RefuseSubtasks(file_system, dataset), problems);
  Gather(ReadTasks(file_system, source_info, dataset).OfKind("E-tasks"), problems);
  Gather(ReadStatistics(file_system, dataset).OfKind("E-stats"), problems);
  const Result<EpisodeClaims> claims = ReadEpisodes(file_system, source_info, dataset);
  Gather(claims.status().OfKind("E-episodes"), problems);
  if (claims.ok()) {
    Gather(ReadDataFiles(file_system, source_info, *claims, options, dataset).OfKind("E-data-file"),
           problems);
    Gather(ReadVideoFiles(file_system, source_info, *claims, dataset).OfKind("E-video-file"),
           problems);
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  return dataset;
}

}  // namespace robomerge::v30
