#include "publish/workplace.h"

#include "base/text.h"

namespace robomerge {
namespace {

constexpr size_t kMostNamed = 10;

}  // namespace

Result<UnitsDone> FindDone(const io::FileSystem& file_system, const StagingPaths& paths,
                           const std::string& plan_id, const std::vector<std::string>& unit_paths,
                           bool only_synced) {
  ROBOMERGE_ASSIGN_OR_RETURN(
      UnitsDone done, ReadJournals(file_system, paths.journals, plan_id, unit_paths, only_synced));
  for (size_t unit = 0; unit < unit_paths.size(); ++unit) {
    if (!done[unit]) continue;
    const Result<io::FileStat> stat =
        file_system.Stat(io::JoinPath(paths.directory, unit_paths[unit]));
    if (!stat.ok() && stat.status().code() != Code::kNotFound) return stat.status();
    if (!stat.ok() || stat->size_bytes != done[unit]->size_bytes) done[unit].reset();
  }
  return done;
}

Status CheckComplete(const io::FileSystem& file_system, const StagingPaths& paths,
                     const std::string& plan_id, const std::vector<std::string>& unit_paths,
                     bool only_synced) {
  ROBOMERGE_ASSIGN_OR_RETURN(
      const UnitsDone journaled,
      ReadJournals(file_system, paths.journals, plan_id, unit_paths, only_synced));
  std::vector<Problem> problems;
  size_t num_missing = 0;
  for (size_t unit = 0; unit < unit_paths.size(); ++unit) {
    const std::string path = io::JoinPath(paths.directory, unit_paths[unit]);
    const Result<io::FileStat> stat = file_system.Stat(path);
    if (!stat.ok() && stat.status().code() != Code::kNotFound) return stat.status();
    if (journaled[unit] && stat.ok() && stat->size_bytes == journaled[unit]->size_bytes) continue;
    if (++num_missing > kMostNamed) continue;
    Problem problem =
        Problem(Code::kCorrupt, "file of the destination is not written")
            .Kind("E-incomplete")
            .At(path)
            .Hint("run `robomerge write` for all ranks again; what is done is skipped");
    if (!journaled[unit]) {
      problem.expected = "a line in a journal";
      problem.found = "none";
    } else {
      problem.what = "file of the destination is not as its journal says";
      problem.expected = StrCat(WithSeparators(journaled[unit]->size_bytes), " bytes");
      problem.found = stat.ok() ? WithSeparators(stat->size_bytes) : "no file";
    }
    problems.push_back(std::move(problem));
  }
  if (num_missing > kMostNamed) {
    problems.push_back(
        Problem(Code::kCorrupt,
                StrCat(num_missing - kMostNamed, " more files of the destination are not written"))
            .Kind("E-incomplete")
            .At(paths.directory)
            .Expected(StrCat(unit_paths.size(), " files in all"))
            .Found(std::to_string(unit_paths.size() - num_missing)));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Status WithWayOn(const Status& status, const StagingPaths& paths, const std::string& way_on) {
  if (status.ok()) return status;
  std::vector<Problem> problems = status.problems();
  std::string& hint = problems.front().hint;
  if (!hint.empty()) hint += "; ";
  hint += StrCat(way_on, "; to give it up, remove ", paths.directory, " and ", paths.journals);
  return Status::Many(std::move(problems));
}

}  // namespace robomerge
