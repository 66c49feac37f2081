// The calls of robomerge/merge.h, stages.h and verify.h on any file system. The public calls are
// these on the real one (public_calls.cc); tests pass others.
#pragma once

#include "inspect/inspect.h"
#include "io/file_system.h"
#include "robomerge/append.h"
#include "robomerge/edit.h"
#include "robomerge/merge.h"
#include "robomerge/page.h"
#include "robomerge/split.h"
#include "robomerge/stages.h"
#include "robomerge/stats.h"
#include "verify/verify.h"

namespace robomerge {

Result<std::vector<ListedEpisode>> ListEpisodesOn(io::FileSystem& file_system,
                                                  const std::vector<SourceSpec>& sources,
                                                  const MergeOptions& options,
                                                  const std::atomic<bool>* stop = nullptr);
Result<std::vector<std::vector<std::string>>> MissingFilesOn(
    io::FileSystem& file_system, const std::vector<SourceSpec>& sources,
    const MergeOptions& options, const std::atomic<bool>* stop = nullptr);
Result<MergeReport> MergeOn(io::FileSystem& file_system, const std::vector<SourceSpec>& sources,
                            const std::string& destination, const MergeOptions& options,
                            const ProgressCallback& progress = {},
                            const std::atomic<bool>* stop = nullptr);

Result<VerifiedMerge> MergeVerifiedOn(io::FileSystem& file_system,
                                      const std::vector<SourceSpec>& sources,
                                      const std::string& destination, const MergeOptions& options,
                                      const ProgressCallback& progress = {},
                                      const std::atomic<bool>* stop = nullptr);

/// Said where the system or the user has stopped a run.
inline constexpr const char* kRunAgain = "run the same command again to continue";

/// `way_on`: kRunAgain, or empty if whoever calls says how to continue.
Result<VerifiedMerge> EditOn(io::FileSystem& file_system, const SourceSpec& source,
                             const std::string& destination, const EditOptions& edit,
                             const MergeOptions& options, bool verify,
                             const ProgressCallback& progress = {},
                             const std::atomic<bool>* stop = nullptr,
                             const std::string& way_on = kRunAgain);

Result<VerifiedMerge> AppendOn(io::FileSystem& file_system, const std::string& destination,
                               const std::vector<SourceSpec>& sources, const AppendOptions& append,
                               const MergeOptions& options, bool verify,
                               const ProgressCallback& progress = {},
                               const std::atomic<bool>* stop = nullptr);

Result<VerifiedMerge> RemoveSourceOn(io::FileSystem& file_system, const std::string& destination,
                                     const std::string& source, const AppendOptions& append,
                                     const MergeOptions& options, bool verify,
                                     const ProgressCallback& progress = {},
                                     const std::atomic<bool>* stop = nullptr);

Result<std::vector<LoggedSource>> LogOn(io::FileSystem& file_system, const std::string& root,
                                        const std::atomic<bool>* stop = nullptr);

Result<std::vector<VerifiedMerge>> SplitOn(io::FileSystem& file_system, const std::string& source,
                                           const std::string& directory, const SplitRules& rules,
                                           const MergeOptions& options, bool verify,
                                           const ProgressCallback& progress = {},
                                           const std::atomic<bool>* stop = nullptr);

/// `options.tmp_root` must name a folder.
Result<StatsReport> RewriteStatsOn(io::FileSystem& file_system, const std::string& root,
                                   const StatsOptions& options,
                                   const ProgressCallback& progress = {},
                                   const std::atomic<bool>* stop = nullptr);

Result<PageReport> WritePageOn(io::FileSystem& file_system, const std::string& root,
                               const std::string& output, const PageOptions& options,
                               const ProgressCallback& progress = {},
                               const std::atomic<bool>* stop = nullptr);

Result<StageReport> DescribeSourcesOn(io::FileSystem& file_system,
                                      const std::vector<SourceSpec>& sources,
                                      const std::string& partial_directory, Rank rank,
                                      const MergeOptions& options,
                                      const ProgressCallback& progress = {},
                                      const std::atomic<bool>* stop = nullptr);

Result<StageReport> PlanPartialsOn(io::FileSystem& file_system,
                                   const std::string& partial_directory,
                                   const std::string& destination,
                                   const std::string& plan_directory, const MergeOptions& options,
                                   const ProgressCallback& progress = {},
                                   const std::atomic<bool>* stop = nullptr);

Result<StageReport> PlanSourcesOn(io::FileSystem& file_system,
                                  const std::vector<SourceSpec>& sources,
                                  const std::string& destination, const std::string& plan_directory,
                                  const MergeOptions& options,
                                  const ProgressCallback& progress = {},
                                  const std::atomic<bool>* stop = nullptr);

Result<StageReport> WritePlannedOn(io::FileSystem& file_system, const std::string& plan_directory,
                                   Rank rank, const MergeOptions& options,
                                   const ProgressCallback& progress = {},
                                   const std::atomic<bool>* stop = nullptr);

Result<StageReport> PublishPlannedOn(io::FileSystem& file_system, const std::string& plan_directory,
                                     const MergeOptions& options);

}  // namespace robomerge
