// The public calls: each is its namesake in on_file_system.h on the real file system, which is
// named here and nowhere below.
#include <algorithm>

#include "base/text.h"
#include "compare/compare.h"
#include "formats/parquet/version.h"
#include "inspect/stats.h"
#include "merge/on_file_system.h"
#include "recipe/read_recipe.h"
#include "verify/read_record.h"

namespace robomerge {
namespace {

StatsOptions WithPlace(StatsOptions options) {
  if (options.tmp_root.empty()) options.tmp_root = io::Posix().TemporaryFolder();
  return options;
}

}  // namespace

Result<MergeReport> Merge(const std::vector<SourceSpec>& sources, const std::string& destination,
                          const MergeOptions& options, const ProgressCallback& progress,
                          const std::atomic<bool>* stop) {
  return MergeOn(io::Posix(), sources, destination, options, progress, stop);
}

Result<std::vector<ListedEpisode>> ListEpisodes(const std::vector<SourceSpec>& sources,
                                                const MergeOptions& options,
                                                const std::atomic<bool>* stop) {
  return ListEpisodesOn(io::Posix(), sources, options, stop);
}

Result<std::vector<std::vector<std::string>>> MissingFiles(const std::vector<SourceSpec>& sources,
                                                           const MergeOptions& options,
                                                           const std::atomic<bool>* stop) {
  return MissingFilesOn(io::Posix(), sources, options, stop);
}

Result<VerifiedMerge> MergeVerified(const std::vector<SourceSpec>& sources,
                                    const std::string& destination, const MergeOptions& options,
                                    const ProgressCallback& progress,
                                    const std::atomic<bool>* stop) {
  return MergeVerifiedOn(io::Posix(), sources, destination, options, progress, stop);
}

Result<VerifiedMerge> Edit(const SourceSpec& source, const std::string& destination,
                           const EditOptions& edit, const MergeOptions& options, bool verify,
                           const ProgressCallback& progress, const std::atomic<bool>* stop) {
  return EditOn(io::Posix(), source, destination, edit, options, verify, progress, stop);
}

Result<VerifiedMerge> Append(const std::string& destination, const std::vector<SourceSpec>& sources,
                             const AppendOptions& append, const MergeOptions& options, bool verify,
                             const ProgressCallback& progress, const std::atomic<bool>* stop) {
  return AppendOn(io::Posix(), destination, sources, append, options, verify, progress, stop);
}

Result<VerifiedMerge> RemoveSource(const std::string& destination, const std::string& source,
                                   const AppendOptions& append, const MergeOptions& options,
                                   bool verify, const ProgressCallback& progress,
                                   const std::atomic<bool>* stop) {
  return RemoveSourceOn(io::Posix(), destination, source, append, options, verify, progress, stop);
}

Result<std::vector<LoggedSource>> Log(const std::string& root, const std::atomic<bool>* stop) {
  return LogOn(io::Posix(), root, stop);
}

Result<std::vector<VerifiedMerge>> Split(const std::string& source, const std::string& directory,
                                         const SplitRules& rules, const MergeOptions& options,
                                         bool verify, const ProgressCallback& progress,
                                         const std::atomic<bool>* stop) {
  return SplitOn(io::Posix(), source, directory, rules, options, verify, progress, stop);
}

Result<InspectReport> Inspect(const std::string& root, const InspectOptions& options,
                              const ProgressCallback& progress, const std::atomic<bool>* stop) {
  return InspectOn(io::Posix(), root, options, progress, stop);
}

Result<StatsReport> MeasureStats(const std::string& root, const StatsOptions& options,
                                 const ProgressCallback& progress, const std::atomic<bool>* stop) {
  ROBOMERGE_ASSIGN_OR_RETURN(MeasuredStats measured,
                             MeasureStatsOn(io::Posix(), root, WithPlace(options), progress, stop));
  return std::move(measured.report);
}

Result<StatsReport> RewriteStats(const std::string& root, const StatsOptions& options,
                                 const ProgressCallback& progress, const std::atomic<bool>* stop) {
  return RewriteStatsOn(io::Posix(), root, WithPlace(options), progress, stop);
}

Result<PageReport> WritePage(const std::string& root, const std::string& output,
                             const PageOptions& options, const ProgressCallback& progress,
                             const std::atomic<bool>* stop) {
  return WritePageOn(io::Posix(), root, output, options, progress, stop);
}

Result<CompareReport> Compare(const std::vector<std::string>& sources,
                              const CompareOptions& options, const std::atomic<bool>* stop) {
  return CompareOn(io::Posix(), sources, options, stop);
}

Result<std::vector<SourceSpec>> RecordedSources(const std::string& destination,
                                                const std::vector<std::string>& locations) {
  return SourcesByRecord(io::Posix(), destination, locations);
}

Result<VerifyReport> Verify(const std::string& destination, const std::vector<std::string>& sources,
                            const VerifyOptions& options, const ProgressCallback& progress,
                            const std::atomic<bool>* stop) {
  ROBOMERGE_ASSIGN_OR_RETURN(std::vector<SourceSpec> specs,
                             SourcesByRecord(io::Posix(), destination, sources));
  for (SourceSpec& source : specs)
    source.adaptation.retime = source.adaptation.retime || options.retime;
  ROBOMERGE_ASSIGN_OR_RETURN(VerifyReport report,
                             VerifyOn(io::Posix(), destination, specs, options, progress, stop));
  // Against its sources, what is said to be measured is measured again.
  ROBOMERGE_ASSIGN_OR_RETURN(const std::optional<StatsMode> mode,
                             RecordedStatsMode(io::Posix(), destination));
  const bool is_measured = !sources.empty() && mode == StatsMode::kExact;
  if ((!options.measure_stats && !is_measured) || !report.is_complete) return report;
  StatsOptions measuring;
  measuring.num_workers = options.num_workers;
  ROBOMERGE_ASSIGN_OR_RETURN(StatsReport stats,
                             MeasureStats(destination, measuring, progress, stop));
  report.seconds += stats.seconds;
  for (Finding& finding : stats.findings) {
    // The other checks of statistics may have said it.
    const bool is_said = std::ranges::any_of(report.findings, [&](const Finding& other) {
      return other.kind == finding.kind && other.column == finding.column;
    });
    if (is_said) continue;
    ++report.num_findings;
    if (report.findings.size() < options.most_findings)
      report.findings.push_back(std::move(finding));
  }
  return report;
}

Result<StageReport> DescribeSources(const std::vector<SourceSpec>& sources,
                                    const std::string& partial_directory, Rank rank,
                                    const MergeOptions& options, const ProgressCallback& progress,
                                    const std::atomic<bool>* stop) {
  return DescribeSourcesOn(io::Posix(), sources, partial_directory, rank, options, progress, stop);
}

Result<StageReport> PlanPartials(const std::string& partial_directory,
                                 const std::string& destination, const std::string& plan_directory,
                                 const MergeOptions& options, const ProgressCallback& progress,
                                 const std::atomic<bool>* stop) {
  return PlanPartialsOn(io::Posix(), partial_directory, destination, plan_directory, options,
                        progress, stop);
}

Result<StageReport> PlanSources(const std::vector<SourceSpec>& sources,
                                const std::string& destination, const std::string& plan_directory,
                                const MergeOptions& options, const ProgressCallback& progress,
                                const std::atomic<bool>* stop) {
  return PlanSourcesOn(io::Posix(), sources, destination, plan_directory, options, progress, stop);
}

Result<StageReport> WritePlanned(const std::string& plan_directory, Rank rank,
                                 const MergeOptions& options, const ProgressCallback& progress,
                                 const std::atomic<bool>* stop) {
  return WritePlannedOn(io::Posix(), plan_directory, rank, options, progress, stop);
}

Result<StageReport> PublishPlanned(const std::string& plan_directory, const MergeOptions& options) {
  return PublishPlannedOn(io::Posix(), plan_directory, options);
}

Result<Recipe> ReadRecipe(const std::string& path) { return ReadRecipeOn(io::Posix(), path); }

std::string VersionText() {
  return StrCat("robomerge ", ROBOMERGE_VERSION, "\nArrow ", parquet::ArrowVersion(), "\ncompiler ",
                __VERSION__, "\n");
}

}  // namespace robomerge
