#include "read/read.h"

#include <algorithm>

#include "base/foreign_file.h"
#include "base/path.h"
#include "base/text.h"
#include "read/v21/read_v21.h"
#include "read/v30/read_v30.h"
#include "read/version.h"

namespace robomerge {
namespace {

constexpr size_t kMostPointers = 5;

// One problem for all pointers of a dataset: one command fetches them all.
Status OneForAllPointers(const Status& status, const std::string& root) {
  std::vector<Problem> problems;
  std::vector<std::string> pointers;
  size_t first = 0;
  for (const Problem& problem : status.problems()) {
    if (problem.kind == "E-lfs-pointer") {
      pointers.push_back(RelativeTo(root, problem.where));
      if (pointers.size() > 1) continue;
      first = problems.size();
    }
    problems.push_back(problem);
  }
  if (pointers.empty()) return status;
  Problem& united = problems[first];
  const size_t num_pointers = pointers.size();
  if (num_pointers > 1) {
    united.what = "Git LFS pointers are in the places of files";
    united.where = root;
    pointers.resize(std::min(num_pointers, kMostPointers));
    united.expected = "the files themselves";
    united.found = Join(pointers, ", ");
    if (num_pointers > kMostPointers)
      united.found += StrCat(" and ", num_pointers - kMostPointers, " more");
  }
  united.hint = StrCat("fetch the files of this dataset: git -C ", ShellWord(root), " lfs pull");
  return Status::Many(std::move(problems));
}

}  // namespace

Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const ReadOptions& options) {
  Result<VersionedInfo> info = ReadVersionedInfo(file_system, root);
  if (!info.ok()) return OneForAllPointers(info.status(), root);
  Result<Dataset> dataset = info->version == FormatVersion::kV30
                                ? v30::ReadDataset(file_system, root, info->info, options)
                                : v21::ReadDataset(file_system, root, *info, options);
  if (!dataset.ok()) return OneForAllPointers(dataset.status().OfSource(root), root);
  dataset->version = info->label;
  dataset->warnings.insert(dataset->warnings.begin(), info->warnings.begin(), info->warnings.end());
  dataset->metadata_files.push_back(std::move(info->file));
  return dataset;
}

Result<RuleFacts> ReadFacts(const io::FileSystem& file_system, const std::string& root,
                            bool wants_tasks) {
  Dataset dataset;
  dataset.root = root;
  ROBOMERGE_ASSIGN_OR_RETURN(const VersionedInfo info, ReadVersionedInfo(file_system, root));
  const auto read = [&]() -> Status {
    if (info.version == FormatVersion::kV30) {
      ROBOMERGE_ASSIGN_OR_RETURN(const v30::SourceInfo source,
                                 v30::ReadInfo(root, info.info, dataset));
      return wants_tasks ? v30::ReadTasks(file_system, source, dataset) : Status();
    }
    ROBOMERGE_ASSIGN_OR_RETURN(const v21::SourceInfo source, v21::ReadInfo(info, dataset));
    ROBOMERGE_RETURN_NOT_OK(v21::LeaveOutLostFeatures(file_system, source, dataset));
    return wants_tasks ? v21::ReadTasks(file_system, source, dataset) : Status();
  };
  ROBOMERGE_RETURN_NOT_OK(read());
  return RuleFacts{std::move(dataset.schema), std::move(dataset.tasks)};
}

Result<Schema> ReadSchema(const io::FileSystem& file_system, const std::string& root) {
  ROBOMERGE_ASSIGN_OR_RETURN(RuleFacts facts, ReadFacts(file_system, root, /*wants_tasks=*/false));
  return std::move(facts.schema);
}

Result<Outline> ReadOutline(const io::FileSystem& file_system, const std::string& root) {
  Dataset dataset;
  dataset.root = root;
  const Result<VersionedInfo> info = ReadVersionedInfo(file_system, root);
  if (!info.ok()) return OneForAllPointers(info.status(), root);
  Outline outline;
  outline.version = info->label;
  const Status status =
      info->version == FormatVersion::kV30
          ? v30::ReadOutline(file_system, info->info, dataset, outline.first_videos)
          : v21::ReadOutline(file_system, *info, dataset, outline.first_videos);
  if (!status.ok()) return OneForAllPointers(status.OfSource(root), root);
  outline.schema = std::move(dataset.schema);
  outline.tasks = std::move(dataset.tasks);
  if (dataset.statistics) outline.statistics = std::move(*dataset.statistics);
  return outline;
}

}  // namespace robomerge
