// What a merge would take, without the merge: episodes, and files that are not there yet.
#include "merge/on_file_system.h"
#include "merge/run.h"
#include "read/read_source.h"
#include "schedule/shared_loop.h"

namespace robomerge {

Result<std::vector<ListedEpisode>> ListEpisodesOn(io::FileSystem& file_system,
                                                  const std::vector<SourceSpec>& sources,
                                                  const MergeOptions& options,
                                                  const std::atomic<bool>* stop) {
  Run run(file_system, options, {}, stop);
  const auto list = [&]() -> Result<std::vector<ListedEpisode>> {
    ROBOMERGE_RETURN_NOT_OK(run.Start());
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceSpec> resolved, run.Resolve(sources));
    return run.ListEpisodes(resolved);
  };
  Result<std::vector<ListedEpisode>> listed = list();
  if (!listed.ok()) return listed.status().OfKind(DefaultKind(listed.status().code()));
  return listed;
}

Result<std::vector<std::vector<std::string>>> Run::ListMissingFiles(
    const std::vector<SourceSpec>& sources) {
  std::vector<std::vector<std::string>> missing(sources.size());
  const auto list = [&](size_t source) -> Status {
    const Status status = ReadMissingFiles(file_system_, sources[source],
                                           schedule::SharedLoop(*executor_), missing[source]);
    // What is broken is left out when it is read for the merge.
    return options_.skip_broken == SkipBroken::kNothing ? status : Status();
  };
  ROBOMERGE_RETURN_NOT_OK(ForEachSource(LocationsOf(sources), "read", "list files of", list));
  return missing;
}

Result<std::vector<std::vector<std::string>>> MissingFilesOn(io::FileSystem& file_system,
                                                             const std::vector<SourceSpec>& sources,
                                                             const MergeOptions& options,
                                                             const std::atomic<bool>* stop) {
  Run run(file_system, options, {}, stop);
  const auto list = [&]() -> Result<std::vector<std::vector<std::string>>> {
    ROBOMERGE_RETURN_NOT_OK(run.Start());
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceSpec> resolved, run.Resolve(sources));
    return run.ListMissingFiles(resolved);
  };
  Result<std::vector<std::vector<std::string>>> listed = list();
  if (!listed.ok()) return listed.status().OfKind(DefaultKind(listed.status().code()));
  return listed;
}

}  // namespace robomerge
